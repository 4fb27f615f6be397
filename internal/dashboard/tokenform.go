package dashboard

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

// What a token's form says of its reach.
const (
	reachAll  = "all"
	reachSome = "some"
	reachNone = "none"
)

// What it says of its end, beside a number of days.
const (
	endsNever = "never"
	endsOnDay = "day"
)

// tokenFormPage makes a token, or changes one.
type tokenFormPage struct {
	ID        string // empty: a new one
	Once      string // makes a form that is sent twice make one token
	Name      string
	Reach     string // reachAll, reachSome or reachNone
	Libraries []tokenLibrary
	Tools     []tokenTool
	Ends      string // endsNever, endsOnDay, or a number of days
	Presets   []preset
	ExpiresOn string // a day, as browsers write it; empty: never
	Today     string
	Narrowed  bool // the restrictions are shown opened
	Faults    page.Faults
}

// tokenLibrary is a library to tick.
type tokenLibrary struct {
	page.Choice

	About string // what tells it from others of its name
}

// tokenTool is a tool to tick.
type tokenTool struct {
	page.Choice

	About string
}

// preset is an end that is a number of days away.
type preset struct {
	Days int
	Last time.Time // a moment of the last day
}

func (d *Dashboard) newToken(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	if page.Restored(r) {
		form, _, err := d.tokenSpec(r, s, mcpserver.UserToken{})
		if err != nil {
			return err
		}
		form.Faults = nil
		return d.showTokenForm(w, r, s, http.StatusOK, form)
	}
	form, err := d.tokenForm(r, s, mcpserver.TokenSpec{AllowedLibraries: []string{accounts.AllLibraries}})
	if err != nil {
		return err
	}
	return d.showTokenForm(w, r, s, http.StatusOK, form)
}

func (d *Dashboard) editToken(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	t, err := d.changeable(r, s)
	if err != nil {
		return err
	}
	var form tokenFormPage
	if page.Restored(r) {
		form, _, err = d.tokenSpec(r, s, t)
		form.Faults = nil
	} else {
		form, err = d.tokenForm(r, s, mcpserver.TokenSpec{
			Name: t.Name, AllowedLibraries: t.AllowedLibraries, AllowedTools: t.AllowedTools, ExpiresAt: t.ExpiresAt,
		})
	}
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
	if spec.Name != t.Name {
		if _, err := d.nameTaken(r, s, spec, form.Faults); err != nil {
			return err
		}
	}
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

// nameTaken finds fault with the name of another token that works, so that the
// two can be told apart. It tells whether the form was sent before: then the
// token of this name may be its own.
func (d *Dashboard) nameTaken(r *http.Request, s httpx.Session, spec mcpserver.TokenSpec, found page.Faults) (sent bool, err error) {
	tokens, err := d.opt.Tokens.List(r.Context(), s.Principal.UserID)
	if err != nil {
		return false, err
	}
	made := mcpserver.TokenIDOf(s.Principal.UserID, spec.Once)
	for _, t := range tokens {
		if spec.Once != "" && t.ID == made {
			return true, nil
		}
		if t.Name == spec.Name && stateOf(t, d.opt.Now()) == stateActive {
			found["name"] = "You have a token of this name, " + t.Masked + ". Give this one another, so that you can tell them apart."
		}
	}
	return false, nil
}

func (d *Dashboard) showTokenForm(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, p tokenFormPage) error {
	title := "Generate API token"
	if p.ID != "" {
		title = "Edit token"
	}
	if p.Once == "" {
		p.Once = rand.Text()
	}
	return d.views.tokenForm.Show(w, r, s, status, page.Heading{Title: title, Area: "tokens"}, p)
}

// tokenForm fills the form with what a spec says.
func (d *Dashboard) tokenForm(r *http.Request, s httpx.Session, spec mcpserver.TokenSpec) (tokenFormPage, error) {
	readable, err := d.opt.Access.Readable(r.Context(), s.Principal)
	if err != nil {
		return tokenFormPage{}, err
	}
	now := d.opt.Now().UTC()
	p := tokenFormPage{
		Name: spec.Name, Reach: reachOf(spec.AllowedLibraries), Ends: endsNever, Today: now.Format(time.DateOnly),
		Libraries: tokenLibraries(readable, spec.AllowedLibraries, s.Principal.Username), Tools: d.tokenTools(spec.AllowedTools),
	}
	for _, days := range []int{30, 90, 365} {
		p.Presets = append(p.Presets, preset{days, now.AddDate(0, 0, days)})
	}
	if spec.ExpiresAt != nil {
		p.Ends, p.ExpiresOn = endsOnDay, lastDay(*spec.ExpiresAt)
	}
	return p, nil
}

// tokenLibraries are the libraries to tick: those that are ticked first, then
// by name.
func tokenLibraries(readable []library.Library, allowed []string, username string) (out []tokenLibrary) {
	names := namesOf(readable)
	for _, uid := range allowed {
		if _, ok := names[uid]; !ok && uid != accounts.AllLibraries {
			out = append(out, tokenLibrary{Choice: page.Choice{Value: uid, Label: "A library that you cannot read now", Chosen: true}, About: uid})
		}
	}
	ticked := map[string]bool{}
	for _, uid := range allowed {
		ticked[uid] = true
	}
	slices.SortStableFunc(readable, func(a, b library.Library) int {
		if ticked[a.UID] != ticked[b.UID] {
			if ticked[a.UID] {
				return -1
			}
			return 1
		}
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	for _, l := range readable {
		out = append(out, tokenLibrary{
			Choice: page.Choice{Value: l.UID, Label: l.Name, Chosen: ticked[l.UID]}, About: aboutLibrary(l, username),
		})
	}
	return out
}

func aboutLibrary(l library.Library, username string) string {
	switch {
	case l.Global():
		return "global"
	case l.WorkspaceID != nil:
		return "workspace " + *l.WorkspaceID
	case *l.OwnerUsername != username:
		return "of " + *l.OwnerUsername
	}
	return ""
}

func (d *Dashboard) tokenTools(allowed []string) (out []tokenTool) {
	known := map[string]bool{}
	for _, tool := range d.opt.Tools {
		known[tool.Name] = true
		out = append(out, tokenTool{page.Choice{Value: tool.Name, Label: tool.Name, Chosen: slices.Contains(allowed, tool.Name)}, tool.About})
	}
	for _, name := range allowed {
		if !known[name] {
			out = append(out, tokenTool{page.Choice{Value: name, Label: name, Chosen: true}, "There is no such tool now."})
		}
	}
	return out
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
	const longestOnce = 64
	found := page.Faults{}
	spec := mcpserver.TokenSpec{Name: strings.TrimSpace(page.Field(r, "name")), AllowedTools: page.Each(r.PostForm["allowed_tools"])}
	if once := page.Field(r, "once"); len(once) <= longestOnce {
		spec.Once = once
	}
	switch page.Field(r, "reach") {
	case reachAll:
		spec.AllowedLibraries = []string{accounts.AllLibraries}
	case reachSome:
		spec.AllowedLibraries = page.Each(r.PostForm["allowed_libraries"])
		if len(spec.AllowedLibraries) == 0 {
			found["allowed_libraries"] = "Choose at least one library, or another reach."
		}
	}
	ends, day := page.Field(r, "expires"), page.Field(r, "expires_on")
	spec.ExpiresAt = d.endOf(ends, day, before, found)
	p, err := d.tokenForm(r, s, spec)
	if p.Faults = found; found["allowed_libraries"] != "" {
		p.Reach = reachSome
	}
	p.Narrowed, p.Once = true, spec.Once
	if ends != "" {
		p.Ends, p.ExpiresOn = ends, day
	}
	return p, spec, err
}

// endOf is the moment at which a token is to end, nil for never.
func (d *Dashboard) endOf(ends, day string, before mcpserver.UserToken, found page.Faults) *time.Time {
	last := d.opt.Now().UTC().Truncate(24 * time.Hour)
	days, err := strconv.Atoi(ends)
	switch {
	case ends == endsNever, ends == "":
		return nil
	case err == nil && days > 0 && days <= 36_500:
		last = last.AddDate(0, 0, days)
	case ends == endsOnDay && before.ExpiresAt != nil && lastDay(*before.ExpiresAt) == day:
		return before.ExpiresAt
	default:
		if last, err = time.Parse(time.DateOnly, day); err != nil {
			found["expires_on"] = "Write a day as 2027-01-31, or choose another end."
			return nil
		}
	}
	end := last.AddDate(0, 0, 1).Add(-time.Second) // a moment of the day that people read it as
	return &end
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
