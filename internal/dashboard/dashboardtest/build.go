package dashboardtest

import (
	"context"
	"net/http"
	"path/filepath"
	"slices"

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
	"git.helu.ca/r/mnemosyne/internal/library/gold"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/library/ingest/websource"
	"git.helu.ca/r/mnemosyne/internal/library/libraryapi"
	"git.helu.ca/r/mnemosyne/internal/library/pages"
	"git.helu.ca/r/mnemosyne/internal/library/rebuild"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/library/searchlog"
	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph"
	"git.helu.ca/r/mnemosyne/internal/llmmanager"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/internal/queue"
)

// people makes the stores of people and of what they hold.
func (w *World) people(made accounts.Options) {
	w.t.Helper()
	made.SecretKey = []byte(secretKey)
	w.audit = accounts.NewAudit(w.DB, w.log, nil)
	w.Accounts = accounts.New(w.DB, w.audit, w.log, made)
	w.Tokens, w.Resolver = mcpserver.NewTokens(w.DB, w.audit, nil), mcpserver.NewResolver(w.DB, w.log, mcpserver.ResolverOptions{})
	w.Teams, w.Keys = mcpserver.NewTeams(w.DB, w.audit, mcpserver.TeamsOptions{}), mcpserver.NewSigningKeys(w.DB, w.audit, nil)
	w.t.Cleanup(func() { w.Accounts.Wait(); w.Resolver.Wait() })
	var err error
	w.Providers, err = llmmanager.NewProviders(llmmanager.ProvidersOptions{
		DB: w.DB, Audit: w.audit, EncryptionKey: EncryptionKey, Trier: remote.Trier{}, InProcess: minilm.New(minilm.Options{}).Space().ID(),
		InUse: func(ctx context.Context) (llmmanager.Spaces, error) {
			named, unnamed, err := library.SpacesInUse(ctx, w.DB)
			return llmmanager.Spaces{Named: named, Unnamed: unnamed}, err
		},
	})
	Check(w.t, err)
}

// shelves makes the stores of documents and what works on them.
func (w *World) shelves() {
	w.t.Helper()
	var err error
	w.Graph, err = sqlitegraph.Open(filepath.Join(w.dir, "graph"), sqlitegraph.Options{})
	Check(w.t, err)
	w.t.Cleanup(func() { Check(w.t, w.Graph.Close()) })
	w.objects, err = files.Open(filepath.Join(w.dir, "objects"))
	Check(w.t, err)
	w.access = library.NewAccess(w.DB, library.AccessOptions{})
	w.Libraries = library.NewService(w.DB, w.access, w.Graph, w.log)
	w.Ingest = ingest.New(ingest.Options{
		DB: w.DB, Graph: w.Graph, Objects: w.objects, Queue: queue.NewInProcess(), Access: w.access, MaxUploadBytes: maxUpload, Log: w.log,
		Web: websource.New(websource.Options{}),
	})
	w.Rebuild = rebuild.New(rebuild.Options{
		DB: w.DB, Graph: w.Graph, Objects: w.objects, Audit: w.audit, Embedders: embedding.Set{Main: minilm.New(minilm.Options{})}, Recut: w.Ingest.Recut, Log: w.log,
	})
}

// usage makes what searches, and what notes it.
func (w *World) usage() {
	w.t.Helper()
	w.SearchLog, w.ModelUsage = searchlog.New(searchlog.Options{DB: w.DB, Log: w.log}), llmmanager.NewUsage(llmmanager.UsageOptions{DB: w.DB, Log: w.log})
	w.t.Cleanup(func() { w.SearchLog.Wait(); w.ModelUsage.Wait() })
	w.Search = search.New(search.Options{
		Recorder: w.SearchLog, Access: w.access, Graph: w.Graph, Embedder: minilm.New(minilm.Options{}), Catalog: search.NewCatalog(w.DB),
	})
	w.Gold = gold.New(gold.Options{DB: w.DB, Access: w.access, Search: w.Search, Settings: "adaptive"})
}

// site puts the pages and the REST surface together.
func (w *World) site(change []func(*Options)) http.Handler {
	w.t.Helper()
	auth, err := httpx.NewAuth(httpx.BearerFunc(func(ctx context.Context, header string) (accounts.Principal, error) {
		return w.Resolver.Resolve(ctx, header, mcpserver.REST)
	}), httpx.SessionFunc(func(ctx context.Context, cookie string) (httpx.Session, error) {
		s, err := w.Accounts.Session(ctx, cookie)
		return httpx.Session{Principal: s.Principal, CSRFSecret: s.CSRFSecret}, err
	}), nil)
	Check(w.t, err)
	cursors, err := httpx.NewCursors([]byte(secretKey))
	Check(w.t, err)
	shown, err := page.NewSite(auth, []byte(secretKey), w.log, nil)
	Check(w.t, err)
	router := chi.NewRouter()
	document := w.mountREST(router, auth, cursors)
	opt := w.options(shown, cursors)
	for _, c := range change {
		c(&opt)
	}
	people, err := dashboard.New(opt.Pages)
	Check(w.t, err)
	ways, err := signin.New(opt.SignIn)
	Check(w.t, err)
	running, err := admin.New(opt.Admin)
	Check(w.t, err)
	reference, err := apidocs.New(shown, document)
	Check(w.t, err)
	w.Routes = slices.Concat(people.Routes(), ways.Routes(), running.Routes(), reference.Routes())
	shown.Mount(router, w.Routes)
	router.NotFound(httpx.Unmatched(router, shown.Errors(httpx.RESTErrors(w.log))))
	return router
}

func (w *World) places() *pages.Places { return pages.NewPlaces(w.DB, w.objects, w.log) }

// mountREST gives the OpenAPI document of what it mounts.
func (w *World) mountREST(router chi.Router, auth *httpx.Auth, cursors *httpx.Cursors) []byte {
	w.t.Helper()
	api := libraryapi.New(libraryapi.Options{
		Libraries: w.Libraries, Ingest: w.Ingest, Search: w.Search, Chunks: w.Graph, Objects: w.objects, Places: w.places(), Cursors: cursors, MaxUpload: maxUpload, TempDir: w.dir, Log: w.log,
	})
	surface := &httpx.Surface{Name: "rest", Auth: auth, Errors: httpx.RESTErrors(w.log)}
	surface.Mount(router, api.Routes())
	document, err := httpx.OpenAPI("Mnemosyne", "test", api.Routes())
	Check(w.t, err)
	httpx.MountDocument(router, surface, document)
	return document
}

func (w *World) options(site *page.Site, cursors *httpx.Cursors) Options {
	sources := figures.Sources{Searches: w.SearchLog, Models: w.ModelUsage, Jobs: w.Ingest, KeptDays: 90}
	return Options{
		Pages: dashboard.Options{
			Site: site, Cursors: cursors, Tokens: w.Tokens, Access: w.access, Libraries: w.Libraries,
			Ingest: w.Ingest, Search: w.Search, Chunks: w.Graph, Concepts: w.Graph, Quality: w.Gold, Objects: w.objects, Places: w.places(), MaxUpload: maxUpload, FetchURLs: true, Tools: []dashboard.Tool{
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
			Audit:     admin.AuditOptions{Trail: w.audit, Accounts: w.Accounts},
			Health:    admin.HealthOptions{Check: well, Glance: well, Jobs: w.Ingest, Tasks: w.Rebuild},
			Providers: admin.ProvidersOptions{Providers: w.Providers},
			Usage:     admin.UsageOptions{Figures: sources, Credentials: w.Tokens},
		},
	}
}
