package nginx_test

import (
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/testkit"
	"git.helu.ca/r/mnemosyne/internal/testkit/stack"
)

// site is the host that people reach the installation at.
const site = "mnemosyne.test"

// house is an installation behind nginx: three processes, with ways to
// memcached and RabbitMQ that can be cut.
type house struct {
	*stack.Stack

	cache, broker *testkit.Wire
	worker        *stack.Process
	watch         string // the worker's metrics and health
	nginx         *server
	https         string // host:port of the proxy before nginx
}

func newHouse(t *testing.T, settings ...string) *house {
	t.Helper()
	h := &house{watch: freeAddress(t, "127.0.0.1")}
	h.cache = testkit.NewWire(t, testkit.Need(t, "MNEMOSYNE_TEST_MEMCACHED", "memcached"))
	rabbit, err := url.Parse(testkit.AMQP(t))
	if err != nil {
		t.Fatal(err)
	}
	h.broker = testkit.NewWire(t, rabbit.Host)
	rabbit.Host = h.broker.At
	h.Stack = stack.Start(t, stack.Options{Workers: -1, Settings: append([]string{
		"CELERY_BROKER_URL=" + rabbit.String(), "KVDB_LOCATION=" + h.cache.At, "KVDB_PREFIX=" + strings.ReplaceAll(h.cache.At, ":", "-"),
		"ALLOWED_HOSTS=" + site + ",127.0.0.1", "CSRF_TRUSTED_ORIGINS=https://" + site, "TRUSTED_PROXIES=127.0.0.1",
		"DJANGO_LOGGING_LEVEL=INFO",
	}, settings...)})
	h.worker = h.Start("worker", "MNEMOSYNE_METRICS_ADDR="+h.watch)
	h.Healthy("worker")
	static := t.TempDir()
	h.Must("collectstatic", static)
	h.nginx = start(t, behind{app: strings.TrimPrefix(h.REST, "http://"), mcp: strings.TrimPrefix(h.MCP, "http://"), static: static})
	h.https = haproxy(t, h.nginx)
	return h
}

// outside asks as somebody far away does, through both proxies.
func (h *house) outside(t *testing.T, method, path, body string, headers map[string]string) answer {
	t.Helper()
	all := map[string]string{"Host": site, playedClient: "203.0.113.9"}
	maps.Copy(all, headers)
	return ask(t, from("127.0.0.1"), method, "https://"+h.https+path, body, all)
}

func (h *house) bearer() map[string]string {
	return map[string]string{"Authorization": "Bearer " + h.Token}
}

// logged is what a process has said.
func logged(t *testing.T, p *stack.Process) string {
	t.Helper()
	b, err := os.ReadFile(p.Log)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// want complains of another status.
func (a answer) want(t *testing.T, what string, status int) answer {
	t.Helper()
	if a.status != status {
		t.Errorf("%s is answered %d %.200s, want %d", what, a.status, a.body, status)
	}
	return a
}

func TestTheHouseBehindNginx(t *testing.T) { //nolint:tparallel // its steps go one after another, in one house
	t.Parallel()
	h := newHouse(t, "MNEMOSYNE_AUTH_FAILURES_PER_MINUTE=5", "MNEMOSYNE_MAX_UPLOAD_BYTES=1MiB")
	for _, step := range []struct { //nolint:paralleltest // as above
		name string
		test func(t *testing.T, h *house)
	}{
		{"each probe of the runbook gets its answer", probes},
		{"a path without its slash is sent on within the site", slashes},
		{"every answer carries each header of security once", headersOnce},
		{"static files are kept for ever, and others are not there", static},
		{"metrics are for clients in private networks, whatever they write", metrics},
		{"the client's address is found behind both proxies", addresses},
		{"a request has one id from nginx to the trail", requestIDs},
		{"a person signs in over https", people},
		{"no query is logged", queries},
		{"the official MCP client works through nginx", officialClient},
		{"a job is followed live, and a large document goes in", documents},
		{"what is too large is refused in Mnemosyne's words", tooLarge},
		{"a lost cache and a lost broker show where they are looked for", outages},
		{"the health of mcp is answered while app is dead", deadApp},
	} {
		t.Run(step.name, func(t *testing.T) { step.test(t, h) })
	}
}

func probes(t *testing.T, h *house) {
	t.Helper()
	for path, want := range map[string]string{
		"/live/": `{"status":"ok"}`, "/ready/": `"cache":"ok"`, "/healthz": `"status":"ok"`, "/mcp/health": `"status":"ok"`,
		"/metrics": "mnemosyne_http_requests_total",
	} {
		if a := get(t, h.nginx.url+path).want(t, path, http.StatusOK); !strings.Contains(a.body, want) {
			t.Errorf("%s says %.300s, want %s", path, a.body, want)
		}
	}
	if a := get(t, h.nginx.url+"/healthz"); a.header.Get("Content-Type") != "application/json" {
		t.Errorf("/healthz is %s", a.header.Get("Content-Type"))
	}
	for _, process := range []string{"serve", "mcp", "worker"} {
		if said := h.Must("healthcheck", process); said != "ok\n" {
			t.Errorf("healthcheck %s says %q", process, said)
		}
	}
	if a := get(t, "http://"+h.watch+"/live/").want(t, "the worker's health", http.StatusOK); !strings.Contains(a.body, "ok") {
		t.Errorf("the worker's health says %s", a.body)
	}
	get(t, "http://"+h.watch+"/metrics").want(t, "the worker's metrics", http.StatusOK)
	const workspace = "/library/api/workspaces/ws_smoke/"
	if a := h.outside(t, "GET", workspace, "", nil).want(t, "a caller without a token", http.StatusUnauthorized); a.once(t, "WWW-Authenticate") != "Bearer" {
		t.Errorf("WWW-Authenticate is %q", a.header["Www-Authenticate"])
	}
	h.outside(t, "GET", workspace, "", h.bearer()).want(t, "a workspace that is not there", http.StatusNotFound)
	h.outside(t, "GET", "/mcp/health", "", h.bearer()).want(t, "the health of mcp", http.StatusOK)
}

func slashes(t *testing.T, h *house) {
	t.Helper()
	for _, path := range []string{"/live", "/ready", "/libraries?q=%2F"} {
		for where, a := range map[string]answer{
			"nginx": get(t, h.nginx.url+path, map[string]string{"Host": site}), "the proxy before it": h.outside(t, "GET", path, "", nil),
		} {
			a.want(t, path+" at "+where, http.StatusMovedPermanently)
			base, err := url.Parse("https://" + site + ":8443" + path)
			if err != nil {
				t.Fatal(err)
			}
			to, err := base.Parse(a.once(t, "Location"))
			before, query, _ := strings.Cut(path, "?")
			if err != nil || to.Scheme != "https" || to.Host != site+":8443" || to.Path != before+"/" || to.RawQuery != query {
				t.Errorf("%s at %s leads to %s (%v)", path, where, to, err)
			}
		}
	}
}

// asset is the path of a static file that a page names.
func (h *house) asset(t *testing.T) string {
	t.Helper()
	page := h.outside(t, "GET", "/accounts/login/", "", map[string]string{"Accept": "text/html"}).want(t, "the page to sign in", http.StatusOK)
	found := regexp.MustCompile(`/static/app\.[0-9a-f]{10}\.css`).FindString(page.body)
	if found == "" {
		t.Fatalf("the page names no style: %s", page.body)
	}
	return found
}

func headersOnce(t *testing.T, h *house) {
	t.Helper()
	for _, path := range []string{"/live/", "/accounts/login/", "/library/api/me/", "/healthz", "/mcp/", "/nowhere/", "/api/openapi.json", h.asset(t)} {
		a := h.outside(t, "GET", path, "", map[string]string{"Accept": "text/html"})
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "Content-Security-Policy": "", "Cache-Control": "",
		} {
			if got := a.once(t, name); got == "" || want != "" && got != want {
				t.Errorf("%s has %s %q", path, name, got)
			}
		}
		if got := a.once(t, "Server"); got != "nginx" {
			t.Errorf("%s tells that the server is %q", path, got)
		}
	}
}

func static(t *testing.T, h *house) {
	t.Helper()
	path := h.asset(t)
	served := logged(t, h.Serve)
	a := get(t, h.nginx.url+path).want(t, path, http.StatusOK)
	own := get(t, h.REST+path).want(t, path+" of serve itself", http.StatusOK)
	if a.body != own.body || strings.Count(logged(t, h.Serve), path) != strings.Count(served, path)+1 {
		t.Errorf("%s is another than serve's own, or did not come from the folder", path)
	}
	for _, name := range []string{"Cache-Control", "Content-Type", "Content-Security-Policy", "X-Frame-Options"} {
		if got, want := a.once(t, name), own.header.Get(name); got != want {
			t.Errorf("%s of %s is %q, serve's own is %q", name, path, got, want)
		}
	}
	zipped := get(t, h.nginx.url+path, map[string]string{"Accept-Encoding": "gzip"})
	if zipped.header.Get("Content-Encoding") != "gzip" || zipped.header.Get("Vary") == "" || len(zipped.body) > len(a.body)/2 {
		t.Errorf("%s is not compressed: %v", path, zipped.header)
	}
	if again := get(t, h.nginx.url+path, map[string]string{"If-None-Match": a.header.Get("Etag")}); again.status != http.StatusNotModified {
		t.Errorf("asked again it is %d", again.status)
	}
	missing := get(t, h.nginx.url+"/static/app.0123456789.css").want(t, "a file that is not there", http.StatusNotFound)
	if strings.Contains(missing.once(t, "Cache-Control"), "immutable") {
		t.Error("a file that is not there is kept for ever")
	}
	for _, path := range []string{"/static/", "/static/../nginx/mnemosyne.conf", "/static/..%2fmnemosyne.conf", "/static../mnemosyne.conf"} {
		if a := get(t, h.nginx.url+path); a.status == http.StatusOK || a.status == http.StatusForbidden {
			t.Errorf("%s is answered %d %.100s", path, a.status, a.body)
		}
	}
}
