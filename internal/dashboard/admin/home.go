package admin

import (
	"context"
	"net/http"
	"slices"
	"time"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

// HomeOptions are what the overview is made of, beside the areas.
type HomeOptions struct {
	// Accounts counts the people (accounts.Accounts).
	Accounts interface {
		CountActive(ctx context.Context) (active, all int64, err error)
	}
	// Tokens counts the tokens that open something (mcpserver.Tokens).
	Tokens interface {
		CountUsable(ctx context.Context) (int64, error)
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
	People, Accounts int64  // those who may sign in, and all there ever were
	PeoplePath       string // empty: they have no page
	Tokens, Teams    int64
	Held             library.Total
	Jobs             ingest.Load
	Health           Health
	OK               bool
	Ailing           []Part
	Warnings         []Warning
}

func (p *Pages) overview(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	ctx := r.Context()
	out := homePage{Health: p.opt.Health.Glance(ctx)}
	out.OK, out.Warnings = out.Health.OK(), slices.Clone(out.Health.Warnings)
	if slices.ContainsFunc(p.tabs, func(t page.Tab) bool { return t.Path == pathPeople }) {
		out.PeoplePath = pathPeople
	}
	for _, part := range out.Health.Parts {
		if !part.OK {
			out.Ailing = append(out.Ailing, part)
		}
	}
	var err error
	if out.People, out.Accounts, err = p.opt.Home.Accounts.CountActive(ctx); err != nil {
		return err
	}
	if out.Tokens, err = p.opt.Home.Tokens.CountUsable(ctx); err != nil {
		return err
	}
	if out.Held, err = p.opt.Libraries.Inventory.Total(ctx, s.Principal); err != nil {
		return err
	}
	if out.Jobs, err = p.opt.Health.Jobs.Load(ctx, startOfDay(time.Now())); err != nil {
		return err
	}
	if err := p.teamsAndKeys(ctx, &out); err != nil {
		return err
	}
	return p.home.overview.Show(w, r, s, http.StatusOK, p.heading("Administration", Path), out)
}

// teamsAndKeys counts active teams, and warns where none can be made or some
// stand on a key that is gone.
func (p *Pages) teamsAndKeys(ctx context.Context, out *homePage) error {
	counts, err := p.opt.Teams.Teams.CountByKey(ctx)
	if err != nil {
		return err
	}
	keys, err := p.opt.Keys.Keys.List(ctx)
	if err != nil {
		return err
	}
	out.Warnings = append(out.Warnings, keyWarnings(keys, counts)...)
	for _, n := range counts {
		out.Teams += n
	}
	return nil
}

func keyWarnings(keys []mcpserver.SigningKey, teams map[string]int64) []Warning {
	active, lost := 0, int64(0)
	for _, k := range keys {
		if k.Active {
			active++
		} else {
			lost += teams[k.Kid]
		}
	}
	var out []Warning
	if active == 0 {
		out = append(out, Warning{"No signing key is active: no team JWT can be made or accepted.", pathKeys, "Make a signing key"})
	}
	if lost > 0 {
		out = append(out, Warning{
			page.Count(lost, "active team holds a JWT", "active teams hold JWTs") + " of a key that is retired. Their owners must rotate them.", pathTeams, "See the teams",
		})
	}
	return out
}
