package admin

import (
	"context"
	"net/http"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/httpx"
)

// HomeOptions are what the overview is made of.
type HomeOptions struct {
	Accounts interface {
		Users(ctx context.Context) ([]accounts.User, error)
	}
}

type homeViews struct {
	overview page.View[homePage]
}

func loadHome(l *page.Loader) homeViews {
	return homeViews{overview: page.Load[homePage](l, "admin_home.html")}
}

func (p *Pages) homeRoutes() []page.Route {
	return []page.Route{
		{Method: get, Path: Path, Handler: p.overview},
	}
}

// homePage is where the administration begins.
type homePage struct {
	Users int64
}

func (p *Pages) overview(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	users, err := p.opt.Home.Accounts.Users(r.Context())
	if err != nil {
		return err
	}
	return p.home.overview.Show(w, r, s, http.StatusOK, p.heading("Administration", Path), homePage{Users: int64(len(users))})
}
