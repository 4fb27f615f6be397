package mcpserver_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

func TestRefusedBearersAreCountedByReason(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		valid, _ := f.mint(t, mcpserver.TokenSpec{Name: "valid"})
		revoked, token := f.mint(t, mcpserver.TokenSpec{Name: "revoked"})
		soon := f.clock.Now().Add(time.Hour)
		expired, _ := f.mint(t, mcpserver.TokenSpec{Name: "expired", ExpiresAt: &soon})
		if err := f.tokens.Revoke(t.Context(), accounts.Operator(), f.ann.ID, token.ID); err != nil {
			t.Fatal(err)
		}
		f.clock.Pass(time.Hour)
		for header, want := range map[string]accounts.Refusal{
			"":                        accounts.RefusedMissing,
			"Bearer":                  accounts.RefusedMalformed,
			"Bearer what":             accounts.RefusedMalformed,
			"Bearer " + stranger(t):   accounts.RefusedUnknown,
			"Bearer " + revoked:       accounts.RefusedRevoked,
			"Bearer " + expired:       accounts.RefusedExpired,
			"Bearer eyJh.eyJ0.c2lnbg": accounts.RefusedJWTHere,
		} {
			_, err := f.resolver.Resolve(t.Context(), header, mcpserver.REST)
			if why, refused := accounts.RefusalOf(err); why != want || !refused || !errs.Is(err, errs.Unauthenticated) {
				t.Errorf("%.20q is refused as %q (%v), want %q", header, why, err, want)
			}
		}
		if _, err := f.resolver.Resolve(t.Context(), "Bearer "+valid, mcpserver.REST); err != nil {
			t.Fatal(err)
		}
		var want strings.Builder
		const name = "mnemosyne_bearers_refused_total"
		want.WriteString("# HELP " + name + " Bearers that were refused, by surface and reason.\n# TYPE " + name + " counter\n")
		counts := map[accounts.Refusal]string{
			accounts.RefusedMissing: "1", accounts.RefusedMalformed: "2", accounts.RefusedUnknown: "1",
			accounts.RefusedRevoked: "1", accounts.RefusedExpired: "1", accounts.RefusedJWTHere: "1",
		}
		for _, surface := range []string{"rest", "mcp"} {
			for _, why := range accounts.Refusals() {
				n := "0"
				if c, ok := counts[why]; ok && surface == "rest" {
					n = c
				}
				want.WriteString(name + `{reason="` + string(why) + `",surface="` + surface + `"} ` + n + "\n")
			}
		}
		if err := testutil.GatherAndCompare(f.registry, strings.NewReader(want.String()), name); err != nil {
			t.Error(err)
		}
	})
}

// stranger is a token that is well formed and of another store.
func stranger(t *testing.T) string {
	t.Helper()
	plaintext, _ := newFixture(t, sqldbtest.SQLite(t)).mint(t, mcpserver.TokenSpec{})
	return plaintext
}
