package dashboard

import (
	"net/http"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
)

// libraryForm is what a library says of itself, as a form asks for it.
type libraryForm struct {
	Name, Description string
	Types             []kindChoice
	MayGlobal, Global bool
	Faults            page.Faults
}

// kindChoice is a library type to pick.
type kindChoice struct {
	page.Choice

	About string
}

// wordsPerToken is about what English needs.
const wordsPerToken = 0.75

func libraryFormOf(name, description, kind string, found page.Faults) libraryForm {
	f := libraryForm{Name: name, Description: description, Faults: found}
	for _, t := range library.Types() {
		words := int64(float64(t.ChunkTokens)*wordsPerToken+5) / 10 * 10
		f.Types = append(f.Types, kindChoice{
			Choice: page.Choice{Value: t.Name, Label: t.Label, Chosen: t.Name == kind},
			About:  t.About + " Passages of about " + page.Count(words, "word", "words") + ".",
		})
	}
	return f
}

// libraryFormPage makes a library.
type libraryFormPage struct{ Form libraryForm }

func (d *Dashboard) newLibrary(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	if err := s.Principal.Need(accounts.RightWrite); err != nil {
		return err
	}
	n := library.NewLibrary{Type: library.DefaultType}
	if page.Restored(r) {
		n = newLibraryOf(r)
	}
	return d.showLibraryForm(w, r, s, http.StatusOK, n, nil)
}

// newLibraryOf is what was typed.
func newLibraryOf(r *http.Request) library.NewLibrary {
	return library.NewLibrary{
		Name: strings.TrimSpace(page.Field(r, "name")), Description: strings.TrimSpace(page.Field(r, "description")),
		Type: page.Field(r, "library_type"), Global: page.Field(r, "global") != "",
	}
}

func (d *Dashboard) createLibrary(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	n := newLibraryOf(r)
	g, err := d.opt.Libraries.Create(r.Context(), s.Principal, n)
	if found, ok := page.FaultsOf(err); ok {
		return d.showLibraryForm(w, r, s, http.StatusBadRequest, n, found)
	}
	if err != nil {
		return err
	}
	return page.Done(w, r, s, "The library “"+g.Library.Name+"” is made.", librariesPath+g.Library.UID+"/")
}

func (d *Dashboard) showLibraryForm(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, n library.NewLibrary, found page.Faults) error {
	p := libraryFormPage{Form: libraryFormOf(n.Name, n.Description, n.Type, found)}
	p.Form.MayGlobal, p.Form.Global = s.Principal.May(accounts.RightAdminister), n.Global
	return d.views.libraryForm.Show(w, r, s, status, page.Heading{Title: "New library", Area: librariesArea}, p)
}

// librarySettingsPage shows a library's settings, to change or to read.
type librarySettingsPage struct {
	Head      libraryHead
	Form      libraryForm
	MayChange bool
	MayDelete bool
	MayLeave  bool
	About     string // what its type suits
}

func (d *Dashboard) showSettings(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.open(r, s, tabSettings)
	if err != nil {
		return err
	}
	form := libraryFormOf(o.Name, o.Description, o.Type, nil)
	if n := newLibraryOf(r); page.Restored(r) {
		form = libraryFormOf(n.Name, n.Description, n.Type, nil)
		form.Global = n.Global
	}
	return d.showSettingsForm(w, r, s, http.StatusOK, o, form)
}

func (d *Dashboard) showSettingsForm(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, o opened, form libraryForm) (err error) {
	p := librarySettingsPage{Head: o.Head, Form: form}
	p.Form.MayGlobal = s.Principal.May(accounts.RightAdminister) && !o.Global() && !o.Workspace()
	if p.MayChange, err = d.mayAdminister(r, s, o.UID); err != nil {
		return err
	}
	if p.MayDelete, err = d.mayOwn(r, s, o.UID); err != nil {
		return err
	}
	member, err := d.opt.Libraries.MembershipOf(r.Context(), s.Principal, o.UID)
	if err != nil {
		return err
	}
	p.MayLeave = member != "" && s.Principal.May(accounts.RightWrite)
	if t, ok := library.TypeNamed(o.Type); ok {
		p.About = t.About
	}
	return d.views.settings.Show(w, r, s, status, page.Heading{Title: "Settings of " + o.Name, Area: librariesArea}, p)
}

func (d *Dashboard) updateLibrary(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.open(r, s, tabSettings)
	if err != nil {
		return err
	}
	name, description, kind := strings.TrimSpace(page.Field(r, "name")), strings.TrimSpace(page.Field(r, "description")), page.Field(r, "library_type")
	patch := library.Patch{Name: &name, Description: &description, Type: &kind}
	global := page.Field(r, "global") != "" && !o.Workspace()
	if global {
		patch.Global = &global
	}
	g, err := d.opt.Libraries.Update(r.Context(), s.Principal, o.UID, patch)
	if found, ok := page.FaultsOf(err); ok {
		form := libraryFormOf(name, description, kind, found)
		form.Global = global
		return d.showSettingsForm(w, r, s, http.StatusBadRequest, o, form)
	}
	if err != nil {
		return err
	}
	return page.Done(w, r, s, "The settings of “"+g.Library.Name+"” are stored.", o.path(tabSettings))
}

func (d *Dashboard) confirmDeleteLibrary(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	return d.askToDeleteLibrary(w, r, s, "")
}

// askToDeleteLibrary says what goes with a library. Where that is anything,
// its name has to be typed.
func (d *Dashboard) askToDeleteLibrary(w http.ResponseWriter, r *http.Request, s httpx.Session, fault string) error {
	o, err := d.open(r, s, tabSettings)
	if err != nil {
		return err
	}
	if _, err := d.opt.Access.Own(r.Context(), s.Principal, o.UID); err != nil {
		return err
	}
	going, err := d.going(r, s, o)
	if err != nil {
		return err
	}
	c := page.Confirm{
		Title: "Delete “" + o.Name + "”?", Verb: "Delete library", Action: o.path("delete/"), Back: o.path(tabSettings),
		Text: "It leaves everybody’s sight at once, and cannot be brought back. With it go:", List: going, Fault: fault,
	}
	if len(going) == 0 {
		c.Text = "It is empty. It leaves everybody’s sight at once, and cannot be brought back."
	}
	if o.ItemCount > 0 {
		c.Typed = o.Name
	}
	return d.opt.Site.Confirm(w, r, s, page.Heading{Title: "Delete a library", Area: librariesArea}, c)
}

// going lists what goes with a library.
func (d *Dashboard) going(r *http.Request, s httpx.Session, o opened) ([]string, error) {
	reach, err := d.opt.Tokens.ReachOf(r.Context(), o.Library)
	if err != nil {
		return nil, err
	}
	var members int64
	if !o.Workspace() {
		list, err := d.opt.Libraries.Members(r.Context(), s.Principal, o.UID)
		if err != nil {
			return nil, err
		}
		members = int64(len(list))
		if !o.Global() {
			members-- // the owner
		}
	}
	var out []string
	for _, part := range []struct {
		n    int64
		text string
	}{
		{o.ItemCount, page.Count(o.ItemCount, "document, with its original and its versions", "documents, with their originals and their versions")},
		{o.ChunkCount, page.Count(o.ChunkCount, "passage that search finds", "passages that search finds")},
		{members, page.Count(members, "member’s access", "members’ access")},
		{reach.Tokens, page.Count(reach.Tokens, "token’s right to it", "tokens’ right to it")},
		{reach.Teams, page.Count(reach.Teams, "team’s right to it", "teams’ right to it")},
	} {
		if part.n > 0 {
			out = append(out, part.text)
		}
	}
	return out, nil
}

func (d *Dashboard) deleteLibrary(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.open(r, s, tabSettings)
	if err != nil {
		return err
	}
	if o.ItemCount > 0 && strings.TrimSpace(page.Field(r, page.TypedField)) != o.Name {
		return d.askToDeleteLibrary(w, r, s, "This is not the library’s name.")
	}
	if err := d.opt.Libraries.Delete(r.Context(), s.Principal, o.UID); err != nil {
		return err
	}
	return page.Done(w, r, s, "The library “"+o.Name+"” is deleted.", librariesPath)
}
