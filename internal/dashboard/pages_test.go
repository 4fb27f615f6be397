package dashboard_test

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/web"
)

// canary is what would run if it reached a page as markup.
const canary = `<script>alert(1)</script><img src=x onerror=alert(1)>"'></textarea></title>`

// everyPage gives the path of each page, with something hostile in all of
// them.
func everyPage(t *testing.T, w *world, ann accounts.Principal) []string {
	t.Helper()
	g, err := w.libraries.Create(t.Context(), ann, library.NewLibrary{Name: canary, Description: canary})
	check(t, err)
	uid := g.Library.UID
	w.work()
	job := w.submit(ann, uid, canary+".md", "# "+canary+"\n\nThe owl says "+canary+"\n\n## Second "+canary+"\n\nMore of it.\n")
	w.ended(ann, job.ID)
	w.ended(ann, w.submit(ann, uid, canary+".pdf", "%PDF-1.4 "+canary).ID)
	_, token, err := w.tokens.Create(t.Context(), accounts.Operator(), ann.UserID, mcpserver.TokenSpec{Name: canary, AllowedLibraries: []string{uid}})
	check(t, err)
	at := "/libraries/" + uid + "/"
	return []string{
		"/accounts/login/?next=" + url.QueryEscape("/"+canary),
		"/libraries/", "/libraries/add/", at, at + "items/" + job.ItemUID + "/", at + "items/" + job.ItemUID + "/delete/",
		"/search/", "/search/?q=" + url.QueryEscape("owl "+canary), "/search/?q=owl&library=" + url.QueryEscape(canary), "/jobs/", "/jobs/?status=" + url.QueryEscape(canary),
		"/profile/tokens/", "/profile/tokens/add/", "/profile/tokens/" + token.ID + "/edit/", "/profile/tokens/" + token.ID + "/revoke/",
		"/nothing/" + url.PathEscape(canary) + "/",
	}
}

func TestNoPageRunsWhatADocumentSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	b := w.signedIn(ann)
	for _, path := range everyPage(t, w, ann) {
		p := b.get(path)
		if strings.Contains(p.body, "<script>alert") || len(p.all("img[onerror], script:not([src])")) != 0 {
			t.Errorf("%s holds the canary as markup", path)
		}
		csp := p.header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if p.location == "" && !strings.Contains(csp, part) {
				t.Errorf("%s: the policy %q lacks %s", path, csp, part)
			}
		}
		if strings.Contains(csp, "unsafe") || len(p.all("[style], style")) != 0 {
			t.Errorf("%s has styles of its own", path)
		}
		visit(p.root, func(n *html.Node) {
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") {
					t.Errorf("%s: <%s> has a handler of its own, %s", path, n.Data, a.Key)
				}
			}
		})
	}
}

func TestEveryPageCanBeUsedByKeyboardAndReader(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	b := w.signedIn(ann)
	for _, path := range everyPage(t, w, ann) {
		p := b.get(path)
		if p.location != "" {
			p = w.browser().get(path) // signing in is for those who are not
		}
		if attr(p.one("html"), "lang") != "en" {
			t.Errorf("%s names no language", path)
		}
		p.one("main")
		p.one("header")
		p.one("h1")
		p.one(`a.skip[href="#main"]`)
		p.one("[aria-live]")
		if !strings.HasSuffix(p.text("title"), " · Mnemosyne") || p.text("title") == "· Mnemosyne" {
			t.Errorf("%s has the title %q", path, p.text("title"))
		}
		labelled(t, path, p)
		ids := map[string]bool{}
		for _, n := range p.all("[id]") {
			if id := attr(n, "id"); ids[id] {
				t.Errorf("%s has the id %s twice", path, id)
			} else {
				ids[id] = true
			}
		}
		for _, n := range p.all("[aria-describedby], [aria-labelledby]") {
			if id := attr(n, "aria-describedby") + attr(n, "aria-labelledby"); !ids[id] {
				t.Errorf("%s: nothing has the id %q", path, id)
			}
		}
	}
}

// labelled proves that every field has a label, and every link and button a
// name.
func labelled(t *testing.T, path string, p page) {
	t.Helper()
	for _, n := range p.all("input:not([type=hidden]), select, textarea") {
		inLabel := n.Parent.Data == "label"
		if id := attr(n, "id"); !inLabel && (id == "" || len(p.all(`label[for="`+id+`"]`)) != 1) {
			t.Errorf("%s: the field %s has no label", path, attr(n, "name"))
		}
	}
	for _, n := range p.all("a, button, summary") {
		if strings.TrimSpace(textOf(n)) == "" && attr(n, "aria-label") == "" {
			t.Errorf("%s: a <%s> has no name", path, n.Data)
		}
	}
	for _, n := range p.all("img") {
		if !has(n, "alt") {
			t.Errorf("%s: an image says nothing", path)
		}
	}
}

func visit(n *html.Node, fn func(*html.Node)) {
	fn(n)
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		visit(c, fn)
	}
}

func TestEveryPageButSignInIsForThoseSignedIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	d, err := dashboard.New(dashboard.Options{})
	check(t, err)
	for _, rt := range d.Routes() {
		if rt.Public {
			continue
		}
		path := strings.NewReplacer("{id}", "x", "{uid}", "x", "{item}", "x").Replace(rt.Path)
		var p page
		if rt.Method == http.MethodGet {
			p = b.get(path)
		} else {
			p = b.post(path, url.Values{})
		}
		if p.status != http.StatusSeeOther || !strings.HasPrefix(p.location, "/accounts/login/") {
			t.Errorf("%s %s answers %d to nobody, %q", rt.Method, rt.Path, p.status, p.location)
		}
	}
}

func TestEveryFormNeedsTheTokenOfItsSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(w.user("ann"))
	d, err := dashboard.New(dashboard.Options{})
	check(t, err)
	for _, rt := range d.Routes() {
		if rt.Method != http.MethodPost || rt.Streams { // the upload has a test of its own
			continue
		}
		path := strings.NewReplacer("{id}", "x", "{uid}", "x", "{item}", "x").Replace(rt.Path)
		b.post(path, url.Values{"username": {"ann"}, "password": {password}}).want(http.StatusForbidden)
	}
}

func TestWhatIsNotThereIsAPageForBrowsersAndJSONForPrograms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(w.user("ann"))
	b.get("/nothing/").want(http.StatusNotFound).says("h1", "Nothing here").says("header", "ann")
	w.browser().get("/nothing/").want(http.StatusNotFound).says("h1", "Nothing here")
	b.get("/static/app.css").want(http.StatusNotFound)
	for _, path := range []string{"/library/api/nothing/", "/mcp_server/api/x/", "/mcp/x"} {
		if got := b.get(path).want(http.StatusNotFound).header.Get("Content-Type"); got != "application/json" {
			t.Errorf("%s answers %s", path, got)
		}
	}
	slash := b.get("/libraries").want(http.StatusMovedPermanently)
	if slash.location != "/libraries/" {
		t.Errorf("the slash is added at %q", slash.location)
	}
	wrong := b.post("/search/", nil).want(http.StatusMethodNotAllowed).says("main", "POST")
	if wrong.header.Get("Allow") != "GET, HEAD" {
		t.Errorf("Allow is %q", wrong.header.Get("Allow"))
	}
	b.post("/libraries/add/", url.Values{"x": {strings.Repeat("y", 2<<20)}}).want(http.StatusRequestEntityTooLarge)
	b.get("/libraries/?after=nonsense").want(http.StatusBadRequest)
}

// failing is a search that breaks in a way nobody foresaw.
type failing struct{}

func (failing) Search(context.Context, accounts.Principal, search.Request) (search.Result, error) {
	return search.Result{}, errors.New("the secret host db7 is down")
}

func TestAFaultOfOursShowsItsIDAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *dashboard.Options) { o.Search = failing{} })
	ann := w.user("ann")
	w.library(ann, "Papers")
	p := w.signedIn(ann).get("/search/?q=owls").want(http.StatusInternalServerError).says("h1", "Something went wrong")
	if id := p.header.Get("X-Request-Id"); id == "" || p.text("main code") != id {
		t.Errorf("the page shows the id %q, the header has %q", p.text("main code"), id)
	}
	if strings.Contains(p.body, "db7") {
		t.Error("the page shows the cause")
	}
}

func TestAssetsAreNamedByTheirContentAndKeptForEver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	login := b.get("/accounts/login/")
	script := attr(login.one("script"), "src")
	paths := []string{script, attr(login.one("link[rel=stylesheet]"), "href"), attr(login.one("link[rel=icon]"), "href")}
	for _, m := range regexp.MustCompile(`from "\./([^"]+)"`).FindAllStringSubmatch(b.get(script).body, -1) {
		paths = append(paths, "/static/"+m[1])
	}
	if len(paths) < 7 {
		t.Fatalf("the pages use %q", paths)
	}
	for _, path := range paths {
		p := b.get(path).want(http.StatusOK)
		if !regexp.MustCompile(`\.[0-9a-f]{10}\.(js|css|svg)$`).MatchString(path) || !strings.Contains(p.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: Cache-Control is %q", path, p.header.Get("Cache-Control"))
		}
	}
	static, err := fs.Sub(web.FS, "static")
	check(t, err)
	assets, err := web.NewAssets(static)
	check(t, err)
	dir := filepath.Join(t.TempDir(), "static")
	names, err := assets.WriteTo(dir)
	check(t, err)
	for _, path := range paths {
		kept, err := os.ReadFile(filepath.Join(dir, strings.TrimPrefix(path, "/static/")))
		check(t, err)
		if string(kept) != b.get(path).body {
			t.Errorf("%s is served otherwise than it is written", path)
		}
	}
	if len(names) < len(paths) {
		t.Errorf("only %q are written", names)
	}
}
