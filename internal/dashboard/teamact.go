package dashboard

import (
	"fmt"
	"net/http"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

// teamMintedPage shows a team's JWT, this once, and where to put it.
type teamMintedPage struct {
	Team    teamRow
	Rotated bool // the JWT before is dead
	JWT     string
	URL     string
	Clients []clientEntry
}

// showMinted answers with a JWT that was just made.
func (d *Dashboard) showMinted(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, m mcpserver.Minted, rotated bool) error {
	p := teamMintedPage{
		Team: teamRow{ID: m.ID, Name: m.Name, Masked: "team:" + m.ID, Path: teamsPath + m.ID + "/"},
		JWT:  m.JWT, Rotated: rotated, URL: d.mcpURL(r),
	}
	var err error
	if p.Clients, err = teamEntries(p.URL, m.JWT); err != nil {
		return err
	}
	return d.views.teams.minted.Show(w, r, s, status, teamHeading("The team’s new credential"), p)
}

// teamEntries are the entries for the usual clients. A team's JWT is for MCP
// alone, so the last of them tries it there.
func teamEntries(mcpURL, jwt string) ([]clientEntry, error) {
	entries, err := clientEntries(mcpURL, mcpURL, jwt)
	if err != nil {
		return nil, err
	}
	for i := range entries {
		if entries[i].ID == "curl" {
			entries[i].Name, entries[i].Hint = "MCP, with curl", "Tells what the team may reach."
			entries[i].Text = fmt.Sprintf("curl -H 'Authorization: Bearer %s' -H 'Content-Type: application/json' \\\n"+
				"  -H 'Accept: application/json, text/event-stream' '%s' \\\n"+
				`  -d '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","arguments":{}}}'`,
				jwt, strings.ReplaceAll(mcpURL, "'", ""))
		}
	}
	return entries, nil
}

// teamQuestion asks before something is done with a team.
type teamQuestion struct {
	Heading, Title string // Title holds %s for the team's name
	Verb, Text     string
	Below          string // of the team's path, where it is done
}

// askOfTeam asks about the team of the path, as find finds it.
func (d *Dashboard) askOfTeam(w http.ResponseWriter, r *http.Request, s httpx.Session,
	find func(*http.Request, httpx.Session) (mcpserver.Team, error), q teamQuestion,
) error {
	t, err := find(r, s)
	if err != nil {
		return err
	}
	return d.opt.Site.Confirm(w, r, s, teamHeading(q.Heading), page.Confirm{
		Title: fmt.Sprintf(q.Title, t.Name), Verb: q.Verb, Text: q.Text, Action: teamsPath + t.ID + "/" + q.Below, Back: teamsPath + t.ID + "/",
	})
}

func (d *Dashboard) confirmRotate(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	return d.askOfTeam(w, r, s, d.activeTeam, teamQuestion{
		Heading: "Make a new credential", Title: "Make a new credential for “%s”?", Verb: "Make a new one", Below: "rotate/",
		Text: "The JWT that the team has now is refused from its next request on: every agent that uses it stops until it is given the new one. " +
			"The team keeps its name and its workspaces.",
	})
}

func (d *Dashboard) rotateTeam(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	t, err := d.activeTeam(r, s) // a rotation would make a missing one
	if err != nil {
		return err
	}
	m, err := d.opt.Teams.Rotate(r.Context(), page.Actor(s, httpx.Origin(r)), t.ID)
	if err != nil {
		return err
	}
	return d.showMinted(w, r, s, http.StatusOK, m, true)
}

// activeTeam finds the team of the path. An inactive one has to be made again
// first.
func (d *Dashboard) activeTeam(r *http.Request, s httpx.Session) (mcpserver.Team, error) {
	t, err := d.team(r, s)
	if err == nil && !t.Active {
		err = errs.New(errs.Conflict, "This team is inactive. Recreate it first.")
	}
	return t, err
}

func (d *Dashboard) confirmTeamDelete(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	return d.askOfTeam(w, r, s, d.activeTeam, teamQuestion{
		Heading: "Delete a team", Title: "Delete the team “%s”?", Verb: "Delete team", Below: "delete/",
		Text: "Its JWT is refused from its next request on. The team stays in the list as inactive and can be recreated, with a new JWT and without workspaces. " +
			"Workspaces and their documents stay as they are.",
	})
}

func (d *Dashboard) deleteTeam(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	t, err := d.team(r, s)
	if err != nil {
		return err
	}
	if err := d.opt.Teams.Delete(r.Context(), page.Actor(s, httpx.Origin(r)), t.ID); err != nil {
		return err
	}
	return page.Done(w, r, s, "The team “"+t.Name+"” is deleted.", teamsPath)
}

func (d *Dashboard) confirmRecreate(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	return d.askOfTeam(w, r, s, d.inactiveTeam, teamQuestion{
		Heading: "Recreate a team", Title: "Recreate the team “%s”?", Verb: "Recreate team", Below: "recreate/",
		Text: "It gets a new JWT and no workspaces. The JWTs that it had before stay dead.",
	})
}

func (d *Dashboard) recreateTeam(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	t, err := d.inactiveTeam(r, s)
	if err != nil {
		return err
	}
	m, err := d.opt.Teams.Create(r.Context(), page.Actor(s, httpx.Origin(r)), t.ID, t.Name)
	switch {
	case err != nil:
		return err
	case !m.Created: // somebody else was quicker
		return page.Refused(w, r, s, "The team is active already.", teamsPath+t.ID+"/")
	}
	return d.showMinted(w, r, s, http.StatusCreated, m, false)
}

func (d *Dashboard) inactiveTeam(r *http.Request, s httpx.Session) (mcpserver.Team, error) {
	t, err := d.team(r, s)
	if err == nil && t.Active {
		err = errs.New(errs.Conflict, "This team is active already.")
	}
	return t, err
}
