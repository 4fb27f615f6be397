// Package teamsapi is the REST surface of teams: Daedalus makes, attaches,
// rotates and deletes them here. Its table of routes is what is served and
// what the OpenAPI document says. Handlers decode, ask the store and answer;
// the store decides whose a team is. A JWT is shown in the answer that makes
// it and in no other.
package teamsapi

import (
	"context"
	"net/http"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

// Teams is the store (mcpserver.Teams).
type Teams interface {
	List(ctx context.Context, ownerID string, after mcpserver.TeamPosition, limit int) ([]mcpserver.Team, error)
	Get(ctx context.Context, ownerID, id string) (mcpserver.Team, error)
	Create(ctx context.Context, by accounts.Actor, id, name string) (mcpserver.Minted, error)
	Rotate(ctx context.Context, by accounts.Actor, id string) (mcpserver.Minted, error)
	SetWorkspaces(ctx context.Context, by accounts.Actor, id string, workspaceIDs []string) ([]string, error)
	Delete(ctx context.Context, by accounts.Actor, id string) error
}

// API answers the routes under /mcp_server/api/teams/.
type API struct {
	teams   Teams
	cursors *httpx.Cursors
}

// New makes the API.
func New(teams Teams, cursors *httpx.Cursors) *API { return &API{teams, cursors} }

const (
	teamsPath = "/mcp_server/api/teams/"
	teamPath  = teamsPath + "{id}/"
	tag       = "teams"
)

// Routes is the table of the surface.
func (a *API) Routes() []httpx.Route {
	return []httpx.Route{
		{
			Method: http.MethodGet, Path: teamsPath, ID: "listTeams", Tag: tag, Summary: "The caller's teams, newest first",
			Query: httpx.Page{}, Responses: map[int]any{http.StatusOK: []teamBody{}}, Handler: a.list,
		},
		{
			Method: http.MethodPost, Path: teamsPath, ID: "createTeam", Tag: tag, Summary: "Make a team and its JWT, unless it is there",
			Body:      createTeamBody{},
			Responses: map[int]any{http.StatusCreated: mintedTeamBody{}, http.StatusOK: namedTeamBody{}}, Handler: a.create,
		},
		{
			Method: http.MethodGet, Path: teamPath, ID: "getTeam", Tag: tag, Summary: "One team, without its JWT",
			Responses: map[int]any{http.StatusOK: teamBody{}}, Handler: a.get,
		},
		{
			Method: http.MethodDelete, Path: teamPath, ID: "deleteTeam", Tag: tag, Summary: "Make a team inactive and its JWT invalid",
			Responses: map[int]any{http.StatusNoContent: nil}, Handler: a.delete,
		},
		{
			Method: http.MethodPut, Path: teamPath + "workspaces/", ID: "putTeamWorkspaces", Tag: tag, Summary: "Say which workspaces a team reads",
			Body: workspacesBody{}, Responses: map[int]any{http.StatusOK: assignedBody{}}, Handler: a.putWorkspaces,
		},
		{
			Method: http.MethodPost, Path: teamPath + "rotate/", ID: "rotateTeam", Tag: tag, Summary: "Make a new JWT for a team, and the team if it is missing",
			Responses: map[int]any{http.StatusOK: mintedTeamBody{}}, Handler: a.rotate,
		},
	}
}

type teamBody struct {
	ID           string    `json:"id"`
	Name         string    `json:"name"`
	Active       bool      `json:"active"`
	WorkspaceIDs []string  `json:"workspace_ids" nullable:"false"`
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`
}

func teamOf(t mcpserver.Team) teamBody {
	return teamBody{t.ID, t.Name, t.Active, t.WorkspaceIDs, t.CreatedAt, t.UpdatedAt}
}

type mintedTeamBody struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	JWT  string `json:"jwt" description:"Shown here and never again."`
}

type namedTeamBody struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (a *API) list(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	page, err := httpx.Query[httpx.Page](r)
	if err != nil {
		return err
	}
	var after mcpserver.TeamPosition
	if err := a.cursors.After(r, p.UserID, page, &after); err != nil {
		return err
	}
	teams, err := a.teams.List(r.Context(), p.UserID, after, page.Limit+1)
	if err != nil {
		return err
	}
	if len(teams) > page.Limit {
		teams = teams[:page.Limit]
		end := teams[page.Limit-1]
		if err := a.cursors.Next(w, r, p.UserID, mcpserver.TeamPosition{CreatedAt: end.CreatedAt, ID: end.ID}); err != nil {
			return err
		}
	}
	bodies := make([]teamBody, len(teams)) // never nil: JSON has [] and not null
	for i, t := range teams {
		bodies[i] = teamOf(t)
	}
	return httpx.JSON(w, http.StatusOK, bodies)
}

type createTeamBody struct {
	ID   string `json:"id" required:"true" format:"uuid"`
	Name string `json:"name" required:"true" minLength:"1" maxLength:"200"`
}

func (a *API) create(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	body, _, err := httpx.Body[createTeamBody](w, r)
	if err != nil {
		return err
	}
	made, err := a.teams.Create(r.Context(), actor(r, p), body.ID, body.Name)
	if err != nil {
		return err
	}
	if !made.Created {
		return httpx.JSON(w, http.StatusOK, namedTeamBody{made.ID, made.Name})
	}
	return httpx.JSON(w, http.StatusCreated, mintedOf(w, made))
}

// mintedOf shows a JWT, which nothing on the way may keep.
func mintedOf(w http.ResponseWriter, m mcpserver.Minted) mintedTeamBody {
	w.Header().Set("Cache-Control", "no-store")
	return mintedTeamBody{m.ID, m.Name, m.JWT}
}

func actor(r *http.Request, p accounts.Principal) accounts.Actor {
	return accounts.Actor{Principal: p, Origin: httpx.Origin(r)}
}

func (a *API) get(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	t, err := a.teams.Get(r.Context(), p.UserID, httpx.PathParam(r, "id"))
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, teamOf(t))
}

func (a *API) delete(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	if err := a.teams.Delete(r.Context(), actor(r, p), httpx.PathParam(r, "id")); err != nil {
		return err
	}
	return httpx.NoContent(w)
}

type workspacesBody struct {
	WorkspaceIDs []string `json:"workspace_ids" required:"true" nullable:"false" description:"All of them: those that are not named are taken away. None pauses the team."`
}

type assignedBody struct {
	ID           string   `json:"id"`
	WorkspaceIDs []string `json:"workspace_ids" nullable:"false"`
}

func (a *API) putWorkspaces(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	// Whose the team is comes before what is wrong with the body.
	t, err := a.teams.Get(r.Context(), p.UserID, httpx.PathParam(r, "id"))
	if err != nil {
		return err
	}
	body, _, err := httpx.Body[workspacesBody](w, r)
	if err != nil {
		return err
	}
	assigned, err := a.teams.SetWorkspaces(r.Context(), actor(r, p), t.ID, body.WorkspaceIDs)
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, assignedBody{t.ID, assigned})
}

func (a *API) rotate(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	made, err := a.teams.Rotate(r.Context(), actor(r, p), httpx.PathParam(r, "id"))
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, mintedOf(w, made))
}
