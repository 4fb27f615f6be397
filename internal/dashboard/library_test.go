package dashboard_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

func TestLibrariesAreNarrowedByWhoseTheyAreAndByName(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann, bob := w.User("ann"), w.User("bob")
	w.Library(ann, "Papers")
	_, err := w.Libraries.PutMember(t.Context(), bob, w.Library(bob, "Recipes"), "ann", library.RoleReader)
	dashboardtest.Check(t, err)
	b := w.SignedIn(ann)
	b.Get("/libraries/").Says(".cards", "Papers").Says(".cards", "bob’s, you are reader")
	shared := b.Get("/libraries/?kind=shared").Says(".cards", "Recipes")
	if len(shared.All(".library")) != 1 {
		t.Error("one's own library is among those that are shared")
	}
	b.Get("/libraries/?q=PAP&type=nonfiction").Says(".cards", "Papers")
	b.Get("/libraries/?q=nothing").Says(".empty", "No library fits.")
}

func TestSettingsAreChangedAndReadersReadThem(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann, bob := w.User("ann"), w.User("bob")
	uid := w.Library(ann, "Papers")
	at := "/libraries/" + uid + "/"
	_, err := w.Libraries.PutMember(t.Context(), ann, uid, "bob", library.RoleReader)
	dashboardtest.Check(t, err)
	b := w.SignedIn(ann)
	form := b.Get(at + "settings/").Want(http.StatusOK)
	b.Submit(form, "main form.card", url.Values{"name": {" "}, "description": {"Kept"}}).Want(http.StatusBadRequest).
		Says("#name-fault", "may not be blank").Says("textarea", "Kept")
	answer := b.Submit(form, "main form.card", url.Values{"name": {"Articles"}, "library_type": {"technical"}}).Want(http.StatusSeeOther)
	b.Follow(answer).Says("h1", "Articles").Says(".facts", "Technical").Says(".notice", "are stored")
	reader := w.SignedIn(bob).Get(at+"settings/").Says(".known", "Technical").Says(".buttons", "Leave library")
	if len(reader.All("main form.card")) != 0 || strings.Contains(reader.Text("main"), "Delete") {
		t.Error("a reader is offered to change or delete the library")
	}
}

func TestDeletingALibrarySaysWhatGoesAndTakesItsName(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	w.User("bob")
	uid := w.Library(ann, "Papers")
	at := "/libraries/" + uid + "/"
	w.Work()
	w.Ended(ann, w.Submit(ann, uid, "owls.md", owls).ID)
	_, err := w.Libraries.PutMember(t.Context(), ann, uid, "bob", library.RoleReader)
	dashboardtest.Check(t, err)
	_, _, err = w.Tokens.Create(t.Context(), accounts.Operator(), ann.UserID, mcpserver.TokenSpec{Name: "t", AllowedLibraries: []string{uid}})
	dashboardtest.Check(t, err)
	b := w.SignedIn(ann)
	ask := b.Get(at+"delete/").Want(http.StatusOK).Says(".going", "1 document,").Says(".going", "2 passages").Says(".going", "1 member’s").Says(".going", "1 token’s")
	b.Submit(ask, "main form", url.Values{"typed": {"papers"}}).Want(http.StatusBadRequest).Says("#typed-fault", "not the library’s name")
	b.Follow(b.Submit(ask, "main form", url.Values{"typed": {"Papers"}}).Want(http.StatusSeeOther)).Says(".notice", "is deleted")
	b.Get(at).Want(http.StatusNotFound)
	empty := w.Library(ann, "Empty")
	ask = b.Get("/libraries/"+empty+"/delete/").Says("main", "It is empty.")
	b.Submit(ask, "main form", nil).Want(http.StatusSeeOther)
}

func TestMembersAreAddedChangedRemovedAndLeave(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann, bob := w.User("ann"), w.User("bob")
	uid := w.Library(ann, "Papers")
	at := "/libraries/" + uid + "/members/"
	b := w.SignedIn(ann)
	form := b.Get(at).Says("table", "ann (you)")
	b.Submit(form, "form.narrowing", url.Values{"username": {"nobody"}, "role": {"manager"}}).Want(http.StatusBadRequest).Says("#username-fault", "no user of this name")
	b.Submit(form, "form.narrowing", url.Values{"username": {"ann"}}).Want(http.StatusBadRequest).Says(".notice", "stays its owner")
	b.Submit(form, "form.narrowing", url.Values{"username": {"bob"}, "role": {"king"}}).Want(http.StatusBadRequest).Says("#role-fault", "no role")
	list := b.Follow(b.Submit(form, "form.narrowing", url.Values{"username": {"bob"}}).Want(http.StatusSeeOther)).Says(".notice", "bob is now reader")
	b.Follow(b.Submit(list, "tbody form", url.Values{"role": {"manager"}}).Want(http.StatusSeeOther)).Says(".notice", "bob is now manager")
	theirs := w.SignedIn(bob)
	if seen := theirs.Get(at).Says("table", "bob (you)"); len(seen.All("main form:not([role=search])")) != 0 {
		t.Error("a manager of a private library is offered to change its members")
	}
	theirs.Get(at + "remove/?username=ann").Want(http.StatusForbidden)
	ask := b.Get(at+"remove/?username=bob").Says("main", "from the next request on")
	b.Follow(b.Submit(ask, "main form", nil)).Says(".notice", "is no member")
	theirs.Get(at).Want(http.StatusNotFound)
	_, err := w.Libraries.PutMember(t.Context(), ann, uid, "bob", library.RoleReader)
	dashboardtest.Check(t, err)
	leave := theirs.Get("/libraries/" + uid + "/leave/").Want(http.StatusOK)
	theirs.Follow(theirs.Submit(leave, "main form", nil)).Says(".notice", "You have left")
	theirs.Get(at).Want(http.StatusNotFound)
	again := b.Post("/libraries/"+uid+"/leave/", url.Values{"csrf_token": {dashboardtest.Attr(list.One("header [name=csrf_token]"), "value")}})
	b.Follow(again).Says(".notice", "no role in this library that you could give up")
}

func TestManyMembersAreShownPageByPage(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	uid := w.Library(ann, "Papers")
	for i := range 60 {
		name := fmt.Sprintf("user%02d", i)
		w.User(name)
		_, err := w.Libraries.PutMember(t.Context(), ann, uid, name, library.RoleReader)
		dashboardtest.Check(t, err)
	}
	b := w.SignedIn(ann)
	first := b.Get("/libraries/"+uid+"/members/").Says("main", "61 people").Says("tbody", "user59")
	if n := len(first.All("tbody tr")); n != 50 {
		t.Errorf("the first page has %d members", n)
	}
	second := b.Get(dashboardtest.Attr(first.One(".more a"), "href")).Says("tbody", "user00").Says("tbody", "ann (you)")
	if n := len(second.All("tbody tr")); n != 11 || len(second.All(".more")) != 0 {
		t.Errorf("the second page has %d members", n)
	}
	b.Get("/libraries/"+uid+"/members/?after=gone").Says("tbody", "user59")
}

func TestDocumentsAreNarrowedMovedAndDeletedTogether(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	uid := w.Library(ann, "Papers")
	at := "/libraries/" + uid + "/"
	w.Work()
	first, second := w.Submit(ann, uid, "owls.md", owls), w.Submit(ann, uid, "bees.md", bees)
	broken := w.Submit(ann, uid, "broken.pdf", "%PDF-1.4 no more")
	for _, id := range []string{first.ID, second.ID, broken.ID} {
		w.Ended(ann, id)
	}
	b := w.SignedIn(ann)
	b.Get(at+"?status=failed").Says("#documents", "corrupt").Says("#documents", "Damaged").Says("#documents .row-actions", "Upload again")
	if rows := b.Get(at + "?q=OWL&sort=name").All("#documents tbody tr"); len(rows) != 1 {
		t.Errorf("%d documents are of owls", len(rows))
	}
	b.Get(at+"?q=fish").Says("#documents .empty", "No document fits.")
	both := "?item=" + first.ItemUID + "&item=" + second.ItemUID
	ask := b.Get(at+"documents/move/"+both).Says(".going", "Bees").Says("h2", "Move 2 documents")
	b.Submit(ask, "main form.card", url.Values{"item": {first.ItemUID}, "collection": {strings.Repeat("x", 300)}}).Want(http.StatusBadRequest).Says("#collection-fault", "no more than")
	b.Follow(b.Submit(ask, "main form.card", url.Values{"item": {first.ItemUID, second.ItemUID}, "collection": {"Animals"}})).Says(".notice", "2 documents are in “Animals” now")
	folders := b.Get(at+"collections/").Says("table", "Animals").Says("table", "2")
	within := dashboardtest.Attr(folders.One("tbody th a.strong"), "href")
	b.Get(within).Says("#documents", "Owls")
	if rows := b.Get(at + "?collection=none").All("#documents tbody tr"); len(rows) != 1 {
		t.Errorf("%d documents are in no collection", len(rows))
	}
	b.Follow(b.Submit(folders, "tbody form", url.Values{"name": {"Beasts"}})).Says(".notice", "called “Beasts” now")
	gone := b.Get(at+"documents/delete/"+both+"&item="+uid+"&item="+first.ItemUID).Says("h1", "Delete 2 documents?").Says(".going", "Owls of the North")
	b.Follow(b.Submit(gone, "main form", url.Values{"item": {first.ItemUID, second.ItemUID, first.ItemUID}})).Says(".notice", "2 documents are deleted.")
	b.Follow(b.Submit(b.Get(at+"collections/"), `form[action$="delete/"]`, nil)).Says(".notice", "is gone")
	b.Follow(b.Get(at+"documents/delete/"+both).Want(http.StatusSeeOther)).Says(".notice", "Tick the documents first")
}

func TestPagesOfALargeLibraryReadAPageOfIt(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	uid := w.Library(ann, "Papers")
	at := "/libraries/" + uid + "/"
	_, err := sqldb.Exec(t.Context(), w.DB.Write(), `INSERT INTO item (uid, library_uid, created_by, title, filename, status, generation, chunk_count, size_bytes, created_at, updated_at)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
SELECT printf('00000000-0000-4000-8000-%012d', i), $1, $2, printf('Title %05d', i), printf('f%d.md', i), 'ready', 1, 3, i,
	strftime('%Y-%m-%dT%H:%M:%S.000000Z', '2026-01-01', printf('+%d seconds', i)), '2026-01-01T00:00:00.000000Z' FROM n`, uid, ann.UserID)
	dashboardtest.Check(t, err)
	dashboardtest.Check(t, library.Bump(t.Context(), w.DB.Write(), uid, 10000, 30000, ann2026()))
	b := w.SignedIn(ann)
	for _, row := range []struct{ sort, first, next string }{
		{"newest", "Title 10000", "Title 09975"}, {"name", "Title 00001", "Title 00026"}, {"size", "Title 10000", "Title 09975"},
	} {
		page := b.Get(at + "?sort=" + row.sort).Want(http.StatusOK)
		rows := page.All("#documents tbody tr")
		if len(rows) != 25 || !strings.Contains(dashboardtest.TextOf(rows[0]), row.first) {
			t.Errorf("by %s %d rows begin with %q", row.sort, len(rows), dashboardtest.TextOf(rows[0]))
		}
		next := b.Get(dashboardtest.Attr(page.One(`#documents [rel=next]`), "href")).Want(http.StatusOK)
		if first := dashboardtest.TextOf(next.All("#documents tbody tr")[0]); !strings.Contains(first, row.next) {
			t.Errorf("by %s the second page begins with %q", row.sort, first)
		}
		back := b.Get(dashboardtest.Attr(next.One(`#documents [rel=prev]`), "href")).Want(http.StatusOK)
		if first := dashboardtest.TextOf(back.All("#documents tbody tr")[0]); !strings.Contains(first, row.first) || len(back.All("#documents [rel=prev]")) != 0 {
			t.Errorf("by %s the way back leads to %q", row.sort, first)
		}
	}
	other := fmt.Sprintf("/libraries/%s/?sort=name&after=", w.Library(ann, "Other"))
	cursor := dashboardtest.Attr(b.Get(at+"?sort=name").One(`#documents [rel=next]`), "href")
	q, err := url.Parse(cursor)
	dashboardtest.Check(t, err)
	b.Get(other + q.Query().Get("after")).Want(http.StatusBadRequest)
}

func TestViewersAreOfferedNothingThatWouldBeRefused(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	uid := w.Library(ann, "Papers")
	w.Work()
	job := w.Submit(ann, uid, "owls.md", owls)
	w.Ended(ann, job.ID)
	_, err := w.Accounts.EnsureGroups(t.Context(), accounts.Operator(), accounts.GroupViewOnly)
	dashboardtest.Check(t, err)
	dashboardtest.Check(t, w.Accounts.SetGroups(t.Context(), accounts.Operator(), ann.UserID, []string{accounts.GroupViewOnly}))
	b := w.SignedIn(ann)
	at := "/libraries/" + uid + "/"
	item := at + "items/" + job.ItemUID + "/"
	for _, path := range []string{"/libraries/", "/teams/", at, at + "settings/", at + "members/", at + "collections/", item, item + "details/"} {
		page := b.Get(path).Want(http.StatusOK)
		if got := page.All(`main form[method=post], main a[href$="/add/"], main a[href$="/edit/"], main a[href$="/delete/"], main a[href$="/replace/"], main a[href$="/leave/"], main [name=item]`); len(got) != 0 {
			t.Errorf("%s offers <%s> %q", path, got[0].Data, dashboardtest.TextOf(got[0]))
		}
	}
	for _, form := range []string{"/libraries/add/", "/teams/add/"} {
		b.Get(form).Want(http.StatusForbidden).Says("main", "View Only")
	}
}

func TestALibrarysFormIsFilledInAgainAfterSigningIn(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	uid := w.Library(ann, "Papers")
	b := w.SignedIn(ann)
	b.Get("/libraries/")
	_, err := w.Accounts.SignOutEverywhere(t.Context(), accounts.Operator(), ann.UserID)
	dashboardtest.Check(t, err)
	for _, path := range []string{"/libraries/add/", "/libraries/" + uid + "/settings/"} {
		b.Post(path, url.Values{"name": {"Articles"}, "description": {"All of them"}, "library_type": {"technical"}}).Want(http.StatusSeeOther)
		login := b.Get("/accounts/login/")
		b.Submit(login, `form[action="/accounts/login/"]`, url.Values{"username": {"ann"}, "password": {dashboardtest.Password}}).Want(http.StatusSeeOther)
		form := b.Get(path).Want(http.StatusOK).Says("textarea", "All of them")
		if name := dashboardtest.Attr(form.One("#name"), "value"); name != "Articles" {
			t.Errorf("%s: the name is %q", path, name)
		}
		if chosen := dashboardtest.Attr(form.One(`[name=library_type][checked]`), "value"); chosen != "technical" {
			t.Errorf("%s: the type is %q", path, chosen)
		}
		b.Submit(form, `form[action="/accounts/logout/"]`, nil)
	}
}

func TestAFormOfUploadsHasNoMoreFieldsThanItsPage(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	at := "/libraries/" + w.Library(ann, "Papers") + "/"
	b := w.SignedIn(ann)
	token := dashboardtest.Attr(b.Get(at).All("[name=csrf_token]")[0], "value")
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	dashboardtest.Check(t, form.WriteField("csrf_token", token))
	for i := range 100 {
		dashboardtest.Check(t, form.WriteField("field"+strconv.Itoa(i), "x"))
	}
	dashboardtest.Check(t, form.Close())
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.Base+at+"upload/", &body)
	dashboardtest.Check(t, err)
	r.Header.Set("Content-Type", form.FormDataContentType())
	b.Do(r).Want(http.StatusBadRequest).Says("main", "fields that its page does not have")
}
