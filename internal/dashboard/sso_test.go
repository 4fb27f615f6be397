package dashboard_test

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/accounts/oidc"
	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
)

func TestPeopleSignInByEachFormatOfToken(t *testing.T) {
	t.Parallel()
	s := newSignOn(t)
	for _, format := range []string{"jwt", "standard", "empty"} {
		login := s.account(format, map[string]any{"displayName": "Anne of Elsewhere", "email": "anne@example.org", "groups": []string{"sme"}, "roles": []string{"Staff"}})
		b := s.Browser()
		if got := s.signIn(b, login).Want(http.StatusSeeOther).Location; got != "/" {
			t.Errorf("%s: signing in leads to %q", format, got)
		}
		u := s.user(login)
		if u.Email != "anne@example.org" || !slices.Equal(u.Groups, []string{"SME", "Staff"}) || u.HasPassword || u.Superuser {
			t.Errorf("%s: the account is %+v", format, u)
		}
		b.Get("/libraries/").Want(http.StatusOK).Says("header .who", u.Username)
		if e := s.trail("sign_in"); e.Outcome != "accepted" || e.Username != u.Username || e.Detail["through"] != "sso" {
			t.Errorf("%s: the trail says %+v", format, e)
		}
	}
}

func TestGroupsFollowTheProviderAtEachSignIn(t *testing.T) {
	t.Parallel()
	s := newSignOn(t)
	login := s.account("jwt", map[string]any{"groups": []string{"view-only", "helu/STAFF", "editors"}})
	s.signIn(s.Browser(), login).Want(http.StatusSeeOther)
	first := s.user(login)
	if want := []string{"Staff", "View Only"}; !slices.Equal(first.Groups, want) {
		t.Errorf("the groups are %q, want %q", first.Groups, want)
	}
	_, err := s.Accounts.EnsureGroups(t.Context(), accounts.Operator(), "Gardeners")
	dashboardtest.Check(t, err)
	dashboardtest.Check(t, s.Accounts.SetGroups(t.Context(), accounts.Operator(), first.ID, append(first.Groups, "Gardeners")))

	s.tell(login, map[string]any{"groups": []string{}, "roles": []string{"View_Only", "admin"}, "email": "new@example.org"})
	s.signIn(s.Browser(), login).Want(http.StatusSeeOther)
	then := s.user(login)
	if want := []string{"Admin", "Gardeners", "View Only"}; then.ID != first.ID || !slices.Equal(then.Groups, want) || then.Email != "new@example.org" {
		t.Errorf("the account is %+v, want the groups %q", then, want)
	}
	s.tell(login, map[string]any{"groups": []string{}})
	s.signIn(s.Browser(), login).Want(http.StatusSeeOther)
	if got := s.user(login).Groups; !slices.Equal(got, []string{"Gardeners", "View Only"}) {
		t.Errorf("the groups are %q", got)
	}
}

func TestARenamedPersonKeepsTheAccount(t *testing.T) {
	t.Parallel()
	s := newSignOn(t)
	login := s.account("standard", nil)
	s.signIn(s.Browser(), login).Want(http.StatusSeeOther)
	s.tell(login, map[string]any{"name": "renamed"})
	b := s.Browser()
	s.signIn(b, login).Want(http.StatusSeeOther)
	b.Get("/libraries/").Says("header .who", s.user(login).Username)
}

func TestATakenNameIsNeverAdopted(t *testing.T) {
	t.Parallel()
	s := newSignOn(t)
	root := s.User("root")
	for _, name := range []string{"root", "ROOT", "ｒoot"} { // the last is found by the same key
		s.refused(s.signIn(s.Browser(), s.account("jwt", map[string]any{"name": name})), http.StatusForbidden, accounts.SSOTaken, "Ask an administrator")
	}
	e := s.trail("sign_in")
	dashboardtest.Check(t, s.Accounts.LinkIdentity(t.Context(), accounts.Operator(), root.UserID, e.Detail["issuer"].(string), e.Detail["subject"].(string)))
	login := s.account("jwt", map[string]any{"name": "root"})
	s.refused(s.signIn(s.Browser(), login), http.StatusForbidden, accounts.SSOTaken, "root")
	e = s.trail("sign_in")
	dashboardtest.Check(t, s.Accounts.LinkIdentity(t.Context(), accounts.Operator(), root.UserID, e.Detail["issuer"].(string), e.Detail["subject"].(string)))
	b := s.Browser()
	s.signIn(b, login).Want(http.StatusSeeOther)
	b.Get("/libraries/").Says("header .who", "root")
	n, err := s.Accounts.UnlinkIdentities(t.Context(), accounts.Operator(), root.UserID)
	if err != nil || n != 2 {
		t.Errorf("%d identities are unlinked: %v", n, err)
	}
	b.Get("/libraries/").Want(http.StatusSeeOther)
	s.refused(s.signIn(s.Browser(), login), http.StatusForbidden, accounts.SSOTaken, "root")
}

func TestWhoIsRefusedAtTheDoor(t *testing.T) {
	t.Parallel()
	s := newSignOn(t)
	without := map[string]any{"owner": nil, "groups": nil}
	for name, c := range map[string]struct {
		format string
		about  map[string]any
		why    accounts.SSORefusal
		says   string
	}{
		"another organisation":               {"jwt", map[string]any{"org": "rivals"}, accounts.SSOOrganisation, "another organisation"},
		"another one, JWT-Standard":          {"standard", map[string]any{"org": "rivals"}, accounts.SSOOrganisation, "another organisation"},
		"another one, JWT-Empty":             {"empty", map[string]any{"org": "rivals"}, accounts.SSOOrganisation, "another organisation"},
		"another one by the groups alone":    {"empty", map[string]any{"groups": []string{"rivals/Staff"}, "id_token": without}, accounts.SSOOrganisation, "another organisation"},
		"groups of another one as well":      {"jwt", map[string]any{"groups": []string{"Staff", "rivals/Admin"}}, accounts.SSOOrganisation, "another organisation"},
		"no organisation":                    {"empty", map[string]any{"groups": []string{}, "id_token": without}, accounts.SSOOrganisation, "does not tell which organisation"},
		"a name that no account may have":    {"jwt", map[string]any{"name": "Anne Example"}, accounts.SSOUsername, "cannot be one here"},
		"a name that is a path":              {"jwt", map[string]any{"name": "../root"}, accounts.SSOUsername, "cannot be one here"},
		"claims of another kind than agreed": {"jwt", map[string]any{"id_token": map[string]any{"groups": "Admin"}}, accounts.SSOToken, "does not prove"},
	} {
		b := s.Browser()
		s.refused(s.signIn(b, s.account(c.format, c.about)), http.StatusForbidden, c.why, c.says)
		b.Get("/libraries/").Want(http.StatusSeeOther)
		if t.Failed() {
			t.Fatalf("with %s", name)
		}
	}
}

func TestTheOrganisationMayBeToldByTheGroupsAlone(t *testing.T) {
	t.Parallel()
	s := newSignOn(t)
	login := s.account("empty", map[string]any{"groups": []string{"helu/sme"}, "id_token": map[string]any{"owner": nil}})
	s.signIn(s.Browser(), login).Want(http.StatusSeeOther)
	if got := s.user(login).Groups; !slices.Equal(got, []string{"SME"}) {
		t.Errorf("the groups are %q", got)
	}
}

func TestADisabledAccountStaysOut(t *testing.T) {
	t.Parallel()
	s := newSignOn(t)
	login := s.account("jwt", map[string]any{"groups": []string{}})
	b := s.Browser()
	s.signIn(b, login).Want(http.StatusSeeOther)
	dashboardtest.Check(t, s.Accounts.SetActive(t.Context(), accounts.Operator(), s.user(login).ID, false))
	b.Get("/libraries/").Want(http.StatusSeeOther)
	s.tell(login, map[string]any{"groups": []string{"Admin"}})
	s.refused(s.signIn(s.Browser(), login), http.StatusForbidden, accounts.SSODisabled, "disabled")
	if got := s.user(login).Groups; !slices.Equal(got, []string{"View Only"}) {
		t.Errorf("a disabled account has got the groups %q", got)
	}
}

func TestASignInIsOfTheBrowserThatBeganIt(t *testing.T) {
	t.Parallel()
	s := newSignOn(t)
	login := s.account("jwt", nil)
	mine, other := s.Browser(), s.Browser()
	back := s.atProvider(mine.Get(ssoPath), login)
	const says = "not begun in this browser"
	s.refused(other.Get(back), http.StatusBadRequest, accounts.SSOState, says)
	other.Get(ssoPath).Want(http.StatusSeeOther)
	s.refused(other.Get(back), http.StatusBadRequest, accounts.SSOState, says)
	s.refused(mine.Get(ssoPath+"callback/"), http.StatusBadRequest, accounts.SSOState, says)
	s.refused(mine.Get(ssoPath+"callback/?state=&code=x"), http.StatusBadRequest, accounts.SSOState, says)
	s.refused(mine.Get(back+"0"), http.StatusForbidden, accounts.SSOToken, "does not prove") // of another issuer
	if _, err := s.Accounts.UserByName(t.Context(), strings.TrimSuffix(login, "+jwt")); err == nil {
		t.Error("there is an account")
	}
}

func TestACodeIsGoodOnce(t *testing.T) {
	t.Parallel()
	s := newSignOn(t)
	b := s.Browser()
	sent := b.Get(ssoPath)
	back := s.atProvider(sent, s.account("jwt", nil))
	kept := (&http.Response{Header: sent.Header}).Cookies()
	b.Get(back).Want(http.StatusSeeOther)
	s.refused(b.Get(back), http.StatusBadRequest, accounts.SSOState, "not begun") // the browser has forgotten it
	again := s.Browser()
	at, err := url.Parse(s.URL + ssoPath)
	dashboardtest.Check(t, err)
	again.Client.Jar.SetCookies(at, kept)
	s.refused(again.Get(back), http.StatusBadRequest, accounts.SSOCode, "used already")
}

func TestTwoSignInsOfOneBrowserDoNotDisturbEachOther(t *testing.T) {
	t.Parallel()
	s := newSignOn(t)
	login := s.account("jwt", nil)
	b := s.Browser()
	first, second := b.Get(ssoPath+"?next=/jobs/"), b.Get(ssoPath+"?next=/search/")
	if got := b.Get(s.atProvider(second, login)).Want(http.StatusSeeOther).Location; got != "/search/" {
		t.Errorf("the second leads to %q", got)
	}
	before := sessionOf(t, b)
	if got := b.Get(s.atProvider(first, login)).Want(http.StatusSeeOther).Location; got != "/jobs/" {
		t.Errorf("the first leads to %q", got)
	}
	if _, err := s.Accounts.Session(t.Context(), before); err == nil || sessionOf(t, b) == before {
		t.Error("the session before is still good")
	}
}

func TestBegunSignInsDoNotPileUpInABrowser(t *testing.T) {
	t.Parallel()
	s := newSignOn(t)
	b := s.Browser()
	at, err := url.Parse(s.URL + ssoPath)
	dashboardtest.Check(t, err)
	for range 20 {
		b.Get(ssoPath + "?next=/" + strings.Repeat("x", 9000)).Want(http.StatusSeeOther)
	}
	size := 0
	for _, c := range b.Client.Jar.Cookies(at) {
		size += len(c.String())
	}
	if size > 8000 {
		t.Errorf("the browser sends %d bytes of cookies", size)
	}
	s.signIn(b, s.account("jwt", nil)).Want(http.StatusSeeOther)
}

func TestASignInThatTookTooLongStartsAgain(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := newSignOn(t, func(o *oidc.Options) { o.Now = func() time.Time { return now } })
	b := s.Browser()
	back := s.atProvider(b.Get(ssoPath), s.account("jwt", nil))
	now = now.Add(oidc.FlowLife + time.Second)
	s.refused(b.Get(back), http.StatusBadRequest, accounts.SSOState, "too long ago")
}

func TestAfterSingleSignOnNobodyIsSentToAnotherSite(t *testing.T) {
	t.Parallel()
	s := newSignOn(t)
	login := s.account("jwt", nil)
	for _, next := range []string{"https://evil.example/", "//evil.example/", `/\evil.example/`, "javascript:alert(1)"} {
		b := s.Browser()
		back := s.atProvider(b.Get(ssoPath+"?next="+url.QueryEscape(next)), login)
		if got := b.Get(back + "&next=" + url.QueryEscape(next)).Want(http.StatusSeeOther).Location; got != "/" {
			t.Errorf("next=%q leads to %q", next, got)
		}
	}
}

func TestTheProviderSaysNoAndNotWhatTheBrowserReads(t *testing.T) {
	t.Parallel()
	s := newSignOn(t)
	b := s.Browser()
	sent, err := url.Parse(b.Get(ssoPath).Location)
	dashboardtest.Check(t, err)
	answer := b.Get(ssoPath + "callback/?error=access_denied&error_description=Call+0900&state=" + sent.Query().Get("state"))
	s.refused(answer, http.StatusForbidden, accounts.SSODenied, "did not sign you in")
	if strings.Contains(answer.Body, "0900") {
		t.Error("the page says what is in the address")
	}
}

func TestTheBrowserFindsTheProviderElsewhereThanWeDo(t *testing.T) {
	t.Parallel()
	s := newSignOn(t, func(o *oidc.Options) { o.FrontendOrigin = "https://sso.example" })
	b := s.Browser()
	sent := b.Get(ssoPath).Want(http.StatusSeeOther)
	at, found := strings.CutPrefix(sent.Location, "https://sso.example/")
	if !found {
		t.Fatalf("the browser is sent to %s", sent.Location)
	}
	sent.Location = s.origin + "/" + at
	b.Get(s.atProvider(sent, s.account("jwt", nil))).Want(http.StatusSeeOther)
}

func TestAProviderThatIsDownSaysSoAndComesBack(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	dashboardtest.Check(t, err)
	dead := "http://" + l.Addr().String()
	dashboardtest.Check(t, l.Close())
	s := newSignOn(t, func(o *oidc.Options) { o.Origin = dead })
	b := s.Browser()
	page := b.Get(ssoPath+"?next=/jobs/").Want(http.StatusServiceUnavailable).Says("[role=alert]", "does not answer")
	if got := dashboardtest.Attr(page.One("main a.primary"), "href"); got != ssoPath+"?next=%2fjobs%2f" {
		t.Errorf("trying again leads to %q", got)
	}
	if got := dashboardtest.Attr(page.One("main .aside a"), "href"); got != "/accounts/login/?local&next=%2fjobs%2f" {
		t.Errorf("the way round it is %q", got)
	}
}
