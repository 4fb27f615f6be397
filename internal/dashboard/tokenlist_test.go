package dashboard_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

func mint(t *testing.T, w *dashboardtest.World, p accounts.Principal, spec mcpserver.TokenSpec) mcpserver.UserToken {
	t.Helper()
	_, token, err := w.Tokens.Create(t.Context(), accounts.Operator(), p.UserID, spec)
	dashboardtest.Check(t, err)
	return token
}

func TestAFormThatIsSentTwiceMakesOneToken(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	b := w.SignedIn(ann)
	form := b.Get("/profile/tokens/add/")
	b.Submit(form, addForm, url.Values{"name": {"Laptop"}}).Want(http.StatusCreated)
	again := b.Submit(form, addForm, url.Values{"name": {"Laptop"}}).Want(http.StatusSeeOther)
	b.Follow(again).Says("[role=status]", "sent before").Says("[role=status]", "Laptop")
	w.OnlyToken(ann)
	results := make(chan int)
	other := b.Get("/profile/tokens/add/")
	for range 4 {
		go func() { results <- b.Submit(other, addForm, url.Values{"name": {"Desk"}}).Status }()
	}
	var got []int
	for range 4 {
		got = append(got, <-results)
	}
	slices.Sort(got)
	if want := []int{http.StatusCreated, http.StatusSeeOther, http.StatusSeeOther, http.StatusSeeOther}; !slices.Equal(got, want) {
		t.Errorf("four at once answer %v, want %v", got, want)
	}
}

func TestTwoTokensThatWorkHaveTwoNames(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	old := mint(t, w, ann, mcpserver.TokenSpec{Name: "Laptop"})
	b := w.SignedIn(ann)
	b.Submit(b.Get("/profile/tokens/add/"), addForm, url.Values{"name": {"Laptop"}}).Want(http.StatusBadRequest).Says("#name-fault", old.Masked)
	second := mint(t, w, ann, mcpserver.TokenSpec{Name: "Desk"})
	edit := b.Get("/profile/tokens/" + second.ID + "/edit/")
	b.Submit(edit, "main form", url.Values{"name": {"Laptop"}}).Want(http.StatusBadRequest).Says("#name-fault", "a token of this name")
	b.Submit(edit, "main form", nil).Want(http.StatusSeeOther)
	dashboardtest.Check(t, w.Tokens.Revoke(t.Context(), accounts.Operator(), ann.UserID, old.ID))
	b.Submit(b.Get("/profile/tokens/add/"), addForm, url.Values{"name": {"Laptop"}}).Want(http.StatusCreated)
}

func TestTheEndOfATokenIsChosenInDaysOrNotAtAll(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	b := w.SignedIn(ann)
	for i, row := range []struct {
		expires string
		days    int
	}{{"never", 0}, {"30", 30}, {"90", 90}, {"365", 365}} {
		name := fmt.Sprint("Token ", i)
		b.Submit(b.Get("/profile/tokens/add/"), addForm, url.Values{"name": {name}, "expires": {row.expires}, "expires_on": {"2099-01-01"}}).Want(http.StatusCreated)
		tokens, err := w.Tokens.List(t.Context(), ann.UserID)
		dashboardtest.Check(t, err)
		token := tokens[slices.IndexFunc(tokens, func(t mcpserver.UserToken) bool { return t.Name == name })]
		if row.days == 0 {
			if token.ExpiresAt != nil {
				t.Errorf("%s ends at %v", row.expires, token.ExpiresAt)
			}
			continue
		}
		want := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, row.days+1).Add(-time.Second)
		if token.ExpiresAt == nil || !token.ExpiresAt.Equal(want) {
			t.Errorf("%s days end at %v, want %v", row.expires, token.ExpiresAt, want)
		}
	}
	b.Submit(b.Get("/profile/tokens/add/"), addForm, url.Values{"name": {"x"}, "expires": {"day"}}).Want(http.StatusBadRequest).Says("#expires_on-fault", "Write a day")
}

func TestTokensAreToldApartByStateAndWarnedOfBeforeTheirEnd(t *testing.T) {
	t.Parallel()
	now := newClock()
	w := dashboardtest.New(t, now.use)
	ann := w.User("ann")
	near, far := time.Now().Add(80*time.Hour), time.Now().Add(2000*time.Hour)
	mint(t, w, ann, mcpserver.TokenSpec{Name: "Near", ExpiresAt: &near})
	mint(t, w, ann, mcpserver.TokenSpec{Name: "Far", ExpiresAt: &far})
	gone := mint(t, w, ann, mcpserver.TokenSpec{Name: "Gone"})
	dashboardtest.Check(t, w.Tokens.Revoke(t.Context(), accounts.Operator(), ann.UserID, gone.ID))
	b := w.SignedIn(ann)
	b.Get("/profile/tokens/").Says("tbody", "in 3 days").Says("main .notice", "1 token ends within 14 days").Says("nav.filter", "All 3").Says("tbody", "never used")
	b.Get("/profile/tokens/?state=expired").Says("main .empty", "None of your tokens is expired")
	now.pass(100 * 3600)
	for state, name := range map[string]string{"active": "Far", "expired": "Near", "revoked": "Gone"} {
		p := b.Get("/profile/tokens/?state=" + state)
		if rows := p.All("tbody tr"); len(rows) != 1 || !strings.Contains(p.Text("tbody"), name) || !strings.Contains(p.Text("tbody .badge"), state) {
			t.Errorf("%s: %s", state, p.Text("tbody"))
		}
	}
}

func TestManyTokensComeAPageAtATime(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	for i := range 60 {
		mint(t, w, ann, mcpserver.TokenSpec{Name: fmt.Sprint("Token ", i)})
	}
	b := w.SignedIn(ann)
	first := b.Get("/profile/tokens/?state=active")
	next := b.Get(dashboardtest.Attr(first.One(".more a"), "href"))
	seen := map[string]bool{}
	for _, p := range []dashboardtest.Page{first, next} {
		for _, row := range p.All("tbody tr") {
			seen[dashboardtest.Attr(row, "data-token")] = true
		}
	}
	if len(seen) != 60 || len(next.All(".more")) != 0 {
		t.Errorf("%d tokens are shown, want 60", len(seen))
	}
	b.Get("/profile/tokens/?after=nonsense").Want(http.StatusOK).Says("tbody", "Token 59")
}

func TestAnEndedSessionKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	uid := w.Library(ann, "Papers")
	b := w.SignedIn(ann)
	form := b.Get("/profile/tokens/add/")
	_, err := w.Accounts.SignOutEverywhere(t.Context(), accounts.Operator(), ann.UserID)
	dashboardtest.Check(t, err)
	typed := url.Values{
		"name": {"<b>Laptop</b>"}, "reach": {"some"}, "allowed_libraries": {uid}, "allowed_tools": {"search"}, "expires": {"90"}, "password": {"hunter2!"},
	}
	sent := b.Submit(form, addForm, typed).Want(http.StatusSeeOther)
	if strings.Contains(fmt.Sprint(sent.Header), "hunter2") {
		t.Error("a password is kept")
	}
	login := b.Follow(sent)
	back := b.Follow(b.Submit(login, loginForm, credentials("ann", dashboardtest.Password)).Want(http.StatusSeeOther)).Want(http.StatusOK)
	back.Says("[role=status]", "What you typed is here again")
	if got := dashboardtest.Attr(back.One("#name"), "value"); got != "<b>Laptop</b>" {
		t.Errorf("the name is %q", got)
	}
	for _, selector := range []string{`[name=reach][value=some][checked]`, `[name=allowed_libraries][checked]`, `[name=allowed_tools][value=search][checked]`, `[name=expires][value="90"][checked]`} {
		back.One(selector)
	}
	if len(back.All(".fault, [role=alert]")) != 0 {
		t.Error("faults are found with what is not sent")
	}
	b.Submit(back, addForm, nil).Want(http.StatusCreated)
	w.OnlyToken(ann)
	if got := dashboardtest.Attr(b.Get("/profile/tokens/add/").One("#name"), "value"); got != "" {
		t.Errorf("the form is filled in a second time, with %q", got)
	}
}

func TestWhatSomebodyTypedIsNotShownToWhoeverSignsInNext(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	w.User("bob")
	b := w.SignedIn(ann)
	form := b.Get("/profile/tokens/add/")
	_, err := w.Accounts.SignOutEverywhere(t.Context(), accounts.Operator(), ann.UserID)
	dashboardtest.Check(t, err)
	login := b.Follow(b.Submit(form, addForm, url.Values{"name": {"Ann’s secret plan"}}).Want(http.StatusSeeOther))
	shown := b.Follow(b.Submit(login, loginForm, credentials("bob", dashboardtest.Password)).Want(http.StatusSeeOther)).Want(http.StatusOK)
	if strings.Contains(shown.Body, "secret plan") {
		t.Error("Bob reads what Ann typed")
	}
	if got := dashboardtest.Attr(b.Get("/profile/tokens/add/").One("#name"), "value"); got != "" {
		t.Errorf("the form is filled in later, with %q", got)
	}
}

func TestWhatAnotherSiteSentIsNotKept(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	w.User("ann")
	b := w.Browser()
	for _, header := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.URL+"/profile/tokens/add/", strings.NewReader("name=Evil&reach=all"))
		dashboardtest.Check(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set(header[0], header[1])
		b.Do(r).Want(http.StatusSeeOther)
	}
	b.Submit(b.Get("/accounts/login/"), loginForm, credentials("ann", dashboardtest.Password)).Want(http.StatusSeeOther)
	if got := dashboardtest.Attr(b.Get("/profile/tokens/add/").One("#name"), "value"); got != "" {
		t.Errorf("another site fills our form in with %q", got)
	}
	forged := &http.Cookie{Name: "mnemosyne_kept", Value: "eyJwIjoiL3Byb2ZpbGUvdG9rZW5zL2FkZC8iLCJ2Ijp7Im5hbWUiOlsiRXZpbCJdfX0"}
	at, err := url.Parse(w.URL)
	dashboardtest.Check(t, err)
	b.Client.Jar.SetCookies(at, []*http.Cookie{forged})
	if got := dashboardtest.Attr(b.Get("/profile/tokens/add/").One("#name"), "value"); got != "" {
		t.Errorf("a forged cookie fills our form in with %q", got)
	}
}

func TestTheListSaysWhetherMailIsSent(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	w.SignedIn(w.User("ann")).Get("/profile/tokens/").Says(".mails", "No mail is sent from here")
	w = dashboardtest.New(t, func(o *dashboardtest.Options) { o.Pages.Mails = true })
	w.SignedIn(w.User("ann")).Get("/profile/tokens/").Says(".mails", "A mail tells you")
}

func TestAPersonPicksAmongManyLibrariesInABrowser(t *testing.T) {
	t.Parallel()
	ctx := chromium(t)
	w := dashboardtest.New(t)
	ann := w.User("ann")
	var want string
	for i := range 300 {
		uid := w.Library(ann, fmt.Sprintf("Library %03d", i))
		if i == 217 {
			want = uid
		}
	}
	run(ctx, t,
		chromedp.Navigate(w.URL+"/profile/tokens/add/"),
		chromedp.WaitVisible("#password"),
		chromedp.SendKeys("#username", "ann"), chromedp.SendKeys("#password", dashboardtest.Password),
		chromedp.Submit("#password"),
		chromedp.WaitVisible("#name"), chromedp.SendKeys("#name", "Narrow"),
		chromedp.Click(".restrictions summary"), chromedp.WaitVisible("#picker-find"),
		chromedp.SendKeys("#picker-find", "217"),
		chromedp.WaitNotVisible(`.picker-list label:first-child`),
		chromedp.Click(`input[value="`+want+`"]`),
		chromedp.WaitVisible(`//span[contains(@class, "picker-count")][text()="1 of 300 chosen"]`),
		chromedp.Click(`input[name=expires][value="90"]`), picture("token-form"),
		chromedp.Click(".form .primary"), chromedp.WaitVisible("#plaintext"), picture("token-created"),
		chromedp.Navigate(w.URL+"/profile/tokens/"), chromedp.WaitVisible(".table"), picture("tokens"),
	)
	if got := w.OnlyToken(ann); !slices.Equal(got.AllowedLibraries, []string{want}) || got.ExpiresAt == nil {
		t.Errorf("the token is %+v", got)
	}
}

func TestAnotherProcessTakesUpAKeptForm(t *testing.T) {
	t.Parallel()
	one, other := dashboardtest.New(t), dashboardtest.New(t)
	ann := one.User("ann")
	b := one.SignedIn(ann)
	b.Get("/libraries/")
	_, err := one.Accounts.SignOutEverywhere(t.Context(), accounts.Operator(), ann.UserID)
	dashboardtest.Check(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, one.URL+"/profile/tokens/add/", strings.NewReader("name=Laptop&reach=all"))
	dashboardtest.Check(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	b.Do(r).Want(http.StatusSeeOther)
	other.User("ann")
	b.Base = other.URL
	b.Submit(b.Get("/accounts/login/"), loginForm, credentials("ann", dashboardtest.Password)).Want(http.StatusSeeOther)
	if got := dashboardtest.Attr(b.Get("/profile/tokens/add/").One("#name"), "value"); got != "Laptop" {
		t.Errorf("the name is %q", got)
	}
}
