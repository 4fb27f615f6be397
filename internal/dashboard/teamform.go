package dashboard

import (
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

// teamFormPage makes a team, or renames one.
type teamFormPage struct {
	Path   string // of the team; empty: a new one
	ID     string
	Name   string
	Faults page.Faults
}

func (d *Dashboard) newTeam(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	if err := s.Principal.Need(accounts.RightWrite); err != nil {
		return err
	}
	return d.showTeamForm(w, r, s, http.StatusOK, teamFormPage{ID: uuid.NewString()})
}

func (d *Dashboard) showTeamForm(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, p teamFormPage) error {
	title := "New team"
	if p.Path != "" {
		title = "Rename team"
	}
	return d.views.teams.form.Show(w, r, s, status, teamHeading(title), p)
}

func (d *Dashboard) createTeam(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	p := teamFormPage{ID: strings.TrimSpace(page.Field(r, "id")), Name: strings.TrimSpace(page.Field(r, "name"))}
	m, err := d.opt.Teams.Create(r.Context(), page.Actor(s, httpx.Origin(r)), p.ID, p.Name)
	switch found, ok := page.FaultsOf(err); {
	case ok && errs.Is(err, errs.Conflict):
		p.Faults = page.Faults{"id": "This id is already in use. Choose another."}
		return d.showTeamForm(w, r, s, http.StatusConflict, p)
	case ok:
		p.Faults = found
		return d.showTeamForm(w, r, s, http.StatusBadRequest, p)
	case err != nil:
		return err
	case !m.Created:
		p.Faults = page.Faults{"id": "You have an active team of this id: “" + m.Name + "”."}
		return d.showTeamForm(w, r, s, http.StatusConflict, p)
	}
	return d.showMinted(w, r, s, http.StatusCreated, m, false)
}

func (d *Dashboard) editTeam(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	t, err := d.team(r, s)
	if err != nil {
		return err
	}
	return d.showTeamForm(w, r, s, http.StatusOK, teamFormPage{Path: teamsPath + t.ID + "/", ID: t.ID, Name: t.Name})
}

func (d *Dashboard) renameTeam(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	t, err := d.team(r, s)
	if err != nil {
		return err
	}
	p := teamFormPage{Path: teamsPath + t.ID + "/", ID: t.ID, Name: strings.TrimSpace(page.Field(r, "name"))}
	err = d.opt.Teams.Rename(r.Context(), page.Actor(s, httpx.Origin(r)), t.ID, p.Name)
	if found, ok := page.FaultsOf(err); ok {
		p.Faults = found
		return d.showTeamForm(w, r, s, http.StatusBadRequest, p)
	}
	if err != nil {
		return err
	}
	return page.Done(w, r, s, "The team is called “"+p.Name+"” now.", p.Path)
}

// teamWorkspacesPage chooses the workspaces of a team.
type teamWorkspacesPage struct {
	Team       teamRow
	Workspaces []page.Choice // the owner's
	Others     string        // ids without a workspace, one a line
	Faults     page.Faults
}

func (d *Dashboard) chooseWorkspaces(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	t, err := d.activeTeam(r, s)
	if err != nil {
		return err
	}
	return d.showWorkspaces(w, r, s, http.StatusOK, t, t.WorkspaceIDs, nil)
}

// showWorkspaces shows the form with ids chosen: those of a workspace are
// ticked, the others listed.
func (d *Dashboard) showWorkspaces(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, t mcpserver.Team, ids []string, faults page.Faults) error {
	own, err := d.workspaces(r, s)
	if err != nil {
		return err
	}
	p := teamWorkspacesPage{Team: teamRowOf(t), Faults: faults}
	known := map[string]bool{}
	for _, l := range own {
		id := *l.WorkspaceID
		known[id] = true
		p.Workspaces = append(p.Workspaces, page.Choice{Value: id, Label: workspaceLabel(l), Chosen: slices.Contains(ids, id)})
	}
	others := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return known[id] })
	p.Others = strings.Join(others, "\n")
	return d.views.teams.workspaces.Show(w, r, s, status, teamHeading("Workspaces of "+t.Name), p)
}

// workspaceLabel names a workspace. Names are not unique, ids are.
func workspaceLabel(l library.Library) string {
	label := l.Name
	if l.Name != *l.WorkspaceID {
		label += " (" + *l.WorkspaceID + ")"
	}
	return label + ", " + page.Count(l.ItemCount, "document", "documents")
}

func (d *Dashboard) assignWorkspaces(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	t, err := d.activeTeam(r, s)
	if err != nil {
		return err
	}
	ids := append(page.Each(r.PostForm["workspace_ids"]), strings.Fields(page.Field(r, "others"))...)
	set, err := d.opt.Teams.SetWorkspaces(r.Context(), page.Actor(s, httpx.Origin(r)), t.ID, ids)
	if found, ok := page.FaultsOf(err); ok {
		return d.showWorkspaces(w, r, s, http.StatusBadRequest, t, ids, found)
	}
	if err != nil {
		return err
	}
	text := "“" + t.Name + "” has " + page.Count(int64(len(set)), "workspace", "workspaces") + " now."
	if len(set) == 0 {
		text = "“" + t.Name + "” is paused: it has no workspaces, and its JWT opens nothing."
	}
	return page.Done(w, r, s, text, teamsPath+t.ID+"/")
}
