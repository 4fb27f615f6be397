package dashboard_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

func TestAnAdministratorMakesAnAccountInABrowserAndItsOwnerChangesThePassword(t *testing.T) {
	t.Parallel()
	ctx := chromium(t)
	w := dashboardtest.New(t)
	grouped(t, w, "root", "superuser")
	grouped(t, w, "annabel", "SME")
	grouped(t, w, "viewer", "View Only")
	_, _, err := w.Tokens.Create(t.Context(), accounts.Operator(), w.User("bob").UserID, mcpserver.TokenSpec{Name: "Laptop"})
	dashboardtest.Check(t, err)
	run(ctx, t,
		chromedp.Navigate(w.URL+peoplePath),
		chromedp.WaitVisible("#password"),
		chromedp.SendKeys("#username", "root"), chromedp.SendKeys("#password", dashboardtest.Password),
		chromedp.Submit("#password"),
		chromedp.WaitVisible("tr[data-user]"), picture("people"),
		chromedp.Click(".title .primary"),
		chromedp.WaitVisible("#username"), picture("person-form"),
		chromedp.SendKeys("#username", "newcomer"), chromedp.Click(`input[value="SME"]`),
		chromedp.Submit("#username"),
		chromedp.WaitVisible("code#password"), picture("person-password"),
		chromedp.Click(`[data-copy="password"]`),
		chromedp.WaitVisible(`//button[@data-copy="password"][text()="Copied"]`),
	)
	password := textIn(ctx, t, "#password")
	run(ctx, t,
		chromedp.Click(".buttons a"),
		chromedp.WaitVisible(".about"), picture("person"),
		chromedp.Click(`a[href$="/disable/"]`),
		chromedp.WaitVisible("button.danger"), picture("person-disable"),
		chromedp.Click(`form[action$="/disable/"] a`),
		chromedp.WaitVisible(".about"),
		chromedp.Click(".menu summary"), chromedp.Click(".menu-items button"),
		chromedp.WaitVisible("#password"),
		chromedp.SendKeys("#username", "newcomer"), chromedp.SendKeys("#password", password),
		chromedp.Submit("#password"),
		chromedp.WaitVisible(".menu"),
		chromedp.Navigate(w.URL+settingsPath),
		chromedp.WaitVisible("#again"), picture("settings"),
		chromedp.SendKeys("#current_password", password), chromedp.SendKeys("#password", "another horse"), chromedp.SendKeys("#again", "another mule"),
		chromedp.Submit("#again"),
		chromedp.WaitVisible("#again-fault"), picture("settings-fault"),
		chromedp.SendKeys("#current_password", password), chromedp.SendKeys("#password", "another horse"), chromedp.SendKeys("#again", "another horse"),
		chromedp.Submit("#again"),
		chromedp.WaitVisible(`.notice[data-kind="ok"]`), picture("settings-done"),
	)
	again := w.Browser()
	again.Submit(again.Get("/accounts/login/"), loginForm, credentials("newcomer", "another horse")).Want(303)
}
