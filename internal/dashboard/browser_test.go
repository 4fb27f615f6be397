package dashboard_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
	"git.helu.ca/r/mnemosyne/internal/testkit"
)

// chromium is a window of a real browser. Whatever its console complains of,
// breaches of the content security policy too, fails the test.
func chromium(t *testing.T) context.Context {
	t.Helper()
	return chromiumFor(t, 3*time.Minute)
}

func chromiumFor(t *testing.T, limit time.Duration) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(testkit.Chromium(t)), chromedp.NoSandbox, chromedp.WindowSize(1280, 900), chromedp.UserDataDir(t.TempDir()))
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	// Whatever runs first starts the browser, and ends it with its own context.
	dashboardtest.Check(t, chromedp.Do(ctx, chromedp.Navigate("about:blank")))
	messages := chromedp.Console(ctx)
	read := make(chan struct{})
	go func() {
		defer close(read)
		for m, err := range messages {
			if err != nil {
				return // the window is closed
			}
			// Pages that are meant to be missing are told of, too.
			if (m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleException) && !strings.HasPrefix(m.Text, "Failed to load resource") {
				t.Errorf("the console says: %s %s:%d", m.Text, m.URL, m.Line)
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-read })
	return ctx
}

// picture keeps what the window shows, light, dark and as wide as a phone,
// where MNEMOSYNE_TEST_PICTURES names a folder.
func picture(name string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		dir := os.Getenv("MNEMOSYNE_TEST_PICTURES")
		if dir == "" {
			return nil
		}
		for _, look := range []struct {
			name, scheme string
			width        int64
		}{{"light", "light", 1280}, {"dark", "dark", 1280}, {"phone", "light", 390}} {
			feature := &emulation.MediaFeature{Name: "prefers-color-scheme", Value: look.scheme}
			if _, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{feature}}); err != nil {
				return err
			}
			if _, err := chromedp.EmulateViewport(look.width, 900)(ctx, target); err != nil {
				return err
			}
			png, err := chromedp.FullScreenshot(100)(ctx, target)
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(dir, name+"-"+look.name+".png"), png, 0o600); err != nil {
				return err
			}
		}
		_, err := chromedp.EmulateReset()(ctx, target)
		return err
	})
}

const owls = `# Owls of the North

## Hearing

The barn owl finds a mouse under snow by sound alone. Its ears sit at different
heights, so that a sound from below reaches one of them first.

## Flight

Soft fringes on the leading edge of the wing break up the air, and the owl flies
without a noise that its prey could hear.
`

const bees = `# Bees

Honey bees tell each other where flowers are by dancing. The angle of the dance
is the angle to the sun.
`

func written(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	dashboardtest.Check(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestAPersonTakesADocumentInAndFindsItInABrowser(t *testing.T) {
	t.Parallel()
	ctx := chromium(t)
	w := dashboardtest.New(t)
	ann := w.User("ann")
	w.Library(ann, "Field notes")
	w.Work()
	many := "# Birds\n\n" + strings.Repeat("## A bird\n\nThis one is not of interest.\n\n", 30)
	run(ctx, t,
		chromedp.Navigate(w.URL+"/"),
		chromedp.WaitVisible("#password"), picture("login"),
		chromedp.SendKeys("#username", "ann"), chromedp.SendKeys("#password", dashboardtest.Password),
		chromedp.Submit("#password"),
		chromedp.WaitVisible(".library"), picture("libraries"),
		chromedp.Click(".library h2 a"),
		chromedp.WaitReady("form.upload.live"),
		chromedp.SetUploadFiles("#file", []string{written(t, "owls.md", many+owls), written(t, "bees.md", bees), written(t, "broken.pdf", "%PDF-1.7 no more")}),
		chromedp.WaitVisible(`.job[data-status="running"] .steps [data-state="current"]`),
		chromedp.WaitVisible(`.job[data-status="done"] + .job, .job + .job[data-status="done"]`),
		chromedp.WaitVisible(`.job[data-status="failed"] .job-retry button`),
		chromedp.WaitNotPresent(`.job[data-status="running"], .job[data-status="queued"], .job[data-status="uploading"]`),
		chromedp.WaitVisible(`#documents tr:nth-child(3)`),
		chromedp.WaitVisible(`//p[@id="library-facts"]/span[text()="3 documents"]`), picture("library"),
		chromedp.SendKeys("#q", "how do owls hear mice"), chromedp.Submit("#q"),
		chromedp.WaitVisible(".hit"), picture("search"),
		chromedp.Click(".hit h2 a"),
		chromedp.WaitVisible(`.passage[data-cited="yes"]`), picture("item"),
	)
	at, err := chromedp.Run(ctx, chromedp.Evaluate[float64](`document.querySelector("[data-cited=yes]").getBoundingClientRect().top / innerHeight`))
	dashboardtest.Check(t, err)
	if at < 0 || at > 1 {
		t.Errorf("the passage is %.1f windows away", at)
	}
	cited, title := textIn(ctx, t, `.passage[data-cited="yes"]`), textIn(ctx, t, "h1")
	if title != "Birds" || !strings.Contains(cited, "under snow by sound alone") {
		t.Errorf("the hit leads to %q: %q", title, cited)
	}
}

func TestAPersonMintsATokenAndRevokesItInABrowser(t *testing.T) {
	t.Parallel()
	ctx := chromium(t)
	w := dashboardtest.New(t)
	ann := w.User("ann")
	w.Library(ann, "Field notes")
	run(ctx, t,
		chromedp.Navigate(w.URL+"/profile/tokens/add/"),
		chromedp.WaitVisible("#password"),
		chromedp.SendKeys("#username", "ann"), chromedp.SendKeys("#password", dashboardtest.Password),
		chromedp.Submit("#password"),
		chromedp.WaitVisible("#name"), chromedp.SendKeys("#name", "My laptop"),
		chromedp.Click(".restrictions summary"), chromedp.WaitVisible(".expiry"), picture("token-form"),
		chromedp.Click(".form .primary"),
		chromedp.WaitVisible("#plaintext"), picture("token-created"),
		chromedp.Click(`[data-copy="plaintext"]`),
		chromedp.WaitVisible(`//button[@data-copy="plaintext"][text()="Copied"]`),
	)
	plaintext := textIn(ctx, t, "#plaintext")
	if status := w.Bearer(plaintext); status != http.StatusOK {
		t.Errorf("the token answers %d", status)
	}
	run(ctx, t,
		chromedp.Navigate(w.URL+"/profile/tokens/"),
		chromedp.WaitVisible(".table"), picture("tokens"),
		chromedp.Click(`a[href$="/revoke/"]`),
		chromedp.WaitVisible("button.danger"), picture("confirm"),
		chromedp.Click("button.danger"),
		chromedp.WaitVisible(`.badge[data-status="revoked"]`), picture("revoked"),
		chromedp.Navigate(w.URL+"/profile/tokens/none/edit/"), picture("error"),
	)
	if status := w.Bearer(plaintext); status != http.StatusUnauthorized {
		t.Errorf("the revoked token answers %d", status)
	}
}

func run(ctx context.Context, t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	for i, a := range actions {
		step, cancel := context.WithTimeout(ctx, 30*time.Second)
		err := chromedp.Do(step, a)
		cancel()
		if err != nil {
			body, _ := chromedp.Run(ctx, chromedp.OuterHTML("main"))
			t.Fatalf("step %d: %v\n%s", i, err, body)
		}
	}
}

func textIn(ctx context.Context, t *testing.T, selector string) string {
	t.Helper()
	text, err := chromedp.Run(ctx, chromedp.Text(selector))
	dashboardtest.Check(t, err)
	return text
}
