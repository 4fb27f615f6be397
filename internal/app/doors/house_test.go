package doors_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/app"
	"git.helu.ca/r/mnemosyne/internal/settings"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/testkit"
)

// house is the program as `up` runs it, and an operator's hand beside it.
type house struct {
	t       *testing.T
	url     string
	core    *app.Core
	log     *noise
	callers int // requests so far, each from an address of its own
	mu      sync.Mutex
}

// eachEngine runs a test in a house a relational engine.
func eachEngine(t *testing.T, test func(h *house)) {
	t.Helper()
	for _, engine := range []sqldb.Engine{sqldb.SQLite, sqldb.PostgreSQL} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(open(t, engine))
		})
	}
}

// open starts the program on an engine, with more settings NAME=VALUE.
func open(t *testing.T, engine sqldb.Engine, more ...string) *house {
	t.Helper()
	h := &house{t: t, log: &noise{}}
	env := map[string]string{"MNEMOSYNE_DATA_DIR": t.TempDir(), "MNEMOSYNE_HTTP_ADDR": "127.0.0.1:0"}
	if engine == sqldb.PostgreSQL {
		maps.Copy(env, postgres(t))
	}
	for _, line := range more {
		name, value, _ := strings.Cut(line, "=")
		env[name] = value
	}
	set, err := settings.Load(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	must(t, err)
	log := slog.New(slog.NewJSONHandler(h.log, nil))
	h.start(app.Program{Settings: set, Log: log, Registry: prometheus.NewRegistry(), Version: "test"})
	h.core, err = app.OpenCore(t.Context(), app.Program{Settings: set, Log: log, Registry: prometheus.NewRegistry(), Version: "test"})
	must(t, err)
	t.Cleanup(func() {
		must(t, h.core.Close())
	})
	return h
}

func postgres(t *testing.T) map[string]string {
	t.Helper()
	c, err := pgx.ParseConfig(strings.ReplaceAll(testkit.Postgres(t), " pool_max_conns=8", ""))
	must(t, err)
	return map[string]string{
		"DB_HOST": c.Host, "DB_PORT": strconv.Itoa(int(c.Port)), "APP_DB_NAME": c.Database,
		"APP_DB_USER": c.User, "APP_DB_PASSWORD": c.Password, "SECRET_KEY": strings.Repeat("k", 50),
	}
}

// start runs the program until the test ends and waits for its address.
func (h *house) start(p app.Program) {
	h.t.Helper()
	out, banner := io.Pipe()
	ctx, stop := context.WithCancel(context.WithoutCancel(h.t.Context()))
	ended := make(chan error, 1)
	go func() {
		err := app.Up(ctx, p, banner)
		banner.CloseWithError(err)
		ended <- err
	}()
	h.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			h.t.Errorf("the program ended with %v", err)
		}
		if h.t.Failed() {
			h.t.Log(h.log.faults())
		}
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		name, value, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		switch name {
		case "Open":
			h.url = strings.TrimSuffix(strings.TrimSpace(value), "/")
		case "Press":
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return
		}
	}
	h.t.Fatalf("the program ended before it was up: %v\n%s", lines.Err(), h.log)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// noise keeps what the program logs.
type noise struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (n *noise) Write(b []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.buf.Write(b)
}

func (n *noise) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.buf.String()
}

// faults are the lines that tell of something wrong.
func (n *noise) faults() string {
	var out strings.Builder
	for line := range strings.Lines(n.String()) {
		if strings.Contains(line, `"level":"ERROR"`) || strings.Contains(line, `"level":"WARN"`) {
			out.WriteString(line)
		}
	}
	return out.String()
}

// request is what is sent. A body that is neither nil nor a string is sent as
// JSON.
type request struct {
	method, path string
	body         any
	contentType  string // of a string body
	headers      map[string]string
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// field reads a top field of a JSON object.
func (a answer) field(t testing.TB, name string) any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return v[name]
}

// text is a top field that holds a string.
func (a answer) text(t testing.TB, name string) string {
	t.Helper()
	s, ok := a.field(t, name).(string)
	if !ok {
		t.Fatalf("%d %s: no text %q", a.status, a.body, name)
	}
	return s
}

// ask sends a request. Each comes from an address of its own, so that no bound
// on what one address may do is met by chance.
func (h *house) ask(r request) answer {
	h.t.Helper()
	var body io.Reader
	contentType := r.contentType
	switch b := r.body.(type) {
	case nil:
	case string:
		body = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		must(h.t, err)
		body, contentType = bytes.NewReader(raw), "application/json"
	}
	req, err := http.NewRequestWithContext(h.t.Context(), r.method, h.url+r.path, body)
	must(h.t, err)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	req.Header.Set("X-Forwarded-For", h.address())
	for name, value := range r.headers {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	must(h.t, err)
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	must(h.t, err)
	return answer{res.StatusCode, res.Header, string(raw)}
}

func (h *house) address() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.callers++
	return fmt.Sprintf("10.%d.%d.%d", h.callers>>16&255, h.callers>>8&255, h.callers&255)
}

// insist asks and stops the test unless the status is right.
func (h *house) insist(status int, who identity, method, path string, body any) answer {
	h.t.Helper()
	a := h.ask(request{method: method, path: path, body: body, headers: who.headers()})
	if a.status != status {
		h.t.Fatalf("%s %s by %s: %d %s, want %d", method, path, who.name, a.status, a.body, status)
	}
	return a
}
