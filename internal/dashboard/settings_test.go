package dashboard_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
)

const (
	settingsPath = "/profile/settings/"
	passwordForm = `form[action="/profile/settings/password/"]`
	emailForm    = `form[action="/profile/settings/email/"]`
)

func newPassword(current, replacement, again string) url.Values {
	return url.Values{"current_password": {current}, "password": {replacement}, "again": {again}}
}

func TestAPersonChangesTheirPasswordAndStaysSignedInHereAlone(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	here, there := w.SignedIn(ann), w.SignedIn(ann)
	before := sessionOf(t, here)
	p := here.Get(settingsPath).Want(http.StatusOK)
	wrong := here.Submit(p, passwordForm, newPassword("not it", "another horse", "another horse")).Want(http.StatusBadRequest)
	wrong.Says("#current_password-fault", "not your password")
	here.Submit(p, passwordForm, newPassword(dashboardtest.Password, "short", "short")).Want(http.StatusBadRequest).Says("#password-fault", "8 characters")
	here.Submit(p, passwordForm, newPassword(dashboardtest.Password, "another horse", "an other horse")).Want(http.StatusBadRequest).Says("#again-fault", "differ")
	there.Get(settingsPath).Want(http.StatusOK)
	if strings.Contains(wrong.Body, "another horse") {
		t.Error("the page holds a password")
	}
	changed := here.Submit(p, passwordForm, newPassword(dashboardtest.Password, "another horse", "another horse")).Want(http.StatusSeeOther)
	here.Follow(changed).Want(http.StatusOK).Says(".notice[data-kind=ok]", "is changed")
	if sessionOf(t, here) == before {
		t.Error("the session is the same")
	}
	there.Get(settingsPath).Want(http.StatusSeeOther)
	again := w.Browser()
	again.Submit(again.Get("/accounts/login/"), loginForm, credentials("ann", "another horse")).Want(http.StatusSeeOther)
	again = w.Browser()
	again.Submit(again.Get("/accounts/login/"), loginForm, credentials("ann", dashboardtest.Password)).Want(http.StatusUnauthorized)
}

func TestGuessingThePasswordFromAnOpenSessionIsSlowedDown(t *testing.T) {
	t.Parallel()
	clock := newClock()
	w := dashboardtest.New(t, clock.use)
	b := w.SignedIn(w.User("ann"))
	p := b.Get(settingsPath)
	var answer dashboardtest.Page
	for i := range 11 {
		if i%2 == 0 {
			answer = b.Submit(p, passwordForm, newPassword("guess", "another horse", "another horse"))
		} else {
			answer = b.Submit(p, emailForm, url.Values{"email": {"a@example.org"}, "current_password": {"guess"}})
		}
	}
	answer.Want(http.StatusTooManyRequests).Says("[role=alert]", "too many tries")
	b.Submit(p, passwordForm, newPassword(dashboardtest.Password, "another horse", "another horse")).Want(http.StatusTooManyRequests)
	clock.pass(60)
	b.Submit(p, passwordForm, newPassword(dashboardtest.Password, "another horse", "another horse")).Want(http.StatusSeeOther)
}

func TestAPersonChangesTheirAddress(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	b := w.SignedIn(w.User("ann"))
	p := b.Get(settingsPath)
	wrong := b.Submit(p, emailForm, url.Values{"email": {"ann@example.org"}, "current_password": {"not it"}}).Want(http.StatusBadRequest)
	wrong.Says("#email-password-fault", "not your password")
	if got := dashboardtest.Attr(wrong.One("#email"), "value"); got != "ann@example.org" {
		t.Errorf("the address that was typed is %q", got)
	}
	b.Submit(p, emailForm, url.Values{"email": {"nowhere"}, "current_password": {dashboardtest.Password}}).Want(http.StatusBadRequest).Says("#email-fault", "no e-mail address")
	done := b.Submit(p, emailForm, url.Values{"email": {"ann@example.org"}, "current_password": {dashboardtest.Password}}).Want(http.StatusSeeOther)
	after := b.Follow(done).Says(".notice", "ann@example.org now")
	if got := dashboardtest.Attr(after.One("#email"), "value"); got != "ann@example.org" {
		t.Errorf("the address is %q", got)
	}
}

func TestAnAccountOfSingleSignOnHasNoPasswordForm(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	u, err := w.Accounts.CreateUser(t.Context(), accounts.Operator(), accounts.NewUser{Username: "sso", Email: "sso@example.org"})
	dashboardtest.Check(t, err)
	b := w.Holding(u.ID)
	p := b.Get(settingsPath).Want(http.StatusOK).Says("main", "sso@example.org").Says("main", "single sign-on")
	if len(p.All("main input[type=password]")) != 0 {
		t.Error("there is a password to fill in")
	}
	form := newPassword("", "another horse", "another horse")
	form.Set("csrf_token", dashboardtest.Attr(p.All("[name=csrf_token]")[0], "value"))
	b.Post(settingsPath+"password/", form).Want(http.StatusBadRequest)
}

func TestAPersonSeesTheirSessionsAndEndsThem(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	here, there, third := w.SignedIn(ann), w.SignedIn(ann), w.SignedIn(ann)
	bob := w.SignedIn(w.User("bob"))
	p := here.Get(settingsPath).Want(http.StatusOK)
	if rows := p.All("tr[data-session]"); len(rows) != 3 || len(p.All("tr[data-here]")) != 1 {
		t.Fatalf("%d sessions are listed", len(rows))
	}
	p.Says("tr[data-here]", "this browser").Says("tr[data-session]", "127.0.0.1")
	own := dashboardtest.Attr(there.Get(settingsPath).One("tr[data-here]"), "data-session")
	end := `form[action="/profile/settings/sessions/` + own + `/end/"]`
	bobs := dashboardtest.Attr(bob.Get(settingsPath).One("tr[data-here]"), "data-session")
	foreign := url.Values{"csrf_token": {dashboardtest.Attr(p.All("[name=csrf_token]")[0], "value")}}
	here.Follow(here.Post(settingsPath+"sessions/"+bobs+"/end/", foreign).Want(http.StatusSeeOther)).Says(".notice[data-kind=error]", "ended already")
	bob.Get(settingsPath).Want(http.StatusOK)

	here.Follow(here.Submit(p, end, nil).Want(http.StatusSeeOther)).Says(".notice[data-kind=ok]", "signed out")
	there.Get(settingsPath).Want(http.StatusSeeOther)
	third.Get(settingsPath).Want(http.StatusOK)
	if out := here.Submit(p, `form[action="/profile/settings/sessions/end/"]`, nil).Want(http.StatusSeeOther); out.Location != "/accounts/login/" {
		t.Errorf("signing out everywhere leads to %q", out.Location)
	}
	for _, b := range []*dashboardtest.Browser{here, third} {
		b.Get(settingsPath).Want(http.StatusSeeOther)
	}
	bob.Get(settingsPath).Want(http.StatusOK)
	bob.Submit(bob.Get(settingsPath), `form[action="/profile/settings/sessions/`+bobs+`/end/"]`, nil).Want(http.StatusSeeOther)
	bob.Get(settingsPath).Want(http.StatusSeeOther)
}
