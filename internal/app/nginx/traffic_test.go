package nginx_test

import (
	"bytes"
	"context"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

var formToken = regexp.MustCompile(`name="csrf_token" value="([^"]+)"`)

// people signs in with a browser's headers, and sends forms.
func people(t *testing.T, h *house) {
	t.Helper()
	h.Must("create-user", "--username", "bob")
	command := h.Command(t.Context(), "set-password", "--username", "bob", "--password-stdin")
	command.Stdin = strings.NewReader("correct horse battery")
	if said, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	base := &url.URL{Scheme: "https", Host: site}
	send := func(method, path string, form url.Values, origin string) answer {
		headers := map[string]string{"Accept": "text/html", "Origin": origin} // as browsers that send no Sec-Fetch-Site
		if form != nil {
			headers["Content-Type"] = "application/x-www-form-urlencoded"
		}
		var cookies []string
		for _, c := range jar.Cookies(base) {
			cookies = append(cookies, c.Name+"="+c.Value)
		}
		headers["Cookie"] = strings.Join(cookies, "; ")
		a := h.outside(t, method, path, form.Encode(), headers)
		res := http.Response{Header: a.header}
		for _, c := range res.Cookies() {
			if !c.Secure || !c.HttpOnly {
				t.Errorf("the cookie %s of %s is not for https alone", c.Name, path)
			}
		}
		jar.SetCookies(base, res.Cookies())
		return a
	}
	token := func(a answer) string {
		found := formToken.FindStringSubmatch(a.body)
		if found == nil {
			t.Fatalf("there is no form: %d %s", a.status, a.body)
		}
		return html.UnescapeString(found[1])
	}
	if a := send("GET", "/libraries/", nil, "").want(t, "a page for people", http.StatusSeeOther); !strings.HasPrefix(a.header.Get("Location"), "/accounts/login/") {
		t.Errorf("it leads to %s", a.header.Get("Location"))
	}
	form := url.Values{"csrf_token": {token(send("GET", "/accounts/login/", nil, ""))}, "username": {"bob"}, "password": {"correct horse battery"}, "next": {"/libraries/"}}
	if a := send("POST", "/accounts/login/", form, "https://"+site).want(t, "signing in", http.StatusSeeOther); a.header.Get("Location") != "/libraries/" {
		t.Errorf("it leads to %s", a.header.Get("Location"))
	}
	page := send("GET", "/libraries/add/", nil, "").want(t, "a form", http.StatusOK)
	form = url.Values{"csrf_token": {token(page)}, "name": {"Owls"}, "library_type": {"nonfiction"}, "type": {"nonfiction"}}
	send("POST", "/libraries/add/", form, "https://elsewhere.test").want(t, "a form of another site", http.StatusForbidden)
	send("POST", "/libraries/add/", form, "https://"+site).want(t, "a form", http.StatusSeeOther)
	form.Set("csrf_token", "x")
	send("POST", "/libraries/add/", form, "https://"+site).want(t, "a forged form", http.StatusForbidden)
}

func queries(t *testing.T, h *house) {
	t.Helper()
	const secret = "canary0canary"
	for _, path := range []string{"/accounts/reset/password/?token=", "/accounts/reset/password?token=", "/accounts//reset/password/?token=", "/search/?q=", "/accounts/oidc/casdoor/login/callback/?code="} {
		h.outside(t, "GET", path+secret, "", map[string]string{"Accept": "text/html", "Referer": "https://" + site + "/accounts/reset/password/?token=" + secret})
	}
	if strings.Contains(h.nginx.said(t), secret) {
		t.Error("nginx logs a query")
	}
	// Nor when nothing answers, which is when errors are logged.
	dead := start(t, behind{app: freeAddress(t, "127.0.0.1")})
	for _, path := range []string{"/accounts/reset/password/?token=" + secret, "/search/?q=" + secret, "/static/" + "x.css?" + secret} {
		get(t, dead.url+path, map[string]string{"Referer": "http://" + site + "/accounts/reset/password/?token=" + secret}).want(t, path, http.StatusBadGateway)
	}
	eventually(t, "nginx logs what it did not get", func() bool { return strings.Count(dead.said(t), `"status":502`) == 3 })
	if said := dead.said(t); strings.Contains(said, secret) {
		t.Errorf("nginx logs a query: %s", said)
	}
}

// bearer is the way of the official client.
type bearer struct {
	h *house
	t *testing.T
}

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.h.Token)
	r.Host = site
	return from("127.0.0.1").Transport.RoundTrip(r)
}

func officialClient(t *testing.T, h *house) {
	t.Helper()
	for _, path := range []string{"/mcp/", "/mcp"} {
		session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), &mcp.StreamableClientTransport{
			Endpoint: "https://" + h.https + path, HTTPClient: &http.Client{Transport: bearer{h, t}}, MaxRetries: -1,
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if tools, err := session.ListTools(t.Context(), nil); err != nil || len(tools.Tools) < 6 {
			t.Errorf("the tools are %v, %v", tools, err)
		}
		who, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "whoami"})
		if err != nil || who.IsError {
			t.Errorf("whoami gives %+v, %v", who, err)
		}
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	}
}

// upload is a form with a document of so many bytes, made while it is sent.
func upload(library, name string, size int) (io.Reader, string) {
	read, write := io.Pipe()
	form := multipart.NewWriter(write)
	go func() {
		err := form.WriteField("library_uid", library)
		var part io.Writer
		if err == nil {
			part, err = form.CreateFormFile("file", name)
		}
		line := []byte("The harbour at night. ")
		for sent := 0; err == nil && sent < size; sent += len(line) {
			_, err = part.Write(line)
		}
		if err == nil {
			err = form.Close()
		}
		_ = write.CloseWithError(err)
	}()
	return read, form.FormDataContentType()
}

func (h *house) submit(ctx context.Context, name string, size int) (*http.Response, error) {
	body, kind := upload(h.Library, name, size)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+h.https+"/library/api/ingest/", body)
	if err != nil {
		return nil, err
	}
	req.Host = site
	req.Header.Set("Authorization", "Bearer "+h.Token)
	req.Header.Set("Content-Type", kind)
	return from("127.0.0.1").Do(req)
}

func documents(t *testing.T, h *house) {
	t.Helper()
	through := *h.Stack
	through.REST = h.nginx.url
	job := through.Upload("rivers.md", bytes.Repeat([]byte("# A river\n\nIt flows to the sea.\n\n"), 20))
	events, ended := through.Follow(job.ID)
	if ended.Status != "done" || strings.Count(events, "data:") < 2 || !strings.Contains(events, `"queued"`) && !strings.Contains(events, `"running"`) {
		t.Errorf("the job ended as %+v, its events were %s", ended, events)
	}
	res, err := h.submit(t.Context(), "large.txt", 900<<10)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusAccepted {
		t.Errorf("a document within the limit is answered %d", res.StatusCode)
	}
}

func tooLarge(t *testing.T, h *house) {
	t.Helper()
	for range 3 { // whether the answer or the end of the connection comes first is chance
		res, err := h.submit(t.Context(), "huge.txt", 40<<20)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(string(body), `"detail":`) {
			t.Errorf("a document that is too large is answered %d %s, %v", res.StatusCode, body, err)
		}
	}
}

func outages(t *testing.T, h *house) {
	t.Helper()
	ready := func() answer { return get(t, h.nginx.url+"/ready/") }
	h.cache.Cut()
	eventually(t, "/ready/ says that the cache is gone", func() bool {
		a := ready()
		return a.status == http.StatusServiceUnavailable && strings.Contains(a.body, `"cache":"unavailable"`) && strings.Contains(a.body, `"database":"ok"`)
	})
	get(t, h.nginx.url+"/live/").want(t, "/live/ without a cache", http.StatusOK)
	h.outside(t, "GET", "/library/api/me/", "", h.bearer()).want(t, "a caller without a cache", http.StatusOK)
	h.cache.Mend(t)
	eventually(t, "/ready/ says that the cache is back", func() bool { return ready().status == http.StatusOK })

	health := func() (said string, well bool) {
		out, err := h.Command(t.Context(), "healthcheck", "worker").CombinedOutput()
		return string(out), err == nil
	}
	h.broker.Cut()
	eventually(t, "the worker's health says that it hears of no jobs", func() bool {
		said, well := health()
		return !well && strings.Contains(said, "hears of no jobs")
	})
	if a := get(t, "http://"+h.watch+"/live/"); a.status != http.StatusServiceUnavailable || !strings.Contains(a.body, "RabbitMQ") {
		t.Errorf("the worker's own address says %d %s", a.status, a.body)
	}
	get(t, h.nginx.url+"/ready/").want(t, "/ready/ without a broker", http.StatusOK)
	h.broker.Mend(t)
	eventually(t, "the worker is well again", func() bool { _, well := health(); return well })
	eventually(t, "so says its own address", func() bool { return get(t, "http://"+h.watch+"/live/").status == http.StatusOK })
}

func deadApp(t *testing.T, h *house) {
	t.Helper()
	h.Serve.Kill()
	get(t, h.nginx.url+"/healthz").want(t, "/healthz while app is dead", http.StatusOK)
	a := get(t, h.nginx.url+"/library/api/me/").want(t, "REST while app is dead", http.StatusBadGateway)
	if a.once(t, "Content-Type") != "application/json" || !strings.Contains(a.body, `{"detail":"`) || a.once(t, "Retry-After") == "" {
		t.Errorf("a program is told %v %s", a.header, a.body)
	}
	a = get(t, h.nginx.url+"/libraries/", map[string]string{"Accept": "text/html,*/*"}).want(t, "a page while app is dead", http.StatusBadGateway)
	if a.once(t, "Content-Type") != "text/html; charset=utf-8" || !strings.Contains(a.body, "<h1>") || a.once(t, "Content-Security-Policy") == "" {
		t.Errorf("a person is told %v %s", a.header, a.body)
	}
	if _, err := h.Command(t.Context(), "healthcheck", "serve").Output(); err == nil {
		t.Error("healthcheck serve is content while app is dead")
	}
	h.Serve = h.Start("serve")
	eventually(t, "app is back", func() bool { return get(t, h.nginx.url+"/live/").status == http.StatusOK })
}
