package mcpserver_test

import (
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

func TestATeamsLastUseIsNotedEveryHalfMinute(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		made := f.team(t)
		used := func() *time.Time {
			t.Helper()
			f.resolver.Wait()
			got, err := f.teams.Get(t.Context(), f.ann.ID, made.ID)
			if err != nil || !got.UpdatedAt.Equal(got.CreatedAt) {
				t.Fatalf("Get = %+v, %v; a use is no change", got, err)
			}
			return got.LastUsedAt
		}
		if at := used(); at != nil {
			t.Fatalf("a team that nobody used was used at %v", at)
		}
		first := f.clock.Now()
		for _, pass := range []time.Duration{0, 29 * time.Second} {
			f.clock.Pass(pass)
			if _, err := f.opens(t, made.JWT); err != nil {
				t.Fatal(err)
			}
			if at := used(); at == nil || !at.Equal(first) {
				t.Errorf("%v later it was last used at %v, want %v", pass, at, first)
			}
		}
		f.clock.Pass(time.Minute)
		if _, err := f.opens(t, made.JWT+"x"); err == nil {
			t.Fatal("a broken JWT is accepted")
		}
		if at := used(); !at.Equal(first) {
			t.Errorf("a refused JWT counts as a use at %v", at)
		}
		if _, err := f.opens(t, made.JWT); err != nil {
			t.Fatal(err)
		}
		if at := used(); at == nil || !at.Equal(f.clock.Now()) {
			t.Errorf("last used at %v, want %v", at, f.clock.Now())
		}
		all, err := f.teams.Page(t.Context(), mcpserver.TeamFilter{}, mcpserver.TeamPosition{}, 10)
		if err != nil || len(all) != 1 || all[0].LastUsedAt == nil || all[0].OwnerUsername != "ann" {
			t.Errorf("Page = %+v, %v", all, err)
		}
	})
}
