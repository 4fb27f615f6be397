// Package admin is the pages of those who run the place: people and their
// groups, everybody's tokens, libraries by name and owner, teams, signing
// keys, providers of models, the audit trail and how the engines are.
//
// Whoever does not administer gets what a path without a page gets. The
// content of libraries is none of its business.
//
// Each area has a file of its own with what it asks for, its templates and
// its routes. This one puts them together.
package admin

import (
	"net/http"
	"slices"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
)

// Path is where the pages are.
const Path = "/admin/"

const get, post = http.MethodGet, http.MethodPost

// Options are what the pages are made of, an area a field.
type Options struct {
	Site    *page.Site
	Cursors *httpx.Cursors

	Home HomeOptions

	People PeopleOptions

	Tokens    TokensOptions
	Libraries LibrariesOptions
	Teams     TeamsOptions
	Keys      KeysOptions
	Audit     AuditOptions
	Health    HealthOptions

	Providers ProvidersOptions

	Usage UsageOptions
}

// Pages are the pages of the administration.
type Pages struct {
	opt  Options
	tabs []page.Tab

	home homeViews

	people peopleViews

	tokens    tokensViews
	libraries librariesViews
	teams     teamsViews
	keys      keysViews
	audit     auditViews
	health    healthViews
	residue   residue

	providers providersViews

	usage usageViews
}

// New reads the templates and proves each of them.
func New(opt Options) (*Pages, error) {
	l := opt.Site.Loader()
	p := &Pages{
		opt: opt,

		home: loadHome(l),

		people: loadPeople(l),

		tokens:    loadTokens(l),
		libraries: loadLibraries(l),
		teams:     loadTeams(l),
		keys:      loadKeys(l),
		audit:     loadAudit(l),
		health:    loadHealth(l),

		providers: loadProviders(l),

		usage: loadUsage(l),
	}
	p.tabs = tabsOf(p.Routes())
	return p, l.Err()
}

// Routes is every page of this package and every form's target.
func (p *Pages) Routes() []page.Route {
	routes := slices.Concat(
		p.homeRoutes(),

		p.peopleRoutes(),

		p.tokensRoutes(),
		p.librariesRoutes(),
		p.teamsRoutes(),
		p.keysRoutes(),
		p.auditRoutes(),
		p.healthRoutes(),

		p.providersRoutes(),

		p.usageRoutes(),
	)
	for i := range routes {
		routes[i].Handler = guarded(routes[i].Handler)
	}
	return routes
}

// guarded hides a page from those who do not administer.
func guarded(h page.Handler) page.Handler {
	return func(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
		if !accounts.Administers(s.Principal) {
			return errs.New(errs.NotFound, "Not found.")
		}
		return h(w, r, s)
	}
}

// The areas, where the navigation leads.
const (
	pathPeople    = Path + "users/"
	pathTokens    = Path + "tokens/"
	pathLibraries = Path + "libraries/"
	pathTeams     = Path + "teams/"
	pathKeys      = Path + "keys/"
	pathProviders = Path + "providers/"
	pathUsage     = Path + "usage/"
	pathAudit     = Path + "audit/"
	pathHealth    = Path + "health/"
)

// tabsOf is the navigation: the areas that have a page.
func tabsOf(routes []page.Route) []page.Tab {
	all := []page.Tab{
		{Name: "Overview", Path: Path},
		{Name: "People", Path: pathPeople},
		{Name: "Tokens", Path: pathTokens},
		{Name: "Libraries", Path: pathLibraries},
		{Name: "Teams", Path: pathTeams},
		{Name: "Signing keys", Path: pathKeys},
		{Name: "Providers", Path: pathProviders},
		{Name: "Usage", Path: pathUsage},
		{Name: "Audit", Path: pathAudit},
		{Name: "Health", Path: pathHealth},
	}
	return slices.DeleteFunc(all, func(t page.Tab) bool {
		return !slices.ContainsFunc(routes, func(rt page.Route) bool { return rt.Method == get && rt.Path == t.Path })
	})
}

// heading is that of a page in the area that begins at a path.
func (p *Pages) heading(title, area string) page.Heading {
	tabs := slices.Clone(p.tabs)
	for i := range tabs {
		tabs[i].Current = tabs[i].Path == area
	}
	return page.Heading{Title: title, Area: "admin", Tabs: tabs}
}
