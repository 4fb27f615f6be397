package mcpserver_test

import (
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

func (f fixture) seed(t *testing.T, kid string, retireOther bool) mcpserver.Seeded {
	t.Helper()
	seeded, err := f.keys.Seed(t.Context(), accounts.Operator(), kid, retireOther)
	if err != nil {
		t.Fatalf("seed %q: %v", kid, err)
	}
	return seeded
}

func (f fixture) keyStates(t *testing.T) []string {
	t.Helper()
	keys, err := f.keys.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, k := range keys {
		state := k.Kid + " active"
		if !k.Active {
			state = k.Kid + " retired"
		}
		if k.Active != (k.RetiredAt == nil) {
			t.Errorf("key %+v is retired without a time, or the other way round", k)
		}
		out = append(out, state)
	}
	return out
}

func TestASeededKeyIs32BytesShownOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		one, two := f.seed(t, "", false), f.seed(t, "", false)
		secret, err := hex.DecodeString(one.SecretHex)
		if err != nil || len(secret) != 32 || one.SecretHex == two.SecretHex || !one.Created {
			t.Errorf("Seed = %+v, then %+v", one, two)
		}
		if one.Kid == two.Kid || len(f.keyStates(t)) != 2 {
			t.Errorf("fresh kids %q and %q make %v", one.Kid, two.Kid, f.keyStates(t))
		}
	})
}

func TestSeedingAnActiveKidChangesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		f.seed(t, "k1", false)
		again := f.seed(t, "k1", false)
		if again.Created || again.SecretHex != "" || len(again.Retired) != 0 {
			t.Errorf("the second time = %+v; want nothing made and no secret", again)
		}
		if got := f.events(t)[2:]; !slices.Equal(got, []string{"signing_key_seed created"}) {
			t.Errorf("the trail holds %v", got)
		}
	})
}

func TestRotatingRetiresTheOtherKeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		f.seed(t, "k1", false)
		f.clock.Pass(time.Second)
		f.seed(t, "k2", false)
		f.clock.Pass(time.Second)
		rotated := f.seed(t, "k3", true)
		slices.Sort(rotated.Retired)
		if !rotated.Created || !slices.Equal(rotated.Retired, []string{"k1", "k2"}) {
			t.Errorf("Seed = %+v; want k1 and k2 retired", rotated)
		}
		if got := f.keyStates(t); !slices.Equal(got, []string{"k3 active", "k2 retired", "k1 retired"}) {
			t.Errorf("keys = %v", got)
		}
	})
}

func TestAnActiveKidStillRetiresTheOthers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		f.seed(t, "k1", false)
		f.clock.Pass(time.Second)
		f.seed(t, "k2", false)
		if got := f.seed(t, "k1", true); got.Created || !slices.Equal(got.Retired, []string{"k2"}) {
			t.Errorf("Seed = %+v; want k2 retired", got)
		}
		if got := f.keyStates(t); !slices.Equal(got, []string{"k2 retired", "k1 active"}) {
			t.Errorf("keys = %v", got)
		}
	})
}

func TestARetiredKidIsRefusedAndNothingChanges(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		f.seed(t, "k1", false)
		f.clock.Pass(time.Second)
		f.seed(t, "k2", true)
		for _, retireOther := range []bool{false, true} {
			_, err := f.keys.Seed(t.Context(), accounts.Operator(), "k1", retireOther)
			wantKind(t, err, errs.Conflict)
		}
		if got := f.keyStates(t); !slices.Equal(got, []string{"k2 active", "k1 retired"}) {
			t.Errorf("keys = %v", got)
		}
	})
}

func TestAKidThatCouldMeanMoreThanANameIsRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		for _, kid := range []string{"../k", "a/b", "a b", ".k", "-k", "k\n", "k\x00", "ключ", strings.Repeat("k", 65)} {
			_, err := f.keys.Seed(t.Context(), accounts.Operator(), kid, true)
			wantField(t, err, "kid")
		}
	})
}

func TestEnsureMakesOneKeyAndOnlyWhenNoneIsActive(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		first, err := f.keys.Ensure(t.Context(), accounts.Operator())
		if err != nil || !first.Created {
			t.Fatalf("Ensure = %+v, %v", first, err)
		}
		if again, err := f.keys.Ensure(t.Context(), accounts.Operator()); err != nil || again.Created || len(f.keyStates(t)) != 1 {
			t.Errorf("Ensure again = %+v, %v; keys %v", again, err, f.keyStates(t))
		}
	})
}

func TestOfManyWhoRetireTheOthersKeysTheLastOnesStays(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		for round := range 10 {
			old := []string{f.seed(t, "", false).Kid, f.seed(t, "", false).Kid}
			var group sync.WaitGroup
			for i := range 8 { // half of them make a key, half keep one that is there
				kid := []string{old[0], old[1], "", ""}[i%4]
				group.Go(func() {
					if _, err := f.keys.Seed(t.Context(), accounts.Operator(), kid, true); err != nil && !errs.Is(err, errs.Conflict) {
						t.Error(err)
					}
				})
			}
			group.Wait()
			active := slices.DeleteFunc(f.keyStates(t), func(state string) bool { return strings.HasSuffix(state, "retired") })
			if len(active) != 1 {
				t.Fatalf("round %d: the active keys are %v, want one", round, active)
			}
		}
	})
}

func TestOneKidSeededByManyAtOnceIsOneKey(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		var mu sync.Mutex
		made := 0
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				seeded, err := f.keys.Seed(t.Context(), accounts.Operator(), "k1", false)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				if seeded.Created {
					made++
				}
			})
		}
		wg.Wait()
		if got := f.keyStates(t); made != 1 || !slices.Equal(got, []string{"k1 active"}) {
			t.Errorf("%d made; keys %v", made, got)
		}
	})
}
