package dashboard_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
	"git.helu.ca/r/mnemosyne/internal/library"
)

func TestAJobIsCancelledAndTriedAgainFromItsRow(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	uid := w.Library(ann, "Papers")
	w.Submit(ann, uid, "owls.md", owls)
	b := w.SignedIn(ann)
	list := b.Get("/jobs/").Says(".job", "queued").Says(".job-library", "Papers")
	if !dashboardtest.Has(list.One("form.job-retry"), "hidden") || dashboardtest.Has(list.One("form.job-cancel"), "hidden") {
		t.Error("a queued job can be retried or not be cancelled")
	}
	list = b.Follow(b.Submit(list, "form.job-cancel", nil).Want(http.StatusSeeOther)).Says(".notice", "is cancelled").Says(".badge", "cancelled")
	b.Get("/jobs/?status=queued").Says(".empty", "No queued jobs")
	list = b.Follow(b.Submit(list, "form.job-retry", nil).Want(http.StatusSeeOther)).Says(".notice", "another try").Says(".badge", "queued")
	again := b.Submit(list, "form.job-retry", nil).Want(http.StatusSeeOther)
	b.Follow(again).Says(`.notice[data-kind="error"]`, "Only a failed or cancelled job")
}

func TestTheListOfJobsIsNarrowedAndCounted(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann, bob := w.User("ann"), w.User("bob")
	papers, notes := w.Library(ann, "Papers"), w.Library(ann, "Notes")
	_, err := w.Libraries.PutMember(t.Context(), ann, papers, "bob", library.RoleManager)
	dashboardtest.Check(t, err)
	w.Submit(ann, papers, "Owls.md", owls)
	w.Submit(bob, papers, "bees.md", bees)
	cancelled := w.Submit(ann, notes, "notes.md", "# Notes\n\nNothing.\n")
	_, err = w.Ingest.Cancel(t.Context(), ann, cancelled.ID)
	dashboardtest.Check(t, err)
	b := w.SignedIn(ann)
	today := time.Now().UTC().Format(time.DateOnly)
	for query, want := range map[string]string{
		"": "notes.md bees.md Owls.md", "status=queued": "bees.md Owls.md", "library=" + notes: "notes.md", "name=OWL": "Owls.md",
		"by=bob": "bees.md", "from=" + today + "&to=" + today: "notes.md bees.md Owls.md", "to=2020-01-01": "", "library=none": "",
		"item=" + cancelled.ItemUID: "notes.md", "by=bob&status=cancelled": "",
	} {
		if got := b.Get("/jobs/?" + query).Want(http.StatusOK).Text(".job-name"); got != want {
			t.Errorf("%q lists %q, want %q", query, got, want)
		}
	}
	list := b.Get("/jobs/?library="+papers).Says("#job-counts", "all 2").Says("#job-counts", "queued 2").Says("#job-counts", "cancelled 0").Says(".job-head", "by bob")
	for _, link := range list.All("#job-counts a") {
		if href := dashboardtest.Attr(link, "href"); !strings.Contains(href, "library="+papers) {
			t.Errorf("%s leaves the library", href)
		}
	}
	b.Get("/jobs/?from=yesterday").Want(http.StatusBadRequest).Says("#from-fault", "2026-01-31")
	b.Get("/jobs/?after=nonsense").Want(http.StatusBadRequest)
	b.Get("/jobs/?by=nobody").Says(".empty", "No jobs like these.")
}

func TestTheListOfJobsIsPagedBothWaysAndKeepsItsBounds(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	uid := w.Library(ann, "Papers")
	for n := range 60 {
		w.Submit(ann, uid, fmt.Sprintf("%03d.md", n), "# A title\n\nAnd words.\n")
	}
	b := w.SignedIn(ann)
	first := func(p dashboardtest.Page) string { return dashboardtest.TextOf(p.All(".job-name")[0]) }
	p := b.Get("/jobs/?name=.md&library=" + uid)
	turn := func(to, want string, n int) {
		t.Helper()
		for _, a := range p.All(".turns a") {
			if href := dashboardtest.Attr(a, "href"); dashboardtest.TextOf(a) == to+" jobs" {
				if !strings.Contains(href, "library="+uid) || !strings.Contains(href, "name=.md") {
					t.Errorf("%s loses its bounds", href)
				}
				p = b.Get(href).Want(http.StatusOK)
				if got := len(p.All(".job")); first(p) != want || got != n {
					t.Errorf("%s jobs are %d from %s on, want %d from %s", to, got, first(p), n, want)
				}
				return
			}
		}
		t.Fatalf("no %s jobs at %s", to, first(p))
	}
	turn("Older", "034.md", 25)
	turn("Older", "009.md", 10)
	turn("Newer", "034.md", 25)
	turn("Newer", "059.md", 25)
	if p.Text(".turns") != "Older jobs" {
		t.Errorf("the first page leads to %q", p.Text(".turns"))
	}
	poll := dashboardtest.Attr(p.One("[data-poll]"), "data-poll")
	if got := b.Get(poll).Want(http.StatusOK).Body; !strings.Contains(got, `"newer":0,"more":false`) {
		t.Errorf("newer jobs are %s", got)
	}
	w.Submit(ann, uid, "new.md", owls)
	w.Submit(ann, uid, "other.txt", bees)
	if got := b.Get(poll).Body; !strings.Contains(got, `"newer":1,"more":false`) {
		t.Errorf("then newer jobs are %s", got)
	}
}

func TestAllFailedJobsOfAListAreRetriedOnceThatIsConfirmed(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann, bob := w.User("ann"), w.User("bob")
	uid := w.Library(ann, "Papers")
	w.Work()
	for n := range 3 {
		w.Ended(ann, w.Submit(ann, uid, fmt.Sprintf("bad%d.pdf", n), "%PDF-1.7 "+fmt.Sprint(n)).ID)
	}
	b := w.SignedIn(ann)
	b.Get("/jobs/?library=" + uid + "&name=bad")
	list := b.Get("/jobs/?name=bad").Says(".bulk", "Retry all that failed")
	confirm := b.Get(dashboardtest.Attr(list.One(".bulk a"), "href")).Want(http.StatusOK).
		Says("h1", "Retry 3 failed jobs?").Says("main", "named like “bad”")
	answer := b.Submit(confirm, "main form", nil).Want(http.StatusSeeOther)
	b.Follow(answer).Says(".notice", "3 jobs are queued again.")
	none := b.Get("/jobs/cancel/?name=nothing").Want(http.StatusSeeOther)
	b.Follow(none).Says(".notice", "no unfinished job in this list")
	stranger := w.SignedIn(bob)
	token := dashboardtest.Attr(stranger.Get("/jobs/").One("header [name=csrf_token]"), "value")
	refused := stranger.Post("/jobs/retry/?library="+uid, url.Values{"csrf_token": {token}}).Want(http.StatusSeeOther)
	stranger.Follow(refused).Says(".notice", "0 jobs are")
	stranger.Get("/jobs/retry/?library=" + uid).Want(http.StatusSeeOther)
}

func TestAJobsPageTellsItsStepsAndWhatToDo(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann, bob := w.User("ann"), w.User("bob")
	uid := w.Library(ann, "Papers")
	w.Work()
	good, bad := w.Submit(ann, uid, "owls.md", owls), w.Submit(ann, uid, "bad.pdf", "%PDF-1.7 no more")
	w.Ended(ann, good.ID)
	w.Ended(ann, bad.ID)
	b := w.SignedIn(ann)
	done := b.Get("/jobs/"+good.ID+"/").Want(http.StatusOK).Says("h1", "owls.md").Says(".job .badge", "done").Says(".job-facts", "Passages 2").
		Says(".job-facts", "Embedded 2").Says(".job-facts", "Submitted by ann").Says("table", "Embedding").Says("table", "ms").Says("table", "done")
	if href := dashboardtest.Attr(done.One(".job-open"), "href"); href != "/libraries/"+uid+"/items/"+good.ItemUID+"/" {
		t.Errorf("the document is at %q", href)
	}
	b.Get("/jobs/"+bad.ID+"/").Says(".remedy", "corrupt").Says(".remedy", "Open the file yourself").Says(".remedy a", "bad.pdf")
	dashboardtest.Check(t, w.Libraries.DeleteItem(t.Context(), ann, good.ItemUID))
	b.Get("/jobs/"+good.ID+"/").Want(http.StatusOK).Says(".job-facts", "not there any more")
	other := w.SignedIn(bob)
	foreign, missing := other.Get("/jobs/"+good.ID+"/").Want(http.StatusNotFound), other.Get("/jobs/none/").Want(http.StatusNotFound)
	if foreign.Text("main") != missing.Text("main") {
		t.Errorf("%q and %q tell them apart", foreign.Text("main"), missing.Text("main"))
	}
}

func TestOnlyWhoMayChangeADocumentIsOfferedToActOnItsJob(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	root, ann, bob := grouped(t, w, "root", "superuser"), w.User("ann"), w.User("bob")
	root.Superuser = true
	g, err := w.Libraries.Create(t.Context(), root, library.NewLibrary{Name: "House rules", Global: true})
	dashboardtest.Check(t, err)
	job := w.Submit(ann, g.Library.UID, "owls.md", owls)
	of := map[string]*dashboardtest.Browser{"ann": w.SignedIn(ann), "bob": w.SignedIn(bob), "root": w.SignedIn(root)}
	for _, path := range []string{"/jobs/", "/jobs/" + job.ID + "/", "/libraries/" + g.Library.UID + "/"} {
		for name, b := range of {
			offered := len(b.Get(path).Says("main", "owls").All(`form[action="/jobs/`+job.ID+`/cancel/"]`)) > 0
			if offered != (name != "bob") {
				t.Errorf("%s: %s may cancel it: %t", path, name, offered)
			}
		}
	}
}
