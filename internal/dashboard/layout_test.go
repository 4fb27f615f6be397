package dashboard_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
)

func TestTheLayoutWorksByKeyboardAndOnAPhone(t *testing.T) {
	t.Parallel()
	ctx := chromium(t)
	w := dashboardtest.New(t)
	ann := w.User("ann")
	dashboardtest.Check(t, w.Accounts.SetSuperuser(t.Context(), accounts.Operator(), ann.UserID, true))
	const summary = "details.menu summary"
	run(ctx, t,
		chromedp.Navigate(w.URL+"/profile/tokens/"),
		chromedp.WaitVisible("#password"),
		chromedp.SendKeys("#username", "ann"), chromedp.SendKeys("#password", dashboardtest.Password),
		chromedp.Submit("#password"),
		chromedp.WaitVisible(".mails"), picture("layout"),
		chromedp.KeyEvent(kb.Tab), chromedp.WaitVisible(".skip:focus"),
		chromedp.KeyEvent(kb.Enter), chromedp.WaitReady("main:focus"),
		chromedp.Focus(summary), chromedp.WaitReady(summary+":focus"),
		chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible("details.menu[open] .menu-items a"),
		chromedp.KeyEvent(kb.Tab), chromedp.WaitReady(".menu-items a:focus"),
		chromedp.KeyEvent(kb.Escape), chromedp.WaitNotPresent("details.menu[open]"), chromedp.WaitReady(summary+":focus"),
		chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible("details.menu[open] .menu-items a"),
		chromedp.Click("h1"), chromedp.WaitNotPresent("details.menu[open]"),
	)
	for _, width := range []int64{390, 320} {
		run(ctx, t, chromedp.EmulateViewport(width, 800), chromedp.Reload(), chromedp.WaitVisible(".mails"))
		wide, err := chromedp.Run(ctx, chromedp.Evaluate[float64]("document.documentElement.scrollWidth"))
		dashboardtest.Check(t, err)
		if int64(wide) > width {
			t.Errorf("at %d the page is %.0f wide", width, wide)
		}
		hidden, err := chromedp.Run(ctx, chromedp.Evaluate[float64](`[...document.querySelectorAll(".areas a")].filter((a) => {
			const at = a.getBoundingClientRect();
			return at.left < 0 || at.right > innerWidth || document.elementFromPoint(at.left + at.width / 2, at.top + at.height / 2) !== a;
		}).length`))
		dashboardtest.Check(t, err)
		if hidden != 0 {
			t.Errorf("at %d, %.0f entries of the navigation are out of sight", width, hidden)
		}
	}
}

func TestAForgottenPasswordIsSetInABrowser(t *testing.T) {
	t.Parallel()
	ctx := chromium(t)
	server, use := withMail(t)
	w := dashboardtest.New(t, use)
	person(t, w, accounts.NewUser{Username: "ann", Email: "ann@example.com", Password: dashboardtest.Password})
	run(ctx, t,
		chromedp.Navigate(w.URL+"/accounts/login/"),
		chromedp.WaitVisible("#password"), picture("login"),
		chromedp.Click(`a[href="/accounts/reset/"]`),
		chromedp.WaitVisible("#named"), picture("reset"),
		chromedp.SendKeys("#named", "ann"), chromedp.Click(".primary"),
		chromedp.WaitVisible(`//p[contains(text(), "on its way")]`), picture("reset-sent"),
	)
	run(ctx, t,
		chromedp.Navigate(w.URL+linkIn(t, w, server.Next(t))),
		chromedp.WaitVisible("#again"), picture("new-password"),
		chromedp.SendKeys("#password", "a new secret"), chromedp.SendKeys("#again", "a new secret"), chromedp.Click(".primary"),
		chromedp.WaitVisible(`.notice[data-kind="ok"]`),
		chromedp.SendKeys("#username", "ann"), chromedp.SendKeys("#password", "a new secret"), chromedp.Submit("#password"),
		chromedp.WaitVisible("header .who"),
	)
}
