package dashboard_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
	"git.helu.ca/r/mnemosyne/internal/library"
)

func TestTheAPIPagesTellOfEveryOperationOfTheDocument(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	b := w.SignedIn(w.User("ann"))
	all := b.Get("/api/docs/").Want(http.StatusOK)
	links := all.All(".operations a")
	document := b.Get("/api/openapi.json").Body
	if want := strings.Count(document, `"operationId"`); len(links) != want || want < 20 {
		t.Errorf("%d operations are listed, the document has %d", len(links), want)
	}
	pages := map[string]dashboardtest.Page{}
	for _, link := range links {
		path, id, _ := strings.Cut(dashboardtest.Attr(link, "href"), "#")
		if _, ok := pages[path]; !ok {
			pages[path] = b.Get(path).Want(http.StatusOK)
		}
		pages[path].One(`section.operation[id="` + id + `"]`)
		pages[path].One(`form.try[data-operation="` + id + `"]`)
	}
	for path, p := range pages {
		if n := compressed(t, p.Body); n > 60<<10 {
			t.Errorf("%s has %d bytes", path, n)
		}
	}
	b.Get("/api/docs/nothing/").Want(http.StatusNotFound).Says("h1", "Nothing here")
	b.Get("/api/docs").Want(http.StatusMovedPermanently)
}

func compressed(t *testing.T, text string) (n int) {
	t.Helper()
	r, w := io.Pipe()
	go func() {
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, text)
		_ = z.Close()
		_ = w.Close()
	}()
	size, err := io.Copy(io.Discard, r)
	dashboardtest.Check(t, err)
	return int(size)
}

func TestAnOperationSaysWhatItTakesAndAnswers(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	b := w.SignedIn(w.User("ann"))
	p := b.Get("/api/docs/libraries/")
	p.Says("#createLibrary", "name required").Says("#createLibrary", "1 to 200 characters").Says("#createLibrary", "nonfiction, fiction")
	p.Says("#createLibrary .errors", "409 Conflict").Says("#createLibrary .answer", "201 Created, application/json")
	p.Says("#createLibrary-curl", `curl -X POST -H "Authorization: Bearer $TOKEN" --json '{"name":"`)
	p.Says("#getLibrary-curl", w.URL+"/library/api/libraries/{uid}/").Says("#deleteLibrary .answer", "204 No Content, no body")
	b.Get("/api/docs/ingest/").Says("#listJobs", "error.code").Says("#ingest", "multipart/form-data")
	b.Get("/api/docs/search/").Says("#search", "hits[].heading_path")
	found := b.Get("/api/docs/?q=delete+MEMBERS").Says("#found", "1 operation")
	found.Says(".operations", "/library/api/libraries/{uid}/members/")
	if len(found.All(".operations li")) != 1 {
		t.Errorf("the list is not narrowed: %s", found.Text(".operations"))
	}
	b.Get("/api/docs/?q=zebra").Says("#operations", "No operation")
}

func TestAPersonTriesTheAPIInABrowser(t *testing.T) {
	t.Parallel()
	ctx := chromium(t)
	w := dashboardtest.New(t)
	ann := w.User("ann")
	uid := w.Library(ann, "Field notes")
	access := library.NewAccess(w.DB, library.AccessOptions{})
	run(ctx, t,
		chromedp.Navigate(w.URL+"/api/docs/"),
		chromedp.WaitVisible("#password"),
		chromedp.SendKeys("#username", "ann"), chromedp.SendKeys("#password", dashboardtest.Password),
		chromedp.Submit("#password"),
		chromedp.WaitVisible("#operations"), picture("api"),
		chromedp.SendKeys("#q", "member put"),
		chromedp.WaitVisible(`//p[@id="found"][text()="1 operation"]`),
		chromedp.Click(`a[href$="#putMember"]`),
		chromedp.WaitVisible("#listLibraries .try"),
		chromedp.SendKeys("#listLibraries-limit", "5"), chromedp.Click("#listLibraries .try .primary"),
		chromedp.WaitVisible(`#listLibraries .reply .badge[data-status="done"]`),
		chromedp.WaitVisible(`//section[@id="listLibraries"]//pre[contains(text(), "Field notes")]`),
		chromedp.Click("#createLibrary .try .primary"),
		chromedp.WaitVisible(`#createLibrary .reply .badge[data-status="done"]`),
		chromedp.SendKeys("#deleteLibrary-uid", uid), chromedp.Click("#deleteLibrary .try .danger"),
		chromedp.WaitVisible("#sure"), picture("api-sure"),
		chromedp.Click(`#sure button[value="no"]`), chromedp.WaitNotVisible("#sure"),
	)
	if got, want := textIn(ctx, t, "#listLibraries-curl"), `curl -H "Authorization: Bearer $TOKEN" '`+w.URL+`/library/api/libraries/?limit=5'`; got != want {
		t.Errorf("the command is %s, want %s", got, want)
	}
	if _, _, err := access.Read(t.Context(), ann, uid); err != nil {
		t.Errorf("the library is gone without a yes: %v", err)
	}
	run(ctx, t,
		chromedp.Click("#deleteLibrary .try .danger"), chromedp.WaitVisible("#sure"),
		chromedp.Click(`#sure button[value="yes"]`),
		chromedp.WaitVisible(`#deleteLibrary .reply .badge[data-status="done"]`), picture("api-group"),
		chromedp.SendKeys("#getLibrary-uid", uid), chromedp.Click("#getLibrary .try .primary"),
		chromedp.WaitVisible(`#getLibrary .reply .badge[data-status="failed"]`),
	)
	if _, _, err := access.Read(t.Context(), ann, uid); err == nil {
		t.Error("the library is still there")
	}
}
