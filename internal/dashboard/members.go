package dashboard

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
)

const membersPer = 50

// membersPage shows who may do what in a library.
type membersPage struct {
	Head      libraryHead
	Members   []memberRow
	Count     int64
	Next      string // path of the page of older members
	MayChange bool
	MayLeave  bool
	Username  string // that was typed
	Roles     []page.Choice
	Faults    page.Faults
}

// memberRow is a member of a library.
type memberRow struct {
	Username, Role string
	RoleText       string
	Self           bool
	Fixed          bool // the owner stays
	Roles          []page.Choice
	Remove         string // path of the question whether to
}

// roleChoices are the roles to give, each with what it may do.
func roleChoices(chosen library.Role) []page.Choice {
	return []page.Choice{
		{Value: string(library.RoleReader), Label: "reader", Chosen: chosen == library.RoleReader},
		{Value: string(library.RoleManager), Label: "manager", Chosen: chosen == library.RoleManager},
		{Value: string(library.RoleOwner), Label: "owner", Chosen: chosen == library.RoleOwner},
	}
}

func roleText(role library.Role) string {
	switch role {
	case library.RoleOwner:
		return "Reads, adds and removes documents, changes settings and members, deletes the library"
	case library.RoleManager:
		return "Reads, adds and removes documents"
	case library.RoleReader:
	}
	return "Reads and searches"
}

// shared opens a library that has members: a workspace has none.
func (d *Dashboard) shared(r *http.Request, s httpx.Session) (opened, error) {
	o, err := d.open(r, s, tabMembers)
	if err == nil && o.Workspace() {
		err = library.NoLibrary()
	}
	return o, err
}

func (d *Dashboard) listMembers(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.shared(r, s)
	if err != nil {
		return err
	}
	return d.showMembers(w, r, s, http.StatusOK, o, membersPage{Roles: roleChoices(library.RoleReader)})
}

func (d *Dashboard) showMembers(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, o opened, p membersPage) (err error) {
	p.Head = o.Head
	if p.MayChange, err = d.mayAdminister(r, s, o.UID); err != nil {
		return err
	}
	members, err := d.opt.Libraries.Members(r.Context(), s.Principal, o.UID)
	if err != nil {
		return err
	}
	p.Count = int64(len(members))
	from := membersFrom(r, members)
	for i, m := range members {
		p.MayLeave = p.MayLeave || (m.Username == s.Principal.Username && (o.Global() || i < len(members)-1) && s.Principal.May(accounts.RightWrite))
		if i < from || i >= from+membersPer {
			continue
		}
		row := memberRow{
			Username: m.Username, Role: string(m.Role), RoleText: roleText(m.Role), Self: m.Username == s.Principal.Username,
			Fixed: !o.Global() && i == len(members)-1, Roles: roleChoices(m.Role),
			Remove: o.path(tabMembers) + "remove/?username=" + url.QueryEscape(m.Username),
		}
		p.Members = append(p.Members, row)
	}
	if end := from + membersPer; end < len(members) {
		p.Next = o.path(tabMembers) + "?" + url.Values{cursorParam: {members[end-1].Username}}.Encode()
	}
	return d.views.members.Show(w, r, s, status, page.Heading{Title: "Members of " + o.Name, Area: librariesArea}, p)
}

// membersFrom is where the page begins: behind the member that its address
// names, or at the newest when that one is a member no more.
func membersFrom(r *http.Request, members []library.Member) int {
	after := page.Param(r, cursorParam)
	return slices.IndexFunc(members, func(m library.Member) bool { return m.Username == after }) + 1
}

// putMember gives somebody a role: a new member, or one whose role changes.
func (d *Dashboard) putMember(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.shared(r, s)
	if err != nil {
		return err
	}
	username, role := strings.TrimSpace(page.Field(r, "username")), library.Role(page.Field(r, "role"))
	if username == "" {
		err = errs.Field("username", "Write the user name of the person to add.")
	} else {
		_, err = d.opt.Libraries.PutMember(r.Context(), s.Principal, o.UID, username, role)
	}
	if errs.Is(err, errs.NotFound) {
		err = errs.Field("username", "There is no user of this name. Capitals count.")
	}
	if found, ok := page.FaultsOf(err); ok {
		return d.showMembers(w, r, s, http.StatusBadRequest, o, membersPage{Username: username, Roles: roleChoices(role), Faults: found})
	}
	if err != nil {
		return err
	}
	return page.Done(w, r, s, username+" is now "+string(role)+" of “"+o.Name+"”.", o.path(tabMembers))
}

func (d *Dashboard) confirmRemoveMember(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.shared(r, s)
	if err != nil {
		return err
	}
	if _, _, err := d.opt.Access.Administer(r.Context(), s.Principal, o.UID); err != nil {
		return err
	}
	username := page.Param(r, "username")
	text := username + " can no longer read it from the next request on, neither here nor with a token. What they added stays."
	if o.Global() {
		text = username + " loses the role. As everybody, they can still read it."
	}
	c := page.Confirm{
		Title: "Remove " + username + " from “" + o.Name + "”?", Text: text, Verb: "Remove member", Action: o.path(tabMembers) + "remove/",
		Back: o.path(tabMembers), Hidden: []page.Hidden{{Name: "username", Value: username}},
	}
	return d.opt.Site.Confirm(w, r, s, page.Heading{Title: "Remove a member", Area: librariesArea}, c)
}

func (d *Dashboard) removeMember(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.shared(r, s)
	if err != nil {
		return err
	}
	username := page.Field(r, "username")
	err = d.opt.Libraries.DropMember(r.Context(), s.Principal, o.UID, username)
	if found, ok := page.FaultsOf(err); ok {
		return page.Refused(w, r, s, found[""], o.path(tabMembers))
	}
	if err != nil {
		return err
	}
	return page.Done(w, r, s, username+" is no member of “"+o.Name+"” any more.", o.path(tabMembers))
}

func (d *Dashboard) confirmLeave(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.shared(r, s)
	if err != nil {
		return err
	}
	text := "You can no longer read it, neither here nor with a token, until somebody adds you again. What you added stays."
	if o.Global() {
		text = "You give up your role. As everybody, you can still read it."
	}
	c := page.Confirm{Title: "Leave “" + o.Name + "”?", Text: text, Verb: "Leave library", Action: o.path("leave/"), Back: o.path(tabMembers)}
	return d.opt.Site.Confirm(w, r, s, page.Heading{Title: "Leave a library", Area: librariesArea}, c)
}

func (d *Dashboard) leave(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.shared(r, s)
	if err != nil {
		return err
	}
	err = d.opt.Libraries.Leave(r.Context(), s.Principal, o.UID)
	if found, ok := page.FaultsOf(err); ok {
		return page.Refused(w, r, s, found[""], o.path(tabMembers))
	}
	if err != nil {
		return err
	}
	return page.Done(w, r, s, "You have left “"+o.Name+"”.", librariesPath)
}
