package dashboard_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
	"git.helu.ca/r/mnemosyne/internal/embedding/remote/remotetest"
)

func TestAnAdministratorChoosesAModelInABrowser(t *testing.T) {
	t.Parallel()
	ctx := chromium(t)
	server := remotetest.New(t, remotetest.Behaviour{Dimensions: 1024, Key: "sk-0123456789abcdefgh"})
	w := dashboardtest.New(t)
	ann := w.User("ann")
	dashboardtest.Check(t, w.Accounts.SetSuperuser(t.Context(), accounts.Operator(), ann.UserID, true))
	_, err := w.DB.Write().ExecContext(t.Context(), `INSERT INTO library (uid, name, library_type, embedding_space, created_at, updated_at)
		VALUES ('l', 'Papers', 'technical', 'all-MiniLM-L6-v2/384', '2026-05-01T12:00:00.000000Z', '2026-05-01T12:00:00.000000Z')`)
	dashboardtest.Check(t, err)
	run(ctx, t,
		chromedp.Navigate(w.URL+"/admin/providers/"),
		chromedp.WaitVisible("#password"),
		chromedp.SendKeys("#username", "ann"), chromedp.SendKeys("#password", dashboardtest.Password), chromedp.Submit("#password"),
		chromedp.WaitVisible(`a[href="/admin/providers/add/"]`), picture("providers-none"),
		chromedp.Click(`a[href="/admin/providers/add/"]`), chromedp.WaitVisible("#base_url"),
		chromedp.SendKeys("#name", "Nyx"), chromedp.SendKeys("#base_url", server.URL+"/v1"), chromedp.SendKeys("#key", "sk-0123456789abcdefgh"), picture("provider-form"),
		chromedp.Submit("#key"),
		chromedp.WaitVisible("summary"), chromedp.SendKeys("#name", remotetest.Model), chromedp.Click(".restrictions summary"), picture("model-form"),
		chromedp.Submit("#name"),
		chromedp.WaitVisible(`form[action$="/test/"]`), chromedp.Click(`form[action$="/test/"] button`),
		chromedp.WaitVisible(`.notice[data-kind="ok"]`), picture("provider"),
		chromedp.Click(`form[action$="/default/"] button`),
		chromedp.WaitVisible(`[data-use="embedding"] ol`), picture("providers"),
		chromedp.Click(`.row-actions .dangerous`), chromedp.WaitVisible("button.danger"), picture("provider-delete"),
	)
}
