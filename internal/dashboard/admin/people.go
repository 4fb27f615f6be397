package admin

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

// PeopleOptions are what the pages of people and their groups are made of.
type PeopleOptions struct {
	// Accounts keeps the people and decides who changes whom
	// (accounts.Accounts).
	Accounts interface {
		UsersPage(ctx context.Context, f accounts.UserFilter, after string, limit int) (users []accounts.User, next string, err error)
		User(ctx context.Context, id string) (accounts.User, error)
		Groups(ctx context.Context) ([]string, error)
		EnsureGroups(ctx context.Context, by accounts.Actor, names ...string) ([]string, error)
		Sessions(ctx context.Context, userID string) ([]accounts.SignedInFrom, error)
		AccountChanges
	}
	// Tokens keeps their tokens (mcpserver.Tokens), Teams their teams
	// (mcpserver.Teams).
	Tokens interface {
		List(ctx context.Context, userID string) ([]mcpserver.UserToken, error)
	}
	Teams interface {
		List(ctx context.Context, ownerID string, after mcpserver.TeamPosition, limit int) ([]mcpserver.Team, error)
	}
	Now func() time.Time // nil: time.Now
}

// AccountChanges are what is done to accounts by those who run the place.
type AccountChanges interface {
	CreateUser(ctx context.Context, by accounts.Actor, n accounts.NewUser) (accounts.User, error)
	SetGroups(ctx context.Context, by accounts.Actor, userID string, groups []string) error
	SetEmail(ctx context.Context, by accounts.Actor, userID, email string) error
	SetPassword(ctx context.Context, by accounts.Actor, userID, password string) error
	SetActive(ctx context.Context, by accounts.Actor, userID string, active bool) error
	SetSuperuser(ctx context.Context, by accounts.Actor, userID string, superuser bool) error
	SignOutEverywhere(ctx context.Context, by accounts.Actor, userID string) (int64, error)
}

type peopleViews struct {
	list     page.View[peoplePage]
	form     page.View[newPersonPage]
	person   page.View[personPage]
	password page.View[givenPasswordPage]
}

func loadPeople(l *page.Loader) peopleViews {
	return peopleViews{
		list: page.Load[peoplePage](l, "admin_people.html"), form: page.Load[newPersonPage](l, "admin_person_form.html"),
		person: page.Load[personPage](l, "admin_person.html"), password: page.Load[givenPasswordPage](l, "admin_person_password.html"),
	}
}

const personPath = pathPeople + "{id}/"

func (p *Pages) peopleRoutes() []page.Route {
	return []page.Route{
		{Method: get, Path: pathPeople, Handler: p.listPeople},
		{Method: get, Path: pathPeople + "add/", Handler: p.newPerson},
		{Method: post, Path: pathPeople + "add/", Handler: p.createPerson},
		{Method: get, Path: personPath, Handler: p.showPerson},
		{Method: post, Path: personPath + "groups/", Handler: p.setGroups},
		{Method: post, Path: personPath + "email/", Handler: p.setEmail},
		{Method: post, Path: personPath + "password/", Handler: p.setPassword},
		{Method: get, Path: personPath + "disable/", Handler: p.confirmDisable},
		{Method: post, Path: personPath + "disable/", Handler: p.disablePerson},
		{Method: post, Path: personPath + "enable/", Handler: p.enablePerson},
		{Method: get, Path: personPath + "superuser/give/", Handler: p.confirmSuperuser(true)},
		{Method: post, Path: personPath + "superuser/give/", Handler: p.setSuperuser(true)},
		{Method: get, Path: personPath + "superuser/take/", Handler: p.confirmSuperuser(false)},
		{Method: post, Path: personPath + "superuser/take/", Handler: p.setSuperuser(false)},
		{Method: get, Path: personPath + "sign-out/", Handler: p.confirmSignOut},
		{Method: post, Path: personPath + "sign-out/", Handler: p.signOutPerson},
	}
}

// peoplePage lists the people by name.
type peoplePage struct {
	Text   string // part of a name or an address, or empty
	Groups []page.Choice
	States []page.Choice
	Any    bool // something is filtered away
	People []personRow
	Next   string
}

// personRow is an account as the list shows it.
type personRow struct {
	ID, Username, Email string
	Path                string
	Groups              []string
	Superuser, Active   bool
	HasPassword         bool
	CreatedAt           time.Time
	LastLoginAt         *time.Time
}

func personOf(u accounts.User) personRow {
	return personRow{
		ID: u.ID, Username: u.Username, Email: u.Email, Path: pathPeople + u.ID + "/", Groups: u.Groups,
		Superuser: u.Superuser, Active: u.Active, HasPassword: u.HasPassword, CreatedAt: u.CreatedAt, LastLoginAt: u.LastLoginAt,
	}
}

func (p *Pages) listPeople(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	out := peoplePage{Text: strings.TrimSpace(page.Param(r, "q"))}
	filter := accounts.UserFilter{Text: out.Text, Group: page.Param(r, "group"), State: accounts.UserState(page.Param(r, "state"))}
	groups, err := p.groupNames(r.Context())
	if err != nil {
		return err
	}
	if out.Groups, err = choices("group", filter.Group, groups...); err != nil {
		return err
	}
	states := []string{string(accounts.UserActive), string(accounts.UserDisabled), string(accounts.UserSuperusers)}
	if out.States, err = choices("state", string(filter.State), states...); err != nil {
		return err
	}
	out.Any = filter != accounts.UserFilter{}
	var after string
	if err := p.after(r, s, &after); err != nil {
		return err
	}
	users, next, err := p.opt.People.Accounts.UsersPage(r.Context(), filter, after, listPer)
	if err != nil {
		return err
	}
	for _, u := range users {
		out.People = append(out.People, personOf(u))
	}
	if next != "" {
		if out.Next, err = p.next(r, s, next); err != nil {
			return err
		}
	}
	return p.people.list.Show(w, r, s, http.StatusOK, p.heading("People", pathPeople), out)
}

// groupNames are those that mean something, and the others that there are.
func (p *Pages) groupNames(ctx context.Context) ([]string, error) {
	there, err := p.opt.People.Accounts.Groups(ctx)
	if err != nil {
		return nil, err
	}
	names := accounts.SSOGroups()
	for _, name := range there {
		if groupHint(name) == "" {
			names = append(names, name)
		}
	}
	return names, nil
}

// groupHint says what a group may do, in a few words; empty: it changes
// nothing.
func groupHint(name string) string {
	switch name {
	case accounts.GroupViewOnly:
		return "reads and searches, changes nothing"
	case accounts.GroupStaff:
		return "makes libraries, workspaces and teams, adds documents"
	case accounts.GroupSME:
		return "as Staff, and manages global libraries"
	case accounts.GroupAdmin:
		return "as SME, owns global libraries, and sees these pages"
	}
	return ""
}

// groupChoice is a group to tick.
type groupChoice struct {
	page.Choice

	Hint string
}

func (p *Pages) groupChoices(ctx context.Context, in []string) ([]groupChoice, error) {
	names, err := p.groupNames(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]groupChoice, len(names))
	for i, name := range names {
		out[i] = groupChoice{page.Choice{Value: name, Label: name, Chosen: slices.Contains(in, name)}, groupHint(name)}
	}
	return out, nil
}

// chosenGroups reads the groups that are ticked. Those that mean something are
// made where they are not there yet.
func (p *Pages) chosenGroups(r *http.Request, by accounts.Actor) ([]string, error) {
	chosen := page.Each(r.PostForm["groups"])
	var ensure []string
	for _, name := range chosen {
		if groupHint(name) != "" {
			ensure = append(ensure, name)
		}
	}
	if len(ensure) == 0 {
		return chosen, nil
	}
	_, err := p.opt.People.Accounts.EnsureGroups(r.Context(), by, ensure...)
	return chosen, err
}
