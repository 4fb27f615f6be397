// Package admin is the pages of those who run the place: people and their
// groups, everybody's tokens, libraries by name and owner, teams, signing
// keys, providers of models, the audit trail and how the engines are.
//
// Whoever does not administer gets what a path without a page gets. The
// content of libraries is none of its business.
package admin

import (
	"context"
	"net/http"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
)

// Path is where the pages are.
const Path = "/admin/"

const get, post = http.MethodGet, http.MethodPost

// Accounts knows the people (accounts.Accounts).
type Accounts interface {
	Users(ctx context.Context) ([]accounts.User, error)
}

// Options are what the pages are made of.
type Options struct {
	Site     *page.Site
	Accounts Accounts
}

// Pages are the pages of the administration.
type Pages struct {
	opt   Options
	views *views
}

// New reads the templates and proves each of them.
func New(opt Options) (*Pages, error) {
	views, err := newViews(opt.Site)
	return &Pages{opt: opt, views: views}, err
}

// views are the templates of the pages.
type views struct {
	home page.View[homePage]
}

func newViews(site *page.Site) (*views, error) {
	l := site.Loader()
	return &views{
		home: page.Load[homePage](l, "admin_home.html"),
	}, l.Err()
}

// Routes is every page of this package and every form's target.
func (p *Pages) Routes() []page.Route {
	routes := []page.Route{
		{Method: get, Path: Path, Handler: p.home},
	}
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

// homePage is where the administration begins.
type homePage struct {
	Users int64
}

func (p *Pages) home(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	users, err := p.opt.Accounts.Users(r.Context())
	if err != nil {
		return err
	}
	return p.views.home.Show(w, r, s, http.StatusOK, page.Heading{Title: "Administration", Area: "admin"}, homePage{Users: int64(len(users))})
}
