package dashboard_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/testkit"
)

// alike is how many pages of one route are looked at.
const alike = 2

// site is every page that somebody who may do everything comes to by links.
type site struct {
	w       *dashboardtest.World
	browser *dashboardtest.Browser
	pages   []dashboardtest.Page
	paths   []string // of pages, likewise
	public  []string // paths that are shown to nobody in particular
	visited map[string]int
}

// walk follows all links from the first page on. A link that leads nowhere
// fails the test, and so does a page that no link leads to.
func walk(t *testing.T) *site {
	t.Helper()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	dashboardtest.Check(t, w.Accounts.SetSuperuser(t.Context(), accounts.Operator(), ann.UserID, true))
	s := &site{w: w, browser: w.SignedIn(ann), visited: map[string]int{}}
	next := append([]string{"/"}, slices.DeleteFunc(everyPage(t, w, ann), func(path string) bool {
		return strings.HasPrefix(path, "/accounts/login/") // which leads on
	})...)
	known := map[string]bool{}
	for len(next) > 0 {
		path := next[0]
		next = next[1:]
		route := s.route(path)
		if known[path] || s.visited[route] >= alike {
			continue
		}
		known[path] = true
		s.visited[route]++
		p := s.browser.Get(path)
		if p.Location != "" {
			next = append(next, p.Location)
			continue
		}
		if !strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
			continue // a download
		}
		if p.Status != http.StatusOK && !strings.HasPrefix(path, "/nothing/") {
			t.Errorf("a link leads to %s, which answers %d", path, p.Status)
		}
		s.pages, s.paths = append(s.pages, p), append(s.paths, path)
		next = append(next, links(p, path)...)
	}
	for _, rt := range w.Routes {
		if rt.Method == http.MethodGet && rt.Public && w.Browser().Get(rt.Path).Status == http.StatusOK {
			s.public = append(s.public, rt.Path)
		}
	}
	return s
}

// route is the route that takes a path, or the path itself.
func (s *site) route(path string) string {
	path, _, _ = strings.Cut(path, "?")
	best := path
	for _, rt := range s.w.Routes {
		if rt.Method != http.MethodGet {
			continue
		}
		if rt.Path == path {
			return path
		}
		if pattern(rt.Path).MatchString(path) {
			best = rt.Path
		}
	}
	return best
}

func pattern(route string) *regexp.Regexp {
	return regexp.MustCompile("^" + regexp.MustCompile(`\\\{[a-z_]+\\\}`).ReplaceAllString(regexp.QuoteMeta(route), "[^/]+") + "$")
}

// links are the addresses of ours that a page leads to.
func links(p dashboardtest.Page, from string) (out []string) {
	base, err := url.Parse(from)
	if err != nil {
		return nil
	}
	for _, n := range p.All("a[href], form[method=get][action], [data-poll]") {
		href := dashboardtest.Attr(n, "href") + dashboardtest.Attr(n, "data-poll")
		if n.Data == "form" {
			href = dashboardtest.Attr(n, "action")
		}
		to, err := base.Parse(href)
		if err != nil || to.Host != "" {
			continue
		}
		to.Fragment = ""
		out = append(out, to.String())
	}
	return out
}

func TestEveryPage(t *testing.T) {
	t.Parallel()
	s := walk(t)
	for _, sub := range []struct {
		name string
		run  func(*testing.T, *site)
	}{{"is reached by links", reached}, {"is valid HTML", valid}, {"keeps nobody out", accessible}} {
		t.Run(sub.name, func(t *testing.T) {
			t.Parallel()
			sub.run(t, s)
		})
	}
}

func reached(t *testing.T, s *site) {
	t.Helper()
	for _, rt := range s.w.Routes {
		if rt.Method == http.MethodGet && !rt.Public && s.visited[rt.Path] == 0 {
			t.Errorf("no link leads to %s", rt.Path)
		}
	}
}

// valid asks the W3C's checker, all pages in one run.
func valid(t *testing.T, s *site) {
	t.Helper()
	java, jar := testkit.VNU(t)
	dir := t.TempDir()
	args := []string{"-jar", jar, "--format", "json", "--stdout"}
	pages, paths := slices.Clone(s.pages), slices.Concat(s.paths, s.public)
	for _, path := range s.public {
		pages = append(pages, s.w.Browser().Get(path))
	}
	for i, p := range pages {
		file := filepath.Join(dir, fmt.Sprintf("%03d.html", i))
		dashboardtest.Check(t, os.WriteFile(file, []byte(p.Body), 0o600))
		args = append(args, file)
	}
	var out, errOut bytes.Buffer
	cmd := exec.CommandContext(t.Context(), java, args...)
	cmd.Stdout, cmd.Stderr = &out, &errOut
	_ = cmd.Run() // it fails when it finds something
	var found struct {
		Messages []struct {
			Type, SubType, URL, Message, Extract string
		}
	}
	if err := json.Unmarshal(out.Bytes(), &found); err != nil {
		t.Fatalf("the checker says no JSON: %v: %s", err, errOut.String())
	}
	for _, m := range found.Messages {
		var i int
		if _, err := fmt.Sscanf(filepath.Base(m.URL), "%03d.html", &i); err != nil {
			t.Errorf("%s: %s", m.Type, m.Message)
			continue
		}
		t.Errorf("%s: %s: %s, at %s", paths[i], m.Type, m.Message, m.Extract)
	}
}

// accessible asks axe of every page, light, dark and on a phone.
func accessible(t *testing.T, s *site) {
	t.Helper()
	axe, err := os.ReadFile(testkit.Axe(t))
	dashboardtest.Check(t, err)
	ctx := chromiumFor(t, 15*time.Minute)
	at, err := url.Parse(s.w.URL)
	dashboardtest.Check(t, err)
	for _, path := range s.public {
		look(ctx, t, s.w.URL+path, string(axe))
	}
	for _, c := range s.browser.Client.Jar.Cookies(at) {
		if c.Name == httpx.SessionCookie {
			run(ctx, t, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
				_, err := cdp.Call(ctx, target, network.SetCookie, network.SetCookieParams{Name: c.Name, Value: c.Value, URL: s.w.URL})
				return err
			}))
		}
	}
	for _, path := range s.paths {
		look(ctx, t, s.w.URL+path, string(axe))
	}
}

// look opens a page as the looks of it are, and complains of what axe finds
// and of a page that is wider than a phone.
func look(ctx context.Context, t *testing.T, address, axe string) {
	t.Helper()
	run(ctx, t, chromedp.Navigate(address), chromedp.WaitReady("#main"))
	for _, as := range looks() {
		run(ctx, t, as.action())
		step, cancel := context.WithTimeout(ctx, time.Minute)
		found, err := chromedp.Run(step, chromedp.Evaluate[[]string](axe+`;
axe.run(document, {resultTypes: ["violations"]`+as.only()+`}).then(r => r.violations.flatMap(v => v.nodes.map(n =>
  v.id + ": " + v.help + ": " + n.html.slice(0, 200) + " " + n.any.concat(n.all, n.none).map(c => c.message).join("; "))))`, chromedp.EvalAwaitPromise))
		cancel()
		dashboardtest.Check(t, err)
		for _, f := range found {
			t.Errorf("%s, %s: %s", address, as.name, f)
		}
		wide, err := chromedp.Run(ctx, chromedp.Evaluate[float64](`document.documentElement.scrollWidth - innerWidth`))
		dashboardtest.Check(t, err)
		if wide > 0 {
			t.Errorf("%s, %s: it is %.0f px wider than the window", address, as.name, wide)
		}
	}
}

// appearance is how a page is shown.
type appearance struct {
	name, scheme string
	width        int64
}

// only narrows axe to what another look may change.
func (a appearance) only() string {
	switch a.name {
	case "dark":
		return `, runOnly: ["color-contrast", "link-in-text-block"]`
	case "phone":
		return `, runOnly: ["target-size", "scrollable-region-focusable", "label", "button-name", "link-name"]`
	}
	return ""
}

func looks() []appearance {
	return []appearance{{"light", "light", 1280}, {"dark", "dark", 1280}, {"phone", "light", 390}}
}

func (a appearance) action() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		feature := &emulation.MediaFeature{Name: "prefers-color-scheme", Value: a.scheme}
		if _, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{feature}}); err != nil {
			return err
		}
		_, err := chromedp.EmulateViewport(a.width, 900)(ctx, target)
		return err
	})
}
