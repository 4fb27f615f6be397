package dashboard_test

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/search"
)

// files is a form with files, its token first unless it is empty.
func (b *browser) files(path, token string, named ...string) page {
	b.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if token != "" {
		check(b.t, form.WriteField("csrf_token", token))
	}
	for i := 0; i < len(named); i += 2 {
		part, err := form.CreateFormFile("file", named[i])
		check(b.t, err)
		_, err = part.Write([]byte(named[i+1]))
		check(b.t, err)
	}
	check(b.t, form.Close())
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.base+path, &body)
	check(b.t, err)
	r.Header.Set("Content-Type", form.FormDataContentType())
	return b.do(r)
}

func TestALibraryIsMadeAndListed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signedIn(w.user("ann"))
	b.get("/libraries/").says(".empty", "No library yet")
	form := b.get("/libraries/add/").want(http.StatusOK)
	b.submit(form, "main form", url.Values{"name": {""}}).want(http.StatusBadRequest).says("#name-fault", "may not be blank")
	b.submit(form, "main form", url.Values{"name": {"x"}, "library_type": {"poems"}}).want(http.StatusBadRequest).says("#library_type-fault", "no library type")
	answer := b.submit(form, "main form", url.Values{"name": {"Papers"}, "library_type": {"technical"}}).want(http.StatusSeeOther)
	b.follow(answer).want(http.StatusOK).says("h1", "Papers").says(".facts", "Technical").says("[role=status]", "is made")
	b.get("/libraries/").says(".library", "Papers").says(".library", "0 documents")
}

func TestWithoutScriptsFilesGoInByThePlainForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	uid := w.library(ann, "Papers")
	w.work()
	b := w.signedIn(ann)
	at := "/libraries/" + uid + "/"
	token := attr(b.get(at).one("form.upload [name=csrf_token]"), "value")
	answer := b.files(at+"upload/", token, "owls.md", owls, "empty.txt", "", "bees.md", bees).want(http.StatusSeeOther)
	shown := b.follow(answer).says(".notice", "2 documents are on their way in.").says(".notice", "empty.txt:")
	if got := len(shown.all("#jobs > .job")); got != 2 {
		t.Fatalf("%d jobs are shown", got)
	}
	for _, row := range shown.all("#jobs > .job") {
		w.ended(ann, attr(row, "data-id"))
	}
	shown = b.get(at).says("#documents", "Owls of the North").says("#documents", "owls.md").says("#documents", "2 documents, 3 passages")
	shown.says("#jobs", "done").says("#jobs", "2 passages")
	b.files(at+"upload/", token, "owls.md", owls).want(http.StatusSeeOther)
	b.get(at).says(".notice", "here already")
	b.files(at+"upload/", token).want(http.StatusSeeOther)
	b.get(at).says(".notice", "Choose a file first.")
	b.files(at+"upload/", "", "owls.md", owls).want(http.StatusForbidden)
	b.files(at+"upload/", "nonsense", "owls.md", owls).want(http.StatusForbidden)
	b.post(at+"upload/", url.Values{"csrf_token": {token}}).want(http.StatusUnsupportedMediaType)
}

func TestReadersSeeALibraryAndCannotChangeIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	uid := w.library(ann, "Papers")
	w.work()
	job := w.submit(ann, uid, "owls.md", owls)
	w.ended(ann, job.ID)
	_, err := w.libraries.PutMember(t.Context(), ann, uid, "bob", library.RoleReader)
	check(t, err)
	b := w.signedIn(bob)
	at := "/libraries/" + uid + "/"
	shown := b.get(at).want(http.StatusOK).says(".facts", "ann’s, you are reader")
	for _, selector := range []string{"form.upload", "#job-template", ".row-actions a", ".job form"} {
		if len(shown.all(selector)) != 0 {
			t.Errorf("a reader sees %s", selector)
		}
	}
	token := attr(shown.one("header [name=csrf_token]"), "value")
	b.files(at+"upload/", token, "x.md", "x").want(http.StatusForbidden)
	b.get(at + "items/" + job.ItemUID + "/").want(http.StatusOK)
	b.get(at + "items/" + job.ItemUID + "/delete/").want(http.StatusForbidden)
	b.post(at+"items/"+job.ItemUID+"/delete/", url.Values{"csrf_token": {token}}).want(http.StatusForbidden)
	b.post("/jobs/"+job.ID+"/retry/", url.Values{"csrf_token": {token}}).want(http.StatusNotFound)
}

func TestAnothersLibraryIsAsOneThatIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	uid, own := w.library(ann, "Secret"), w.library(bob, "Own")
	w.work()
	job := w.submit(ann, uid, "owls.md", owls)
	w.ended(ann, job.ID)
	b := w.signedIn(bob)
	token := attr(b.get("/libraries/").one("header [name=csrf_token]"), "value")
	const none = "7d3f2b0e-3f6e-4f55-9d8c-0f6f6c1f8a11"
	for _, path := range []string{"/libraries/%s/", "/libraries/%s/items/" + job.ItemUID + "/", "/libraries/" + own + "/items/%s/", "/libraries/" + own + "/items/%s/delete/"} {
		theirs := uid
		if strings.Contains(path, "items/%s") {
			theirs = job.ItemUID
		}
		foreign := b.get(fmt.Sprintf(path, theirs)).want(http.StatusNotFound)
		missing := b.get(fmt.Sprintf(path, none)).want(http.StatusNotFound)
		if foreign.text("main") != missing.text("main") {
			t.Errorf("%s: %q and %q tell them apart", path, foreign.text("main"), missing.text("main"))
		}
	}
	b.files("/libraries/"+uid+"/upload/", token, "x.md", "x").want(http.StatusNotFound)
	b.post("/libraries/"+uid+"/items/"+job.ItemUID+"/delete/", url.Values{"csrf_token": {token}}).want(http.StatusNotFound)
	b.post("/jobs/"+job.ID+"/cancel/", url.Values{"csrf_token": {token}}).want(http.StatusNotFound)
	b.get("/jobs/").says(".empty", "No jobs yet")
	b.get("/search/?q=owls&library="+uid).says(".notice", "no library").says(".empty", "you can read none of these libraries")
	if found := b.get("/search/?q=owls"); len(found.all(".hit")) != 0 {
		t.Error("another's document is found")
	}
}

func TestADocumentIsDeletedOnceThatIsConfirmed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	uid := w.library(ann, "Papers")
	w.work()
	job := w.submit(ann, uid, "owls.md", owls)
	w.ended(ann, job.ID)
	b := w.signedIn(ann)
	at := "/libraries/" + uid + "/items/" + job.ItemUID + "/"
	confirm := b.get(at+"delete/").want(http.StatusOK).says("h1", "Owls of the North").says("main", "2 passages")
	b.get(at).want(http.StatusOK)
	b.get("/libraries/" + w.library(ann, "Other") + "/items/" + job.ItemUID + "/").want(http.StatusNotFound)
	answer := b.submit(confirm, "main form", nil).want(http.StatusSeeOther)
	b.follow(answer).says(".notice", "is deleted").says("#documents", "No documents yet")
	b.get(at).want(http.StatusNotFound)
	b.get("/search/?q=owls").says(".empty", "Nothing found")
}

func TestAHitLeadsToItsPassageHoweverLongTheDocument(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	uid := w.library(ann, "Papers")
	w.work()
	var text strings.Builder
	for n := range 130 {
		fmt.Fprintf(&text, "# Part %d\n\nThis part tells of the number %d and says little else that matters.\n\n", n, n)
	}
	text.WriteString("# Last\n\nThe wombat digs burrows.\n")
	job := w.submit(ann, uid, "long.md", text.String())
	w.ended(ann, job.ID)
	b := w.signedIn(ann)
	found := b.get("/search/?q=wombat+burrows&library=" + uid).want(http.StatusOK)
	first := found.all(".hit h2 a")[0]
	found.says("mark", "wombat")
	href := attr(first, "href")
	path, fragment, _ := strings.Cut(href, "#")
	shown := b.get(path).want(http.StatusOK).says(`[data-cited="yes"]`, "wombat")
	if got := attr(shown.one(`[data-cited="yes"]`), "id"); got != fragment {
		t.Errorf("the link leads to %q, the passage is %q", fragment, got)
	}
	shown.says(".turn", "Passages 121 to 131 of 131").says(".outline", "Part 0").says(".outline", "Last")
	if n := len(b.get(path[:strings.Index(path, "?")]).all(".passage")); n != 40 {
		t.Errorf("a page shows %d passages", n)
	}
	for _, odd := range []string{"?at=999999999999", "?at=-1", "?at=x", "?from=5000", "?from=-3"} {
		if len(b.get(path[:strings.Index(path, "?")]+odd).want(http.StatusOK).all(".passage")) == 0 {
			t.Errorf("%s shows no text", odd)
		}
	}
}

// halting is a search of which a part is down.
type halting struct{ status search.Status }

func (h halting) Search(context.Context, accounts.Principal, search.Request) (search.Result, error) {
	return search.Result{Status: h.status, Degraded: true}, nil
}

func TestASearchSaysWhichOfItsPartsDidNotAnswer(t *testing.T) {
	t.Parallel()
	half := halting{search.Status{Vector: search.Timeout, FullText: search.Failed, Graph: search.Skipped, Rerank: search.Skipped}}
	w := newWorld(t, func(o *dashboard.Options) { o.Search = half })
	ann := w.user("ann")
	w.library(ann, "Papers")
	b := w.signedIn(ann)
	b.get("/search/?q=owls").want(http.StatusOK).
		says(".notice", "Search by meaning did not answer in time.").says(".notice", "Search by words failed.").
		says(".empty", "Nothing found").says(".empty", "0 documents were searched, in Papers.")
}

func TestAJobIsCancelledAndTriedAgainFromItsRow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.user("ann")
	uid := w.library(ann, "Papers")
	w.submit(ann, uid, "owls.md", owls)
	b := w.signedIn(ann)
	list := b.get("/jobs/").says(".job", "queued").says(".job-library", "Papers")
	if !has(list.one("form.job-retry"), "hidden") || has(list.one("form.job-cancel"), "hidden") {
		t.Error("a queued job can be retried or not be cancelled")
	}
	list = b.follow(b.submit(list, "form.job-cancel", nil).want(http.StatusSeeOther)).says(".notice", "is cancelled").says(".badge", "cancelled")
	b.get("/jobs/?status=queued").says(".empty", "No queued jobs")
	list = b.follow(b.submit(list, "form.job-retry", nil).want(http.StatusSeeOther)).says(".notice", "another try").says(".badge", "queued")
	again := b.submit(list, "form.job-retry", nil).want(http.StatusSeeOther)
	b.follow(again).says(`.notice[data-kind="error"]`, "Only a failed or cancelled job")
}
