package admin

import (
	"context"
	"net/http"

	"git.helu.ca/r/mnemosyne/internal/dashboard/figures"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/httpx"
)

// UsageOptions are what the page of everybody's usage is made of.
type UsageOptions struct {
	Figures     figures.Sources
	Credentials interface {
		// NamesOf names tokens and teams by their masked form
		// (mcpserver.Tokens).
		NamesOf(ctx context.Context, masked []string) (map[string]string, error)
	}
}

type usageViews struct {
	everybody page.View[figures.Page]
}

func loadUsage(l *page.Loader) usageViews {
	return usageViews{everybody: page.Load[figures.Page](l, "usage.html")}
}

func (p *Pages) usageRoutes() []page.Route {
	return []page.Route{{Method: get, Path: pathUsage, Handler: p.everybodysUsage}}
}

func (p *Pages) everybodysUsage(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	shown, err := p.opt.Usage.Figures.Everybody(r, pathUsage, p.opt.Usage.Credentials.NamesOf)
	if err != nil {
		return err
	}
	if done, err := shown.Choose(w, r); done || err != nil {
		return err
	}
	return p.usage.everybody.Show(w, r, s, http.StatusOK, p.heading("Everybody’s usage", pathUsage), *shown)
}
