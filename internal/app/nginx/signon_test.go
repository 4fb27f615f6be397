package nginx_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/testkit"
	"git.helu.ca/r/mnemosyne/internal/testkit/stack"
)

// browser is a window that finds the site at an address of this machine.
func browser(t *testing.T, https string) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(testkit.Chromium(t)), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("host-resolver-rules", "MAP "+site+":443 "+https), chromedp.Flag("ignore-certificate-errors", true))...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil { // starts it
		t.Fatal(err)
	}
	return ctx
}

func TestAPersonSignsInAtTheProviderBehindBothProxies(t *testing.T) {
	t.Parallel()
	provider := testkit.OIDC(t)
	s := stack.Start(t, stack.Options{Workers: -1, Settings: []string{
		"ALLOWED_HOSTS=" + site + ",127.0.0.1", "CSRF_TRUSTED_ORIGINS=https://" + site, "TRUSTED_PROXIES=127.0.0.1",
		"CASDOOR_ENABLED=True", "CASDOOR_ORIGIN=" + provider, "CASDOOR_ORIGIN_FRONTEND=" + provider,
		"CASDOOR_CLIENT_ID=mnemosyne", "CASDOOR_CLIENT_SECRET=mnemosyne-secret", "CASDOOR_ORG_NAME=helu", "ALLOW_LOCAL_LOGIN=False",
	}})
	s.Must("create-sso-groups")
	front := start(t, behind{app: strings.TrimPrefix(s.REST, "http://"), mcp: strings.TrimPrefix(s.MCP, "http://")})
	ctx := browser(t, haproxy(t, front))
	name := "p" + strings.ReplaceAll(uuid.NewString(), "-", "")
	do := func(what string, actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		step, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		if err := chromedp.Do(step, actions...); err != nil {
			said, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + " " + document.body.innerText`))
			t.Fatalf("%s: %v; the page is %s (a provider of another version of these tests? `scripts/services start` starts it anew)", what, err, said)
		}
	}
	do("the page to sign in", chromedp.Navigate("https://"+site+"/jobs/"), chromedp.WaitVisible("main a.primary"))
	do("the provider's page", chromedp.Click("main a.primary"), chromedp.WaitVisible("#login"))
	do("the way back", chromedp.SendKeys("#login", name), chromedp.Submit("#login"), chromedp.WaitVisible("header .who"))
	who, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + " " + document.querySelector("header .who").textContent + " " + (document.cookie === "")`))
	if err != nil || who != "https://"+site+"/jobs/ "+name+" true" {
		t.Errorf("the page is %q, %v", who, err)
	}
	do("signing out", chromedp.Click("header details.menu summary"), chromedp.Click("header form[action='/accounts/logout/'] button"), chromedp.WaitVisible("main [role=status]"))
	if trail := s.Must("audit", "--event", "sign_in", "--json"); !strings.Contains(trail, `"outcome":"accepted"`) || !strings.Contains(trail, name) {
		t.Errorf("the trail says %s", trail)
	}
}
