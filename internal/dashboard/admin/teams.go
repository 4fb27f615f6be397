package admin

import (
	"context"
	"net/http"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

// TeamsOptions are what the pages of everybody's teams are made of.
type TeamsOptions struct {
	// Teams keeps everybody's teams (mcpserver.Teams).
	Teams interface {
		Page(ctx context.Context, f mcpserver.TeamFilter, after mcpserver.TeamPosition, limit int) ([]mcpserver.OwnedTeam, error)
		GetAny(ctx context.Context, id string) (mcpserver.OwnedTeam, error)
		DeleteAny(ctx context.Context, by accounts.Actor, id string) error
		CountByKey(ctx context.Context) (map[string]int64, error)
	}
}

type teamsViews struct {
	list page.View[teamsPage]
}

func loadTeams(l *page.Loader) teamsViews {
	return teamsViews{list: page.Load[teamsPage](l, "admin_teams.html")}
}

func (p *Pages) teamsRoutes() []page.Route {
	return []page.Route{
		{Method: get, Path: pathTeams, Handler: p.listTeams},
		{Method: get, Path: pathTeams + "{id}/deactivate/", Handler: p.confirmDeactivate},
		{Method: post, Path: pathTeams + "{id}/deactivate/", Handler: p.deactivateTeam},
	}
}

// teamsPage lists everybody's teams.
type teamsPage struct {
	User, Kid string
	States    []page.Choice
	Any       bool
	Teams     []teamRow
	Next      string
}

// teamRow is a team as the list shows it.
type teamRow struct {
	ID, Name      string
	Owner         string
	OwnerDisabled bool
	State         string // active or inactive
	Workspaces    []string
	Kid           string
	LastUsedAt    *time.Time
	UpdatedAt     time.Time
}

func teamRowOf(t mcpserver.OwnedTeam) teamRow {
	row := teamRow{
		ID: t.ID, Name: t.Name, Owner: t.OwnerUsername, OwnerDisabled: !t.OwnerActive, State: teamInactive,
		Workspaces: t.WorkspaceIDs, LastUsedAt: t.LastUsedAt, UpdatedAt: t.UpdatedAt,
	}
	if t.Active {
		row.State, row.Kid = teamActive, t.Kid
	}
	return row
}

const (
	teamActive   = "active"
	teamInactive = "inactive"
)

func (p *Pages) listTeams(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	out := teamsPage{User: strings.TrimSpace(page.Param(r, "user")), Kid: page.Param(r, "kid")}
	state := page.Param(r, "state")
	var err error
	if out.States, err = choices("state", state, teamActive, teamInactive); err != nil {
		return err
	}
	out.Any = out.User != "" || out.Kid != "" || state != ""
	filter := mcpserver.TeamFilter{Username: out.User, Kid: out.Kid}
	if state != "" {
		filter.Active = new(state == teamActive)
	}
	read := func(after mcpserver.TeamPosition, limit int) ([]mcpserver.OwnedTeam, error) {
		return p.opt.Teams.Teams.Page(r.Context(), filter, after, limit)
	}
	behind := func(t mcpserver.OwnedTeam) mcpserver.TeamPosition {
		return mcpserver.TeamPosition{CreatedAt: t.CreatedAt, ID: t.ID}
	}
	if out.Teams, out.Next, err = listed(p, r, s, read, behind, teamRowOf); err != nil {
		return err
	}
	return p.teams.list.Show(w, r, s, http.StatusOK, p.heading("Everybody’s teams", pathTeams), out)
}

func (p *Pages) confirmDeactivate(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	t, err := p.opt.Teams.Teams.GetAny(r.Context(), httpx.PathParam(r, "id"))
	if err != nil {
		return err
	}
	return p.opt.Site.Confirm(w, r, s, p.heading("Deactivate a team", pathTeams), page.Confirm{
		Title: "Deactivate “" + t.Name + "” of " + t.OwnerUsername + "?", Verb: "Deactivate team",
		Action: pathTeams + t.ID + "/deactivate/", Back: pathTeams,
		Text: "Its agents are refused from their next request on. Only its owner can make it active again, and then it gets a new JWT and no workspaces.",
	})
}

func (p *Pages) deactivateTeam(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	t, err := p.opt.Teams.Teams.GetAny(r.Context(), httpx.PathParam(r, "id"))
	if err != nil {
		return err
	}
	if err := p.opt.Teams.Teams.DeleteAny(r.Context(), page.Actor(s, httpx.Origin(r)), t.ID); err != nil {
		return err
	}
	return page.Done(w, r, s, "The team “"+t.Name+"” of "+t.OwnerUsername+" is inactive.", pathTeams)
}
