package dashboard_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
	"git.helu.ca/r/mnemosyne/internal/library"
)

func ann2026() time.Time { return time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC) }

// document puts a text in and waits for it.
func document(w *dashboardtest.World, p accounts.Principal, name, text string) (at string, itemUID string) {
	uid := w.Library(p, "Papers")
	job := w.Submit(p, uid, name, text)
	w.Ended(p, job.ID)
	return "/libraries/" + uid + "/items/" + job.ItemUID + "/", job.ItemUID
}

func TestADocumentIsDescribedAnew(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	w.Work()
	at, _ := document(w, ann, "owls.md", owls)
	b := w.SignedIn(ann)
	form := b.Get(at + "edit/").Want(http.StatusOK)
	b.Submit(form, "main form", url.Values{"title": {""}, "metadata": {"{oops"}}).Want(http.StatusBadRequest).Says("#metadata-fault", "no JSON object").Says("textarea", "{oops")
	b.Submit(form, "main form", url.Values{"title": {""}}).Want(http.StatusBadRequest).Says("#title-fault", "may not be blank")
	b.Submit(form, "main form", url.Values{"metadata": {"{} {}"}}).Want(http.StatusBadRequest).Says("#metadata-fault", "behind")
	answer := b.Submit(form, "main form", url.Values{"title": {"On owls"}, "collection": {"Birds"}, "metadata": {`{"year": 12345678901234567890, "by": "Ann"}`}})
	b.Follow(answer).Says("h1", "On owls").Says(".known", "Birds").Says("#details", "12345678901234567890").Says("#details", "Ann")
	b.Get(at+"edit/").Says("textarea", "12345678901234567890")
}

func TestMetadataThatIsNestedDeeplyFillsNoPage(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	w.Work()
	at, _ := document(w, ann, "owls.md", owls)
	b := w.SignedIn(ann)
	const levels = 1000
	nested := `{"a":` + strings.Repeat("[", levels) + strings.Repeat("]", levels) + `}`
	form := b.Get(at + "edit/").Want(http.StatusOK)
	b.Submit(form, "main form", url.Values{"metadata": {nested}}).Want(http.StatusSeeOther)
	shown := b.Get(at+"edit/").Want(http.StatusOK).Says("textarea", nested)
	if len(shown.Body) > 20*levels {
		t.Errorf("%d bytes of metadata make a page of %d", len(nested), len(shown.Body))
	}
}

func TestANewVersionTakesTheOldOnesPlaceAndTheOldOneCanBeRead(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	w.Work()
	at, _ := document(w, ann, "owls.md", owls)
	b := w.SignedIn(ann)
	permanent := dashboardtest.Attr(b.Get(at).All(".boundary")[1], "href")
	form := b.Get(at + "replace/").Want(http.StatusOK)
	token := dashboardtest.Attr(form.One("main [name=csrf_token]"), "value")
	b.Follow(b.Files(at+"replace/", token).Want(http.StatusSeeOther)).Says(".notice", "Choose a file first")
	b.Follow(b.Files(at+"replace/", token, "x.md", owls).Want(http.StatusSeeOther)).Says(".notice", "nothing to do")
	b.Files(at+"replace/", "nonsense", "x.md", bees).Want(http.StatusForbidden)
	shown := b.Follow(b.Files(at+"replace/", token, "other name.md", owls+"\nAnd more.\n").Want(http.StatusSeeOther)).Says(".notice", "on its way in")
	w.Ended(ann, dashboardtest.Attr(shown.All("#jobs > .job")[0], "data-id"))
	shown = b.Get(at+"details/").Says("#details", "current").Says("#details", "replaced").Says("#details", "owls.md")
	if rows := shown.All("#details tbody tr"); len(rows) != 2 {
		t.Fatalf("%d versions are shown", len(rows))
	}
	b.Get(at).Says(".running", "And more.")
	old := b.Get(at+"?version=1").Says(".notice", "This is version 1").Says(".running", "Owls of the North")
	if strings.Contains(old.Text(".running"), "And more.") {
		t.Error("the old version shows the new text")
	}
	path, _, _ := strings.Cut(permanent, "#")
	b.Get(path).Says(".notice", "version 1").Says(`[data-cited="yes"]`, "Flight")
	b.Get(at+"?version=7").Says(".notice", "not kept any more").Says(".running", "And more.")
	for _, kind := range []string{"content", "text"} {
		api := "/library/api/items/" + strings.Split(at, "/")[4] + "/" + kind + "/?generation="
		if got := b.Get(api + "1").Want(http.StatusOK); strings.Contains(got.Body, "And more.") || !strings.Contains(got.Header.Get("Content-Disposition")+kind, "attachment") && kind == "content" {
			t.Errorf("%s of version 1: %q", kind, got.Body)
		}
		b.Get(api + "9").Want(http.StatusNotFound)
		b.Get(api + "x").Want(http.StatusBadRequest)
	}
}

func TestACitedSpanIsMarkedAndAStrangePassageIsNotThere(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	w.Work()
	at, uid := document(w, ann, "owls.md", owls)
	other, _ := document(w, ann, "bees.md", bees)
	b := w.SignedIn(ann)
	from := len([]rune(owls[:strings.Index(owls, "by sound alone")]))
	shown := b.Get(fmt.Sprintf("%s?at=%d&to=%d", at, from, from+len("by sound alone"))).Want(http.StatusOK)
	if got := shown.Text(".running mark"); got != "by sound alone" {
		t.Errorf("marked is %q", got)
	}
	item, err := library.ChunkUID(uid, 1, 1)
	dashboardtest.Check(t, err)
	b.Get(at+"?chunk="+item).Says(`[data-cited="yes"]`, "Soft fringes")
	b.Get(other + "?chunk=" + item).Want(http.StatusNotFound)
	b.Get(at + "?chunk=nonsense").Want(http.StatusNotFound)
	missing, err := library.ChunkUID(uid, 1, 999)
	dashboardtest.Check(t, err)
	b.Get(at + "?chunk=" + missing).Want(http.StatusNotFound)
}

func TestALongDocumentHasItsWholeOutlineAndEachHeadingLeadsToItsPassage(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	w.Work()
	var text strings.Builder
	for n := range 120 {
		fmt.Fprintf(&text, "# Ünit %d\n\nÜber die Zahl %d gibt es wenig mehr zu sagen als hier steht.\n\n", n, n)
	}
	at, _ := document(w, ann, "long.md", text.String())
	b := w.SignedIn(ann)
	entries := b.Get(at).All(".outline a")
	if len(entries) != 120 {
		t.Fatalf("the outline has %d headings", len(entries))
	}
	answer := b.Get(dashboardtest.Attr(entries[100], "href")).Want(http.StatusSeeOther)
	path, fragment, _ := strings.Cut(answer.Location, "#")
	if got := b.Get(path).Text("#" + fragment); !strings.Contains(got, "Ünit 100") {
		t.Errorf("the heading leads to %q", got)
	}
}

func TestAFailedDocumentSaysWhyAndIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	uid := w.Library(ann, "Papers")
	job := w.Submit(ann, uid, "owls.md", owls)
	_, err := w.Ingest.Cancel(t.Context(), ann, job.ID)
	dashboardtest.Check(t, err)
	b := w.SignedIn(ann)
	at := "/libraries/" + uid + "/items/" + job.ItemUID + "/"
	shown := b.Get(at).Says(".notice", "Cancelled").Says(".notice code", "cancelled").Says(".empty", "no text to show yet").Says(".job", "owls.md")
	b.Follow(b.Submit(shown, ".notice form", nil).Want(http.StatusSeeOther)).Says(".notice", "gets another try")
	b.Follow(b.Post(at+"retry/", url.Values{"csrf_token": {dashboardtest.Attr(shown.One("header [name=csrf_token]"), "value")}})).Says(".notice", "Only a failed or cancelled job")
}
