package dashboard_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
	"git.helu.ca/r/mnemosyne/internal/httpx"
)

const loginForm = `form[action="/accounts/login/"]`

func credentials(name, secret string) url.Values {
	return url.Values{"username": {name}, "password": {secret}}
}

func TestSigningInLeadsBackToThePageThatWasAskedFor(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	w.User("ann")
	b := w.Browser()
	asked := b.Get("/search/?q=owls").Want(http.StatusSeeOther)
	login := b.Follow(asked).Want(http.StatusOK)
	answer := b.Submit(login, loginForm, credentials("ann", dashboardtest.Password)).Want(http.StatusSeeOther)
	if answer.Location != "/search/?q=owls" {
		t.Errorf("signing in leads to %q", answer.Location)
	}
	b.Follow(answer).Want(http.StatusOK).Says("header .who", "ann")
}

func TestAfterSigningInNobodyIsSentToAnotherSite(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	w.User("ann")
	for _, next := range []string{"https://evil.example/", "//evil.example/", `/\evil.example/`, "javascript:alert(1)", "evil"} {
		b := w.Browser()
		login := b.Get("/accounts/login/?next=" + url.QueryEscape(next)).Want(http.StatusOK)
		form := credentials("ann", dashboardtest.Password)
		form.Set("next", next)
		answer := b.Submit(login, loginForm, form).Want(http.StatusSeeOther)
		if answer.Location != "/" {
			t.Errorf("next=%q leads to %q", next, answer.Location)
		}
	}
}

func TestAWrongPasswordSaysSoAndKeepsTheName(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	w.User("ann")
	b := w.Browser()
	answer := b.Submit(b.Get("/accounts/login/"), loginForm, credentials("ann", "wrong")).Want(http.StatusUnauthorized)
	answer.Says("[role=alert]", "not right")
	if got := dashboardtest.Attr(answer.One("#username"), "value"); got != "ann" {
		t.Errorf("the name is %q", got)
	}
	if strings.Contains(answer.Body, "wrong") {
		t.Error("the password is in the page")
	}
}

func TestTheSessionCookieIsOutOfReachOfScriptsAndOtherSites(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	w.User("ann")
	b := w.Browser()
	answer := b.Submit(b.Get("/accounts/login/"), loginForm, credentials("ann", dashboardtest.Password))
	for _, c := range (&http.Response{Header: answer.Header}).Cookies() {
		if c.Name != httpx.SessionCookie {
			continue
		}
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Secure {
			t.Errorf("the cookie is %+v", c)
		}
		return
	}
	t.Error("there is no session cookie")
}

func TestSigningInAgainEndsTheSessionBefore(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	b := w.SignedIn(ann)
	before := sessionOf(t, b)
	token := dashboardtest.Attr(b.Get("/libraries/").One(`form[action="/accounts/logout/"] [name=csrf_token]`), "value")
	form := credentials("ann", dashboardtest.Password)
	form.Set("csrf_token", token)
	b.Post("/accounts/login/", form).Want(http.StatusSeeOther)
	if after := sessionOf(t, b); after == before {
		t.Error("the session is the same")
	}
	if _, err := w.Accounts.Session(t.Context(), before); err == nil {
		t.Error("the session before is still good")
	}
}

func sessionOf(t *testing.T, b *dashboardtest.Browser) string {
	t.Helper()
	at, err := url.Parse(b.Base)
	dashboardtest.Check(t, err)
	for _, c := range b.Client.Jar.Cookies(at) {
		if c.Name == httpx.SessionCookie {
			return c.Value
		}
	}
	t.Fatal("there is no session")
	return ""
}

func TestSigningOutEndsTheSession(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	b := w.SignedIn(w.User("ann"))
	cookie := sessionOf(t, b)
	b.Get("/accounts/logout/").Want(http.StatusMethodNotAllowed)
	b.Submit(b.Get("/libraries/"), `form[action="/accounts/logout/"]`, nil).Want(http.StatusSeeOther)
	if _, err := w.Accounts.Session(t.Context(), cookie); err == nil {
		t.Error("the session is still good")
	}
	b.Get("/libraries/").Want(http.StatusSeeOther)
}

func TestGuessingIsSlowedDownAndLocksNobodyOut(t *testing.T) {
	t.Parallel()
	clock := newClock()
	w := dashboardtest.New(t, clock.use)
	w.User("ann")
	b := w.Browser()
	login := b.Get("/accounts/login/")
	var answer dashboardtest.Page
	for range 11 {
		answer = b.Submit(login, loginForm, credentials("ann", "guess"))
	}
	answer.Want(http.StatusTooManyRequests).Says("[role=alert]", "Wait 60 seconds")
	if answer.Header.Get("Retry-After") != "60" {
		t.Errorf("Retry-After is %q", answer.Header.Get("Retry-After"))
	}
	for _, spelling := range []string{"ANN", "ａnn"} { // the second in full width, which finds the same account
		b.Submit(login, loginForm, credentials(spelling, dashboardtest.Password)).Want(http.StatusTooManyRequests)
	}
	clock.pass(60)
	b.Submit(login, loginForm, credentials("ann", dashboardtest.Password)).Want(http.StatusSeeOther)
}

func TestAFormFromElsewhereIsRefused(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann, bob := w.User("ann"), w.User("bob")
	a, other := w.SignedIn(ann), w.SignedIn(bob)
	foreign := dashboardtest.Attr(other.Get("/libraries/").One(`form[action="/accounts/logout/"] [name=csrf_token]`), "value")
	for name, token := range map[string]string{"none": "", "made up": "abc", "another session's": foreign} {
		form := url.Values{"name": {"Papers"}, "library_type": {"technical"}, "csrf_token": {token}}
		a.Post("/libraries/add/", form).Want(http.StatusForbidden).Says("main", "lost its session")
		if t.Failed() {
			t.Fatalf("with %s", name)
		}
	}
	b := w.Browser()
	b.Get("/accounts/login/")
	b.Post("/accounts/login/", credentials("ann", dashboardtest.Password)).Want(http.StatusForbidden)

	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.URL+"/accounts/logout/", nil)
	dashboardtest.Check(t, err)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	a.Do(r).Want(http.StatusForbidden).Says("main", "another site")
}

func TestAnErrorPageInAnotherTabLeavesTheSignInFormGood(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	w.User("ann")
	b := w.Browser()
	login := b.Get("/accounts/login/").Want(http.StatusOK)
	b.Post("/accounts/login/", credentials("ann", dashboardtest.Password)).Want(http.StatusForbidden)
	b.Submit(login, loginForm, credentials("ann", dashboardtest.Password)).Want(http.StatusSeeOther)
}

func TestTheSignInFormOfAnotherSiteIsRefused(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	w.User("ann")
	b := w.Browser()
	form := credentials("ann", dashboardtest.Password)
	form.Set("csrf_token", dashboardtest.Attr(b.Get("/accounts/login/").One(loginForm+" [name=csrf_token]"), "value"))
	for _, from := range []string{"same-site", "cross-site", "same-origin"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.Base+"/accounts/login/", strings.NewReader(form.Encode()))
		dashboardtest.Check(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", from)
		if from == "same-origin" {
			b.Do(r).Want(http.StatusSeeOther)
			continue
		}
		b.Do(r).Want(http.StatusForbidden).Says("main", "another site")
	}
}
