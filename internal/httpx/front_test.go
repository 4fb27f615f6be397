package httpx_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/telemetry"
)

var quiet = slog.New(slog.DiscardHandler)

func ask(t *testing.T, h http.Handler, change func(r *http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/here/", nil)
	r.Host, r.RemoteAddr = "localhost:8000", "127.0.0.1:5555"
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestHostsAreCheckedAsDjangoDoes(t *testing.T) {
	t.Parallel()
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	for _, row := range []struct {
		allowed, host, path string
		status              int
	}{
		{"localhost", "localhost", "/", 200},
		{"localhost", "LOCALHOST:8000", "/", 200},
		{"localhost", "localhost.", "/", 200},
		{"localhost", "evil.example", "/", 400},
		{"localhost", "localhost.evil.example", "/", 400},
		{"localhost", "", "/", 400},
		{"localhost", "localhost:,evil.example", "/", 400},
		{"localhost", "localhost:80.evil.example", "/", 400},
		{".example.com", "evil.test,.example.com", "/", 400},
		{"*", "who:ever", "/", 400},
		{"my_web", "my_web:8000", "/", 200},
		{"[::1]", "[::1]:8000", "/", 200},
		{"[::1]", "[::1]:,evil.example", "/", 400},
		{"[::1]", "[::2]", "/", 400},
		{"[::1]", "[::1", "/", 400},
		{".example.com", "example.com", "/", 200},
		{".example.com", "a.b.example.com", "/", 200},
		{".example.com", "notexample.com", "/", 400},
		{"*", "whatever", "/", 200},
		{"localhost", "10.0.0.7:8000", "/live/", 200},
		{"localhost", "10.0.0.7:8000", "/metrics", 200},
		{"localhost", "10.0.0.7:8001", "/mcp/health", 200},
		{"localhost", "10.0.0.7:8000", "/live/x", 400},
	} {
		f := httpx.NewFront(ok, httpx.FrontOptions{Log: quiet, AllowedHosts: []string{row.allowed}, AnyHost: httpx.AnyHost})
		w := ask(t, f, func(r *http.Request) { r.Host, r.URL.Path = row.host, row.path })
		if w.Code != row.status {
			t.Errorf("%s for %q at %s: %d, want %d", row.allowed, row.host, row.path, w.Code, row.status)
		}
	}
}

func TestAPageMustBeOfAnAllowedHost(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		allowed, origin string
		want            bool
	}{
		{"localhost", "http://localhost:6274", true},
		{"localhost", "http://LOCALHOST.", true},
		{"localhost", "null", false},
		{"localhost", "localhost", false},
		{"localhost", "//localhost", false},
		{"localhost", "https://localhost.evil.example", false},
		{"[::1]", "http://[::1]:8000", true},
		{".example.com", "https://a.example.com", true},
		{".example.com", "https://notexample.com", false},
		{"*", "https://evil.example", false},
		{"*", "https://here.example:8000", true},
		{"*", "https://*", false},
	} {
		if got := (httpx.Hosts{row.allowed}).AllowOrigin(row.origin, "here.example:8000"); got != row.want {
			t.Errorf("with %s, the origin %q is allowed: %v", row.allowed, row.origin, got)
		}
	}
}

func TestForwardedHeadersCountFromTrustedProxiesOnly(t *testing.T) {
	t.Parallel()
	show := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := httpx.CallOf(r.Context())
		_, _ = io.WriteString(w, c.Address+" "+c.Scheme)
	})
	f := httpx.NewFront(show, httpx.FrontOptions{
		Log: quiet, AllowedHosts: []string{"*"},
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")},
	})
	for _, row := range []struct{ peer, forwarded, proto, want string }{
		{"127.0.0.1:1", "", "", "127.0.0.1 http"},
		{"127.0.0.1:1", "203.0.113.9", "https", "203.0.113.9 https"},
		{"127.0.0.1:1", "1.1.1.1, 203.0.113.9, 10.0.0.3", "https", "203.0.113.9 https"},
		{"127.0.0.1:1", "10.0.0.1, 10.0.0.2", "", "10.0.0.1 http"},
		{"127.0.0.1:1", "spoof, 203.0.113.9", "ftp", "203.0.113.9 http"},
		{"127.0.0.1:1", "garbage", "http,https", "127.0.0.1 https"},
		{"203.0.113.1:1", "1.2.3.4", "https", "203.0.113.1 http"},
		{"[::ffff:10.0.0.9]:1", "2001:db8::1", "https", "2001:db8::1 https"},
	} {
		w := ask(t, f, func(r *http.Request) {
			r.RemoteAddr = row.peer
			if row.forwarded != "" {
				r.Header.Set("X-Forwarded-For", row.forwarded)
			}
			r.Header.Set("X-Forwarded-Proto", row.proto)
		})
		if w.Body.String() != row.want {
			t.Errorf("from %s for %q: %q, want %q", row.peer, row.forwarded, w.Body, row.want)
		}
	}
}

func TestARequestIDIsTakenFromAProxyAndElseMade(t *testing.T) {
	t.Parallel()
	f := httpx.NewFront(http.NotFoundHandler(), httpx.FrontOptions{
		Log: quiet, AllowedHosts: []string{"*"}, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
	for _, row := range []struct {
		peer, id string
		kept     bool
	}{{"127.0.0.1:1", "abc-1", true}, {"127.0.0.1:1", "a b", false}, {"203.0.113.1:1", "abc-1", false}} {
		w := ask(t, f, func(r *http.Request) {
			r.RemoteAddr = row.peer
			r.Header.Set("X-Request-Id", row.id)
		})
		if got := w.Header().Get("X-Request-Id"); (got == row.id) != row.kept || got == "" {
			t.Errorf("%s from %s became %q", row.id, row.peer, got)
		}
	}
}

var errSecret = errors.New("password=hunter2")

func TestFaultsOfOursShowAnIDAndTheirTextOnlyInTheLog(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.Handler{
		"error": httpx.Guard(func(http.ResponseWriter, *http.Request) error { return errSecret }, httpx.RESTErrors(quiet)),
		"internal": httpx.Guard(func(http.ResponseWriter, *http.Request) error {
			return errs.Wrap(errs.Internal, errSecret, "secret too")
		}, httpx.RESTErrors(quiet)),
		"panic":          httpx.Guard(func(http.ResponseWriter, *http.Request) error { panic(errSecret) }, httpx.RESTErrors(quiet)),
		"panic outside":  http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret") }),
		"not to be JSON": httpx.Guard(func(w http.ResponseWriter, _ *http.Request) error { return httpx.JSON(w, 200, func() {}) }, httpx.RESTErrors(quiet)),
	} {
		f := httpx.NewFront(h, httpx.FrontOptions{Log: quiet, AllowedHosts: []string{"*"}})
		w := ask(t, f, nil)
		want := `{"detail":"Internal error.","id":"` + w.Header().Get("X-Request-Id") + `"}`
		if w.Code != http.StatusInternalServerError || w.Body.String() != want {
			t.Errorf("%s: %d %s, want %s", name, w.Code, w.Body, want)
		}
	}
	var log bytes.Buffer
	h := httpx.Guard(func(http.ResponseWriter, *http.Request) error { return errSecret }, httpx.RESTErrors(slog.New(slog.NewJSONHandler(&log, nil))))
	ask(t, h, nil)
	if !strings.Contains(log.String(), "hunter2") {
		t.Errorf("the log has %s", log.String())
	}
}

func TestErrorsHaveTheShapesOfDjangoRESTFramework(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		err    error
		status int
		body   string
	}{
		{errs.New(errs.NotFound, "No such thing."), 404, `{"detail":"No such thing."}`},
		{errs.Field("name", "Wrong <b>."), 400, `{"name":["Wrong <b>."]}`},
		{errs.New(errs.Unauthenticated, "Who?"), 401, `{"detail":"Who?"}`},
		{errs.New(errs.Conflict, "No."), 409, `{"detail":"No."}`},
		{errs.New(errs.TooLarge, "No."), 413, `{"detail":"No."}`},
		{&http.MaxBytesError{Limit: 1}, 413, `{"detail":"The body is too large."}`},
		{errs.New(errs.Unsupported, "No."), 415, `{"detail":"No."}`},
		{errs.Wrap(errs.Unavailable, errSecret, "Later."), 503, `{"detail":"Later."}`},
	} {
		w := ask(t, httpx.Guard(func(http.ResponseWriter, *http.Request) error { return row.err }, httpx.RESTErrors(quiet)), nil)
		if w.Code != row.status || w.Body.String() != row.body {
			t.Errorf("%v: %d %s, want %d %s", row.err, w.Code, w.Body, row.status, row.body)
		}
		if bearer := w.Header().Get("WWW-Authenticate"); (bearer == "Bearer") != (row.status == 401) {
			t.Errorf("%d has WWW-Authenticate %q", row.status, bearer)
		}
	}
}

func TestRequestsAreCountedByTheirRoutePattern(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewPedanticRegistry()
	h := httpx.Named("rest", "/things/{id}/", http.NotFoundHandler())
	f := httpx.NewFront(h, httpx.FrontOptions{Log: quiet, Registry: registry, AllowedHosts: []string{"*"}})
	ask(t, f, nil)
	ask(t, f, func(r *http.Request) { r.Method = "WEIRD" })
	want := `
# HELP mnemosyne_http_requests_total Answered requests.
# TYPE mnemosyne_http_requests_total counter
mnemosyne_http_requests_total{credential="anonymous",method="GET",route="/things/{id}/",status="404",surface="rest"} 1
mnemosyne_http_requests_total{credential="anonymous",method="other",route="/things/{id}/",status="404",surface="rest"} 1
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "mnemosyne_http_requests_total"); err != nil {
		t.Error(err)
	}
}

func TestAPanicInMidAnswerCutsTheConnection(t *testing.T) {
	t.Parallel()
	quiet := slog.New(slog.DiscardHandler)
	h := httpx.Guard(func(w http.ResponseWriter, _ *http.Request) error {
		if _, err := io.WriteString(w, "half"); err != nil {
			return err
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			return err
		}
		panic("in the middle")
	}, httpx.RESTErrors(quiet))
	server := httptest.NewServer(httpx.NewFront(h, httpx.FrontOptions{Log: quiet, AllowedHosts: []string{"*"}}))
	t.Cleanup(server.Close)
	res, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("the answer ended well with %q", body)
	}
}

func TestTheSitesAddressIsNoneThatAnybodyMayChoose(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		allowed      httpx.Hosts
		public, host string
		want         string
	}{
		{httpx.Hosts{"memory.example"}, "", "memory.example:8443", "http://memory.example:8443"},
		{httpx.Hosts{"memory.example"}, "https://public.example", "memory.example", "https://public.example"},
		{httpx.Hosts{"*"}, "", "evil.example", ""},
		{httpx.Hosts{"*", "memory.example"}, "", "evil.example", ""},
		{httpx.Hosts{"*"}, "https://public.example", "evil.example", "https://public.example"},
	} {
		got := "unset"
		front := httpx.NewFront(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = httpx.SiteURL(r.Context()) }),
			httpx.FrontOptions{Log: slog.New(slog.DiscardHandler), AllowedHosts: row.allowed, PublicURL: row.public})
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Host = row.host
		front.ServeHTTP(httptest.NewRecorder(), r)
		if got != row.want {
			t.Errorf("%+v: the site is at %q", row, got)
		}
	}
}

func TestTheLineOfARequestSaysWhoAskedAndNoSecret(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		httpx.AuthenticatedBy(r, accounts.Principal{Username: "alice", Credential: accounts.Credential{Kind: accounts.CredentialUserToken, Masked: "tok_…12345678"}})
		w.WriteHeader(http.StatusTeapot)
	})
	f := httpx.NewFront(answer, httpx.FrontOptions{
		Log: telemetry.NewLogger(&out, slog.LevelInfo), AllowedHosts: []string{"*"}, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
	w := ask(t, f, func(r *http.Request) {
		r.URL.RawQuery = "q=hunter2"
		r.Header.Set("Authorization", "Bearer hunter2")
		r.Header.Set("X-Request-Id", "from-the-proxy")
		r.Header.Set("X-Forwarded-For", "203.0.113.9")
	})
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("not one line: %s", &out)
	}
	for name, want := range map[string]any{
		"level": "INFO", "msg": "request", "path": "/here/", "status": float64(http.StatusTeapot), "address": "203.0.113.9",
		"credential": "user_token", "by": "alice", "masked": "tok_…12345678", "request_id": "from-the-proxy",
	} {
		if line[name] != want {
			t.Errorf("%s is %v, want %v", name, line[name], want)
		}
	}
	if strings.Contains(out.String(), "hunter2") || w.Header().Get("X-Request-Id") != "from-the-proxy" {
		t.Errorf("the line is %s, the answer's headers %v", &out, w.Header())
	}
}

func TestOnlyFailuresAreLoudEnoughForWarnings(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"/200": "INFO", "/404": "INFO", "/503": "WARN", "/ready/": "DEBUG"} {
		var out bytes.Buffer
		f := httpx.NewFront(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			status, err := strconv.Atoi(r.URL.Path[1:])
			if err != nil {
				status = http.StatusServiceUnavailable
			}
			w.WriteHeader(status)
		}), httpx.FrontOptions{Log: telemetry.NewLogger(&out, slog.LevelDebug), AllowedHosts: []string{"*"}, AnyHost: httpx.AnyHost})
		ask(t, f, func(r *http.Request) { r.URL.Path = path })
		if !strings.Contains(out.String(), `"level":"`+want+`"`) {
			t.Errorf("%s: %s", path, &out)
		}
	}
}
