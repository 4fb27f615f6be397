package dashboard_test

import (
	"net/http"
	"net/url"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
)

func TestANoteIsWrittenAndReadAsADocument(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	uid := w.Library(ann, "Papers")
	at := "/libraries/" + uid + "/"
	w.Work()
	b := w.SignedIn(ann)
	b.Get(at).Says(".instead", "write a note")
	form := b.Get(at + "note/").Want(http.StatusOK)
	b.Submit(form, "main form.card", url.Values{"title": {" "}, "text": {"Kept."}}).Want(http.StatusBadRequest).
		Says("#title-fault", "may not be blank").Says("textarea", "Kept.")
	b.Submit(form, "main form.card", url.Values{"title": {"On owls"}, "text": {"\n"}}).Want(http.StatusBadRequest).Says("#text-fault", "may not be blank")
	b.Submit(form, "main form.card", url.Values{"title": {"a\x01b"}, "text": {"x"}}).Want(http.StatusBadRequest).Says("#title-fault", "Control characters")
	answer := b.Submit(form, "main form.card", url.Values{"title": {"On owls/bees"}, "text": {"# Owls\r\n\r\nThey hunt at night."}, "collection": {"Birds"}}).Want(http.StatusSeeOther)
	b.Follow(answer).Says(".notice", "on its way in")
	jobs, _, err := w.Ingest.Jobs(t.Context(), ann, ingest.Filter{LibraryUID: uid})
	dashboardtest.Check(t, err)
	if len(jobs) != 1 {
		t.Fatalf("%d jobs", len(jobs))
	}
	w.Ended(ann, jobs[0].ID)
	b.Get(at+"items/"+jobs[0].ItemUID+"/").Says("h1", "On owls/bees").Says("main", "They hunt at night.").Says(".facts", "in Birds").Says("main", "notes/On owls-bees.md")
	again := b.Submit(form, "main form.card", url.Values{"title": {"On owls/bees"}, "text": {"# Owls\n\nThey hunt at night."}, "collection": {"Birds"}})
	b.Follow(again).Says(".notice", "unchanged")
}

func TestAWebAddressIsTakenAndFetchedAgain(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann, bob := w.User("ann"), w.User("bob")
	uid := w.Library(ann, "Papers")
	at := "/libraries/" + uid + "/"
	_, err := w.Libraries.PutMember(t.Context(), ann, uid, "bob", library.RoleReader)
	dashboardtest.Check(t, err)
	b := w.SignedIn(ann)
	b.Get(at).Says(".instead", "Add a web address")
	form := b.Get(at + "web/").Want(http.StatusOK)
	b.Submit(form, "main form.card", url.Values{"url": {""}}).Want(http.StatusBadRequest).Says("#url-fault", "may not be blank")
	wrong := b.Submit(form, "main form.card", url.Values{"url": {"ftp://example.com/x"}}).Want(http.StatusBadRequest)
	if wrong.Text("#url-fault") == "" || dashboardtest.Attr(wrong.One("#url"), "value") != "ftp://example.com/x" {
		t.Error("what is wrong with the address is not said beside it, or what was typed is lost")
	}
	const address = "https://example.com/report.html"
	b.Follow(b.Submit(form, "main form.card", url.Values{"url": {address}}).Want(http.StatusSeeOther)).Says(".notice", "on its way in")
	jobs, _, err := w.Ingest.Jobs(t.Context(), ann, ingest.Filter{LibraryUID: uid})
	dashboardtest.Check(t, err)
	item := at + "items/" + jobs[0].ItemUID + "/"
	link := b.Get(item + "details/").One(`.known a[rel="noopener noreferrer"]`)
	if got := dashboardtest.Attr(link, "href"); got != address {
		t.Errorf("the address leads to %q", got)
	}
	page := b.Get(item)
	b.Follow(b.Submit(page, `form[action$="/fetch/"]`, nil).Want(http.StatusSeeOther)).Says(".notice", "fetched again")
	if after, _, err := w.Ingest.Jobs(t.Context(), ann, ingest.Filter{LibraryUID: uid, ItemUID: jobs[0].ItemUID}); err != nil || len(after) != 2 {
		t.Errorf("the document has %d jobs, %v", len(after), err)
	}
	reader := w.SignedIn(bob)
	for _, path := range []string{at + "web/", at + "note/"} {
		reader.Get(path).Want(http.StatusForbidden)
	}
	if len(reader.Get(item).All(`form[action$="/fetch/"]`))+len(reader.Get(at).All(".instead")) != 0 {
		t.Error("a reader is offered to add or to fetch")
	}
	plain := w.Submit(ann, uid, "owls.md", owls)
	token := dashboardtest.Attr(page.One("header [name=csrf_token]"), "value")
	b.Follow(b.Post(at+"items/"+plain.ItemUID+"/fetch/", url.Values{"csrf_token": {token}})).Says(".notice", "did not come from a web address")
}
