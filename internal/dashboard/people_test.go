package dashboard_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

const peoplePath = "/admin/users/"

// peoplePages gives the paths of the pages of people, with a group of a hostile
// name. ann becomes a superuser, who may see them.
func peoplePages(t *testing.T, w *dashboardtest.World, ann accounts.Principal) []string {
	t.Helper()
	dashboardtest.Check(t, w.Accounts.SetSuperuser(t.Context(), accounts.Operator(), ann.UserID, true))
	_, err := w.Accounts.EnsureGroups(t.Context(), accounts.Operator(), canary)
	dashboardtest.Check(t, err)
	u, err := w.Accounts.CreateUser(t.Context(), accounts.Operator(), accounts.NewUser{Username: "somebody", Groups: []string{canary}})
	dashboardtest.Check(t, err)
	other, err := w.Accounts.CreateUser(t.Context(), accounts.Operator(), accounts.NewUser{Username: "superior", Superuser: true})
	dashboardtest.Check(t, err)
	at := peoplePath + u.ID + "/"
	return []string{
		"/admin/", peoplePath, peoplePath + "?q=" + url.QueryEscape(canary), peoplePath + "?group=" + url.QueryEscape(canary), peoplePath + "?state=disabled",
		peoplePath + "add/", at, peoplePath + ann.UserID + "/", at + "disable/", at + "superuser/give/", at + "sign-out/",
		peoplePath + other.ID + "/superuser/take/",
	}
}

// grouped makes a person in groups, or a superuser where the group is
// "superuser".
func grouped(t *testing.T, w *dashboardtest.World, name string, groups ...string) accounts.Principal {
	t.Helper()
	p := w.User(name)
	if slices.Contains(groups, "superuser") {
		dashboardtest.Check(t, w.Accounts.SetSuperuser(t.Context(), accounts.Operator(), p.UserID, true))
		return p
	}
	_, err := w.Accounts.EnsureGroups(t.Context(), accounts.Operator(), groups...)
	dashboardtest.Check(t, err)
	dashboardtest.Check(t, w.Accounts.SetGroups(t.Context(), accounts.Operator(), p.UserID, groups))
	return p
}

func action(path string) string { return `form[action="` + path + `"]` }

func TestThePagesOfPeopleAreForThoseWhoAdminister(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	target := w.User("target")
	for name, group := range map[string]string{"viewer": "View Only", "staff": "Staff", "sme": "SME"} {
		b := w.SignedIn(grouped(t, w, name, group))
		for _, path := range []string{"/admin/", peoplePath, peoplePath + "add/", peoplePath + target.UserID + "/"} {
			b.Get(path).Want(http.StatusNotFound)
		}
		if links := b.Get(settingsPath).All(`header a[href="/admin/"]`); len(links) != 0 {
			t.Errorf("%s is shown the way to the administration", name)
		}
	}
	for name, group := range map[string]string{"admin": "Admin", "root": "superuser"} {
		b := w.SignedIn(grouped(t, w, name, group))
		b.Get(peoplePath).Want(http.StatusOK).One(`header a[href="/admin/"]`)
		b.Get(peoplePath+target.UserID+"/").Want(http.StatusOK).Says("h1", "target")
		b.Get(peoplePath + "none/").Want(http.StatusNotFound)
	}
}

func TestWhoeverOnlyViewsIsShownNoWayToMakeALibrary(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	for name, group := range map[string]string{"viewer": "View Only", "staff": "Staff"} {
		b := w.SignedIn(grouped(t, w, name, group))
		shown, status := len(b.Get("/libraries/").Want(http.StatusOK).All(`main a[href="/libraries/add/"]`)) > 0, b.Get("/libraries/add/").Status
		if may := group == "Staff"; shown != may || (status == http.StatusOK) != may {
			t.Errorf("%s: shown %v, the form answers %d", name, shown, status)
		}
	}
}

func TestPeopleAreFoundAndPaged(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	b := w.SignedIn(grouped(t, w, "root", "superuser"))
	grouped(t, w, "ann", "SME", "Staff")
	for i := range 60 {
		_, err := w.Accounts.CreateUser(t.Context(), accounts.Operator(), accounts.NewUser{Username: "member" + string(rune('a'+i/26)) + string(rune('a'+i%26))})
		dashboardtest.Check(t, err)
	}
	first := b.Get(peoplePath).Want(http.StatusOK)
	rest := b.Get(dashboardtest.Attr(first.One(".more a"), "href")).Want(http.StatusOK)
	if n, m := len(first.All("tr[data-user]")), len(rest.All("tr[data-user]")); n != 50 || m != 12 {
		t.Errorf("the pages list %d and %d people", n, m)
	}
	one := b.Get(peoplePath + "?q=ANN&group=SME")
	if rows := one.All("tr[data-user]"); len(rows) != 1 || dashboardtest.Attr(rows[0], "data-user") != "ann" {
		t.Errorf("%d people are found", len(rows))
	}
	one.Says("tr[data-user]", "SME, Staff")
	b.Get(peoplePath+"?q=nobody").Says(".empty", "Nobody fits")
	b.Get(peoplePath + "?group=None+such").Want(http.StatusBadRequest)
	b.Get(strings.Replace(dashboardtest.Attr(first.One(".more a"), "href"), "?", "?q=x&", 1)).Want(http.StatusBadRequest)
}

func TestAnAccountIsMadeWithAPasswordThatIsShownOnce(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	b := w.SignedIn(grouped(t, w, "root", "superuser"))
	form := b.Get(peoplePath + "add/")
	bad := b.Submit(form, action(peoplePath+"add/"), url.Values{"username": {"a b"}, "email": {"new@example.org"}, "groups": {"SME"}}).Want(http.StatusBadRequest)
	bad.Says("#username-fault", "letters, digits")
	if dashboardtest.Attr(bad.One("#email"), "value") != "new@example.org" || len(bad.All(`input[value="SME"][checked]`)) != 1 {
		t.Error("what was typed is lost")
	}
	b.Submit(form, action(peoplePath+"add/"), url.Values{"username": {"ROOT"}}).Want(http.StatusBadRequest).Says("#username-fault", "taken")
	made := b.Submit(form, action(peoplePath+"add/"), url.Values{"username": {"newcomer"}, "groups": {"SME", "View Only"}}).Want(http.StatusCreated)
	password := made.Text("#password")
	if made.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control is %q", made.Header.Get("Cache-Control"))
	}
	theirs := w.Browser()
	theirs.Submit(theirs.Get("/accounts/login/"), loginForm, credentials("newcomer", password)).Want(http.StatusSeeOther)
	u, err := w.Accounts.UserByName(t.Context(), "newcomer")
	if err != nil || !slices.Equal(u.Groups, []string{"SME", "View Only"}) || u.Superuser {
		t.Errorf("the account is %+v, %v", u, err)
	}
	without := b.Submit(form, action(peoplePath+"add/"), url.Values{"username": {"silent"}, "password": {"none"}, "superuser": {"yes"}}).Want(http.StatusSeeOther)
	b.Follow(without).Says(".notice", "silent is made").Says("main .facts", "superuser").Says(".about", "single sign-on only")
}

func TestAPersonsAccountIsChangedOnTheirPage(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	b := w.SignedIn(grouped(t, w, "admin", "Admin"))
	ann := w.User("ann")
	hers := w.SignedIn(ann)
	at := peoplePath + ann.UserID + "/"
	p := b.Get(at).Want(http.StatusOK)

	b.Follow(b.Submit(p, action(at+"groups/"), url.Values{"groups": {"View Only"}}).Want(http.StatusSeeOther)).Says(".notice", "in View Only now")
	hers.Post("/libraries/add/", withToken(hers.Get(settingsPath), url.Values{"name": {"Papers"}, "library_type": {"technical"}})).Want(http.StatusForbidden).Says("main", "View Only")
	b.Submit(p, action(at+"groups/"), url.Values{"groups": {"None such"}}).Want(http.StatusBadRequest).Says("#group-fault", "no group")

	b.Submit(p, action(at+"email/"), url.Values{"email": {"nowhere"}}).Want(http.StatusBadRequest).Says("#email-fault", "no e-mail")
	b.Follow(b.Submit(p, action(at+"email/"), url.Values{"email": {"ann@example.org"}}).Want(http.StatusSeeOther)).Says(".about", "ann@example.org")

	b.Submit(p, action(at+"password/"), url.Values{"password": {"short"}}).Want(http.StatusBadRequest).Says("#password-fault", "8 characters")
	hers.Get(settingsPath).Want(http.StatusOK)
	given := b.Submit(p, action(at+"password/"), nil).Want(http.StatusOK)
	hers.Get(settingsPath).Want(http.StatusSeeOther)
	hers.Submit(hers.Get("/accounts/login/"), loginForm, credentials("ann", given.Text("#password"))).Want(http.StatusSeeOther)

	ask := b.Get(at+"sign-out/").Want(http.StatusOK).Says("main", "1 browser is signed out")
	b.Follow(b.Submit(ask, action(at+"sign-out/"), nil).Want(http.StatusSeeOther)).Says(".notice", "out of 1 browser")
	hers.Get(settingsPath).Want(http.StatusSeeOther)
}

func withToken(p dashboardtest.Page, form url.Values) url.Values {
	form.Set("csrf_token", dashboardtest.Attr(p.All("[name=csrf_token]")[0], "value"))
	return form
}

func TestDisablingSaysWhatStopsAndStopsIt(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	b := w.SignedIn(grouped(t, w, "root", "superuser"))
	ann := w.User("ann")
	hers := w.SignedIn(ann)
	token, _, err := w.Tokens.Create(t.Context(), accounts.Operator(), ann.UserID, mcpserver.TokenSpec{Name: "Laptop"})
	dashboardtest.Check(t, err)
	_, err = w.Keys.Seed(t.Context(), accounts.Operator(), "k1", false)
	dashboardtest.Check(t, err)
	_, err = w.Teams.Create(t.Context(), accounts.Actor{Principal: ann}, uuid.NewString(), "Agents")
	dashboardtest.Check(t, err)
	at := peoplePath + ann.UserID + "/"
	ask := b.Get(at+"disable/").Want(http.StatusOK).Says("main", "1 browser is signed out, and 1 API token and the agents of 1 team are refused")
	if status := w.Bearer(token); status != http.StatusOK {
		t.Errorf("asking stops the token: %d", status)
	}
	after := b.Follow(b.Submit(ask, action(at+"disable/"), nil).Want(http.StatusSeeOther)).Says("main .facts", "disabled")
	hers.Get(settingsPath).Want(http.StatusSeeOther)
	if status := w.Bearer(token); status != http.StatusUnauthorized {
		t.Errorf("the token answers %d", status)
	}
	b.Follow(b.Submit(after, action(at+"enable/"), nil).Want(http.StatusSeeOther)).Says("main .facts", "active")
	if status := w.Bearer(token); status != http.StatusOK {
		t.Errorf("once enabled, the token answers %d", status)
	}
}

func TestSuperusersAreForSuperusers(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	root, second, admin, other := grouped(t, w, "root", "superuser"), grouped(t, w, "second", "superuser"), grouped(t, w, "admin", "Admin"), w.User("other")
	b := w.SignedIn(admin)
	p := b.Get(peoplePath+second.UserID+"/").Want(http.StatusOK).Says(".notice", "Only a superuser")
	if len(p.All("main form")) != 0 {
		t.Error("there are forms that would be refused")
	}
	for _, refused := range []string{"groups/", "email/", "password/", "disable/", "enable/", "superuser/take/", "superuser/give/", "sign-out/"} {
		b.Post(peoplePath+second.UserID+"/"+refused, withToken(p, url.Values{})).Want(http.StatusForbidden)
	}
	b.Post(peoplePath+other.UserID+"/superuser/give/", withToken(p, url.Values{})).Want(http.StatusForbidden)
	b.Get(peoplePath + other.UserID + "/superuser/give/").Want(http.StatusForbidden)
	b.Post(peoplePath+"add/", withToken(p, url.Values{"username": {"x"}, "superuser": {"yes"}})).Want(http.StatusForbidden)
	b.Post(peoplePath+admin.UserID+"/groups/", withToken(p, url.Values{"groups": {"SME"}})).Want(http.StatusForbidden).Says("main", "your own account")

	b = w.SignedIn(root)
	at := peoplePath + second.UserID + "/"
	taken := b.Follow(b.Submit(b.Get(at+"superuser/take/"), action(at+"superuser/take/"), nil).Want(http.StatusSeeOther)).Says(".notice", "no superuser any more")
	b.Submit(b.Get(at+"superuser/give/"), action(at+"superuser/give/"), nil).Want(http.StatusSeeOther)
	if u, err := w.Accounts.User(t.Context(), second.UserID); err != nil || !u.Superuser {
		t.Errorf("the second is %+v, %v", u, err)
	}
	b.Post(peoplePath+root.UserID+"/superuser/take/", withToken(taken, url.Values{})).Want(http.StatusForbidden)
	dashboardtest.Check(t, w.Accounts.SetSuperuser(t.Context(), accounts.Operator(), second.UserID, false))
	b.Get(peoplePath+root.UserID+"/").Want(http.StatusOK).Says(".notice", "your own account")
}
