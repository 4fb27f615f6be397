package dashboard_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

// used has somebody use the place: searches with a session, a token and a
// team, one of each way to end, and a call of a model.
func used(t *testing.T, w *dashboardtest.World, p accounts.Principal, libraryUID, tokenName, teamName string) {
	t.Helper()
	_, token, err := w.Tokens.Create(t.Context(), accounts.Operator(), p.UserID, mcpserver.TokenSpec{Name: tokenName})
	dashboardtest.Check(t, err)
	team := aTeam(t, w, p, teamName)
	for _, r := range []struct {
		kind    accounts.CredentialKind
		masked  string
		outcome search.Outcome
		hits    int
	}{
		{accounts.CredentialSession, "session", search.Answered, 2},
		{accounts.CredentialSession, "session", search.Answered, 0},
		{accounts.CredentialUserToken, token.Masked, search.AnsweredDegraded, 1},
		{accounts.CredentialTeam, "team:" + team.ID, search.NotAnswered, 0},
	} {
		by := p
		by.Credential = accounts.Credential{Kind: r.kind, Masked: r.masked}
		rec := search.Record{Surface: "page", By: by, Outcome: r.outcome, Hits: r.hits, Took: 12 * time.Millisecond, Query: "what nobody may see"}
		if r.hits > 0 {
			rec.Found = map[string]int{libraryUID: r.hits}
		}
		w.SearchLog.RecordSearch(rec)
	}
	w.ModelUsage.RecordUsage(embedding.ForUser(t.Context(), p.UserID), embedding.Usage{
		Purpose: embedding.PurposeQuery, Provider: "provider-x", Model: "model-" + p.Username, Tokens: 1234, Items: 3,
	})
	w.SearchLog.Wait()
	w.ModelUsage.Wait()
}

// tile is the value under a label.
func tile(p dashboardtest.Page, label string) string {
	values := p.All(".tiles dd")
	for i, name := range p.All(".tiles dt") {
		if dashboardtest.TextOf(name) == label {
			return strings.Join(strings.Fields(dashboardtest.TextOf(values[i])), " ")
		}
	}
	return ""
}

func TestAPersonSeesTheirOwnUsageAndNobodyElses(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann, bob := w.User("ann"), w.User("bob")
	notes := w.Library(ann, "Field notes")
	w.Work()
	w.Ended(ann, w.Submit(ann, notes, "owls.md", owls).ID)
	w.Ended(ann, w.Submit(ann, notes, "broken.pdf", "%PDF-1.7 no more").ID)
	used(t, w, ann, notes, "Laptop", "Desk")
	b := w.SignedIn(ann)
	for _, days := range []string{"", "?range=24h", "?range=7d", "?range=30d", "?range=90d", "?range=nonsense"} {
		p := b.Get("/usage/" + days).Want(http.StatusOK)
		for label, want := range map[string]string{
			"Searches": "4", "Without hits": "25 %", "A part was missing": "25 %", "Half took at most": "12 ms of 3 searches",
			"Documents taken in": "1", "Tokens": "1,234", "Calls": "1",
		} {
			if got := tile(p, label); got != want {
				t.Errorf("%s: %s is %q, want %q", days, label, got, want)
			}
		}
		p.Says("#searches-by-credential .legend", "In the browser 2").Says("#searches-by-credential .legend", "Laptop (tok_…").Says("#searches-by-credential .legend", "Desk (team:")
		p.Says("#searches .legend", "With hits 1").Says("#searches-by-library", "Field notes").Says("#documents .legend", "Field notes").Says("#failures", "corrupt").Says("main", "kept for 90 days")
		p.Says(".totals", "model-ann")
	}
	empty := w.SignedIn(bob).Get("/usage/").Says("#searches", "Nothing in this time.")
	for _, secret := range []string{"Field notes", "Laptop", "Desk", "model-ann", "corrupt"} {
		if strings.Contains(empty.Body, secret) {
			t.Errorf("Bob sees %q", secret)
		}
	}
}

func TestALibraryThatCannotBeReadAnyMoreIsNotNamed(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann, bob := w.User("ann"), w.User("bob")
	used(t, w, bob, w.Library(ann, "Ann's secret"), "x", "y")
	p := w.SignedIn(bob).Get("/usage/").Says("#searches-by-library", "Libraries that you cannot read now")
	if strings.Contains(p.Body, "secret") {
		t.Error("the library is named")
	}
}

func TestThoseWhoAdministerSeeEverybodysUsageAndNobodysWords(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann, bob, root := w.User("ann"), w.User("bob"), w.User("root")
	used(t, w, ann, w.Library(ann, "Field notes"), "Laptop", "Desk")
	used(t, w, bob, w.Library(bob, "Bees"), "Phone", "Hive")
	_, err := w.Accounts.EnsureGroups(t.Context(), accounts.Operator(), accounts.GroupAdmin, accounts.GroupViewOnly)
	dashboardtest.Check(t, err)
	dashboardtest.Check(t, w.Accounts.SetGroups(t.Context(), accounts.Operator(), root.UserID, []string{accounts.GroupAdmin}))
	dashboardtest.Check(t, w.Accounts.SetGroups(t.Context(), accounts.Operator(), bob.UserID, []string{accounts.GroupViewOnly}))
	p := w.SignedIn(root).Get("/admin/usage/?range=24h").Want(http.StatusOK)
	if got := tile(p, "Searches"); got != "8" {
		t.Errorf("there were %s searches, want 8", got)
	}
	p.Says("#searches-by-user .legend", "ann 4").Says("#searches-by-user .legend", "bob 4")
	p.Says("#searches-by-credential .legend", "ann: Laptop (tok_…").Says("#searches-by-credential .legend", "bob: Hive (team:")
	p.Says("#searches-by-library .legend", "Field notes (ann)").Says("#tokens-by-user .legend", "bob 1,234")
	if strings.Contains(p.Body, "nobody may see") {
		t.Error("the words of a search are shown")
	}
	w.SignedIn(ann).Get("/admin/usage/").Want(http.StatusNotFound)
	if got := tile(w.SignedIn(bob).Get("/usage/"), "Searches"); got != "4" {
		t.Errorf("who may only look sees %q searches of theirs", got)
	}
}

func TestAChartsNumbersCanBeDownloaded(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	used(t, w, ann, w.Library(ann, "Notes"), "=cmd|' /C calc'!A0", "Desk")
	b := w.SignedIn(ann)
	link := dashboardtest.Attr(b.Get("/usage/?range=24h").One("#searches-by-credential .numbers a"), "href")
	table := b.Get(link).Want(http.StatusOK).Says("main", "Desk")
	if rows, figures := table.All(".numbers tbody tr"), table.All("figure"); len(rows) != 24 || len(figures) != 1 {
		t.Errorf("the table has %d rows under %d charts", len(rows), len(figures))
	}
	p := b.Get(dashboardtest.Attr(table.One(".more a"), "href")).Want(http.StatusOK)
	lines := strings.Split(strings.TrimSpace(p.Body), "\n")
	if len(lines) != 25 || !strings.Contains(lines[0], `'=cmd`) || !strings.HasSuffix(lines[24], ",4") {
		t.Errorf("the file is\n%s", p.Body)
	}
	if got := p.Header.Get("Content-Type") + p.Header.Get("Content-Disposition"); got != `text/csv; charset=utf-8attachment; filename="searches-by-credential.csv"` {
		t.Errorf("it comes as %s", got)
	}
	b.Get("/usage/?format=csv&chart=nonsense").Want(http.StatusNotFound)
	b.Get("/usage/?chart=nonsense").Want(http.StatusNotFound)
}
