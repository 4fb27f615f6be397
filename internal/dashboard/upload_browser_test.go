package dashboard_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
	"git.helu.ca/r/mnemosyne/internal/library"
)

// drop lets files and folders of this machine fall on an element.
func drop(selector string, paths ...string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		at, err := chromedp.Evaluate[[]float64](`(() => { const e = document.querySelector("`+selector+`"); e.scrollIntoView({block: "center"});
			const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + 8]; })()`)(ctx, target)
		if err != nil {
			return err
		}
		for _, kind := range []input.DispatchDragEventType{input.DispatchDragEventTypeDragEnter, input.DispatchDragEventTypeDragOver, input.DispatchDragEventTypeDrop} {
			_, err := cdp.Call(ctx, target, input.DispatchDragEvent, input.DispatchDragEventParams{
				Type: kind, X: at[0], Y: at[1], Data: &input.DragData{Items: []*input.DragDataItem{}, Files: paths, DragOperationsMask: 1},
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// signIn fills in the form that the page asked for leads to.
func signIn(ctx context.Context, t *testing.T, address, name string) {
	t.Helper()
	run(ctx, t, chromedp.Navigate(address), chromedp.WaitVisible("#password"),
		chromedp.SendKeys("#username", name), chromedp.SendKeys("#password", dashboardtest.Password), chromedp.Submit("#password"))
}

// folder is a folder with two documents in two levels, and what no person put
// there.
func folder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "notes")
	for name, text := range map[string]string{"owls.md": owls, "deep/er/bees.md": bees, ".git/config": "x", "deep/.DS_Store": "x"} {
		path := filepath.Join(dir, name)
		dashboardtest.Check(t, os.MkdirAll(filepath.Dir(path), 0o700))
		dashboardtest.Check(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return dir
}

func TestAFolderThatIsDroppedGoesInWithItsFolders(t *testing.T) {
	t.Parallel()
	ctx := chromium(t)
	w := dashboardtest.New(t)
	ann := w.User("ann")
	at := "/libraries/" + w.Library(ann, "Field notes") + "/"
	w.Work()
	large := written(t, "large.txt", strings.Repeat("x", 3<<20))
	signIn(ctx, t, w.URL+at, "ann")
	run(ctx, t,
		chromedp.WaitVisible("form.upload.live"), picture("library-empty"),
		chromedp.SendKeys("#collection", "Birds"),
		drop("form.upload", folder(t), large),
		chromedp.WaitVisible(`.job[data-status="failed"]`),
		chromedp.WaitNotPresent(`.job[data-status="running"], .job[data-status="queued"], .job[data-status="uploading"], .job[data-status="waiting"]`),
		chromedp.WaitVisible(`#documents tr:nth-child(2)`), picture("library-filled"),
	)
	documents, jobs := textIn(ctx, t, "#documents"), textIn(ctx, t, "#jobs")
	for _, want := range []string{"notes/owls.md", "notes/deep/er/bees.md", "in Birds"} {
		if !strings.Contains(documents, want) {
			t.Errorf("the documents lack %q: %s", want, documents)
		}
	}
	if strings.Contains(jobs, ".git") || strings.Contains(jobs, "DS_Store") {
		t.Errorf("hidden files were sent: %s", jobs)
	}
	if !strings.Contains(jobs, "larger than the 2 MiB") {
		t.Errorf("the large file is not refused: %s", jobs)
	}
	if said := textIn(ctx, t, ".upload-text"); !strings.Contains(said, "2 of 3 files sent. 1 not taken.") {
		t.Errorf("the uploads say %q", said)
	}
}

// troubled stands before the site and answers some requests as a proxy does
// whose server is busy or starts anew.
func troubled(t *testing.T, to string, answer func(r *http.Request) int) string {
	t.Helper()
	target, err := url.Parse(to)
	dashboardtest.Check(t, err)
	pass := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status := answer(r); status != 0 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(status)
			return
		}
		pass.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestUploadsWaitForABusyServerAndJobsAreFollowedPastBrokenEvents(t *testing.T) {
	t.Parallel()
	ctx := chromium(t)
	w := dashboardtest.New(t)
	ann := w.User("ann")
	at := "/libraries/" + w.Library(ann, "Field notes") + "/"
	w.Work()
	var refused atomic.Int64
	address := troubled(t, w.URL, func(r *http.Request) int {
		switch {
		case strings.HasSuffix(r.URL.Path, "/events/"):
			return http.StatusBadGateway
		case strings.HasSuffix(r.URL.Path, "/ingest/") && refused.Add(1) == 1:
			return http.StatusTooManyRequests
		}
		return 0
	})
	signIn(ctx, t, address+at, "ann")
	run(ctx, t,
		chromedp.WaitVisible("form.upload.live"),
		chromedp.SetUploadFiles("#file", []string{written(t, "owls.md", owls)}),
		chromedp.WaitVisible(`//p[contains(., "The server is busy")]`),
		chromedp.WaitVisible(`.job[data-status="done"]`),
		chromedp.WaitVisible(`#documents tr[data-item]`),
	)
	if n := refused.Load(); n != 2 {
		t.Errorf("the file was sent %d times", n)
	}
}

func TestAnUploadSurvivesTheEndOfItsSession(t *testing.T) {
	t.Parallel()
	ctx := chromium(t)
	w := dashboardtest.New(t)
	ann := w.User("ann")
	at := "/libraries/" + w.Library(ann, "Field notes") + "/"
	w.Work()
	signIn(ctx, t, w.URL+at, "ann")
	run(ctx, t,
		chromedp.WaitVisible("form.upload.live"),
		chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			_, err := cdp.Call(ctx, target, network.ClearBrowserCookies, cdp.Empty{})
			return err
		}),
		chromedp.SetUploadFiles("#file", []string{written(t, "owls.md", owls), written(t, "bees.md", bees)}),
		chromedp.WaitVisible(`[data-upload="signin"]`), picture("library-signed-out"),
	)
	if said := textIn(ctx, t, ".upload-text"); !strings.Contains(said, "Your session has ended") {
		t.Errorf("the uploads say %q", said)
	}
	_, err := chromedp.Run(ctx, chromedp.Evaluate[any](`(async () => {
		const page = new DOMParser().parseFromString(await (await fetch("/accounts/login/")).text(), "text/html");
		const form = new URLSearchParams(new FormData(page.querySelector("main form")));
		form.set("username", "ann"); form.set("password", "`+dashboardtest.Password+`");
		await fetch("/accounts/login/", { method: "POST", body: form });
	})()`, chromedp.EvalAwaitPromise))
	dashboardtest.Check(t, err)
	run(ctx, t, chromedp.Click(`[data-upload="resume"]`), chromedp.WaitVisible(`#documents tr[data-item]:nth-child(2)`))
}

func TestDocumentsAreTickedAndDeletedByKeyboardAlone(t *testing.T) {
	t.Parallel()
	ctx := chromium(t)
	w := dashboardtest.New(t)
	ann := w.User("ann")
	uid := w.Library(ann, "Field notes")
	w.Work()
	w.Ended(ann, w.Submit(ann, uid, "owls.md", owls).ID)
	w.Ended(ann, w.Submit(ann, uid, "bees.md", bees).ID)
	signIn(ctx, t, w.URL+"/libraries/"+uid+"/", "ann")
	run(ctx, t, chromedp.WaitVisible("#documents table"))
	tabTo(ctx, t, `[aria-label="Tick Bees"]`, "\t")
	run(ctx, t, chromedp.KeyEvent(" "))
	tabTo(ctx, t, `#ticked .dangerous`, "\t")
	run(ctx, t, chromedp.KeyEvent("\r"), chromedp.WaitVisible("button.danger"), picture("delete-documents"))
	if going := textIn(ctx, t, ".going"); !strings.Contains(going, "Bees") || strings.Contains(going, "Owls") {
		t.Errorf("what goes is %q", going)
	}
	tabTo(ctx, t, "button.danger", "\t")
	run(ctx, t, chromedp.KeyEvent("\r"), chromedp.WaitVisible(`.notice[data-kind="ok"]`))
	if left := textIn(ctx, t, "#documents"); strings.Contains(left, "Bees") || !strings.Contains(left, "Owls") {
		t.Errorf("what is left is %q", left)
	}
}

// tabTo presses a key until an element has the focus.
func tabTo(ctx context.Context, t *testing.T, selector, key string) {
	t.Helper()
	const most = 80
	for range most {
		there, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.activeElement.matches('`+selector+`')`))
		dashboardtest.Check(t, err)
		if there {
			return
		}
		run(ctx, t, chromedp.KeyEvent(key))
	}
	t.Fatalf("%s cannot be reached by keys", selector)
}

func TestThePagesOfALibraryAreLookedAt(t *testing.T) {
	t.Parallel()
	if os.Getenv("MNEMOSYNE_TEST_PICTURES") == "" {
		t.Skip("MNEMOSYNE_TEST_PICTURES names no folder for pictures")
	}
	ctx := chromium(t)
	w := dashboardtest.New(t)
	ann, bob := w.User("ann"), w.User("bob")
	dashboardtest.Check(t, w.Accounts.SetSuperuser(t.Context(), accounts.Operator(), ann.UserID, true))
	ann.Superuser = true
	uid := w.Library(ann, "Field notes")
	_, err := w.Libraries.PutMember(t.Context(), ann, uid, "bob", library.RoleManager)
	dashboardtest.Check(t, err)
	_, err = w.Libraries.PutMember(t.Context(), bob, w.Library(bob, "Bob’s recipes"), "ann", library.RoleReader)
	dashboardtest.Check(t, err)
	_, err = w.Libraries.Create(t.Context(), ann, library.NewLibrary{Name: "House rules", Global: true, Description: "What everybody should know."})
	dashboardtest.Check(t, err)
	w.Work()
	job := w.Submit(ann, uid, "birds/owls.md", strings.Repeat(owls, 30))
	w.Ended(ann, job.ID)
	w.Ended(ann, w.Submit(ann, uid, "birds/owls.md", strings.Repeat(owls, 31)+bees).ID)
	w.Ended(ann, w.Submit(ann, uid, "broken.pdf", "%PDF-1.7 no more").ID)
	birds := new("Birds")
	_, err = w.Libraries.UpdateItem(t.Context(), ann, job.ItemUID, library.ItemPatch{Collection: &birds, Metadata: map[string]any{"author": "Ann", "tags": []any{"owl", "night"}}})
	dashboardtest.Check(t, err)
	at, item := "/libraries/"+uid+"/", "/libraries/"+uid+"/items/"+job.ItemUID+"/"
	signIn(ctx, t, w.URL+"/libraries/", "ann")
	run(ctx, t, chromedp.WaitVisible(".library"))
	for name, path := range map[string]string{
		"p-libraries": "/libraries/", "p-add": "/libraries/add/", "p-library": at, "p-settings": at + "settings/", "p-delete": at + "delete/",
		"p-members": at + "members/", "p-collections": at + "collections/", "p-move": at + "documents/move/?item=" + job.ItemUID,
		"p-item": item, "p-item-span": item + "?at=60&to=150", "p-item-old": item + "?version=1", "p-details": item + "details/", "p-edit": item + "edit/", "p-replace": item + "replace/",
	} {
		run(ctx, t, chromedp.Navigate(w.URL+path), chromedp.WaitVisible("h1"), picture(name))
	}
}
