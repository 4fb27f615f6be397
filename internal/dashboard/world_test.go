package dashboard_test

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/cascadia"
	"github.com/go-chi/chi/v5"
	"golang.org/x/net/html"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/blob/files"
	"git.helu.ca/r/mnemosyne/internal/dashboard"
	"git.helu.ca/r/mnemosyne/internal/embedding/minilm"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/extract"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/library/libraryapi"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/internal/queue"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

// TestMain makes the test binary its own extraction process.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "extract-worker" {
		os.Exit(extract.ChildMain(os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

const password = "correct horse battery"

// world is the pages and the REST surface over real stores, on a server.
type world struct {
	t         *testing.T
	db        *sqldb.DB
	accounts  *accounts.Accounts
	tokens    *mcpserver.Tokens
	resolver  *mcpserver.Resolver
	libraries *library.Service
	ingest    *ingest.Service
	graph     *sqlitegraph.Graph
	search    dashboard.Search
	url       string
}

func newWorld(t *testing.T, change ...func(*dashboard.Options)) *world {
	t.Helper()
	dir, log := t.TempDir(), slog.New(slog.DiscardHandler)
	db := sqldbtest.SQLite(t)
	audit := accounts.NewAudit(db, log, nil)
	w := &world{t: t, db: db, accounts: accounts.New(db, audit, log, accounts.Options{SecretKey: []byte("secret")})}
	w.tokens, w.resolver = mcpserver.NewTokens(db, audit, nil), mcpserver.NewResolver(db, log, mcpserver.ResolverOptions{})
	t.Cleanup(func() { w.accounts.Wait(); w.resolver.Wait() })
	var err error
	w.graph, err = sqlitegraph.Open(filepath.Join(dir, "graph"), sqlitegraph.Options{})
	check(t, err)
	t.Cleanup(func() { check(t, w.graph.Close()) })
	objects, err := files.Open(filepath.Join(dir, "objects"))
	check(t, err)
	access := library.NewAccess(db, library.AccessOptions{})
	w.libraries = library.NewService(db, access, w.graph, log)
	w.ingest = ingest.New(ingest.Options{DB: db, Graph: w.graph, Objects: objects, Queue: queue.NewInProcess(), Access: access, Log: log})
	engine := search.New(search.Options{Access: access, Graph: w.graph, Embedder: minilm.New(minilm.Options{}), Catalog: search.NewCatalog(db)})
	w.search = engine
	auth, err := httpx.NewAuth(httpx.BearerFunc(func(ctx context.Context, header string) (accounts.Principal, error) {
		return w.resolver.Resolve(ctx, header, mcpserver.REST)
	}), httpx.SessionFunc(func(ctx context.Context, cookie string) (httpx.Session, error) {
		s, err := w.accounts.Session(ctx, cookie)
		return httpx.Session{Principal: s.Principal, CSRFSecret: s.CSRFSecret}, err
	}), nil)
	check(t, err)
	cursors, err := httpx.NewCursors([]byte("secret"))
	check(t, err)
	opt := dashboard.Options{
		Auth: auth, Cursors: cursors, Accounts: w.accounts, Tokens: w.tokens, Access: access, Libraries: w.libraries,
		Ingest: w.ingest, Search: engine, Chunks: w.graph, Tools: []string{"search", "get_chunk", "whoami"}, Log: log,
	}
	for _, c := range change {
		c(&opt)
	}
	pages, err := dashboard.New(opt)
	check(t, err)
	router := chi.NewRouter()
	api := libraryapi.New(libraryapi.Options{
		Libraries: w.libraries, Ingest: w.ingest, Search: engine, Chunks: w.graph, Objects: objects, Cursors: cursors, TempDir: dir, Log: log,
	})
	(&httpx.Surface{Name: "rest", Auth: auth, Errors: httpx.RESTErrors(log)}).Mount(router, api.Routes())
	pages.Mount(router)
	router.NotFound(httpx.Unmatched(router, pages.Errors(httpx.RESTErrors(log))))
	server := httptest.NewServer(httpx.NewFront(router, httpx.FrontOptions{Log: log, AllowedHosts: []string{"127.0.0.1"}}))
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// work runs a worker until the test ends.
func (w *world) work() {
	w.t.Helper()
	exe, err := os.Executable()
	check(w.t, err)
	pool := extract.NewPool(extract.Options{Executable: exe, Args: []string{"extract-worker"}})
	worker := ingest.NewWorker(w.ingest, ingest.WorkerOptions{Embedder: minilm.New(minilm.Options{}), Extractor: pool, TempDir: w.t.TempDir(), Sole: true})
	for _, s := range []interface {
		Start(ctx context.Context) error
		Stop(ctx context.Context) error
	}{pool, worker} {
		check(w.t, s.Start(w.t.Context()))
		w.t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			check(w.t, s.Stop(ctx))
		})
	}
}

func (w *world) user(name string) accounts.Principal {
	w.t.Helper()
	u, err := w.accounts.CreateUser(w.t.Context(), accounts.Operator(), accounts.NewUser{Username: name, Password: password})
	check(w.t, err)
	return accounts.Principal{UserID: u.ID, Username: u.Username, Scope: accounts.Scope{Kind: accounts.ScopeUser}}
}

func (w *world) library(p accounts.Principal, name string) string {
	w.t.Helper()
	g, err := w.libraries.Create(w.t.Context(), p, library.NewLibrary{Name: name})
	check(w.t, err)
	return g.Library.UID
}

// submit puts a document in. With a worker, ended waits for it.
func (w *world) submit(p accounts.Principal, libraryUID, filename, text string) ingest.Job {
	w.t.Helper()
	out, err := w.ingest.Submit(w.t.Context(), p, ingest.Submission{LibraryUID: libraryUID, Filename: filename, Body: strings.NewReader(text)})
	check(w.t, err)
	return *out.Job
}

func (w *world) ended(p accounts.Principal, id string) ingest.Job {
	w.t.Helper()
	var last ingest.Job
	for j, err := range w.ingest.Watch(w.t.Context(), p, id) {
		check(w.t, err)
		last = j
	}
	return last
}

// browser is somebody's browser, without scripts.
type browser struct {
	t      *testing.T
	base   string
	client *http.Client
}

func (w *world) browser() *browser {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	check(w.t, err)
	return &browser{t: w.t, base: w.url, client: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// signedIn is the browser of somebody who has signed in.
func (w *world) signedIn(p accounts.Principal) *browser {
	w.t.Helper()
	b := w.browser()
	page := b.get("/accounts/login/")
	answer := b.submit(page, `form[action="/accounts/login/"]`, url.Values{"username": {p.Username}, "password": {password}})
	if answer.status != http.StatusSeeOther {
		w.t.Fatalf("signing in answers %d: %s", answer.status, answer.text("main"))
	}
	return b
}

// page is an answer, parsed.
type page struct {
	t        *testing.T
	status   int
	header   http.Header
	body     string
	root     *html.Node
	location string
}

func (b *browser) do(r *http.Request) page {
	b.t.Helper()
	if r.Header.Get("Accept") == "" {
		r.Header.Set("Accept", "text/html")
	}
	resp, err := b.client.Do(r)
	check(b.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	check(b.t, err)
	root, err := html.Parse(strings.NewReader(string(body)))
	check(b.t, err)
	return page{b.t, resp.StatusCode, resp.Header, string(body), root, resp.Header.Get("Location")}
}

func (b *browser) get(path string) page {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.base+path, nil)
	check(b.t, err)
	return b.do(r)
}

func (b *browser) post(path string, form url.Values) page {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.base+path, strings.NewReader(form.Encode()))
	check(b.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r)
}

// submit sends a form of a page, as it is filled in there and with changes.
func (b *browser) submit(p page, selector string, changes url.Values) page {
	b.t.Helper()
	form := p.one(selector)
	values := url.Values{}
	for _, input := range cascadia.QueryAll(form, cascadia.MustCompile("input[name], select[name], textarea[name]")) {
		name := attr(input, "name")
		switch kind := attr(input, "type"); {
		case (kind == "checkbox" || kind == "radio") && !has(input, "checked"):
		case input.Data == "select":
			if chosen := cascadia.Query(input, cascadia.MustCompile("option[selected]")); chosen != nil {
				values.Add(name, attr(chosen, "value"))
			}
		case input.Data == "textarea":
			values.Add(name, textOf(input))
		default:
			values.Add(name, attr(input, "value"))
		}
	}
	maps.Copy(values, changes)
	return b.post(attr(form, "action"), values)
}

// follow goes where a redirect leads.
func (b *browser) follow(p page) page {
	b.t.Helper()
	if p.location == "" {
		b.t.Fatalf("%d is no redirect: %s", p.status, p.text("main"))
	}
	return b.get(p.location)
}

func (p page) all(selector string) []*html.Node {
	p.t.Helper()
	return cascadia.QueryAll(p.root, cascadia.MustCompile(selector))
}

func (p page) one(selector string) *html.Node {
	p.t.Helper()
	found := p.all(selector)
	if len(found) != 1 {
		p.t.Fatalf("%d elements match %s, want one, in:\n%s", len(found), selector, p.body)
	}
	return found[0]
}

// text is what an element says, with white space as it shows.
func (p page) text(selector string) string {
	p.t.Helper()
	var out []string
	for _, n := range p.all(selector) {
		out = append(out, textOf(n))
	}
	return strings.Join(strings.Fields(strings.Join(out, " ")), " ")
}

func (p page) want(status int) page {
	p.t.Helper()
	if p.status != status {
		p.t.Fatalf("the answer is %d, want %d: %s", p.status, status, p.text("main"))
	}
	return p
}

func (p page) says(selector, part string) page {
	p.t.Helper()
	if got := p.text(selector); !strings.Contains(got, part) {
		p.t.Errorf("%s says %q, want %q in it", selector, got, part)
	}
	return p
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

func textOf(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(textOf(c))
	}
	return b.String()
}
