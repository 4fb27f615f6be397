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
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/blob/files"
	"git.helu.ca/r/mnemosyne/internal/dashboard"
	"git.helu.ca/r/mnemosyne/internal/dashboard/admin"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/dashboard/signin"
	"git.helu.ca/r/mnemosyne/internal/embedding/minilm"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/extract"
	"git.helu.ca/r/mnemosyne/internal/library/gold"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/library/rebuild"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/library/searchlog"
	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph"
	"git.helu.ca/r/mnemosyne/internal/llmmanager"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

// Password is everybody's.
const Password = "correct horse battery"

// EncryptionKey is what keys of providers are encrypted under.
const EncryptionKey = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="

// secretKey is what sessions, forms and cursors are signed with.
const secretKey = "secret"

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
	Search    *search.Engine
	Gold      *gold.Service
	// SearchLog and ModelUsage are written down half a second after what they
	// are told, or by Wait.
	SearchLog  *searchlog.Log
	ModelUsage *llmmanager.Usage
	URL        string
	Routes     []page.Route // of all pages

	log     *slog.Logger
	dir     string
	audit   *accounts.Audit
	objects *files.Store
	access  *library.Access
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
	w := &World{t: t, log: slog.New(slog.DiscardHandler), dir: t.TempDir(), DB: sqldbtest.SQLite(t)}
	w.people(made)
	w.shelves()
	w.usage()
	server := httptest.NewServer(httpx.NewFront(w.site(change), httpx.FrontOptions{Log: w.log, AllowedHosts: []string{"127.0.0.1"}}))
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
	pool := extract.NewPool(extract.Options{
		Executable: exe, Args: []string{"extract-worker"}, CacheDir: filepath.Join(os.TempDir(), "mnemosyne-test-pdfium"),
	})
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
	resp, err := w.Browser().Client.Do(r)
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
