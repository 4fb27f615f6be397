package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// client exchanges JSON with one server.
type client struct {
	http    *http.Client
	base    *url.URL
	key     string
	setting func(name string) string // as people know it
	timeout time.Duration
}

func newClient(s Server) (*client, error) {
	base, err := url.Parse(strings.TrimRight(s.BaseURL, "/"))
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("%s is no URL with a host", s.setting(baseURLSetting))
	}
	const dial, keep, idle = 5 * time.Second, 30 * time.Second, 90 * time.Second
	dialer := &net.Dialer{Timeout: dial, KeepAlive: keep}
	if s.Provider != "" {
		dialer.Control = offOwnLink
	}
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		TLSHandshakeTimeout: 2 * dial,
		MaxIdleConnsPerHost: s.Concurrency + querySlots,
		IdleConnTimeout:     idle,
		ForceAttemptHTTP2:   true,
	}
	return &client{
		http: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		base: base, key: s.APIKey, setting: s.setting, timeout: s.Timeout,
	}, nil
}

// offOwnLink refuses to connect to an address of the machine's own link, where
// clouds tell secrets, whatever name it goes by. It is for servers that are
// named in a page: whoever writes the settings may reach these anyway.
func offOwnLink(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("read the address: %w", err)
	}
	if ip := at.Addr().Unmap(); ip.IsLinkLocalUnicast() || ip.IsUnspecified() || ip.IsMulticast() {
		return fmt.Errorf("%s is no address that a provider can have", ip)
	}
	return nil
}

// where is the server as people know it.
func (c *client) where() string { return c.base.Scheme + "://" + c.base.Host }

var versioned = regexp.MustCompile(`/v\d+[a-z0-9]*(/|$)`)

// versionedURL is the address of an endpoint that lies below /v1. The base may
// end in it or not, and may be the whole address.
func (c *client) versionedURL(endpoint string) string {
	u := *c.base
	switch {
	case strings.HasSuffix(u.Path, "/"+endpoint):
	case versioned.MatchString(u.Path):
		u.Path += "/" + endpoint
	default:
		u.Path += "/v1/" + endpoint
	}
	return u.String()
}

// siblingURL is the address of an endpoint beside /v1, which a base that was
// written for an OpenAI client ends in.
func (c *client) siblingURL(endpoint string) string {
	u := *c.base
	u.Path = strings.TrimSuffix(u.Path, "/v1")
	if path.Base(u.Path) != endpoint {
		u.Path += "/" + endpoint
	}
	return u.String()
}

// errorBytes is how much is read of an answer that tells of a failure.
const errorBytes = 64 << 10

// exchange sends a request and gives the answer's body, of at most limit
// bytes. A nil body makes it a GET. texts are what an error must not repeat.
// The error is a *fault, or that of a caller who left.
func (c *client) exchange(ctx context.Context, address string, body any, limit int64, texts []string) ([]byte, error) {
	timed, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	request, err := c.request(timed, address, body)
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, c.unanswered(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(response.Body, errorBytes)) // what came of it is enough
		return nil, c.refusal(response.StatusCode, response.Header, said, texts)
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, c.unanswered(ctx, err)
	}
	if int64(len(answer)) > limit {
		return nil, c.garble("the answer is larger than %d bytes, more than what was asked can need", limit)
	}
	return answer, nil
}

func (c *client) request(ctx context.Context, address string, body any) (*http.Request, error) {
	method, payload := http.MethodGet, []byte(nil)
	if body != nil {
		var err error
		if payload, err = json.Marshal(body); err != nil {
			return nil, fmt.Errorf("write a request: %w", err)
		}
		method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(payload))
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "mnemosyne")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.key != "" {
		request.Header.Set("Authorization", "Bearer "+c.key)
	}
	// Asking twice does no harm: the transport may repeat a request whose idle
	// connection turned out to be closed. Nothing of this is sent.
	request.Header["Idempotency-Key"] = []string{}
	return request, nil
}
