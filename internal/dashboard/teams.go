package dashboard

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

const (
	teamsPath = "/teams/"
	teamsPer  = 50
)

// Teams keeps teams of agents (mcpserver.Teams).
type Teams interface {
	List(ctx context.Context, ownerID string, after mcpserver.TeamPosition, limit int) ([]mcpserver.Team, error)
	Get(ctx context.Context, ownerID, id string) (mcpserver.Team, error)
	Create(ctx context.Context, by accounts.Actor, id, name string) (mcpserver.Minted, error)
	Rotate(ctx context.Context, by accounts.Actor, id string) (mcpserver.Minted, error)
	Rename(ctx context.Context, by accounts.Actor, id, name string) error
	SetWorkspaces(ctx context.Context, by accounts.Actor, id string, ids []string) ([]string, error)
	Delete(ctx context.Context, by accounts.Actor, id string) error
}

// Workspaces lists a person's workspaces (library.Service).
type Workspaces interface {
	Workspaces(ctx context.Context, p accounts.Principal, after library.Position, limit int) ([]library.Library, error)
}

// teamViews are the templates of the pages of teams.
type teamViews struct {
	list       page.View[teamsPage]
	one        page.View[teamPage]
	form       page.View[teamFormPage]
	workspaces page.View[teamWorkspacesPage]
	minted     page.View[teamMintedPage]
}

func loadTeams(l *page.Loader) teamViews {
	return teamViews{
		list:       page.Load[teamsPage](l, "teams.html"),
		one:        page.Load[teamPage](l, "team.html"),
		form:       page.Load[teamFormPage](l, "team_form.html"),
		workspaces: page.Load[teamWorkspacesPage](l, "team_workspaces.html"),
		minted:     page.Load[teamMintedPage](l, "team_minted.html"),
	}
}

func (d *Dashboard) teamRoutes() []page.Route {
	one := teamsPath + "{id}/"
	return []page.Route{
		{Method: get, Path: teamsPath, Handler: d.listTeams},
		{Method: get, Path: teamsPath + "add/", Handler: d.newTeam},
		{Method: post, Path: teamsPath + "add/", Handler: d.createTeam},
		{Method: get, Path: one, Handler: d.showTeam},
		{Method: get, Path: one + "edit/", Handler: d.editTeam},
		{Method: post, Path: one + "edit/", Handler: d.renameTeam},
		{Method: get, Path: one + "workspaces/", Handler: d.chooseWorkspaces},
		{Method: post, Path: one + "workspaces/", Handler: d.assignWorkspaces},
		{Method: get, Path: one + "rotate/", Handler: d.confirmRotate},
		{Method: post, Path: one + "rotate/", Handler: d.rotateTeam},
		{Method: get, Path: one + "delete/", Handler: d.confirmTeamDelete},
		{Method: post, Path: one + "delete/", Handler: d.deleteTeam},
		{Method: get, Path: one + "recreate/", Handler: d.confirmRecreate},
		{Method: post, Path: one + "recreate/", Handler: d.recreateTeam},
	}
}

// teamsPage lists a person's teams.
type teamsPage struct {
	Teams    []teamRow
	Next     string // path of the next page
	MayWrite bool
}

// teamRow is a team as lists show it.
type teamRow struct {
	ID, Name, Masked string
	Path             string
	State            string // active or inactive
	Active           bool
	Workspaces       int64
	CreatedAt        time.Time
	LastUsedAt       *time.Time
}

func teamRowOf(t mcpserver.Team) teamRow {
	row := teamRow{
		ID: t.ID, Name: t.Name, Masked: "team:" + t.ID, Path: teamsPath + t.ID + "/", State: "inactive", Active: t.Active,
		Workspaces: int64(len(t.WorkspaceIDs)), CreatedAt: t.CreatedAt, LastUsedAt: t.LastUsedAt,
	}
	if t.Active {
		row.State = "active"
	}
	return row
}

func (d *Dashboard) listTeams(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	var after mcpserver.TeamPosition
	bound := []string{s.Principal.UserID, r.URL.Path}
	if cursor := page.Param(r, "after"); cursor != "" {
		if err := d.opt.Cursors.Open(bound, cursor, &after); err != nil {
			return err
		}
	}
	teams, err := d.opt.Teams.List(r.Context(), s.Principal.UserID, after, teamsPer+1)
	if err != nil {
		return err
	}
	p := teamsPage{MayWrite: s.Principal.May(accounts.RightWrite)}
	if len(teams) > teamsPer {
		teams = teams[:teamsPer]
		last := teams[teamsPer-1]
		cursor, err := d.opt.Cursors.Seal(bound, mcpserver.TeamPosition{CreatedAt: last.CreatedAt, ID: last.ID})
		if err != nil {
			return err
		}
		p.Next = teamsPath + "?" + url.Values{"after": {cursor}}.Encode()
	}
	for _, t := range teams {
		p.Teams = append(p.Teams, teamRowOf(t))
	}
	return d.views.teams.list.Show(w, r, s, http.StatusOK, teamHeading("Teams"), p)
}

func teamHeading(title string) page.Heading { return page.Heading{Title: title, Area: "teams"} }

// team finds the team of the path.
func (d *Dashboard) team(r *http.Request, s httpx.Session) (mcpserver.Team, error) {
	return d.opt.Teams.Get(r.Context(), s.Principal.UserID, httpx.PathParam(r, "id"))
}

// teamPage shows a team.
type teamPage struct {
	Team       teamRow
	Workspaces []workspaceRow
	MayWrite   bool
}

// workspaceRow is a workspace that a team has.
type workspaceRow struct {
	ID        string
	Name      string
	Path      string // empty: the owner has no workspace of this id yet
	Documents int64
}

func (d *Dashboard) showTeam(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	t, err := d.team(r, s)
	if err != nil {
		return err
	}
	own, err := d.workspaces(r, s)
	if err != nil {
		return err
	}
	byID := make(map[string]library.Library, len(own))
	for _, l := range own {
		byID[*l.WorkspaceID] = l
	}
	p := teamPage{Team: teamRowOf(t), MayWrite: s.Principal.May(accounts.RightWrite)}
	for _, id := range t.WorkspaceIDs {
		row := workspaceRow{ID: id}
		if l, ok := byID[id]; ok {
			row.Name, row.Path, row.Documents = l.Name, librariesPath+l.UID+"/", l.ItemCount
		}
		p.Workspaces = append(p.Workspaces, row)
	}
	return d.views.teams.one.Show(w, r, s, http.StatusOK, teamHeading(t.Name), p)
}

// workspaces are all workspaces of a person. They make them through programs,
// some hundreds at most.
func (d *Dashboard) workspaces(r *http.Request, s httpx.Session) (own []library.Library, err error) {
	const per = 500
	var after library.Position
	for {
		some, err := d.opt.Workspaces.Workspaces(r.Context(), s.Principal, after, per)
		if err != nil {
			return nil, err
		}
		own = append(own, some...)
		if len(some) < per {
			return own, nil
		}
		last := some[len(some)-1]
		after = library.Position{CreatedAt: last.CreatedAt, UID: last.UID}
	}
}
