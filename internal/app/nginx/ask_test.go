package nginx_test

import (
	"crypto/tls"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// answer is what somebody got.
type answer struct {
	status int
	header http.Header
	body   string
}

// once is a header's only value; several are a fault.
func (a answer) once(t *testing.T, name string) string {
	t.Helper()
	values := a.header.Values(name)
	if len(values) > 1 {
		t.Errorf("%s came %d times: %q", name, len(values), values)
	}
	return a.header.Get(name)
}

// from is somebody who asks from an address of this machine and follows no
// redirects.
func from(address string) *http.Client {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	return &http.Client{
		Transport:     &http.Transport{DialContext: dialer.DialContext, DisableCompression: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// ask sends a request and reads the whole answer.
func ask(t *testing.T, c *http.Client, method, address, body string, headers map[string]string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, address, err)
	}
	return answer{res.StatusCode, res.Header, string(raw)}
}

// get asks nginx from inside of its network, as a probe does.
func get(t *testing.T, address string, headers ...map[string]string) answer {
	t.Helper()
	all := map[string]string{}
	for _, h := range headers {
		maps.Copy(all, h)
	}
	return ask(t, from("127.0.0.1"), http.MethodGet, address, "", all)
}

// playedClient names the client that a request through haproxy came from.
const playedClient = "X-Played-Client"

// haproxy ends TLS before nginx as Titania does: it keeps Host, says https, and
// adds the client's address to whatever X-Forwarded-For the client wrote.
func haproxy(t *testing.T, to *server) (address string) {
	t.Helper()
	target, err := url.Parse(to.url)
	if err != nil {
		t.Fatal(err)
	}
	p := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = target.Scheme, target.Host, r.In.Host
		client := r.In.Header.Get(playedClient)
		if client == "" {
			client, _, _ = net.SplitHostPort(r.In.RemoteAddr)
		}
		r.Out.Header.Del(playedClient)
		r.Out.Header["X-Forwarded-For"] = slices.Concat(r.In.Header.Values("X-Forwarded-For"), []string{client})
		r.Out.Header.Set("X-Forwarded-Proto", "https")
	}}
	s := httptest.NewUnstartedServer(p)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}
