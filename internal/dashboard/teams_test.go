package dashboard_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

// aTeam makes a team of somebody's, and the key that signs for it.
func aTeam(t *testing.T, w *dashboardtest.World, p accounts.Principal, name string) mcpserver.Minted {
	t.Helper()
	_, err := w.Keys.Ensure(t.Context(), accounts.Operator())
	dashboardtest.Check(t, err)
	m, err := w.Teams.Create(t.Context(), accounts.Actor{Principal: p}, uuid.NewString(), name)
	dashboardtest.Check(t, err)
	return m
}

func aWorkspace(t *testing.T, w *dashboardtest.World, p accounts.Principal, id, name string) {
	t.Helper()
	_, _, err := w.Libraries.CreateWorkspace(t.Context(), p, library.NewWorkspace{ID: id, Name: name})
	dashboardtest.Check(t, err)
}

// accepted tells whether MCP takes a JWT.
func accepted(t *testing.T, w *dashboardtest.World, jwt string) bool {
	t.Helper()
	_, err := w.Resolver.Resolve(t.Context(), "Bearer "+jwt, mcpserver.MCP)
	return err == nil
}

func TestAPersonMakesATeamAndGivesItWorkspaces(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	_, err := w.Keys.Ensure(t.Context(), accounts.Operator())
	dashboardtest.Check(t, err)
	ann := w.User("ann")
	aWorkspace(t, w, ann, "ws-1", "Support")
	aWorkspace(t, w, ann, "ws-2", "Sales")
	b := w.SignedIn(ann)
	b.Get("/teams/").Want(http.StatusOK).Says("main", "No teams yet.")
	form := b.Get("/teams/add/").Want(http.StatusOK)
	id := dashboardtest.Attr(form.One("#id"), "value")
	if uuid.Validate(id) != nil {
		t.Errorf("the form offers the id %q", id)
	}
	made := b.Submit(form, "main form", url.Values{"name": {" Desk "}}).Want(http.StatusCreated).Says("main", "no workspaces yet")
	jwt := made.Text("#plaintext")
	if !accepted(t, w, jwt) || made.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the JWT %.20q… is refused, or may be kept: %q", jwt, made.Header.Get("Cache-Control"))
	}
	for _, entry := range []string{"#claude-desktop", "#cline", "#generic", "#curl"} {
		made.Says(entry, jwt)
	}
	made.Says("#curl", "tools/call")
	at := "/teams/" + id + "/"
	b.Get(at).Says("h1", "Desk").Says("main", "team:"+id).Says("main", "No workspaces.")
	choose := b.Get(at + "workspaces/")
	saved := b.Submit(choose, "main form", url.Values{"workspace_ids": {"ws-1"}, "others": {"ws-later\n\n ws-9 "}}).Want(http.StatusSeeOther)
	b.Follow(saved).Says(".notice", "3 workspaces").Says("table", "Support").Says("table", "ws-later").Says("table", "resolves to nothing")
	got, err := w.Teams.Get(t.Context(), ann.UserID, id)
	dashboardtest.Check(t, err)
	if !slices.Equal(got.WorkspaceIDs, []string{"ws-1", "ws-9", "ws-later"}) {
		t.Errorf("the team has %q", got.WorkspaceIDs)
	}
	again := b.Get(at+"workspaces/").Says("#others", "ws-later")
	if len(again.All("input[checked]")) != 1 {
		t.Error("what the team has is not what the form shows")
	}
	wrong := b.Submit(again, "main form", url.Values{"others": {"no/slash"}}).Want(http.StatusBadRequest).Says("#others", "no/slash").Says("#workspace_ids-fault", "1 to 200")
	if len(wrong.All("input[checked]")) != 1 {
		t.Error("the form forgot what was ticked")
	}
	b.Follow(b.Submit(again, "main form", url.Values{"workspace_ids": nil, "others": {""}})).Says(".notice", "paused")
}

func TestATeamIsRenamedRotatedDeletedAndRecreated(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	first := aTeam(t, w, ann, "Desk")
	b := w.SignedIn(ann)
	at := "/teams/" + first.ID + "/"
	b.Submit(b.Get(at+"edit/"), "main form", url.Values{"name": {" "}}).Want(http.StatusBadRequest).Says("#name-fault", "blank")
	b.Follow(b.Submit(b.Get(at+"edit/"), "main form", url.Values{"name": {"Front desk"}})).Says("h1", "Front desk")
	b.Get(at+"recreate/").Want(http.StatusConflict).Says("main", "active already")

	confirm := b.Get(at+"rotate/").Want(http.StatusOK).Says("main", "refused from its next request")
	if !accepted(t, w, first.JWT) {
		t.Error("asking rotated already")
	}
	rotated := b.Submit(confirm, "main form", nil).Want(http.StatusOK).Says("main", "refused already")
	second := rotated.Text("#plaintext")
	if accepted(t, w, first.JWT) || !accepted(t, w, second) {
		t.Error("the JWTs are not as the page says")
	}
	w.Resolver.Wait()
	if b.Get(at).Says(".facts-list", "team:"+first.ID); strings.Contains(b.Get(at).Text(".facts-list"), "never") {
		t.Error("the last use is not shown")
	}

	b.Follow(b.Submit(b.Get(at+"delete/"), "main form", nil)).Says(".notice", "deleted").Says("table", "inactive")
	if accepted(t, w, second) {
		t.Error("a deleted team's JWT is accepted")
	}
	gone := b.Get(at).Says(".notice", "deleted")
	if len(gone.All(`a[href$="rotate/"], a[href$="workspaces/"]`)) != 0 {
		t.Error("an inactive team offers what would be refused")
	}
	for _, action := range []string{"rotate/", "workspaces/", "delete/"} {
		b.Get(at + action).Want(http.StatusConflict)
	}
	third := b.Submit(b.Get(at+"recreate/"), "main form", nil).Want(http.StatusCreated).Text("#plaintext")
	if accepted(t, w, second) || !accepted(t, w, third) {
		t.Error("recreating brings the wrong JWT back")
	}
}

func TestATeamsIDIsOneUUIDThatNobodyHas(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann, bob := w.User("ann"), w.User("bob")
	anns, bobs := aTeam(t, w, ann, "Desk"), aTeam(t, w, bob, "Bob's secret team")
	b := w.SignedIn(ann)
	form := b.Get("/teams/add/")
	for id, want := range map[string]int{"": 400, "nonsense": 400, "{" + uuid.NewString() + "}": 400, bobs.ID: 409, anns.ID: 409} {
		p := b.Submit(form, "main form", url.Values{"name": {"Kept name"}, "id": {id}}).Want(want)
		if p.Text("#id-fault") == "" || dashboardtest.Attr(p.One("#name"), "value") != "Kept name" || strings.Contains(p.Body, "secret") {
			t.Errorf("%q is refused by %q", id, p.Text("#id-fault"))
		}
	}
}

func TestWithoutASigningKeyTheFormSaysWhatToDo(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	b := w.SignedIn(w.User("ann"))
	b.Submit(b.Get("/teams/add/"), "main form", url.Values{"name": {"x"}}).Want(http.StatusServiceUnavailable).Says("main", "seed-signing-key")
	b.Get("/teams/").Says("main", "No teams yet.")
}

func TestAnothersTeamIsAsOneThatIsNotThere(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann, bob := w.User("ann"), w.User("bob")
	made := aTeam(t, w, ann, "Ann's")
	b := w.SignedIn(bob)
	csrf := dashboardtest.Attr(b.Get("/teams/").One(`form [name=csrf_token]`), "value")
	for _, action := range []string{"", "edit/", "workspaces/", "rotate/", "delete/", "recreate/"} {
		foreign := b.Get("/teams/" + made.ID + "/" + action).Want(http.StatusNotFound)
		none := b.Get("/teams/" + uuid.NewString() + "/" + action).Want(http.StatusNotFound)
		if foreign.Text("main") != none.Text("main") {
			t.Errorf("%q and %q tell them apart", foreign.Text("main"), none.Text("main"))
		}
		if action != "" {
			b.Post("/teams/"+made.ID+"/"+action, url.Values{"csrf_token": {csrf}, "name": {"mine"}}).Want(http.StatusNotFound)
		}
	}
	got, err := w.Teams.Get(t.Context(), ann.UserID, made.ID)
	dashboardtest.Check(t, err)
	if got.Name != "Ann's" || !got.Active || !accepted(t, w, made.JWT) || strings.Contains(b.Get("/teams/").Body, "Ann") {
		t.Errorf("the team was changed, or is shown: %+v", got)
	}
}

func TestManyTeamsAreListedByThePage(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	for range 51 {
		aTeam(t, w, ann, "Team")
	}
	b := w.SignedIn(ann)
	first := b.Get("/teams/")
	next := b.Get(dashboardtest.Attr(first.One(".more a"), "href")).Want(http.StatusOK)
	if len(first.All("tr[data-team]")) != 50 || len(next.All("tr[data-team]")) != 1 || len(next.All(".more")) != 0 {
		t.Error("the pages do not hold 50 and one")
	}
	b.Get("/teams/?after=nonsense").Want(http.StatusBadRequest)
}

func TestWhoMayOnlyLookIsOfferedNoChangeOfTeams(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	ann := w.User("ann")
	made := aTeam(t, w, ann, "Desk")
	_, err := w.Accounts.EnsureGroups(t.Context(), accounts.Operator(), accounts.GroupViewOnly)
	dashboardtest.Check(t, err)
	dashboardtest.Check(t, w.Accounts.SetGroups(t.Context(), accounts.Operator(), ann.UserID, []string{accounts.GroupViewOnly}))
	b := w.SignedIn(ann)
	for _, path := range []string{"/teams/", "/teams/" + made.ID + "/"} {
		if p := b.Get(path).Says("main", "Desk"); len(p.All("main .button")) != 0 {
			t.Errorf("%s offers %q", path, p.Text("main .button"))
		}
	}
	b.Submit(b.Get("/teams/"+made.ID+"/rotate/"), "main form", nil).Want(http.StatusForbidden)
	if !accepted(t, w, made.JWT) {
		t.Error("the team was rotated")
	}
}
