package mcpserver_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

func decodePart(t testing.TB, token string, part int) map[string]any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[part])
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func decodeClaims(t testing.TB, token string) map[string]any {
	t.Helper()
	return decodePart(t, token, 1)
}

func TestSection5ATeamJWTHasExactlyTheseClaims(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		seeded := f.seed(t, "k1", false)
		made := f.create(t, uuid.NewString(), "Kottos")
		head, claims := decodePart(t, made.JWT, 0), decodeClaims(t, made.JWT)
		if want := map[string]any{"alg": "HS256", "typ": "JWT", "kid": "k1"}; !maps.Equal(head, want) {
			t.Errorf("header = %v; want %v", head, want)
		}
		jti, _ := claims["jti"].(string)
		if id, err := uuid.Parse(jti); err != nil || id.Version() != 4 || id.String() != jti {
			t.Errorf("jti = %q; want a UUID of version 4", jti)
		}
		iat := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
		want := map[string]any{
			"iss": "mnemosyne", "aud": "mnemosyne", "sub": "team:" + made.ID, "typ": "team", "jti": jti,
			"iat": float64(iat.Unix()), "exp": float64(iat.AddDate(10, 0, 0).Unix()),
		}
		if !maps.Equal(claims, want) {
			t.Errorf("claims = %v; want %v", claims, want)
		}
		secret, err := hex.DecodeString(seeded.SecretHex)
		if err != nil {
			t.Fatal(err)
		}
		// Whoever has the hex that was shown verifies it with a library of theirs.
		_, err = jwt.Parse(made.JWT, func(*jwt.Token) (any, error) { return secret, nil }, jwt.WithTimeFunc(f.clock.Now))
		if err != nil {
			t.Error(err)
		}
		if dump := sqldbtest.Dump(t, f.db); strings.Contains(dump, made.JWT) {
			t.Error("the store keeps the JWT")
		}
	})
}

func TestSection62ATeamJWTStandsForItsTeamsOwner(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		made := f.team(t)
		f.assign(t, made.ID, "b", "a")
		p, err := f.resolver.Resolve(t.Context(), "Bearer "+made.JWT, mcpserver.MCP)
		if err != nil || p.UserID != f.ann.ID || p.Username != "ann" || p.Superuser || len(p.Groups) != 0 {
			t.Errorf("Resolve = %+v, %v", p, err)
		}
		if s := p.Scope; s.Kind != accounts.ScopeWorkspaces || !slices.Equal(s.Workspaces, []string{"a", "b"}) || len(s.Tools) != 0 {
			t.Errorf("scope = %+v", s)
		}
		c, ends := p.Credential, f.clock.Now().AddDate(10, 0, 0)
		if c.Kind != accounts.CredentialTeam || c.ID != made.ID || c.Name != "Kottos" || c.Masked != "team:"+made.ID || !c.ExpiresAt.Equal(ends) {
			t.Errorf("credential = %+v", c)
		}
	})
}

func TestSection65ATeamJWTIsRefusedOnREST(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		_, err := f.resolver.Resolve(t.Context(), "Bearer "+f.team(t).JWT, mcpserver.REST)
		wantRefusal(t, err, accounts.RefusedJWTHere)
	})
}

func TestSection65BothEdgesHave30SecondsOfLeeway(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		g := newForger(t, f)
		for what, c := range map[string]struct {
			jwt string
			ok  bool
		}{
			"exp 29 s ago":    {g.with("iat", g.seconds(-time.Hour), "exp", g.seconds(-29*time.Second)), true},
			"exp 31 s ago":    {g.with("iat", g.seconds(-time.Hour), "exp", g.seconds(-31*time.Second)), false},
			"iat in 29 s":     {g.with("iat", g.seconds(29*time.Second)), true},
			"iat in 31 s":     {g.with("iat", g.seconds(31*time.Second)), false},
			"exp in a second": {g.with("exp", g.seconds(time.Second)), true},
		} {
			if _, err := f.opens(t, c.jwt); (err == nil) != c.ok {
				t.Errorf("%s: %v; want it accepted: %v", what, err, c.ok)
			}
		}
		f.clock.Pass(f.clock.Now().AddDate(10, 0, 0).Sub(f.clock.Now()) + 29*time.Second)
		if _, err := f.opens(t, g.good); err != nil {
			t.Errorf("ten years and 29 s after it was made: %v", err)
		}
		f.clock.Pass(2 * time.Second)
		_, err := f.opens(t, g.good)
		wantRefusal(t, err, accounts.RefusedJWTExpired)
	})
}

func TestSection51ADisabledOwnersTeamStopsAndAnEnabledOnesWorks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		made := f.team(t)
		for _, active := range []bool{false, true} {
			if err := f.accounts.SetActive(t.Context(), accounts.Operator(), f.ann.ID, active); err != nil {
				t.Fatal(err)
			}
			_, err := f.opens(t, made.JWT)
			if (err == nil) != active {
				t.Errorf("active %v: %v", active, err)
			}
			if !active {
				wantRefusal(t, err, accounts.RefusedDisabled)
			}
		}
	})
}

func TestSection51WhatIsRefusedSaysWhy(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		made := f.team(t)
		says := func(want string) {
			t.Helper()
			if _, err := f.opens(t, made.JWT); err == nil || errs.As(err).Message != want {
				t.Errorf("it says %v; want %q", err, want)
			}
		}
		if err := f.accounts.SetActive(t.Context(), accounts.Operator(), f.ann.ID, false); err != nil {
			t.Fatal(err)
		}
		says("Team owner is disabled.")
		if err := f.teams.Delete(t.Context(), as(f.ann), made.ID); err != nil {
			t.Fatal(err)
		}
		says("Team JWT references an inactive team.")
	})
}

func TestSeveralKeysVerifyAndTheNewestActiveOneSigns(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		made := map[string]mcpserver.Minted{}
		for _, kid := range []string{"k2", "k1", "k3"} { // by age, not by name
			f.clock.Pass(time.Second)
			f.seed(t, kid, false)
			made[kid] = f.create(t, uuid.NewString(), kid)
			if got := decodePart(t, made[kid].JWT, 0)["kid"]; got != kid {
				t.Errorf("signed by %v; want %s", got, kid)
			}
		}
		accepted := func(want ...string) {
			t.Helper()
			var got []string
			for kid, m := range made {
				if _, err := f.opens(t, m.JWT); err == nil {
					got = append(got, kid)
				} else {
					wantRefusal(t, err, accounts.RefusedJWTKey)
				}
			}
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("accepted are those of %v; want %v", got, want)
			}
		}
		accepted("k1", "k2", "k3")
		for range 2 { // the second time there is nothing left to do
			if err := f.keys.Retire(t.Context(), accounts.Operator(), "k3"); err != nil {
				t.Fatal(err)
			}
		}
		accepted("k1", "k2")
		if got := decodePart(t, f.rotate(t, made["k2"].ID).JWT, 0)["kid"]; got != "k1" {
			t.Errorf("signed by %v; want the newest of those that are left, k1", got)
		}
		wantKind(t, f.keys.Retire(t.Context(), accounts.Operator(), "none"), errs.NotFound)
		if got := f.events(t); got[len(got)-2] != "signing_key_retire retired" {
			t.Errorf("the trail holds %v", got)
		}
	})
}

// Section 13.2: the nuclear option.
func TestSection132RetiringTheOtherKeysEndsEveryJWTThatTheySigned(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		f.seed(t, "k1", false)
		var old []mcpserver.Minted
		for range 3 {
			old = append(old, f.create(t, uuid.NewString(), "Kottos"))
		}
		f.clock.Pass(time.Second)
		f.seed(t, "k2", true)
		for _, m := range old {
			_, err := f.opens(t, m.JWT)
			wantRefusal(t, err, accounts.RefusedJWTKey)
		}
		if _, err := f.opens(t, f.rotate(t, old[0].ID).JWT); err != nil {
			t.Errorf("one that the new key signed: %v", err)
		}
	})
}

func TestASigningKeyThatIsNo32BytesSignsAndVerifiesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		g := newForger(t, f)
		for _, broken := range []string{"", "00", "no hex"} {
			if _, err := sqldb.Exec(t.Context(), f.db.Write(), `UPDATE mcp_signing_key SET secret_hex = $1`, broken); err != nil {
				t.Fatal(err)
			}
			_, err := f.resolver.Resolve(t.Context(), "Bearer "+g.by(nil), mcpserver.MCP)
			wantKind(t, err, errs.Internal)
			_, err = f.teams.Rotate(t.Context(), as(f.ann), g.team)
			wantKind(t, err, errs.Internal)
		}
	})
}

func TestAJWTThatCannotBeOursIsRefusedWithoutAskingTheStore(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		g := newForger(t, f)
		gone, cancel := context.WithCancel(t.Context()) // the store does not answer
		cancel()
		for _, jwt := range []string{
			g.none("none", "AA"), g.head(`{"alg":"HS256","typ":"JWT","kid":"../k1"}`), g.with("sub", `"team:x"`), g.with("typ", `"user"`), g.with("exp", "1e9"),
		} {
			_, err := f.resolver.Resolve(gone, "Bearer "+jwt, mcpserver.MCP)
			wantKind(t, err, errs.Unauthenticated)
		}
		_, err := f.resolver.Resolve(gone, "Bearer "+g.good, mcpserver.MCP)
		wantKind(t, err, errs.Internal)
	})
}
