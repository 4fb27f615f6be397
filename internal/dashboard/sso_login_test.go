package dashboard_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/accounts/oidc"
	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
)

const localLogin = "/accounts/login/?local"

func TestWhoSignsInByAPassword(t *testing.T) {
	t.Parallel()
	provider, err := oidc.New(oidc.Options{Origin: "http://127.0.0.1:1", ClientID: "mnemosyne", ClientSecret: "s", SecretKey: []byte("secret")})
	dashboardtest.Check(t, err)
	for name, c := range map[string]struct {
		enabled, allowed bool
		shown            bool // the form, without asking for it
		others           int  // the answer to those who are not superusers
	}{
		"without single sign-on":                     {false, false, true, http.StatusSeeOther},
		"with single sign-on and passwords":          {true, true, true, http.StatusSeeOther},
		"with single sign-on and without passwords ": {true, false, false, http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			only := c.enabled && !c.allowed
			w := dashboardtest.NewWith(t, accounts.Options{PasswordsOfSuperusersOnly: only}, func(o *dashboardtest.Options) {
				if c.enabled {
					o.SignIn.SignOn = provider
				}
				o.SignIn.SuperusersOnly = only
			})
			root := w.User("root")
			dashboardtest.Check(t, w.Accounts.SetSuperuser(t.Context(), accounts.Operator(), root.UserID, true))
			w.User("ann")
			plain := w.Browser().Get("/accounts/login/")
			if got := len(plain.All(loginForm)) == 1; got != c.shown {
				t.Errorf("the form is shown: %t", got)
			}
			if got := len(plain.All(`a[href^="`+ssoPath+`"]`)) == 1; got != c.enabled {
				t.Errorf("single sign-on is offered: %t", got)
			}
			b := w.Browser()
			b.Submit(b.Get(localLogin), loginForm, credentials("root", dashboardtest.Password)).Want(http.StatusSeeOther)
			b = w.Browser()
			b.Submit(b.Get(localLogin), loginForm, credentials("ann", dashboardtest.Password)).Want(c.others)
			if !c.enabled {
				w.Browser().Get(ssoPath).Want(http.StatusNotFound)
			}
		})
	}
}

func TestARefusedPasswordIsAnsweredAsAWrongOne(t *testing.T) {
	t.Parallel()
	s := newSignOn(t)
	s.User("ann")
	answers := map[string]string{}
	for _, form := range []url.Values{credentials("ann", dashboardtest.Password), credentials("ann", "wrong"), credentials("nobody", "wrong")} {
		b := s.Browser()
		page := b.Submit(b.Get(localLogin), loginForm, form).Want(http.StatusUnauthorized).Says("#who-may", "only superusers")
		answers[page.Text("main")] = form.Get("username")
	}
	if len(answers) != 1 {
		t.Errorf("the answers differ: %q", answers)
	}
	_, err := s.Accounts.SignIn(t.Context(), accounts.Client{}, "ann", dashboardtest.Password)
	if err == nil {
		t.Error("the password lets somebody in by another door")
	}
}

func TestThePageToSignInKeepsWhereSomebodyWanted(t *testing.T) {
	t.Parallel()
	s := newSignOn(t)
	b := s.Browser()
	page := b.Follow(b.Get("/search/?q=owls&library=x").Want(http.StatusSeeOther))
	login := s.account("standard", nil)
	back := s.atProvider(b.Get(dashboardtest.Attr(page.One("main a.primary"), "href")), login)
	if got := b.Get(back).Want(http.StatusSeeOther).Location; got != "/search/?q=owls&library=x" {
		t.Errorf("signing in leads to %q", got)
	}
	local := b.Base + dashboardtest.Attr(page.One("main .aside a"), "href")
	if at, err := url.Parse(local); err != nil || at.Query().Get("next") != "/search/?q=owls&library=x" || !at.Query().Has("local") {
		t.Errorf("the form is at %s", local)
	}
}

func TestSigningOutTellsThatTheProvidersSessionGoesOn(t *testing.T) {
	t.Parallel()
	s := newSignOn(t)
	b := s.Browser()
	s.signIn(b, s.account("jwt", nil)).Want(http.StatusSeeOther)
	out := b.Follow(b.Submit(b.Get("/libraries/"), `form[action="/accounts/logout/"]`, nil))
	out.Want(http.StatusOK).Says("[role=status]", "session at the sign-on server goes on")
	if got := dashboardtest.Attr(out.One("main [role=status] a"), "href"); got != s.origin+"/session/end" {
		t.Errorf("its session ends at %q", got)
	}
	b.Get("/libraries/").Want(http.StatusSeeOther)
}

func TestReturnsFromTheProviderAreLimited(t *testing.T) {
	t.Parallel()
	s := newSignOn(t)
	b := s.Browser()
	var page dashboardtest.Page
	for range 31 {
		page = b.Get(ssoPath + "callback/?state=x&code=y")
	}
	page.Want(http.StatusTooManyRequests).Says("[role=alert]", "Wait")
}

func TestPagesOfSingleSignOn(t *testing.T) {
	t.Parallel()
	s := newSignOn(t)
	hostile := url.QueryEscape("/" + canary)
	s.signIn(s.Browser(), s.account("jwt", nil)).Want(http.StatusSeeOther) // so that its sign-out is known
	pages := &site{w: s.World, browser: s.Browser(), public: []string{
		"/accounts/login/?next=" + hostile, localLogin + "&next=" + hostile, "/accounts/login/?signed-out", ssoPath + "callback/?state=" + hostile,
	}}
	for _, path := range pages.public {
		if p := s.Browser().Get(path); strings.Contains(p.Body, "<script>alert") || len(p.All("img[onerror], script:not([src])")) != 0 {
			t.Errorf("%s holds the canary as markup", path)
		}
	}
	valid(t, pages)
	accessible(t, pages)
}

func TestAPersonSignsInAtTheProviderInABrowser(t *testing.T) {
	t.Parallel()
	ctx := chromium(t)
	s := newSignOn(t)
	login := s.account("standard", map[string]any{"groups": []string{"Staff"}})
	name, _, _ := strings.Cut(login, "+")
	run(ctx, t,
		chromedp.Navigate(s.URL+"/jobs/"),
		chromedp.WaitVisible("main a.primary"), picture("sso-login"),
		chromedp.Click("main a.primary"),
		chromedp.WaitVisible("#login"), chromedp.SendKeys("#login", login), chromedp.Submit("#login"),
		chromedp.WaitVisible("header .who"), picture("sso-in"),
	)
	who, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector("header .who").textContent + " " + location.pathname`))
	dashboardtest.Check(t, err)
	if who != name+" /jobs/" {
		t.Errorf("the page is that of %q", who)
	}
	run(ctx, t,
		chromedp.Click("header details.menu summary"), chromedp.Click("header form[action='/accounts/logout/'] button"),
		chromedp.WaitVisible("main [role=status]"), picture("sso-out"),
		chromedp.Navigate(s.URL+localLogin), chromedp.WaitVisible("#password"), picture("sso-local"),
		chromedp.Navigate(s.URL+ssoPath+"callback/?state=x"), chromedp.WaitVisible("main [role=alert]"), picture("sso-refused"),
	)
}
