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
	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/gold"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/llmmanager"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/web"
)

// canary is what would run if it reached a page as markup.
const canary = `<script>alert(1)</script><img src=x onerror=alert(1)>"'></textarea></title>`

// everyPage gives the path of each page, with something hostile in all of
// them.
func everyPage(t *testing.T, w *dashboardtest.World, ann accounts.Principal) []string {
	t.Helper()
	g, err := w.Libraries.Create(t.Context(), ann, library.NewLibrary{Name: canary, Description: canary})
	dashboardtest.Check(t, err)
	uid := g.Library.UID
	w.Work()
	job := w.Submit(ann, uid, canary+".md", "# "+canary+"\n\nThe owl says "+canary+"\n\n## Second "+canary+"\n\nMore of it.\n")
	w.Ended(ann, job.ID)
	broken := w.Submit(ann, uid, canary+".pdf", "%PDF-1.4 "+canary)
	w.Ended(ann, broken.ID)
	w.Ended(ann, w.Submit(ann, uid, "broken.pdf", "%PDF-1.4").ID)
	for _, name := range []string{"later.txt", "last.txt"} { // these wait for ever
		waits := w.Submit(ann, uid, name, name+canary)
		w.Ended(ann, waits.ID)
		_, err := sqldb.Exec(t.Context(), w.DB.Write(), `UPDATE ingest_job SET status = 'queued', finished_at = NULL, not_before = '2999-01-01T00:00:00.000000Z' WHERE id = $1`, waits.ID)
		dashboardtest.Check(t, err)
	}
	_, token, err := w.Tokens.Create(t.Context(), accounts.Operator(), ann.UserID, mcpserver.TokenSpec{Name: canary, AllowedLibraries: []string{uid}})
	dashboardtest.Check(t, err)
	aWorkspace(t, w, ann, "ws", canary)
	team, inactive := aTeam(t, w, ann, canary), aTeam(t, w, ann, "Old "+canary)
	_, err = w.Teams.SetWorkspaces(t.Context(), accounts.Actor{Principal: ann}, team.ID, []string{"ws", "none"})
	dashboardtest.Check(t, err)
	dashboardtest.Check(t, w.Teams.Delete(t.Context(), accounts.Actor{Principal: ann}, inactive.ID))
	_, err = w.Keys.Seed(t.Context(), accounts.Operator(), "spare", false)
	dashboardtest.Check(t, err)
	dashboardtest.Check(t, w.Accounts.SetSuperuser(t.Context(), accounts.Operator(), ann.UserID, true)) // who sees every page
	aProvider(t, w, canary)
	used(t, w, ann, uid, canary, canary)
	ofTeam := "/teams/" + team.ID + "/"
	at := "/libraries/" + uid + "/"
	item := at + "items/" + job.ItemUID + "/"
	folder := new(strings.TrimPrefix(canary, "<"))
	_, err = w.Libraries.UpdateItem(t.Context(), ann, job.ItemUID, library.ItemPatch{Collection: &folder, Metadata: map[string]any{canary: canary, "list": []any{canary}}})
	dashboardtest.Check(t, err)
	dashboardtest.Check(t, w.Gold.Judge(t.Context(), ann, gold.Mark{LibraryUID: uid, ItemUID: job.ItemUID, Question: "owl " + canary, Quote: canary, Grade: gold.Relevant}))
	for range 2 {
		dashboardtest.Check(t, w.Gold.Keep(t.Context(), uid, gold.Run{Settings: canary, Questions: 1, NDCG: .5, Recall: 1, MRR: .25}))
	}
	w.User("bob")
	_, err = w.Libraries.PutMember(t.Context(), ann, uid, "bob", library.RoleReader)
	dashboardtest.Check(t, err)
	hostile := url.QueryEscape(canary)
	return append(peoplePages(t, w, ann), []string{
		"/usage/?range=24h", "/admin/usage/?range=24h", "/usage/?range=" + url.QueryEscape(canary),
		"/teams/", "/teams/add/", ofTeam, ofTeam + "edit/", ofTeam + "workspaces/", ofTeam + "rotate/", ofTeam + "delete/",
		"/teams/" + inactive.ID + "/", "/teams/" + inactive.ID + "/recreate/",
		"/libraries/?q=" + hostile + "&type=" + hostile + "&kind=" + hostile, at + "?q=" + hostile + "&status=" + hostile + "&collection=" + hostile + "&sort=name",
		at + "web/", at + "note/", at + "settings/", at + "delete/", at + "members/", at + "members/remove/?username=" + hostile, at + "collections/", at + "quality/", at + "leave/",
		at + "documents/delete/?item=" + job.ItemUID + "&item=" + hostile, at + "documents/move/?item=" + job.ItemUID + "&collection=" + hostile,
		item + "details/", item + "edit/", item + "replace/", item + "?at=3&to=12", item + "?version=7",
		"/accounts/login/?next=" + url.QueryEscape("/"+canary),
		"/libraries/", "/libraries/add/", at, at + "items/" + job.ItemUID + "/", at + "items/" + job.ItemUID + "/delete/",
		"/search/", "/search/?q=" + url.QueryEscape("owl "+canary), "/search/?q=owl&library=" + url.QueryEscape(canary),
		"/search/?q=owl&choose=1&collection=" + url.QueryEscape(canary) + "&find=" + url.QueryEscape(canary), "/search/?q=owl&item=" + job.ItemUID, "/search/?q=+", "/jobs/", "/jobs/?status=" + url.QueryEscape(canary), "/jobs/cancel/",
		"/jobs/?library=" + uid, "/jobs/" + job.ID + "/", "/jobs/" + broken.ID + "/", "/jobs/?from=never&name=" + url.QueryEscape(canary) + "&by=" + url.QueryEscape(canary),
		"/jobs/retry/?name=.pdf&by=ann&library=" + uid,
		"/profile/tokens/", "/profile/tokens/add/", "/profile/tokens/" + token.ID + "/edit/", "/profile/tokens/" + token.ID + "/revoke/",
		"/profile/settings/",
		"/api/docs/", "/api/docs/ingest/", "/api/docs/search/", "/api/docs/?q=" + url.QueryEscape(canary),
		"/admin/", "/admin/tokens/", "/admin/tokens/?user=" + url.QueryEscape(canary), "/admin/tokens/" + token.ID + "/revoke/",
		"/admin/libraries/", "/admin/libraries/?name=" + url.QueryEscape(canary), "/admin/libraries/" + uid + "/",
		"/admin/teams/", "/admin/teams/?kid=" + url.QueryEscape(canary), "/admin/teams/" + team.ID + "/deactivate/",
		"/admin/keys/", "/admin/keys/spare/retire/", "/admin/health/", "/admin/health/residue/",
		"/admin/audit/", "/admin/audit/?text=" + url.QueryEscape(canary),
		"/nothing/" + url.PathEscape(canary) + "/",
	}...)
}

// aProvider adds a provider with a model of each use.
func aProvider(t *testing.T, w *dashboardtest.World, name string) {
	t.Helper()
	of, err := w.Providers.Add(t.Context(), accounts.Operator(), llmmanager.ProviderSpec{
		Name: name, API: llmmanager.OpenAI, BaseURL: "http://127.0.0.1:9/v1", Key: "sk-0123456789abcdefgh", Active: true,
	})
	dashboardtest.Check(t, err)
	for _, use := range llmmanager.Uses() {
		_, err := w.Providers.AddModel(t.Context(), accounts.Operator(), of.ID, llmmanager.ModelSpec{Use: use, Name: name})
		dashboardtest.Check(t, err)
	}
}

func TestNoPageRunsWhatADocumentSays(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	b := w.SignedIn(ann)
	for _, path := range everyPage(t, w, ann) {
		p := b.Get(path)
		if strings.Contains(p.Body, "<script>alert") || len(p.All("img[onerror], script:not([src])")) != 0 {
			t.Errorf("%s holds the canary as markup", path)
		}
		csp := p.Header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if p.Location == "" && !strings.Contains(csp, part) {
				t.Errorf("%s: the policy %q lacks %s", path, csp, part)
			}
		}
		if strings.Contains(csp, "unsafe") || len(p.All("[style], style")) != 0 {
			t.Errorf("%s has styles of its own", path)
		}
		visit(p.Root, func(n *html.Node) {
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
	w := dashboardtest.New(t)
	ann := w.User("ann")
	b := w.SignedIn(ann)
	for _, path := range everyPage(t, w, ann) {
		p := b.Get(path)
		if p.Location != "" {
			p = w.Browser().Get(path) // signing in is for those who are not
		}
		if dashboardtest.Attr(p.One("html"), "lang") != "en" {
			t.Errorf("%s names no language", path)
		}
		p.One("main")
		p.One("header")
		p.One("h1")
		p.One(`a.skip[href="#main"]`)
		p.One("[aria-live]")
		if !strings.HasSuffix(p.Text("head > title"), " · Mnemosyne") || p.Text("head > title") == "· Mnemosyne" {
			t.Errorf("%s has the title %q", path, p.Text("head > title"))
		}
		labelled(t, path, p)
		ids := map[string]bool{}
		for _, n := range p.All("[id]") {
			if id := dashboardtest.Attr(n, "id"); ids[id] {
				t.Errorf("%s has the id %s twice", path, id)
			} else {
				ids[id] = true
			}
		}
		for _, n := range p.All("[aria-describedby], [aria-labelledby]") {
			for id := range strings.FieldsSeq(dashboardtest.Attr(n, "aria-describedby") + " " + dashboardtest.Attr(n, "aria-labelledby")) {
				if !ids[id] {
					t.Errorf("%s: nothing has the id %q", path, id)
				}
			}
		}
	}
}

// labelled proves that every field has a label, and every link and button a
// name.
func labelled(t *testing.T, path string, p dashboardtest.Page) {
	t.Helper()
	for _, n := range p.All("input:not([type=hidden]), select, textarea") {
		inLabel := n.Parent.Data == "label"
		if id := dashboardtest.Attr(n, "id"); !inLabel && dashboardtest.Attr(n, "aria-label") == "" && (id == "" || len(p.All(`label[for="`+id+`"]`)) != 1) {
			t.Errorf("%s: the field %s has no label", path, dashboardtest.Attr(n, "name"))
		}
	}
	for _, n := range p.All("a, button, summary") {
		if strings.TrimSpace(dashboardtest.TextOf(n)) == "" && dashboardtest.Attr(n, "aria-label") == "" {
			t.Errorf("%s: a <%s> has no name", path, n.Data)
		}
	}
	for _, n := range p.All("img") {
		if !dashboardtest.Has(n, "alt") {
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
	w := dashboardtest.New(t)
	b := w.Browser()
	for _, rt := range w.Routes {
		if rt.Public {
			continue
		}
		path := strings.NewReplacer("{id}", "x", "{uid}", "x", "{item}", "x").Replace(rt.Path)
		var p dashboardtest.Page
		if rt.Method == http.MethodGet {
			p = b.Get(path)
		} else {
			p = b.Post(path, url.Values{})
		}
		if p.Status != http.StatusSeeOther || !strings.HasPrefix(p.Location, "/accounts/login/") {
			t.Errorf("%s %s answers %d to nobody, %q", rt.Method, rt.Path, p.Status, p.Location)
		}
	}
}

func TestEveryFormNeedsTheTokenOfItsSession(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	b := w.SignedIn(w.User("ann"))
	for _, rt := range w.Routes {
		if rt.Method != http.MethodPost || rt.Streams { // the upload has a test of its own
			continue
		}
		path := strings.NewReplacer("{id}", "x", "{uid}", "x", "{item}", "x").Replace(rt.Path)
		b.Post(path, url.Values{"username": {"ann"}, "password": {dashboardtest.Password}}).Want(http.StatusForbidden)
	}
}

func TestWhatIsNotThereIsAPageForBrowsersAndJSONForPrograms(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	b := w.SignedIn(w.User("ann"))
	b.Get("/nothing/").Want(http.StatusNotFound).Says("h1", "Nothing here").Says("header", "ann")
	w.Browser().Get("/nothing/").Want(http.StatusNotFound).Says("h1", "Nothing here")
	b.Get("/static/app.css").Want(http.StatusNotFound)
	for _, path := range []string{"/library/api/nothing/", "/mcp_server/api/x/", "/mcp/x"} {
		if got := b.Get(path).Want(http.StatusNotFound).Header.Get("Content-Type"); got != "application/json" {
			t.Errorf("%s answers %s", path, got)
		}
	}
	slash := b.Get("/libraries").Want(http.StatusMovedPermanently)
	if slash.Location != "/libraries/" {
		t.Errorf("the slash is added at %q", slash.Location)
	}
	wrong := b.Post("/search/", nil).Want(http.StatusMethodNotAllowed).Says("main", "POST")
	if wrong.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("Allow is %q", wrong.Header.Get("Allow"))
	}
	b.Post("/libraries/add/", url.Values{"x": {strings.Repeat("y", 2<<20)}}).Want(http.StatusRequestEntityTooLarge)
	b.Get("/libraries/?after=nonsense").Want(http.StatusBadRequest)
}

// failing is a search that breaks in a way nobody foresaw.
type failing struct{}

func (failing) Search(context.Context, accounts.Principal, search.Request) (search.Result, error) {
	return search.Result{}, errors.New("the secret host db7 is down")
}

func TestAFaultOfOursShowsItsIDAndNothingElse(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t, func(o *dashboardtest.Options) { o.Pages.Search = failing{} })
	ann := w.User("ann")
	w.Library(ann, "Papers")
	p := w.SignedIn(ann).Get("/search/?q=owls").Want(http.StatusInternalServerError).Says("h1", "Something went wrong")
	if id := p.Header.Get("X-Request-Id"); id == "" || p.Text("main code") != id {
		t.Errorf("the page shows the id %q, the header has %q", p.Text("main code"), id)
	}
	if strings.Contains(p.Body, "db7") {
		t.Error("the page shows the cause")
	}
}

func TestAssetsAreNamedByTheirContentAndKeptForEver(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	b := w.Browser()
	login := b.Get("/accounts/login/")
	ann := w.User("ann")
	library := w.SignedIn(ann).Get("/libraries/" + w.Library(ann, "Papers") + "/")
	paths := []string{dashboardtest.Attr(login.One("link[rel=stylesheet]"), "href"), dashboardtest.Attr(login.One("link[rel=icon]"), "href")}
	for _, script := range library.All("script") {
		src := dashboardtest.Attr(script, "src")
		paths = append(paths, src)
		for _, m := range regexp.MustCompile(`from "\./([^"]+)"`).FindAllStringSubmatch(b.Get(src).Body, -1) {
			paths = append(paths, "/static/"+m[1])
		}
	}
	if len(paths) < 7 {
		t.Fatalf("the pages use %q", paths)
	}
	for _, path := range paths {
		p := b.Get(path).Want(http.StatusOK)
		if !regexp.MustCompile(`\.[0-9a-f]{10}\.(js|css|svg)$`).MatchString(path) || !strings.Contains(p.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: Cache-Control is %q", path, p.Header.Get("Cache-Control"))
		}
	}
	static, err := fs.Sub(web.FS, "static")
	dashboardtest.Check(t, err)
	assets, err := web.NewAssets(static)
	dashboardtest.Check(t, err)
	dir := filepath.Join(t.TempDir(), "static")
	names, err := assets.WriteTo(dir)
	dashboardtest.Check(t, err)
	for _, path := range paths {
		kept, err := os.ReadFile(filepath.Join(dir, strings.TrimPrefix(path, "/static/")))
		dashboardtest.Check(t, err)
		if string(kept) != b.Get(path).Body {
			t.Errorf("%s is served otherwise than it is written", path)
		}
	}
	if len(names) < len(paths) {
		t.Errorf("only %q are written", names)
	}
}
