package mcpserver_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Sections are those of docs/DAEDALUS_PALLAS_INTEGRATION_v2.md.

// as is a user at the REST surface.
func as(u accounts.User) accounts.Actor {
	return accounts.Actor{
		Principal: accounts.Principal{
			UserID: u.ID, Username: u.Username, Scope: accounts.Scope{Kind: accounts.ScopeUser},
			Credential: accounts.Credential{Kind: accounts.CredentialUserToken, Masked: "tok_…01234567"},
		},
		Origin: accounts.Origin{Address: "192.0.2.1", RequestID: "r1"},
	}
}

// team makes a team of ann's with the key that signs it.
func (f fixture) team(t testing.TB) mcpserver.Minted {
	t.Helper()
	if _, err := f.keys.Ensure(t.Context(), accounts.Operator()); err != nil {
		t.Fatal(err)
	}
	return f.create(t, uuid.NewString(), "Kottos")
}

func (f fixture) create(t testing.TB, id, name string) mcpserver.Minted {
	t.Helper()
	m, err := f.teams.Create(t.Context(), as(f.ann), id, name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (f fixture) rotate(t testing.TB, id string) mcpserver.Minted {
	t.Helper()
	m, err := f.teams.Rotate(t.Context(), as(f.ann), id)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// workspace makes a workspace and gives its uid.
func (f fixture) workspace(t testing.TB, owner accounts.User, id string) string {
	t.Helper()
	uid := uuid.NewString()
	_, err := sqldb.Exec(t.Context(), f.db.Write(), `INSERT INTO library (uid, workspace_id, owner_id, owner_username, name, library_type, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $2, 'business', $5, $5)`, uid, id, owner.ID, owner.Username, sqldb.At(f.clock.Now()))
	if err != nil {
		t.Fatal(err)
	}
	return uid
}

func (f fixture) assign(t testing.TB, id string, workspaces ...string) {
	t.Helper()
	if _, err := f.teams.SetWorkspaces(t.Context(), as(f.ann), id, workspaces); err != nil {
		t.Fatal(err)
	}
}

// opens lists the uids of the libraries that a JWT reads, or the refusal.
func (f fixture) opens(t testing.TB, jwt string) ([]string, error) {
	t.Helper()
	p, err := f.resolver.Resolve(t.Context(), "Bearer "+jwt, mcpserver.MCP)
	if err != nil {
		return nil, err
	}
	libraries, err := f.access.Readable(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	var uids []string
	for _, l := range libraries {
		uids = append(uids, l.UID)
	}
	slices.Sort(uids)
	return uids, nil
}

func wantRefusal(t testing.TB, err error, why accounts.Refusal) {
	t.Helper()
	if got, _ := accounts.RefusalOf(err); !errs.Is(err, errs.Unauthenticated) || got != why {
		t.Errorf("error = %v, refused as %q; want %q", err, got, why)
	}
}

func TestSection71ATeamIsMadeOnceAndFoundAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		f.seed(t, "k1", false)
		id := uuid.NewString()
		made := f.create(t, id, "  Kottos ")
		if !made.Created || made.ID != id || made.Name != "Kottos" || strings.Count(made.JWT, ".") != 2 {
			t.Errorf("Create = %+v", made)
		}
		f.clock.Pass(time.Minute)
		again := f.create(t, id, "Another name")
		if again != (mcpserver.Minted{ID: id, Name: "Kottos"}) {
			t.Errorf("again = %+v; want the stored one, without a JWT", again)
		}
		if _, err := f.opens(t, made.JWT); err != nil {
			t.Errorf("after the second POST the JWT is refused: %v", err)
		}
		got, err := f.teams.Get(t.Context(), f.ann.ID, id)
		if err != nil || !got.Active || got.Name != "Kottos" || got.WorkspaceIDs == nil || len(got.WorkspaceIDs) != 0 || !got.CreatedAt.Equal(got.UpdatedAt) {
			t.Errorf("Get = %+v, %v", got, err)
		}
	})
}

func TestSection71AnIDOfAnotherIsAConflictAndNothingChanges(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		made := f.team(t)
		f.assign(t, made.ID, "ws")
		before, err := f.teams.Get(t.Context(), f.ann.ID, made.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, create := f.teams.Create(t.Context(), as(f.bob), made.ID, "Mine")
		_, rotate := f.teams.Rotate(t.Context(), as(f.bob), made.ID)
		for _, err := range []error{create, rotate} {
			if !errs.Is(err, errs.Conflict) || err.Error() != "Team id is already in use." {
				t.Errorf("error = %v", err)
			}
		}
		if err := f.teams.Delete(t.Context(), as(f.ann), made.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := f.teams.Create(t.Context(), as(f.bob), made.ID, "Mine"); !errs.Is(err, errs.Conflict) {
			t.Errorf("an inactive one of another's: %v", err)
		}
		after, err := f.teams.Get(t.Context(), f.ann.ID, made.ID)
		if err != nil || after.Name != before.Name || !slices.Equal(after.WorkspaceIDs, before.WorkspaceIDs) {
			t.Errorf("after = %+v, %v; want %+v but for active", after, err, before)
		}
	})
}

func TestAnInactiveTeamOfOnesOwnIsMadeAgainWithoutWhatItHad(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		first := f.team(t)
		second := f.rotate(t, first.ID)
		f.workspace(t, f.ann, "ws")
		f.assign(t, first.ID, "ws")
		if err := f.teams.Delete(t.Context(), as(f.ann), first.ID); err != nil {
			t.Fatal(err)
		}
		third := f.create(t, first.ID, "Back")
		if !third.Created || third.Name != "Back" || third.JWT == "" {
			t.Errorf("Create = %+v; want it active with a JWT", third)
		}
		got, err := f.teams.Get(t.Context(), f.ann.ID, first.ID)
		if err != nil || !got.Active || got.Name != "Back" || len(got.WorkspaceIDs) != 0 {
			t.Errorf("Get = %+v, %v; want it active without workspaces", got, err)
		}
		for _, old := range []string{first.JWT, second.JWT} {
			_, err := f.opens(t, old)
			wantRefusal(t, err, accounts.RefusedTeamRotated)
		}
		if uids, err := f.opens(t, third.JWT); err != nil || len(uids) != 0 {
			t.Errorf("the new JWT opens %v, %v", uids, err)
		}
	})
}

func TestSection72ADeletedTeamIsRefusedAtOnceAndStillShown(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		made := f.team(t)
		wantKind(t, f.teams.Delete(t.Context(), as(f.bob), made.ID), errs.NotFound)
		for range 2 {
			if err := f.teams.Delete(t.Context(), as(f.ann), made.ID); err != nil {
				t.Fatal(err)
			}
			_, err := f.opens(t, made.JWT)
			wantRefusal(t, err, accounts.RefusedTeamInactive)
		}
		got, err := f.teams.Get(t.Context(), f.ann.ID, made.ID)
		if err != nil || got.Active {
			t.Errorf("Get = %+v, %v", got, err)
		}
		all, err := f.teams.List(t.Context(), f.ann.ID, mcpserver.TeamPosition{}, 10)
		if err != nil || len(all) != 1 || all[0].Active {
			t.Errorf("List = %+v, %v", all, err)
		}
		_, err = f.teams.SetWorkspaces(t.Context(), as(f.ann), made.ID, []string{"ws"})
		wantKind(t, err, errs.Conflict)
	})
}

func TestSection73WorkspacesAreReplacedAndJoinedAtEachRequest(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		made := f.team(t)
		one, two := f.workspace(t, f.ann, "ws_abc"), f.workspace(t, f.ann, "ws_def")
		like, short := f.workspace(t, f.ann, "wsXabc"), f.workspace(t, f.ann, "ws") // like the others, and not them
		f.workspace(t, f.bob, "ws_bob")
		f.workspace(t, f.bob, "ws_abc") // another's of the same id
		steps := []struct {
			set, kept, open []string
		}{
			{[]string{"ws_abc"}, []string{"ws_abc"}, []string{one}},
			{[]string{"ws_def", "ws_abc", "ws_def"}, []string{"ws_abc", "ws_def"}, []string{one, two}},
			{[]string{"ws_def", "unknown", "ws_bob"}, []string{"unknown", "ws_bob", "ws_def"}, []string{two}},
			{[]string{"ws_def", "unknown", "ws_bob"}, []string{"unknown", "ws_bob", "ws_def"}, []string{two}},
			{[]string{"wsXabc"}, []string{"wsXabc"}, []string{like}},
			{[]string{"ws"}, []string{"ws"}, []string{short}},
			{[]string{"WS_ABC"}, []string{"WS_ABC"}, nil},
			{[]string{"unknown"}, []string{"unknown"}, nil},
			{[]string{}, []string{}, nil},
			{[]string{"ws_abc"}, []string{"ws_abc"}, []string{one}},
		}
		for _, step := range steps {
			kept, err := f.teams.SetWorkspaces(t.Context(), as(f.ann), made.ID, step.set)
			if err != nil || !slices.Equal(kept, step.kept) {
				t.Errorf("set %v = %v, %v; want %v", step.set, kept, err, step.kept)
			}
			slices.Sort(step.open)
			if open, err := f.opens(t, made.JWT); err != nil || !slices.Equal(open, step.open) {
				t.Errorf("with %v it opens %v, %v; want %v", step.set, open, err, step.open)
			}
			got, err := f.teams.Get(t.Context(), f.ann.ID, made.ID)
			if err != nil || !slices.Equal(got.WorkspaceIDs, step.kept) {
				t.Errorf("Get = %v, %v; want %v", got.WorkspaceIDs, err, step.kept)
			}
		}
		f.assign(t, made.ID, "later")
		uid := f.workspace(t, f.ann, "later")
		if open, err := f.opens(t, made.JWT); err != nil || !slices.Equal(open, []string{uid}) {
			t.Errorf("once the workspace is made it opens %v, %v", open, err)
		}
		_, err := f.teams.SetWorkspaces(t.Context(), as(f.bob), made.ID, []string{"ws_bob"})
		wantKind(t, err, errs.NotFound)
	})
}

func TestSection73WhatCannotBeAWorkspaceIsNamedAndNothingChanges(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		made := f.team(t)
		f.assign(t, made.ID, "ws")
		many := make([]string, 1001)
		for i := range many {
			many[i] = fmt.Sprint("ws", i)
		}
		for _, bad := range [][]string{{""}, {"ok", "a b"}, {"a/b"}, {"é"}, {strings.Repeat("a", 201)}, {"a\n"}, {"a\x00"}, many} {
			_, err := f.teams.SetWorkspaces(t.Context(), as(f.ann), made.ID, bad)
			wantField(t, err, "workspace_ids")
		}
		got, err := f.teams.Get(t.Context(), f.ann.ID, made.ID)
		if err != nil || !slices.Equal(got.WorkspaceIDs, []string{"ws"}) {
			t.Errorf("Get = %+v, %v", got, err)
		}
		if _, err := f.teams.SetWorkspaces(t.Context(), as(f.ann), made.ID, append(many[:1000], many[:1000]...)); err != nil {
			t.Errorf("a thousand, each twice: %v", err)
		}
	})
}

func TestSection74RotatingKillsTheJWTBefore(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		first := f.team(t)
		one := f.workspace(t, f.ann, "ws")
		f.assign(t, first.ID, "ws")
		second := f.rotate(t, first.ID)
		if second.Created || second.Name != "Kottos" || second.ID != first.ID {
			t.Errorf("Rotate = %+v", second)
		}
		_, err := f.opens(t, first.JWT)
		wantRefusal(t, err, accounts.RefusedTeamRotated)
		if open, err := f.opens(t, second.JWT); err != nil || !slices.Equal(open, []string{one}) {
			t.Errorf("the new one opens %v, %v; want what the team has", open, err)
		}
	})
}

func TestSection74RotatingAMissingTeamMakesItAndIsCounted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		f.seed(t, "k1", false)
		id := uuid.NewString()
		made := f.rotate(t, id)
		if !made.Created || made.Name != id || made.JWT == "" {
			t.Errorf("Rotate = %+v; want a team named by its id", made)
		}
		again := f.rotate(t, id)
		if again.Created {
			t.Errorf("the second time = %+v", again)
		}
		_, err := f.opens(t, made.JWT)
		wantRefusal(t, err, accounts.RefusedTeamRotated)
		if _, err := f.opens(t, again.JWT); err != nil {
			t.Error(err)
		}
		want := "# HELP mnemosyne_team_rotate_upserts_total Teams that a rotation made because they were missing: the caller and this server are out of step.\n" +
			"# TYPE mnemosyne_team_rotate_upserts_total counter\nmnemosyne_team_rotate_upserts_total 1\n"
		if err := testutil.GatherAndCompare(f.registry, strings.NewReader(want), "mnemosyne_team_rotate_upserts_total"); err != nil {
			t.Error(err)
		}
	})
}

func TestSection74AnInactiveTeamIsNotRotated(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		made := f.team(t)
		if err := f.teams.Delete(t.Context(), as(f.ann), made.ID); err != nil {
			t.Fatal(err)
		}
		_, err := f.teams.Rotate(t.Context(), as(f.ann), made.ID)
		wantKind(t, err, errs.Conflict)
		if got, err := f.teams.Get(t.Context(), f.ann.ID, made.ID); err != nil || got.Active {
			t.Errorf("Get = %+v, %v", got, err)
		}
	})
}

func TestATeamsIDIsOneUUIDInWhateverCase(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		f.seed(t, "k1", false)
		id := "a3f10000-bbbb-4ccc-8ddd-eeeeeeeeeeee"
		upper := strings.ToUpper(id)
		if made := f.create(t, upper, "Kottos"); made.ID != id {
			t.Errorf("Create = %+v; want the id in lower case", made)
		}
		if again := f.create(t, id, "Kottos"); again.Created {
			t.Error("the same id in the other case is another team")
		}
		if got, err := f.teams.Get(t.Context(), f.ann.ID, upper); err != nil || got.ID != id {
			t.Errorf("Get = %+v, %v", got, err)
		}
		for _, other := range []string{
			"", "x", "{" + id + "}", "urn:uuid:" + id, strings.ReplaceAll(id, "-", ""), id + " ", id + "\n", id[:35], "a3f1…", id[:35] + "g",
		} {
			_, err := f.teams.Create(t.Context(), as(f.ann), other, "Kottos")
			wantField(t, err, "id")
			_, err = f.teams.Rotate(t.Context(), as(f.ann), other)
			wantKind(t, err, errs.NotFound)
			_, err = f.teams.Get(t.Context(), f.ann.ID, other)
			wantKind(t, err, errs.NotFound)
			wantKind(t, f.teams.Delete(t.Context(), as(f.ann), other), errs.NotFound)
		}
	})
}

func TestATeamsNameIsOneLine(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		made := f.team(t)
		for _, bad := range []string{"", "  ", "a\nb", "a\x00", strings.Repeat("é", 201), "\xff"} {
			_, err := f.teams.Create(t.Context(), as(f.ann), uuid.NewString(), bad)
			wantField(t, err, "name")
			wantField(t, f.teams.Rename(t.Context(), as(f.ann), made.ID, bad), "name")
		}
		longest := strings.Repeat("é", 200)
		if err := f.teams.Rename(t.Context(), as(f.ann), made.ID, longest); err != nil {
			t.Error(err)
		}
		wantKind(t, f.teams.Rename(t.Context(), as(f.bob), made.ID, "Mine"), errs.NotFound)
		if p, err := f.resolver.Resolve(t.Context(), "Bearer "+made.JWT, mcpserver.MCP); err != nil || p.Credential.Name != longest {
			t.Errorf("after the new name the JWT stands for %+v, %v", p.Credential, err)
		}
	})
}

func TestWithoutASigningKeyNoTeamIsMadeAndTheErrorSaysWhatToDo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		id := uuid.NewString()
		attempts := map[string]func() error{
			"create": func() error { _, err := f.teams.Create(t.Context(), as(f.ann), id, "Kottos"); return err },
			"rotate": func() error { _, err := f.teams.Rotate(t.Context(), as(f.ann), id); return err },
		}
		for name, attempt := range attempts {
			if err := attempt(); !errs.Is(err, errs.Unavailable) || !strings.Contains(err.Error(), "seed-signing-key") {
				t.Errorf("%s = %v", name, err)
			}
			_, err := f.teams.Get(t.Context(), f.ann.ID, id)
			wantKind(t, err, errs.NotFound)
		}
		made := f.team(t)
		if err := f.keys.Retire(t.Context(), accounts.Operator(), mustKid(t, f)); err != nil {
			t.Fatal(err)
		}
		_, err := f.teams.Rotate(t.Context(), as(f.ann), made.ID)
		wantKind(t, err, errs.Unavailable)
		if again := f.create(t, made.ID, "Kottos"); again.Created || again.JWT != "" {
			t.Errorf("what needs no key = %+v", again)
		}
		for _, e := range f.events(t) {
			if e == "team_rotate " {
				t.Error("a rotation that failed is in the trail")
			}
		}
	})
}

func mustKid(t testing.TB, f fixture) string {
	t.Helper()
	keys, err := f.keys.List(t.Context())
	if err != nil || len(keys) != 1 {
		t.Fatalf("keys = %v, %v", keys, err)
	}
	return keys[0].Kid
}

func TestTeamsAreListedNewestFirstAndOnlyOnesOwn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		f.seed(t, "k1", false)
		var want []string
		for i := range 5 {
			if i != 2 { // two of one moment
				f.clock.Pass(time.Second)
			}
			want = append(want, f.create(t, fmt.Sprintf("00000000-0000-4000-8000-00000000000%d", i), fmt.Sprint(i)).ID)
		}
		slices.Reverse(want)
		if _, err := f.teams.Create(t.Context(), as(f.bob), uuid.NewString(), "Bob's"); err != nil {
			t.Fatal(err)
		}
		var got []string
		var after mcpserver.TeamPosition
		for range 3 {
			page, err := f.teams.List(t.Context(), f.ann.ID, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, team := range page {
				got = append(got, team.ID)
				after = mcpserver.TeamPosition{CreatedAt: team.CreatedAt, ID: team.ID}
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("List = %v; want %v", got, want)
		}
	})
}

// Many ask at once for one id: there is one team, one JWT that is valid, and
// nobody gets an error.
func TestManyAtOnceEndInOneTeamAndOneValidJWT(t *testing.T) {
	t.Parallel()
	const callers = 50
	create := func(t *testing.T, f fixture, id string) (mcpserver.Minted, error) {
		t.Helper()
		return f.teams.Create(t.Context(), as(f.ann), id, "Kottos")
	}
	rotate := func(t *testing.T, f fixture, id string) (mcpserver.Minted, error) {
		t.Helper()
		return f.teams.Rotate(t.Context(), as(f.ann), id)
	}
	type call = func(*testing.T, fixture, string) (mcpserver.Minted, error)
	for name, calls := range map[string][]call{"creates": {create}, "rotates": {rotate}, "both": {create, rotate}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, f fixture) {
				f.seed(t, "k1", false)
				id := uuid.NewString()
				var mu sync.Mutex
				var jwts []string
				begun := 0
				var wg sync.WaitGroup
				for i := range callers {
					wg.Go(func() {
						m, err := calls[i%len(calls)](t, f, id)
						mu.Lock()
						defer mu.Unlock()
						if err != nil {
							t.Error(err)
						}
						if m.Created {
							begun++
						}
						if m.JWT != "" {
							jwts = append(jwts, m.JWT)
						}
					})
				}
				for range 5 { // another's among them
					wg.Go(func() {
						if _, err := f.teams.Get(t.Context(), f.ann.ID, id); err != nil && !errs.Is(err, errs.NotFound) {
							t.Error(err)
						}
					})
				}
				wg.Wait()
				valid := 0
				for _, jwt := range jwts {
					if _, err := f.opens(t, jwt); err == nil {
						valid++
					}
				}
				all, err := f.teams.List(t.Context(), f.ann.ID, mcpserver.TeamPosition{}, 10)
				if err != nil || len(all) != 1 || begun != 1 || valid != 1 {
					t.Errorf("%d teams, %d made, %d of %d JWTs valid, %v", len(all), begun, valid, len(jwts), err)
				}
			})
		})
	}
}

func TestOfTwoOwnersAtOnceOneHasTheTeamAndTheOtherAConflict(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		f.seed(t, "k1", false)
		id := uuid.NewString()
		var mu sync.Mutex
		won := map[string]int{}
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				u := []accounts.User{f.ann, f.bob}[i%2]
				_, err := f.teams.Rotate(t.Context(), as(u), id)
				if err != nil && !errs.Is(err, errs.Conflict) {
					t.Error(err)
				}
				if err == nil {
					mu.Lock()
					won[u.Username]++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if len(won) != 1 || won["ann"]+won["bob"] != 25 {
			t.Errorf("rotated by %v; want all 25 of one and none of the other", won)
		}
	})
}

func TestSection134TheEventsOfATeamAreToldAndKept(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		f.seed(t, "k1", false)
		id, fresh := uuid.NewString(), uuid.NewString()
		f.create(t, id, "Kottos")
		f.create(t, id, "Kottos")
		_, _ = f.teams.Create(t.Context(), as(f.bob), id, "Mine")
		f.rotate(t, id)
		f.rotate(t, fresh)
		f.assign(t, id, "a", "b")
		f.assign(t, id, "a", "b") // nothing changes
		f.assign(t, id)
		for range 2 {
			if err := f.teams.Delete(t.Context(), as(f.ann), id); err != nil {
				t.Fatal(err)
			}
		}
		_, err := f.teams.Rotate(t.Context(), as(f.ann), id)
		wantKind(t, err, errs.Conflict)
		_, err = f.teams.SetWorkspaces(t.Context(), as(f.ann), id, []string{"a"})
		wantKind(t, err, errs.Conflict)
		f.create(t, id, "Back")
		log := f.log.String()
		for _, line := range []string{
			`level=INFO msg="team_create created" team_id=` + id + ` name=Kottos by=ann credential=tok_…01234567 address=192.0.2.1`,
			`level=INFO msg="team_create idempotent_hit" team_id=` + id + ` by=ann`,
			`level=INFO msg="team_create owner_conflict" team_id=` + id + ` caller=bob by=bob`,
			`level=INFO msg=team_rotate team_id=` + id + ` new_jti=`,
			`level=INFO msg="team_rotate upserted_missing" team_id=` + fresh + ` owner=ann by=ann`,
			`level=INFO msg="team_workspaces replaced" team_id=` + id + ` assigned=2 added=2 removed=0 by=ann`,
			`level=INFO msg="team_workspaces replaced" team_id=` + id + ` assigned=0 added=0 removed=2 by=ann`,
			`level=INFO msg=team_delete team_id=` + id + ` by=ann`,
			`level=INFO msg="team_create recreated" team_id=` + id + ` name=Back by=ann`,
		} {
			if strings.Count(log, line) != 1 {
				t.Errorf("the log does not hold once %s:\n%s", line, log)
			}
		}
		want := []string{
			"team_create created", "team_create idempotent_hit", "team_create owner_conflict", "team_rotate ", "team_rotate upserted_missing",
			"team_workspaces replaced", "team_workspaces replaced", "team_delete ", "team_rotate inactive", "team_workspaces inactive", "team_create recreated",
		}
		if got := f.events(t)[3:]; !slices.Equal(got, want) {
			t.Errorf("the trail holds %q; want %q", got, want)
		}
	})
}

func TestAUserWhoOwnsATeamCannotBeDeleted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		f.team(t)
		_, err := sqldb.Exec(t.Context(), f.db.Write(), `DELETE FROM auth_user WHERE id = $1`, f.ann.ID)
		if !sqldb.Referenced(err) {
			t.Errorf("deleting the owner of a team: %v", err)
		}
	})
}
