package dashboard_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
	"git.helu.ca/r/mnemosyne/internal/library"
)

// pressed sends the form of the first hit with one of its buttons.
func pressed(t *testing.T, b *dashboardtest.Browser, p dashboardtest.Page, button string) dashboardtest.Page {
	t.Helper()
	grade := ""
	for _, n := range p.All("#hit-1 .judge button") {
		if strings.HasPrefix(dashboardtest.TextOf(n), button) {
			grade = dashboardtest.Attr(n, "value")
		}
	}
	return b.Submit(p, "#hit-1 .judge", url.Values{"grade": {grade}}).Want(http.StatusSeeOther)
}

// formOf is a form with nothing but the proof that it is one of ours.
func formOf(b *dashboardtest.Browser) url.Values {
	return url.Values{"csrf_token": {dashboardtest.Attr(b.Get("/libraries/").One("header [name=csrf_token]"), "value")}}
}

func TestAHitIsMarkedOnTheSearchPageAndMeasuredOnTheLibrarys(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann, bob := w.User("ann"), w.User("bob")
	uid := w.Library(ann, "Papers")
	_, err := w.Libraries.PutMember(t.Context(), ann, uid, "bob", library.RoleReader)
	dashboardtest.Check(t, err)
	w.Work()
	w.Ended(ann, w.Submit(ann, uid, "owls.md", owls).ID)
	b, reader, quality := w.SignedIn(ann), w.SignedIn(bob), "/libraries/"+uid+"/quality/"
	b.Get(quality).Want(http.StatusOK).Says(".empty", "No questions yet.")
	const search = "/search/?q=hearing+owls"
	sent := pressed(t, b, b.Get(search), "Relevant")
	if sent.Location != search+"#hit-1" {
		t.Errorf("the form leads to %q", sent.Location)
	}
	found := b.Get(search).Says("body", "Kept: the passage is relevant").Says(`#hit-1 [aria-pressed=true]`, "Relevant")
	if n := len(reader.Get(search).Want(http.StatusOK).All(".judge")); n != 0 {
		t.Errorf("a reader has %d forms to mark hits", n)
	}
	b.Post(quality+"measure/", formOf(b)).Want(http.StatusSeeOther)
	shown := b.Get(quality).Says("body", "Measured with 1 question: nDCG@10 is 1.000.").Says(".question h3", "hearing owls").Says(".question tbody", "relevant")
	if n := len(shown.All("#quality circle.series-1")); n != 2 { // one stands in the legend
		t.Errorf("the figures are %d dots", n)
	}
	seen := reader.Get(quality).Want(http.StatusOK).Says(".question h3", "hearing owls")
	if n := len(seen.All("section form")); n != 0 {
		t.Errorf("a reader has %d forms", n)
	}
	reader.Post(quality+"measure/", formOf(reader)).Want(http.StatusForbidden)
	if got := reader.Get(quality + "download/").Want(http.StatusOK); !strings.HasPrefix(got.Body, "PK") {
		t.Errorf("the download begins %.20q", got.Body)
	}
	pressed(t, b, found, "Relevant")
	if got := b.Get(search); len(got.All("[aria-pressed=true]")) != 0 {
		t.Error("the mark was not taken back")
	}
	b.Get(quality).Says(".empty", "No questions yet.")
}

func TestAMarkLeadsBackToTheSearchAndNowhereElse(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	uid := w.Library(ann, "Papers")
	w.Work()
	job := w.Submit(ann, uid, "owls.md", owls)
	w.Ended(ann, job.ID)
	b := w.SignedIn(ann)
	for _, back := range []string{"https://example.org/search/", "//example.org/search/", "/admin/", "", "\\\\example.org"} {
		values := formOf(b)
		for name, value := range map[string]string{"question": "owls", "start": "0", "end": "4", "grade": "0", "back": back} {
			values.Set(name, value)
		}
		if got := b.Post("/libraries/"+uid+"/items/"+job.ItemUID+"/judge/", values).Want(http.StatusSeeOther); got.Location != "/search/?q=owls" {
			t.Errorf("%q leads to %q", back, got.Location)
		}
	}
}
