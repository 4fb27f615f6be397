package dashboard

import (
	"net/http"

	"git.helu.ca/r/mnemosyne/internal/dashboard/figures"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

const usagePath = "/usage/"

func (d *Dashboard) usageRoutes() []page.Route {
	return []page.Route{{Method: get, Path: usagePath, Handler: d.usage}}
}

// usage shows what a person used, by whatever credential of theirs.
func (d *Dashboard) usage(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	names, err := d.usageNames(r, s)
	if err != nil {
		return err
	}
	p, err := d.opt.Usage.Own(r, usagePath, s.Principal.UserID, names)
	if err != nil {
		return err
	}
	if done, err := p.Choose(w, r); done || err != nil {
		return err
	}
	return d.views.usage.Show(w, r, s, http.StatusOK, page.Heading{Title: "Usage", Area: "usage"}, *p)
}

// usageNames are what a person calls their tokens and teams, and the libraries
// that they may read.
func (d *Dashboard) usageNames(r *http.Request, s httpx.Session) (figures.Names, error) {
	const mostTeams = 1000 // of older ones the id is shown
	tokens, err := d.opt.Tokens.List(r.Context(), s.Principal.UserID)
	if err != nil {
		return figures.Names{}, err
	}
	teams, err := d.opt.Teams.List(r.Context(), s.Principal.UserID, mcpserver.TeamPosition{}, mostTeams)
	if err != nil {
		return figures.Names{}, err
	}
	readable, err := d.opt.Access.Readable(r.Context(), s.Principal)
	if err != nil {
		return figures.Names{}, err
	}
	names := figures.Names{Credentials: map[string]string{}, Libraries: namesOf(readable)}
	for _, t := range tokens {
		names.Credentials[t.Masked] = t.Name
	}
	for _, t := range teams {
		names.Credentials[teamRowOf(t).Masked] = t.Name
	}
	return names, nil
}
