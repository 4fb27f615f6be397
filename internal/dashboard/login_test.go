package dashboard_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/httpx"
)

const loginForm = `form[action="/accounts/login/"]`

func credentials(name, secret string) url.Values {
	return url.Values{"username": {name}, "password": {secret}}
}

func TestSigningInLeadsBackToThePageThatWasAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("ann")
	b := w.browser()
	asked := b.get("/search/?q=owls").want(http.StatusSeeOther)
	login := b.follow(asked).want(http.StatusOK)
	answer := b.submit(login, loginForm, credentials("ann", password)).want(http.StatusSeeOther)
	if answer.location != "/search/?q=owls" {
		t.Errorf("signing in leads to %q", answer.location)
	}
	b.follow(answer).want(http.StatusOK).says("header .who", "ann")
}

func TestAfterSigningInNobodyIsSentToAnotherSite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("ann")
	for _, next := range []string{"https://evil.example/", "//evil.example/", `/\evil.example/`, "javascript:alert(1)", "evil"} {
		b := w.browser()
		login := b.get("/accounts/login/?next=" + url.QueryEscape(next)).want(http.StatusOK)
		form := credentials("ann", password)
		form.Set("next", next)
		answer := b.submit(login, loginForm, form).want(http.StatusSeeOther)
		if answer.location != "/" {
			t.Errorf("next=%q leads to %q", next, answer.location)
		}
	}
}

func TestAWrongPasswordSaysSoAndKeepsTheName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("ann")
	b := w.browser()
	answer := b.submit(b.get("/accounts/login/"), loginForm, credentials("ann", "wrong")).want(http.StatusUnauthorized)
	answer.says("[role=alert]", "not right")
	if got := attr(answer.one("#username"), "value"); got != "ann" {
		t.Errorf("the name is %q", got)
	}
	if strings.Contains(answer.body, "wrong") {
		t.Error("the password is in the page")
	}
}

func TestTheSessionCookieIsOutOfReachOfScriptsAndOtherSites(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("ann")
	b := w.browser()
	answer := b.submit(b.get("/accounts/login/"), loginForm, credentials("ann", password))
	for _, c := range (&http.Response{Header: answer.header}).Cookies() {
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
	w := newWorld(t)
	ann := w.user("ann")
	b := w.signedIn(ann)
	before := sessionOf(t, b)
	token := attr(b.get("/libraries/").one(`form[action="/accounts/logout/"] [name=csrf_token]`), "value")
	form := credentials("ann", password)
	form.Set("csrf_token", token)
	b.post("/accounts/login/", form).want(http.StatusSeeOther)
	if after := sessionOf(t, b); after == before {
		t.Error("the session is the same")
	}
	if _, err := w.accounts.Session(t.Context(), before); err == nil {
		t.Error("the session before is still good")
	}
}

func sessionOf(t *testing.T, b *browser) string {
	t.Helper()
	at, err := url.Parse(b.base)
	check(t, err)
	for _, c := range b.client.Jar.Cookies(at) {
		if c.Name == httpx.SessionCookie {
			return c.Value
		}
	}
	t.Fatal("there is no session")
	return ""
}

func TestSigningOutEndsTheSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(w.user("ann"))
	cookie := sessionOf(t, b)
	b.get("/accounts/logout/").want(http.StatusMethodNotAllowed)
	b.submit(b.get("/libraries/"), `form[action="/accounts/logout/"]`, nil).want(http.StatusSeeOther)
	if _, err := w.accounts.Session(t.Context(), cookie); err == nil {
		t.Error("the session is still good")
	}
	b.get("/libraries/").want(http.StatusSeeOther)
}

func TestGuessingIsSlowedDownAndLocksNobodyOut(t *testing.T) {
	t.Parallel()
	clock := newClock()
	w := newWorld(t, clock.use)
	w.user("ann")
	b := w.browser()
	login := b.get("/accounts/login/")
	var answer page
	for range 11 {
		answer = b.submit(login, loginForm, credentials("ann", "guess"))
	}
	answer.want(http.StatusTooManyRequests).says("[role=alert]", "Wait 60 seconds")
	if answer.header.Get("Retry-After") != "60" {
		t.Errorf("Retry-After is %q", answer.header.Get("Retry-After"))
	}
	for _, spelling := range []string{"ANN", "ａnn"} { // the second in full width, which finds the same account
		b.submit(login, loginForm, credentials(spelling, password)).want(http.StatusTooManyRequests)
	}
	clock.pass(60)
	b.submit(login, loginForm, credentials("ann", password)).want(http.StatusSeeOther)
}

func TestAFormFromElsewhereIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	a, other := w.signedIn(ann), w.signedIn(bob)
	foreign := attr(other.get("/libraries/").one(`form[action="/accounts/logout/"] [name=csrf_token]`), "value")
	for name, token := range map[string]string{"none": "", "made up": "abc", "another session's": foreign} {
		form := url.Values{"name": {"Papers"}, "library_type": {"technical"}, "csrf_token": {token}}
		a.post("/libraries/add/", form).want(http.StatusForbidden).says("main", "lost its session")
		if t.Failed() {
			t.Fatalf("with %s", name)
		}
	}
	b := w.browser()
	b.get("/accounts/login/")
	b.post("/accounts/login/", credentials("ann", password)).want(http.StatusForbidden)

	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/accounts/logout/", nil)
	check(t, err)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	a.do(r).want(http.StatusForbidden).says("main", "another site")
}
