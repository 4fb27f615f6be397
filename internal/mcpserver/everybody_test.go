package mcpserver_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

func (f fixture) tokensOf(t *testing.T, filter mcpserver.TokenFilter) []string {
	t.Helper()
	var names []string
	for after := (mcpserver.TokenPosition{}); ; {
		page, err := f.tokens.Page(t.Context(), filter, after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, token := range page {
			names = append(names, token.Username+" "+token.Name)
			after = mcpserver.TokenPosition{CreatedAt: token.CreatedAt, ID: token.ID}
		}
		if len(page) < 2 {
			return names
		}
	}
}

func TestEverybodysTokensComeInPagesByOwnerAndState(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		if got := f.tokensOf(t, mcpserver.TokenFilter{}); got != nil {
			t.Errorf("without tokens there are %q", got)
		}
		soon := f.clock.Now().Add(time.Hour)
		add := func(owner accounts.User, name string, end *time.Time) string {
			f.clock.Pass(time.Minute)
			_, token, err := f.tokens.Create(t.Context(), accounts.Operator(), owner.ID, mcpserver.TokenSpec{Name: name, ExpiresAt: end})
			if err != nil {
				t.Fatal(err)
			}
			return token.ID
		}
		add(f.ann, "good", nil)
		add(f.bob, "short", &soon)
		gone := add(f.bob, "gone", &soon)
		add(f.ann, "last", nil)
		if _, err := f.tokens.RevokeAny(t.Context(), as(f.ann), gone); err != nil {
			t.Fatal(err)
		}
		f.clock.Pass(time.Hour)
		for _, row := range []struct {
			filter mcpserver.TokenFilter
			want   []string
		}{
			{mcpserver.TokenFilter{}, []string{"ann last", "bob gone", "bob short", "ann good"}},
			{mcpserver.TokenFilter{Username: "BOB"}, []string{"bob gone", "bob short"}},
			{mcpserver.TokenFilter{State: mcpserver.TokenActive}, []string{"ann last", "ann good"}},
			{mcpserver.TokenFilter{State: mcpserver.TokenExpired}, []string{"bob short"}},
			{mcpserver.TokenFilter{State: mcpserver.TokenRevoked}, []string{"bob gone"}},
			{mcpserver.TokenFilter{Username: "nobody"}, nil},
			{mcpserver.TokenFilter{Username: "' OR 1=1 --", State: "x"}, nil},
		} {
			if got := f.tokensOf(t, row.filter); !slices.Equal(got, row.want) {
				t.Errorf("%+v gives %q, want %q", row.filter, got, row.want)
			}
		}
		if n, err := f.tokens.CountUsable(t.Context()); err != nil || n != 2 {
			t.Errorf("%d tokens can be used, %v", n, err)
		}
	})
}

func TestATokenOfADisabledOwnerSaysSo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		_, token := f.mint(t, mcpserver.TokenSpec{})
		if err := f.accounts.SetActive(t.Context(), accounts.Operator(), f.ann.ID, false); err != nil {
			t.Fatal(err)
		}
		got, err := f.tokens.GetAny(t.Context(), token.ID)
		if err != nil || got.OwnerActive || got.State(f.clock.Now()) != mcpserver.TokenActive || !token.OwnerActive {
			t.Errorf("the token is %+v, %v", got, err)
		}
		if n, err := f.tokens.CountUsable(t.Context()); err != nil || n != 0 {
			t.Errorf("%d tokens can be used, %v", n, err)
		}
		_, err = f.tokens.GetAny(t.Context(), "x")
		wantKind(t, err, errs.NotFound)
	})
}

func (f fixture) teamsOf(t *testing.T, filter mcpserver.TeamFilter) []string {
	t.Helper()
	var out []string
	for after := (mcpserver.TeamPosition{}); ; {
		page, err := f.teams.Page(t.Context(), filter, after, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			return out
		}
		team := page[0]
		out = append(out, team.OwnerUsername+" "+team.Name+" "+team.Kid)
		after = mcpserver.TeamPosition{CreatedAt: team.CreatedAt, ID: team.ID}
	}
}

func TestEverybodysTeamsAreFoundByOwnerStateAndKey(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		f.seed(t, "k1", false)
		kottos := f.create(t, uuid.NewString(), "Kottos")
		f.clock.Pass(time.Minute)
		if _, err := f.teams.Create(t.Context(), as(f.bob), uuid.NewString(), "Mentor"); err != nil {
			t.Fatal(err)
		}
		f.clock.Pass(time.Minute)
		f.seed(t, "k2", false)
		gyges := f.create(t, uuid.NewString(), "Gyges")
		if _, err := f.teams.Rotate(t.Context(), as(f.ann), kottos.ID); err != nil {
			t.Fatal(err)
		}
		if err := f.teams.DeleteAny(t.Context(), as(f.bob), gyges.ID); err != nil {
			t.Fatal(err)
		}
		yes, no := true, false
		for _, row := range []struct {
			filter mcpserver.TeamFilter
			want   []string
		}{
			{mcpserver.TeamFilter{}, []string{"ann Gyges k2", "bob Mentor k1", "ann Kottos k2"}},
			{mcpserver.TeamFilter{Username: "Ann"}, []string{"ann Gyges k2", "ann Kottos k2"}},
			{mcpserver.TeamFilter{Active: &yes}, []string{"bob Mentor k1", "ann Kottos k2"}},
			{mcpserver.TeamFilter{Active: &no}, []string{"ann Gyges k2"}},
			{mcpserver.TeamFilter{Kid: "k2"}, []string{"ann Kottos k2"}},
			{mcpserver.TeamFilter{Kid: "k3"}, nil},
		} {
			if got := f.teamsOf(t, row.filter); !slices.Equal(got, row.want) {
				t.Errorf("%+v gives %q, want %q", row.filter, got, row.want)
			}
		}
		counts, err := f.teams.CountByKey(t.Context())
		if err != nil || len(counts) != 2 || counts["k1"] != 1 || counts["k2"] != 1 {
			t.Errorf("the keys sign for %v, %v", counts, err)
		}
	})
}

func TestATeamThatAnAdministratorEndsIsRefusedAndAudited(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		f.seed(t, "k1", false)
		made := f.create(t, uuid.NewString(), "Kottos")
		for range 2 {
			if err := f.teams.DeleteAny(t.Context(), as(f.bob), made.ID); err != nil {
				t.Fatal(err)
			}
		}
		_, err := f.resolver.Resolve(t.Context(), "Bearer "+made.JWT, mcpserver.MCP)
		wantKind(t, err, errs.Unauthenticated)
		wantKind(t, f.teams.DeleteAny(t.Context(), as(f.bob), uuid.NewString()), errs.NotFound)
		wantKind(t, f.teams.DeleteAny(t.Context(), as(f.bob), "x"), errs.NotFound)
		told := 0
		for e, err := range f.audit.List(t.Context(), accounts.AuditFilter{Event: "team_delete"}) {
			if err != nil {
				t.Fatal(err)
			}
			if told++; e.Username != "bob" || e.Detail["owner"] != "ann" {
				t.Errorf("the trail says %+v", e)
			}
		}
		if told != 1 {
			t.Errorf("the trail tells of it %d times", told)
		}
	})
}

func TestTheLastActiveKeyIsNotRetiredAsASpare(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		wantKind(t, f.keys.RetireSpare(t.Context(), accounts.Operator(), "k1"), errs.NotFound)
		f.seed(t, "k1", false)
		wantKind(t, f.keys.RetireSpare(t.Context(), accounts.Operator(), "k1"), errs.Conflict)
		f.seed(t, "k2", false)
		var wait sync.WaitGroup
		for _, kid := range []string{"k1", "k2"} {
			wait.Go(func() {
				if err := f.keys.RetireSpare(t.Context(), accounts.Operator(), kid); err != nil && !errs.Is(err, errs.Conflict) {
					t.Errorf("retire %s: %v", kid, err)
				}
			})
		}
		wait.Wait()
		active := 0
		for _, state := range f.keyStates(t) {
			if state[3:] == "active" {
				active++
			}
		}
		if active != 1 {
			t.Errorf("of two keys retired at once %v are left", f.keyStates(t))
		}
	})
}
