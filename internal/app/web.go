package app

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"

	"github.com/go-chi/chi/v5"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard"
	"git.helu.ca/r/mnemosyne/internal/dashboard/admin"
	"git.helu.ca/r/mnemosyne/internal/dashboard/apidocs"
	"git.helu.ca/r/mnemosyne/internal/dashboard/figures"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/dashboard/signin"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library/libraryapi"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/internal/mcpserver/mcptools"
	"git.helu.ca/r/mnemosyne/internal/mcpserver/teamsapi"
	"git.helu.ca/r/mnemosyne/internal/settings"
	"git.helu.ca/r/mnemosyne/internal/telemetry"
)

// limitedBearers asks who a bearer is, and limits those that stand for nobody.
type limitedBearers struct {
	resolver *mcpserver.Resolver
	failures *httpx.Failures
}

// Resolve asks first and counts afterwards: an accepted bearer always passes.
func (b limitedBearers) Resolve(ctx context.Context, header string, surface mcpserver.Surface) (accounts.Principal, error) {
	p, err := b.resolver.Resolve(ctx, header, surface)
	if err != nil {
		err = b.failures.Refused(ctx, header, err)
	}
	return p, err
}

// onREST lets httpx ask at the REST surface.
func (b limitedBearers) onREST() httpx.BearerFunc {
	return func(ctx context.Context, header string) (accounts.Principal, error) {
		return b.Resolve(ctx, header, mcpserver.REST)
	}
}

// sessions lets httpx ask who a cookie is.
func (s *Services) sessions() httpx.SessionFunc {
	return func(ctx context.Context, cookie string) (httpx.Session, error) {
		found, err := s.Accounts.Session(ctx, cookie)
		return httpx.Session{Principal: found.Principal, CSRFSecret: found.CSRFSecret}, err
	}
}

// doors are the surfaces that a process serves.
type doors struct {
	rest bool // and pages
	mcp  bool
}

// handler puts the surfaces that a process serves behind one front, with
// health and metrics.
func (s *Services) handler(open doors) (http.Handler, error) {
	limited := limitedBearers{s.resolver, httpx.NewFailures(httpx.FailuresOptions{
		Cache: s.Cache, PerMinute: s.Settings.HTTP.AuthFailuresPerMinute, Log: s.Log, Registry: s.Registry,
	})}
	cursors, err := httpx.NewCursors(s.secret)
	if err != nil {
		return nil, err
	}
	mcp, err := s.mcp(limited, cursors)
	if err != nil {
		return nil, err
	}
	router := chi.NewRouter()
	if open.mcp {
		for _, path := range []string{"/mcp", "/mcp/", "/mcp/health", "/mcp/health/"} {
			router.Handle(path, httpx.Named("mcp", path, mcp.Handler()))
		}
		if !open.rest {
			router.Get("/live/", httpx.Live(func() error { return nil }, s.Log))
		}
	}
	wrong := httpx.RESTErrors(s.Log)
	if open.rest {
		s.Registry.MustRegister(s.Accounts.SessionCollector())
		if wrong, err = s.mountSite(router, limited, cursors, mcp.Abouts()); err != nil {
			return nil, err
		}
	}
	router.Handle("/metrics", httpx.Metrics(s.Registry))
	router.MethodNotAllowed(httpx.UnknownMethod(httpx.RESTErrors(s.Log)))
	router.NotFound(httpx.Unmatched(router, wrong))
	return httpx.NewFront(router, httpx.FrontOptions{
		Log: telemetry.AtLeast(s.Log, s.Settings.Logging.HTTP), Registry: s.Registry, AnyHost: httpx.AnyHost,
		AllowedHosts: s.Settings.HTTP.AllowedHosts, TrustedProxies: s.Settings.HTTP.TrustedProxies, PublicURL: s.Settings.HTTP.PublicURL,
	}), nil
}

// mountSite mounts REST and pages, and gives how a path that is none of theirs
// is answered.
func (s *Services) mountSite(router chi.Router, limited limitedBearers, cursors *httpx.Cursors, tools []mcptools.ToolAbout) (httpx.ErrorWriter, error) {
	auth, err := httpx.NewAuth(limited.onREST(), s.sessions(), s.Settings.HTTP.CSRFTrustedOrigins)
	if err != nil {
		return nil, err
	}
	document, err := s.mountREST(router, auth, cursors)
	if err != nil {
		return nil, err
	}
	site, err := s.mountPages(router, auth, cursors, tools, document)
	if err != nil {
		return nil, err
	}
	return site.Errors(httpx.RESTErrors(s.Log)), nil
}

// mountREST gives the OpenAPI document of what it mounts.
func (s *Services) mountREST(router chi.Router, auth *httpx.Auth, cursors *httpx.Cursors) ([]byte, error) {
	api := libraryapi.New(libraryapi.Options{
		Libraries: s.Libraries, Ingest: s.Ingest, Search: s.Search, Chunks: s.Graph, Objects: s.Objects, Places: s.Places, Pictures: s.pictures, Cursors: cursors,
		MaxUpload: s.Settings.Ingest.MaxUploadBytes, TempDir: filepath.Join(s.Dir, tempFolder), Log: s.Log,
	})
	health := &httpx.Health{Database: s.DB, Cache: s.Cache, Log: s.Log}
	surface := &httpx.Surface{Name: "rest", Auth: auth, Errors: httpx.RESTErrors(s.Log)}
	teams := teamsapi.New(s.Teams, cursors)
	tables := [][]httpx.Route{api.Routes(), teams.Routes(), health.Routes()}
	for _, table := range tables {
		surface.Mount(router, table)
	}
	document, err := httpx.OpenAPI("Mnemosyne", s.Version, tables...)
	if err != nil {
		return nil, fmt.Errorf("make the OpenAPI document: %w", err)
	}
	httpx.MountDocument(router, surface, document)
	return document, nil
}

func (s *Services) mcp(bearers mcptools.Bearers, cursors *httpx.Cursors) (*mcptools.Server, error) {
	return mcptools.New(mcptools.Options{
		Bearers: bearers, Libraries: s.Libraries, Objects: s.Objects, Chunks: s.Graph, Search: s.Search, Cursors: cursors,
		AllowedHosts: s.Settings.HTTP.AllowedHosts, Version: s.Version, Log: s.Log, Registry: s.Registry,
	})
}

// figures are where the pages of usage get their numbers.
func (s *Services) figures() figures.Sources {
	return figures.Sources{
		Searches: s.searches, Models: s.usage, Jobs: s.Ingest,
		KeptDays: s.Settings.UsageRetentionDays, WordsKept: s.Settings.Search.LogQueries,
	}
}

func (s *Services) mountPages(router chi.Router, auth *httpx.Auth, cursors *httpx.Cursors, tools []mcptools.ToolAbout, document []byte) (*page.Site, error) {
	site, err := page.NewSite(auth, s.secret, s.Log, s.Settings.TimeZone)
	if err != nil {
		return nil, err
	}
	people, err := dashboard.New(dashboard.Options{
		Site: site, Cursors: cursors, Tokens: s.Tokens, Access: s.Access,
		Libraries: s.Libraries, Ingest: s.Ingest, Search: s.Search, Chunks: s.Graph, Concepts: s.Graph, Quality: s.Gold,
		Tools: toolsOf(tools), Mails: s.Mail != nil, MCPURL: s.publicURL("/mcp/"),
		Teams: s.Teams, Workspaces: s.Libraries, Usage: s.figures(),
		Objects: s.Objects, Places: s.Places, MaxUpload: s.Settings.Ingest.MaxUploadBytes,
		FetchURLs: s.Settings.Ingest.FetchURLs != settings.FetchOff,
	})
	if err != nil {
		return nil, err
	}
	signOn, err := s.signOn()
	if err != nil {
		return nil, err
	}
	ways, err := signin.New(signin.Options{
		Site: site, Accounts: s.Accounts, Cache: s.Cache, Mail: s.mailer(), Desk: s.desk(), Log: s.Log,
		SignOn: signOn, SuperusersOnly: !s.Settings.SSO.LocalLogin(),
	})
	if err != nil {
		return nil, err
	}
	seen := newHealth(s)
	running, err := admin.New(admin.Options{
		Site: site, Cursors: cursors,
		Home:      admin.HomeOptions{Accounts: s.Accounts, Tokens: s.Tokens},
		People:    admin.PeopleOptions{Accounts: s.Accounts, Tokens: s.Tokens, Teams: s.Teams},
		Tokens:    admin.TokensOptions{Tokens: s.Tokens},
		Libraries: admin.LibrariesOptions{Inventory: s.Libraries.Inventory()},
		Teams:     admin.TeamsOptions{Teams: s.Teams},
		Keys:      admin.KeysOptions{Keys: s.Keys},
		Audit:     admin.AuditOptions{Trail: s.Audit, Accounts: s.Accounts},
		Health:    admin.HealthOptions{Check: seen.Check, Glance: seen.Glance, Jobs: s.Ingest, Tasks: s.Rebuild},
		Providers: admin.ProvidersOptions{Providers: s.Providers, Running: s.running()},
		Usage:     admin.UsageOptions{Figures: s.figures(), Credentials: s.Tokens},
	})
	if err != nil {
		return nil, err
	}
	reference, err := apidocs.New(site, document)
	if err != nil {
		return nil, err
	}
	site.Mount(router, people.Routes(), ways.Routes(), running.Routes(), reference.Routes())
	return site, nil
}

// toolsOf tells pages of the tools of the MCP server.
func toolsOf(abouts []mcptools.ToolAbout) []dashboard.Tool {
	tools := make([]dashboard.Tool, 0, len(abouts))
	for _, t := range abouts {
		tools = append(tools, dashboard.Tool(t))
	}
	return tools
}

// publicURL is a path where people reach it, or empty where the settings do
// not say.
func (s *Services) publicURL(path string) string {
	if s.Settings.HTTP.PublicURL == "" {
		return ""
	}
	return s.Settings.HTTP.PublicURL + path
}
