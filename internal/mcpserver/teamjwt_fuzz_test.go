package mcpserver_test

import (
	"testing"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

// FuzzBearer shows whatever may stand in a header: only the one JWT that was
// minted is let in, and nothing is a fault of ours.
func FuzzBearer(f *testing.F) {
	x := newFixture(f, sqldbtest.SQLite(f))
	g := newForger(f, x)
	for _, row := range forgeries(f, g) {
		f.Add(row.jwt)
	}
	f.Add(g.good)
	f.Fuzz(func(t *testing.T, bearer string) {
		p, err := x.resolver.Resolve(t.Context(), "Bearer "+bearer, mcpserver.MCP)
		if err == nil && (bearer != g.good && bearer != g.with()) {
			t.Errorf("%q is let in as %+v", bearer, p)
		}
		if err != nil && !errs.Is(err, errs.Unauthenticated) {
			t.Errorf("%q: %v", bearer, err)
		}
	})
}

// FuzzSignedClaims signs any header and claims with our own key: what is let
// in is the one team, and nothing is a fault of ours.
func FuzzSignedClaims(f *testing.F) {
	x := newFixture(f, sqldbtest.SQLite(f))
	g := newForger(f, x)
	f.Add(header, g.claims())
	f.Add(header, g.claims("typ", ""))
	f.Add(header, g.claims("aud", `["mnemosyne"]`))
	f.Add(header, g.claims("exp", "1e400"))
	f.Add(`{"alg":"none","typ":"JWT","kid":"k1"}`, g.claims("iss", `"daedalus"`))
	f.Fuzz(func(t *testing.T, head, claims string) {
		p, err := x.resolver.Resolve(t.Context(), "Bearer "+sign(g.secret, head, claims), mcpserver.MCP)
		if err == nil && (p.Credential.ID != g.team || p.UserID != x.ann.ID) {
			t.Errorf("%q %q is let in as %+v", head, claims, p)
		}
		if err != nil && !errs.Is(err, errs.Unauthenticated) {
			t.Errorf("%q %q: %v", head, claims, err)
		}
	})
}
