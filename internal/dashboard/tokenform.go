package dashboard

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

// What a token's form says of its reach.
const (
	reachAll  = "all"
	reachSome = "some"
	reachNone = "none"
)

// tokenFormPage makes a token, or changes one.
type tokenFormPage struct {
	ID        string // empty: a new one
	Name      string
	Reach     string // reachAll, reachSome or reachNone
	Libraries []page.Choice
	Tools     []page.Choice
	ExpiresOn string // a day, as browsers write it; empty: never
	Today     string
	Narrowed  bool // the restrictions are shown opened
	Faults    page.Faults
}

func (d *Dashboard) newToken(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	form, err := d.tokenForm(r, s, mcpserver.TokenSpec{AllowedLibraries: []string{accounts.AllLibraries}})
	if err != nil {
		return err
	}
	form.Narrowed = false
	return d.showTokenForm(w, r, s, http.StatusOK, form)
}

func (d *Dashboard) editToken(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	t, err := d.changeable(r, s)
	if err != nil {
		return err
	}
	form, err := d.tokenForm(r, s, mcpserver.TokenSpec{
		Name: t.Name, AllowedLibraries: t.AllowedLibraries, AllowedTools: t.AllowedTools, ExpiresAt: t.ExpiresAt,
	})
	if err != nil {
		return err
	}
	form.ID, form.Narrowed = t.ID, true
	return d.showTokenForm(w, r, s, http.StatusOK, form)
}

// changeable finds the token of the path. A revoked one stays as it is.
func (d *Dashboard) changeable(r *http.Request, s httpx.Session) (mcpserver.UserToken, error) {
	t, err := d.opt.Tokens.Get(r.Context(), s.Principal.UserID, httpx.PathParam(r, "id"))
	if err == nil && !t.Active {
		err = errs.New(errs.Conflict, "This token is revoked and stays as it is. Make a new one.")
	}
	return t, err
}

func (d *Dashboard) updateToken(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	t, err := d.changeable(r, s)
	if err != nil {
		return err
	}
	form, spec, err := d.tokenSpec(r, s, t)
	if err != nil {
		return err
	}
	form.ID, form.Narrowed = t.ID, true
	if len(form.Faults) == 0 {
		_, err = d.opt.Tokens.Update(r.Context(), page.Actor(s, httpx.Origin(r)), s.Principal.UserID, t.ID, spec)
		found, ok := page.FaultsOf(err)
		if err != nil && !ok {
			return err
		}
		form.Faults = tokenFaults(found)
	}
	if len(form.Faults) > 0 {
		return d.showTokenForm(w, r, s, http.StatusBadRequest, form)
	}
	return page.Done(w, r, s, "The token “"+spec.Name+"” is changed.", tokensPath)
}

func (d *Dashboard) showTokenForm(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, p tokenFormPage) error {
	title := "Generate API token"
	if p.ID != "" {
		title = "Edit token"
	}
	return d.views.tokenForm.Show(w, r, s, status, page.Heading{Title: title, Area: "tokens"}, p)
}

// tokenForm fills the form with what a spec says.
func (d *Dashboard) tokenForm(r *http.Request, s httpx.Session, spec mcpserver.TokenSpec) (tokenFormPage, error) {
	readable, err := d.opt.Access.Readable(r.Context(), s.Principal)
	if err != nil {
		return tokenFormPage{}, err
	}
	p := tokenFormPage{Name: spec.Name, Reach: reachOf(spec.AllowedLibraries), Today: d.opt.Now().UTC().Format(time.DateOnly)}
	names := namesOf(readable)
	for _, l := range readable {
		p.Libraries = append(p.Libraries, page.Choice{Value: l.UID, Label: l.Name, Chosen: slices.Contains(spec.AllowedLibraries, l.UID)})
	}
	for _, uid := range spec.AllowedLibraries {
		if _, ok := names[uid]; !ok && uid != accounts.AllLibraries {
			p.Libraries = append(p.Libraries, page.Choice{Value: uid, Label: "A library that you cannot read now (" + uid + ")", Chosen: true})
		}
	}
	for _, tool := range d.opt.Tools {
		p.Tools = append(p.Tools, page.Choice{Value: tool, Label: tool, Chosen: slices.Contains(spec.AllowedTools, tool)})
	}
	for _, tool := range spec.AllowedTools {
		if !slices.Contains(d.opt.Tools, tool) {
			p.Tools = append(p.Tools, page.Choice{Value: tool, Label: tool, Chosen: true})
		}
	}
	if spec.ExpiresAt != nil {
		p.ExpiresOn = lastDay(*spec.ExpiresAt)
	}
	return p, nil
}

func reachOf(allowed []string) string {
	switch {
	case slices.Contains(allowed, accounts.AllLibraries):
		return reachAll
	case len(allowed) == 0:
		return reachNone
	}
	return reachSome
}

// tokenSpec reads the form. What is wrong with it is in the form's page.Faults.
// before is the token that is changed, if one is: a day that was not touched
// keeps its very moment.
func (d *Dashboard) tokenSpec(r *http.Request, s httpx.Session, before mcpserver.UserToken) (tokenFormPage, mcpserver.TokenSpec, error) {
	found := page.Faults{}
	spec := mcpserver.TokenSpec{Name: strings.TrimSpace(page.Field(r, "name")), AllowedTools: page.Each(r.PostForm["allowed_tools"])}
	switch page.Field(r, "reach") {
	case reachAll:
		spec.AllowedLibraries = []string{accounts.AllLibraries}
	case reachSome:
		spec.AllowedLibraries = page.Each(r.PostForm["allowed_libraries"])
		if len(spec.AllowedLibraries) == 0 {
			found["allowed_libraries"] = "Choose at least one library, or another reach."
		}
	}
	day := page.Field(r, "expires_on")
	switch {
	case day == "":
	case before.ExpiresAt != nil && lastDay(*before.ExpiresAt) == day:
		spec.ExpiresAt = before.ExpiresAt
	default:
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			found["expires_on"] = "Write a day as 2027-01-31, or leave it empty."
			break
		}
		at = at.AddDate(0, 0, 1)
		spec.ExpiresAt = &at
	}
	p, err := d.tokenForm(r, s, spec)
	if p.Faults = found; found["allowed_libraries"] != "" {
		p.Reach = reachSome
	}
	p.Narrowed, p.ExpiresOn = true, day
	return p, spec, err
}

// lastDay is the last day on which something that ends at a moment can be
// used.
func lastDay(end time.Time) string { return end.UTC().Add(-time.Nanosecond).Format(time.DateOnly) }

// tokenFaults puts a fault that the store names beside the form's own field.
func tokenFaults(found page.Faults) page.Faults {
	if text, ok := found["expires_at"]; ok {
		delete(found, "expires_at")
		found["expires_on"] = text
	}
	return found
}

func listText(list []string) string { return strings.Join(list, ", ") }
