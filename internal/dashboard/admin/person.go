package admin

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

// personPage is one account.
type personPage struct {
	Person   personRow
	Email    string // as the form has it
	Groups   []groupChoice
	Sessions int64
	Tokens   int64 // that open something
	Teams    int64 // that are active
	// Tokens and teams are listed there; empty: nowhere.
	TokensPath, TeamsPath string
	// Locked says why whoever looks may not change the account; empty: they may.
	Locked       string
	Own          bool // it is the account of whoever looks
	MaySuperuser bool
	Faults       page.Faults
}

func (p *Pages) showPerson(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	u, err := p.personIn(r)
	if err != nil {
		return err
	}
	return p.personWith(w, r, s, http.StatusOK, u, nil)
}

func (p *Pages) personIn(r *http.Request) (accounts.User, error) {
	return p.opt.People.Accounts.User(r.Context(), httpx.PathParam(r, "id"))
}

// personWith shows an account, with what was wrong in a form filled in by
// change.
func (p *Pages) personWith(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, u accounts.User, change func(*personPage)) error {
	out := personPage{Person: personOf(u), Email: u.Email, Own: u.ID == s.Principal.UserID, MaySuperuser: s.Principal.May(accounts.RightSuperusers)}
	if err := accounts.MayAdminister(s.Principal, u); err != nil {
		out.Locked = page.MessageOf(errs.As(err))
	}
	out.TokensPath, out.TeamsPath = p.listOfOwner(pathTokens, u), p.listOfOwner(pathTeams, u)
	var err error
	if out.Groups, err = p.groupChoices(r.Context(), u.Groups); err != nil {
		return err
	}
	if out.Sessions, out.Tokens, out.Teams, err = p.holdings(r.Context(), u); err != nil {
		return err
	}
	if change != nil {
		change(&out)
	}
	return p.people.person.Show(w, r, s, status, p.heading(u.Username, pathPeople), out)
}

// listOfOwner is the path of what somebody owns in another area, or empty where
// there is no such area.
func (p *Pages) listOfOwner(area string, u accounts.User) string {
	if !slices.ContainsFunc(p.tabs, func(t page.Tab) bool { return t.Path == area }) {
		return ""
	}
	return area + "?" + url.Values{"user": {u.Username}}.Encode()
}

// holdings counts what somebody comes in by.
func (p *Pages) holdings(ctx context.Context, u accounts.User) (sessions, tokens, teams int64, err error) {
	signedIn, err := p.opt.People.Accounts.Sessions(ctx, u.ID)
	if err != nil {
		return 0, 0, 0, err
	}
	owned, err := p.opt.People.Tokens.List(ctx, u.ID)
	if err != nil {
		return 0, 0, 0, err
	}
	now := time.Now()
	if p.opt.People.Now != nil {
		now = p.opt.People.Now()
	}
	for _, t := range owned {
		if t.State(now) == mcpserver.TokenActive {
			tokens++
		}
	}
	const most = 1000 // nobody counts further
	led, err := p.opt.People.Teams.List(ctx, u.ID, mcpserver.TeamPosition{}, most)
	if err != nil {
		return 0, 0, 0, err
	}
	for _, t := range led {
		if t.Active {
			teams++
		}
	}
	return int64(len(signedIn)), tokens, teams, nil
}

func (p *Pages) setGroups(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	u, err := p.personIn(r)
	if err != nil {
		return err
	}
	if err := accounts.MayAdminister(s.Principal, u); err != nil {
		return err // before a group is made for it
	}
	by := page.Actor(s, httpx.Origin(r))
	chosen, err := p.chosenGroups(r, by)
	if err == nil {
		err = p.opt.People.Accounts.SetGroups(r.Context(), by, u.ID, chosen)
	}
	if err != nil {
		return p.refusePerson(w, r, s, u, err)
	}
	text := u.Username + " is in no group now."
	if len(chosen) > 0 {
		text = u.Username + " is in " + strings.Join(chosen, ", ") + " now."
	}
	return page.Done(w, r, s, text, pathPeople+u.ID+"/")
}

// refusePerson shows the account with what was wrong, as far as whoever is at
// the form can mend it.
func (p *Pages) refusePerson(w http.ResponseWriter, r *http.Request, s httpx.Session, u accounts.User, err error) error {
	found, ok := page.FaultsOf(err)
	if !ok {
		return err
	}
	return p.personWith(w, r, s, http.StatusBadRequest, u, func(out *personPage) {
		out.Faults = found
		if _, typed := r.PostForm["email"]; typed {
			out.Email = page.Field(r, "email")
		}
	})
}

func (p *Pages) setEmail(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	u, err := p.personIn(r)
	if err != nil {
		return err
	}
	email := strings.TrimSpace(page.Field(r, "email"))
	if err := p.opt.People.Accounts.SetEmail(r.Context(), page.Actor(s, httpx.Origin(r)), u.ID, email); err != nil {
		return p.refusePerson(w, r, s, u, err)
	}
	return page.Done(w, r, s, "The e-mail address of "+u.Username+" is saved.", pathPeople+u.ID+"/")
}

// givenPasswordPage shows a password that was made here, this once.
type givenPasswordPage struct {
	Person   personRow
	Password string
	New      bool // so is the account
}

func (p *Pages) setPassword(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	u, err := p.personIn(r)
	if err != nil {
		return err
	}
	password, random := r.PostForm.Get("password"), false
	if password == "" {
		password, random = accounts.RandomPassword(), true
	}
	if err := p.opt.People.Accounts.SetPassword(r.Context(), page.Actor(s, httpx.Origin(r)), u.ID, password); err != nil {
		return p.refusePerson(w, r, s, u, err)
	}
	if random {
		return p.givePassword(w, r, s, http.StatusOK, givenPasswordPage{Person: personOf(u), Password: password})
	}
	return page.Done(w, r, s, u.Username+" has a new password, and is signed out everywhere.", pathPeople+u.ID+"/")
}

// givePassword shows a password, which nothing on the way may keep.
func (p *Pages) givePassword(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, given givenPasswordPage) error {
	w.Header().Set("Cache-Control", "no-store")
	return p.people.password.Show(w, r, s, status, p.heading("A new password", pathPeople), given)
}

// newPersonPage makes an account.
type newPersonPage struct {
	Username, Email string
	Groups          []groupChoice
	Random          bool // they get a password
	Superuser       bool
	MaySuperuser    bool // whoever is at the form may make one
	Faults          page.Faults
}

func (p *Pages) newPerson(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	return p.personForm(w, r, s, http.StatusOK, accounts.NewUser{}, newPersonPage{Random: true})
}

func (p *Pages) personForm(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, n accounts.NewUser, form newPersonPage) error {
	form.Username, form.Email, form.Superuser, form.MaySuperuser = n.Username, n.Email, n.Superuser, s.Principal.May(accounts.RightSuperusers)
	var err error
	if form.Groups, err = p.groupChoices(r.Context(), n.Groups); err != nil {
		return err
	}
	return p.people.form.Show(w, r, s, status, p.heading("New account", pathPeople), form)
}

func (p *Pages) createPerson(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	by := page.Actor(s, httpx.Origin(r))
	n := accounts.NewUser{
		Username: strings.TrimSpace(page.Field(r, "username")), Email: strings.TrimSpace(page.Field(r, "email")),
		Superuser: page.Field(r, "superuser") == "yes",
	}
	form := newPersonPage{Random: page.Field(r, "password") != "none"}
	if form.Random {
		n.Password = accounts.RandomPassword()
	}
	var u accounts.User
	var err error
	if n.Groups, err = p.chosenGroups(r, by); err == nil {
		u, err = p.opt.People.Accounts.CreateUser(r.Context(), by, n)
	}
	if found, ok := page.FaultsOf(err); ok {
		if text, taken := found[""]; taken {
			found = page.Faults{"username": text}
		}
		form.Faults = found
		return p.personForm(w, r, s, http.StatusBadRequest, n, form)
	}
	if err != nil {
		return err
	}
	if form.Random {
		return p.givePassword(w, r, s, http.StatusCreated, givenPasswordPage{Person: personOf(u), Password: n.Password, New: true})
	}
	return page.Done(w, r, s, "The account of "+u.Username+" is made.", pathPeople+u.ID+"/")
}
