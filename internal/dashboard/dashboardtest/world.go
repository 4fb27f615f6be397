// Package dashboardtest is the pages over real stores on a real server, and a
// browser without scripts to look at them with.
package dashboardtest

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/blob/files"
	"git.helu.ca/r/mnemosyne/internal/dashboard"
	"git.helu.ca/r/mnemosyne/internal/dashboard/admin"
	"git.helu.ca/r/mnemosyne/internal/dashboard/apidocs"
	"git.helu.ca/r/mnemosyne/internal/dashboard/figures"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/dashboard/signin"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/embedding/minilm"
	"git.helu.ca/r/mnemosyne/internal/embedding/remote"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/extract"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/library/libraryapi"
	"git.helu.ca/r/mnemosyne/internal/library/rebuild"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/library/searchlog"
	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph"
	"git.helu.ca/r/mnemosyne/internal/llmmanager"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/internal/queue"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

// Password is everybody's.
const Password = "correct horse battery"

// EncryptionKey is what keys of providers are encrypted under.
const EncryptionKey = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="

// maxUpload is the largest file that the site takes, in bytes.
const maxUpload = 2 << 20

// World is the pages and the REST surface over real stores, on a server.
type World struct {
	t         *testing.T
	DB        *sqldb.DB
	Accounts  *accounts.Accounts
	Tokens    *mcpserver.Tokens
	Keys      *mcpserver.SigningKeys
	Resolver  *mcpserver.Resolver
	Teams     *mcpserver.Teams
	Libraries *library.Service
	Providers *llmmanager.Providers
	Ingest    *ingest.Service
	Rebuild   *rebuild.Service
	Graph     *sqlitegraph.Graph
	Search    dashboard.Search
	// SearchLog and ModelUsage are written down half a second after what they
	// are told, or by Wait.
	SearchLog  *searchlog.Log
	ModelUsage *llmmanager.Usage
	URL        string
	Routes     []page.Route // of all pages
}

// Options are what the parts of the site are made of.
type Options struct {
	Pages  dashboard.Options
	SignIn signin.Options
	Admin  admin.Options
}

// New starts the site. Each change is made to the options before.
func New(t *testing.T, change ...func(*Options)) *World {
	t.Helper()
	return NewWith(t, accounts.Options{}, change...)
}

// NewWith is New with accounts of another kind.
func NewWith(t *testing.T, made accounts.Options, change ...func(*Options)) *World {
	t.Helper()
	made.SecretKey = []byte("secret")
	dir, log := t.TempDir(), slog.New(slog.DiscardHandler)
	db := sqldbtest.SQLite(t)
	audit := accounts.NewAudit(db, log, nil)
	w := &World{t: t, DB: db, Accounts: accounts.New(db, audit, log, made)}
	w.Tokens, w.Resolver = mcpserver.NewTokens(db, audit, nil), mcpserver.NewResolver(db, log, mcpserver.ResolverOptions{})
	w.Teams, w.Keys = mcpserver.NewTeams(db, audit, mcpserver.TeamsOptions{}), mcpserver.NewSigningKeys(db, audit, nil)
	t.Cleanup(func() { w.Accounts.Wait(); w.Resolver.Wait() })
	var err error
	w.Graph, err = sqlitegraph.Open(filepath.Join(dir, "graph"), sqlitegraph.Options{})
	Check(t, err)
	t.Cleanup(func() { Check(t, w.Graph.Close()) })
	objects, err := files.Open(filepath.Join(dir, "objects"))
	Check(t, err)
	w.Providers, err = llmmanager.NewProviders(llmmanager.ProvidersOptions{
		DB: db, Audit: audit, EncryptionKey: EncryptionKey, Trier: remote.Trier{}, InProcess: minilm.New(minilm.Options{}).Space().ID(),
		InUse: func(ctx context.Context) (llmmanager.Spaces, error) {
			named, unnamed, err := library.SpacesInUse(ctx, db)
			return llmmanager.Spaces{Named: named, Unnamed: unnamed}, err
		},
	})
	Check(t, err)
	access := library.NewAccess(db, library.AccessOptions{})
	w.Libraries = library.NewService(db, access, w.Graph, log)
	w.Ingest = ingest.New(ingest.Options{DB: db, Graph: w.Graph, Objects: objects, Queue: queue.NewInProcess(), Access: access, MaxUploadBytes: maxUpload, Log: log})
	w.Rebuild = rebuild.New(rebuild.Options{
		DB: db, Graph: w.Graph, Objects: objects, Audit: audit, Embedders: embedding.Set{Main: minilm.New(minilm.Options{})}, Recut: w.Ingest.Recut, Log: log,
	})
	w.SearchLog, w.ModelUsage = searchlog.New(searchlog.Options{DB: db, Log: log}), llmmanager.NewUsage(llmmanager.UsageOptions{DB: db, Log: log})
	t.Cleanup(func() { w.SearchLog.Wait(); w.ModelUsage.Wait() })
	engine := search.New(search.Options{Recorder: w.SearchLog, Access: access, Graph: w.Graph, Embedder: minilm.New(minilm.Options{}), Catalog: search.NewCatalog(db)})
	w.Search = engine
	auth, err := httpx.NewAuth(httpx.BearerFunc(func(ctx context.Context, header string) (accounts.Principal, error) {
		return w.Resolver.Resolve(ctx, header, mcpserver.REST)
	}), httpx.SessionFunc(func(ctx context.Context, cookie string) (httpx.Session, error) {
		s, err := w.Accounts.Session(ctx, cookie)
		return httpx.Session{Principal: s.Principal, CSRFSecret: s.CSRFSecret}, err
	}), nil)
	Check(t, err)
	cursors, err := httpx.NewCursors([]byte("secret"))
	Check(t, err)
	site, err := page.NewSite(auth, log, nil)
	Check(t, err)
	sources := figures.Sources{Searches: w.SearchLog, Models: w.ModelUsage, Jobs: w.Ingest, KeptDays: 90}
	opt := Options{
		Pages: dashboard.Options{
			Site: site, Cursors: cursors, Tokens: w.Tokens, Access: access, Libraries: w.Libraries,
			Ingest: w.Ingest, Search: engine, Chunks: w.Graph, Objects: objects, MaxUpload: maxUpload, Tools: []dashboard.Tool{
				{Name: "search", About: "Find passages."}, {Name: "get_chunk", About: "Read a passage again."}, {Name: "whoami", About: "Tell whose token it is."},
			},
			Teams: w.Teams, Workspaces: w.Libraries, Usage: sources,
		},
		SignIn: signin.Options{Site: site, Accounts: w.Accounts},
		Admin: admin.Options{
			Site: site, Cursors: cursors,
			Home:      admin.HomeOptions{Accounts: w.Accounts, Tokens: w.Tokens},
			People:    admin.PeopleOptions{Accounts: w.Accounts, Tokens: w.Tokens, Teams: w.Teams},
			Tokens:    admin.TokensOptions{Tokens: w.Tokens},
			Libraries: admin.LibrariesOptions{Inventory: w.Libraries.Inventory()},
			Teams:     admin.TeamsOptions{Teams: w.Teams},
			Keys:      admin.KeysOptions{Keys: w.Keys},
			Audit:     admin.AuditOptions{Trail: audit, Accounts: w.Accounts},
			Health:    admin.HealthOptions{Check: well, Glance: well, Jobs: w.Ingest, Tasks: w.Rebuild},
			Providers: admin.ProvidersOptions{Providers: w.Providers},
			Usage:     admin.UsageOptions{Figures: sources, Credentials: w.Tokens},
		},
	}
	for _, c := range change {
		c(&opt)
	}
	people, err := dashboard.New(opt.Pages)
	Check(t, err)
	ways, err := signin.New(opt.SignIn)
	Check(t, err)
	running, err := admin.New(opt.Admin)
	Check(t, err)
	router := chi.NewRouter()
	api := libraryapi.New(libraryapi.Options{
		Libraries: w.Libraries, Ingest: w.Ingest, Search: engine, Chunks: w.Graph, Objects: objects, Cursors: cursors, MaxUpload: maxUpload, TempDir: dir, Log: log,
	})
	surface := &httpx.Surface{Name: "rest", Auth: auth, Errors: httpx.RESTErrors(log)}
	surface.Mount(router, api.Routes())
	document, err := httpx.OpenAPI("Mnemosyne", "test", api.Routes())
	Check(t, err)
	httpx.MountDocument(router, surface, document)
	reference, err := apidocs.New(site, document)
	Check(t, err)
	w.Routes = slices.Concat(people.Routes(), ways.Routes(), running.Routes(), reference.Routes())
	site.Mount(router, w.Routes)
	router.NotFound(httpx.Unmatched(router, site.Errors(httpx.RESTErrors(log))))
	server := httptest.NewServer(httpx.NewFront(router, httpx.FrontOptions{Log: log, AllowedHosts: []string{"127.0.0.1"}}))
	t.Cleanup(server.Close)
	w.URL = server.URL
	return w
}

// well is how engines are that nobody asked.
func well(context.Context) admin.Health {
	return admin.Health{
		At: time.Now(), Since: time.Now(), Version: "test",
		Parts: []admin.Part{{Name: "database", Engine: "SQLite", Where: "a file", OK: true}},
	}
}

// Check fails the test at an error.
func Check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Work runs a worker until the test ends.
func (w *World) Work() {
	w.t.Helper()
	exe, err := os.Executable()
	Check(w.t, err)
	pool := extract.NewPool(extract.Options{Executable: exe, Args: []string{"extract-worker"}})
	worker := ingest.NewWorker(w.Ingest, ingest.WorkerOptions{Embedder: minilm.New(minilm.Options{}), Extractor: pool, TempDir: w.t.TempDir(), Sole: true})
	for _, s := range []interface {
		Start(ctx context.Context) error
		Stop(ctx context.Context) error
	}{pool, worker} {
		Check(w.t, s.Start(w.t.Context()))
		w.t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			Check(w.t, s.Stop(ctx))
		})
	}
}

// User makes a person.
func (w *World) User(name string) accounts.Principal {
	w.t.Helper()
	u, err := w.Accounts.CreateUser(w.t.Context(), accounts.Operator(), accounts.NewUser{Username: name, Password: Password})
	Check(w.t, err)
	return accounts.Principal{UserID: u.ID, Username: u.Username, Scope: accounts.Scope{Kind: accounts.ScopeUser}}
}

// Library makes a private library.
func (w *World) Library(p accounts.Principal, name string) string {
	w.t.Helper()
	g, err := w.Libraries.Create(w.t.Context(), p, library.NewLibrary{Name: name})
	Check(w.t, err)
	return g.Library.UID
}

// Submit puts a document in. With a worker, Ended waits for it.
func (w *World) Submit(p accounts.Principal, libraryUID, filename, text string) ingest.Job {
	w.t.Helper()
	out, err := w.Ingest.Submit(w.t.Context(), p, ingest.Submission{LibraryUID: libraryUID, Filename: filename, Body: strings.NewReader(text)})
	Check(w.t, err)
	return *out.Job
}

// Ended waits for the end of a job.
func (w *World) Ended(p accounts.Principal, id string) ingest.Job {
	w.t.Helper()
	var last ingest.Job
	for j, err := range w.Ingest.Watch(w.t.Context(), p, id) {
		Check(w.t, err)
		last = j
	}
	return last
}

// Bearer asks who a token stands for and gives the status of the answer.
func (w *World) Bearer(token string) int {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.URL+"/library/api/me/", nil)
	Check(w.t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	Check(w.t, err)
	Check(w.t, resp.Body.Close())
	return resp.StatusCode
}

// OnlyToken is the one token that somebody has.
func (w *World) OnlyToken(p accounts.Principal) mcpserver.UserToken {
	w.t.Helper()
	tokens, err := w.Tokens.List(w.t.Context(), p.UserID)
	Check(w.t, err)
	if len(tokens) != 1 {
		w.t.Fatalf("there are %d tokens, want one", len(tokens))
	}
	return tokens[0]
}
