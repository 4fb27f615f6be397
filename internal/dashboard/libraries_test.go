package dashboard_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
	"git.helu.ca/r/mnemosyne/internal/library"
)

func TestALibraryIsMadeAndListed(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	b := w.SignedIn(w.User("ann"))
	b.Get("/libraries/").Says(".empty", "No library yet")
	form := b.Get("/libraries/add/").Want(http.StatusOK)
	b.Submit(form, "main form", url.Values{"name": {""}}).Want(http.StatusBadRequest).Says("#name-fault", "may not be blank")
	b.Submit(form, "main form", url.Values{"name": {"x"}, "library_type": {"poems"}}).Want(http.StatusBadRequest).Says("#library_type-fault", "no library type")
	answer := b.Submit(form, "main form", url.Values{"name": {"Papers"}, "library_type": {"technical"}}).Want(http.StatusSeeOther)
	b.Follow(answer).Want(http.StatusOK).Says("h1", "Papers").Says(".facts", "Technical").Says("[role=status]", "is made")
	b.Get("/libraries/").Says(".library", "Papers").Says(".library", "0 documents")
}

func TestWithoutScriptsFilesGoInByThePlainForm(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	uid := w.Library(ann, "Papers")
	w.Work()
	b := w.SignedIn(ann)
	at := "/libraries/" + uid + "/"
	token := dashboardtest.Attr(b.Get(at).One("form.upload [name=csrf_token]"), "value")
	answer := b.Files(at+"upload/", token, "owls.md", owls, "empty.txt", "", "bees.md", bees).Want(http.StatusSeeOther)
	shown := b.Follow(answer).Says(".notice", "2 documents are on their way in.").Says(".notice", "empty.txt:")
	if got := len(shown.All("#jobs > .job")); got != 2 {
		t.Fatalf("%d jobs are shown", got)
	}
	for _, row := range shown.All("#jobs > .job") {
		w.Ended(ann, dashboardtest.Attr(row, "data-id"))
	}
	shown = b.Get(at).Says("#documents", "Owls of the North").Says("#documents", "owls.md").Says("#documents", "2 documents, 3 passages")
	shown.Says("#jobs", "done").Says("#jobs", "2 passages")
	b.Files(at+"upload/", token, "owls.md", owls).Want(http.StatusSeeOther)
	b.Get(at).Says(".notice", "here already")
	b.Files(at+"upload/", token).Want(http.StatusSeeOther)
	b.Get(at).Says(".notice", "Choose a file first.")
	b.Files(at+"upload/", "", "owls.md", owls).Want(http.StatusForbidden)
	b.Files(at+"upload/", "nonsense", "owls.md", owls).Want(http.StatusForbidden)
	b.Post(at+"upload/", url.Values{"csrf_token": {token}}).Want(http.StatusUnsupportedMediaType)
}

func TestReadersSeeALibraryAndCannotChangeIt(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann, bob := w.User("ann"), w.User("bob")
	uid := w.Library(ann, "Papers")
	w.Work()
	job := w.Submit(ann, uid, "owls.md", owls)
	w.Ended(ann, job.ID)
	_, err := w.Libraries.PutMember(t.Context(), ann, uid, "bob", library.RoleReader)
	dashboardtest.Check(t, err)
	b := w.SignedIn(bob)
	at := "/libraries/" + uid + "/"
	shown := b.Get(at).Want(http.StatusOK).Says(".facts", "ann’s, you are reader")
	for _, selector := range []string{"form.upload", "#job-template", ".row-actions a", ".job form"} {
		if len(shown.All(selector)) != 0 {
			t.Errorf("a reader sees %s", selector)
		}
	}
	token := dashboardtest.Attr(shown.One("header [name=csrf_token]"), "value")
	b.Files(at+"upload/", token, "x.md", "x").Want(http.StatusForbidden)
	b.Get(at + "items/" + job.ItemUID + "/").Want(http.StatusOK)
	b.Get(at + "items/" + job.ItemUID + "/delete/").Want(http.StatusForbidden)
	b.Post(at+"items/"+job.ItemUID+"/delete/", url.Values{"csrf_token": {token}}).Want(http.StatusForbidden)
	b.Post("/jobs/"+job.ID+"/retry/", url.Values{"csrf_token": {token}}).Want(http.StatusNotFound)
}

func TestAnothersLibraryIsAsOneThatIsNotThere(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann, bob := w.User("ann"), w.User("bob")
	uid, own := w.Library(ann, "Secret"), w.Library(bob, "Own")
	w.Work()
	job := w.Submit(ann, uid, "owls.md", owls)
	w.Ended(ann, job.ID)
	b := w.SignedIn(bob)
	token := dashboardtest.Attr(b.Get("/libraries/").One("header [name=csrf_token]"), "value")
	const none = "7d3f2b0e-3f6e-4f55-9d8c-0f6f6c1f8a11"
	for _, path := range []string{"/libraries/%s/", "/libraries/%s/items/" + job.ItemUID + "/", "/libraries/" + own + "/items/%s/", "/libraries/" + own + "/items/%s/delete/"} {
		theirs := uid
		if strings.Contains(path, "items/%s") {
			theirs = job.ItemUID
		}
		foreign := b.Get(fmt.Sprintf(path, theirs)).Want(http.StatusNotFound)
		missing := b.Get(fmt.Sprintf(path, none)).Want(http.StatusNotFound)
		if foreign.Text("main") != missing.Text("main") {
			t.Errorf("%s: %q and %q tell them apart", path, foreign.Text("main"), missing.Text("main"))
		}
	}
	b.Files("/libraries/"+uid+"/upload/", token, "x.md", "x").Want(http.StatusNotFound)
	b.Post("/libraries/"+uid+"/items/"+job.ItemUID+"/delete/", url.Values{"csrf_token": {token}}).Want(http.StatusNotFound)
	b.Post("/jobs/"+job.ID+"/cancel/", url.Values{"csrf_token": {token}}).Want(http.StatusNotFound)
	b.Get("/jobs/").Says(".empty", "No jobs yet")
	b.Get("/search/?q=owls&library="+uid).Says(".notice", "no library").Says(".empty", "none of your libraries is among those asked for")
	if found := b.Get("/search/?q=owls"); len(found.All(".hit")) != 0 {
		t.Error("another's document is found")
	}
}

func TestADocumentIsDeletedOnceThatIsConfirmed(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	uid := w.Library(ann, "Papers")
	w.Work()
	job := w.Submit(ann, uid, "owls.md", owls)
	w.Ended(ann, job.ID)
	b := w.SignedIn(ann)
	at := "/libraries/" + uid + "/items/" + job.ItemUID + "/"
	confirm := b.Get(at+"delete/").Want(http.StatusOK).Says("h1", "Owls of the North").Says("main", "2 passages")
	b.Get(at).Want(http.StatusOK)
	b.Get("/libraries/" + w.Library(ann, "Other") + "/items/" + job.ItemUID + "/").Want(http.StatusNotFound)
	answer := b.Submit(confirm, "main form", nil).Want(http.StatusSeeOther)
	b.Follow(answer).Says(".notice", "is deleted").Says("#documents", "No documents yet")
	b.Get(at).Want(http.StatusNotFound)
	b.Get("/search/?q=owls").Says(".empty", "Nothing found")
}

func TestAHitLeadsToItsPassageHoweverLongTheDocument(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	uid := w.Library(ann, "Papers")
	w.Work()
	var text strings.Builder
	for n := range 130 {
		fmt.Fprintf(&text, "# Part %d\n\nThis part tells of the number %d and says little else that matters.\n\n", n, n)
	}
	text.WriteString("# Last\n\nThe wombat digs burrows.\n")
	job := w.Submit(ann, uid, "long.md", text.String())
	w.Ended(ann, job.ID)
	b := w.SignedIn(ann)
	found := b.Get("/search/?q=wombat+burrows&library=" + uid).Want(http.StatusOK)
	first := found.All(".hit h2 a")[0]
	found.Says("mark", "wombat")
	href := dashboardtest.Attr(first, "href")
	path, fragment, _ := strings.Cut(href, "#")
	shown := b.Get(path).Want(http.StatusOK).Says(`[data-cited="yes"]`, "wombat")
	if got := dashboardtest.Attr(shown.One(`[data-cited="yes"]`), "id"); got != fragment {
		t.Errorf("the link leads to %q, the passage is %q", fragment, got)
	}
	shown.Says(".turn", "Passages 121 to 131 of 131").Says(".outline", "Part 0").Says(".outline", "Last")
	if n := len(b.Get(path[:strings.Index(path, "?")]).All(".passage")); n != 40 {
		t.Errorf("a page shows %d passages", n)
	}
	for _, odd := range []string{"?at=999999999999", "?at=-1", "?at=x", "?from=5000", "?from=-3"} {
		if len(b.Get(path[:strings.Index(path, "?")]+odd).Want(http.StatusOK).All(".passage")) == 0 {
			t.Errorf("%s shows no text", odd)
		}
	}
}
