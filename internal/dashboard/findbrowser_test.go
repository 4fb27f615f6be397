package dashboard_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
	"git.helu.ca/r/mnemosyne/internal/library"
)

func TestAPersonNarrowsASearchAndGoesThroughItByKeyboard(t *testing.T) {
	t.Parallel()
	ctx := chromium(t)
	w := dashboardtest.New(t)
	ann := w.User("ann")
	uid := w.Library(ann, "Field notes")
	for n := range 30 {
		_, err := w.Libraries.Create(t.Context(), ann, library.NewLibrary{Name: fmt.Sprintf("Shelf %02d", n), Type: "technical"})
		dashboardtest.Check(t, err)
	}
	w.Work()
	long := owls + "\n## Habitat\n\n" + strings.Repeat("They live where there is room to live in. ", 40) + "\n\n## Code\n\n```go\nfunc owl(name string) {\n\thoot(name)\n}\n```\n"
	w.Ended(ann, w.Submit(ann, uid, "owls.md", long).ID)
	w.Ended(ann, w.Submit(ann, uid, "bees.md", bees).ID)
	focused := func() string {
		href, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.activeElement.getAttribute("href") ?? document.activeElement.id`))
		dashboardtest.Check(t, err)
		return href
	}
	run(ctx, t,
		chromedp.Navigate(w.URL+"/search/"),
		chromedp.WaitVisible("#password"),
		chromedp.SendKeys("#username", "ann"), chromedp.SendKeys("#password", dashboardtest.Password), chromedp.Submit("#password"),
		chromedp.WaitVisible("#find"), picture("search-empty"),
		chromedp.SendKeys("#find", "field"),
		chromedp.WaitVisible(`#library-boxes:not([aria-busy]) label:only-child input`),
		chromedp.Click(`#library-boxes input`),
		chromedp.SendKeys("#q", "owls hearing mice\r"),
		chromedp.WaitVisible(".hit"),
		chromedp.Focus(".how summary"), chromedp.KeyEvent("\r"), chromedp.WaitVisible(".how table"), picture("search-found"),
		chromedp.KeyEvent("/"),
	)
	if got := focused(); got != "q" {
		t.Errorf("/ leads to %q", got)
	}
	run(ctx, t, chromedp.Focus(".how summary"), chromedp.KeyEvent("j"))
	first := focused()
	run(ctx, t, chromedp.KeyEvent("j"))
	if second := focused(); !strings.Contains(first, "#c") || second == first || !strings.Contains(second, "#c") {
		t.Errorf("j leads to %q, then %q", first, second)
	}
	run(ctx, t, chromedp.KeyEvent("k"))
	if got := focused(); got != first {
		t.Errorf("k leads back to %q, not %q", got, first)
	}
	run(ctx, t, chromedp.KeyEvent("\r"), chromedp.WaitVisible(`[data-cited="yes"]`))
	if cited := textIn(ctx, t, `[data-cited="yes"]`); !strings.Contains(cited, "under snow by sound alone") {
		t.Errorf("Enter opens %q", cited)
	}
	run(ctx, t, chromedp.Navigate(w.URL+"/search/?q=zebra&type=fiction"), chromedp.WaitVisible(".empty"), picture("search-nothing"))
}

func TestAListOfJobsIsFollowedLive(t *testing.T) {
	t.Parallel()
	ctx := chromium(t)
	w := dashboardtest.New(t)
	ann := w.User("ann")
	uid := w.Library(ann, "Field notes")
	job := w.Submit(ann, uid, "owls.md", owls)
	run(ctx, t,
		chromedp.Navigate(w.URL+"/jobs/"),
		chromedp.WaitVisible("#password"),
		chromedp.SendKeys("#username", "ann"), chromedp.SendKeys("#password", dashboardtest.Password), chromedp.Submit("#password"),
		chromedp.WaitVisible(`.job[data-status="queued"]`),
	)
	w.Submit(ann, uid, "bad.pdf", "%PDF-1.7 no more")
	w.Submit(ann, uid, "worse.pdf", "%PDF-1.7 no more at all")
	run(ctx, t, chromedp.WaitVisible(`//p[@id="newer"]/a[text()="2 newer jobs"]`))
	w.Work()
	run(ctx, t,
		chromedp.WaitVisible(`.job[data-status="done"] .job-open`),
		chromedp.Click("#newer a"),
		chromedp.WaitVisible(`.job[data-status="failed"] + .job[data-status="failed"]`),
		chromedp.Reload(), chromedp.WaitVisible(".bulk a"),
		chromedp.Focus(".job-filter summary"), chromedp.KeyEvent("\r"), chromedp.WaitVisible("#by"), picture("jobs"),
		chromedp.Click(`.job[data-status="failed"] .job-name`), chromedp.WaitVisible(".remedy"), picture("job-failed"),
		chromedp.Navigate(w.URL+"/jobs/"+job.ID+"/"), chromedp.WaitVisible("table"), picture("job-done"),
	)
}
