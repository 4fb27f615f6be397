package mcpserver_test

import (
	"hash/crc32"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

const aLibrary = "6d7e3c1a-2f64-4b7e-9a54-3a2b6f0c9d10"

func TestATokenIsMintedAsItsOwnerDecided(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		end := f.clock.Now().Add(time.Hour)
		plaintext, made := f.mint(t, mcpserver.TokenSpec{
			Name: "  Claude  ", AllowedTools: []string{"search", "get_chunk", "search"},
			AllowedLibraries: []string{strings.ToUpper(aLibrary), "*"}, ExpiresAt: &end,
		})
		if !regexp.MustCompile(`^mns_[0-9A-Za-z]{46}$`).MatchString(plaintext) {
			t.Errorf("the plaintext has the wrong shape: %q", plaintext)
		}
		if !regexp.MustCompile(`^tok_…[0-9a-f]{8}$`).MatchString(made.Masked) {
			t.Errorf("masked = %q", made.Masked)
		}
		got, err := f.tokens.Get(t.Context(), f.ann.ID, made.ID)
		if err != nil || got.Name != "Claude" || got.Username != "ann" || !got.Active || got.LastUsedAt != nil || !got.ExpiresAt.Equal(end) {
			t.Errorf("Get = %+v, %v", got, err)
		}
		if !slices.Equal(got.AllowedTools, []string{"search", "get_chunk"}) || !slices.Equal(got.AllowedLibraries, []string{aLibrary, "*"}) {
			t.Errorf("lists = %v, %v", got.AllowedTools, got.AllowedLibraries)
		}
	})
}

// TestTheChecksumIsThatOfTheRandomPart computes it as an outside scanner
// would.
func TestTheChecksumIsThatOfTheRandomPart(t *testing.T) {
	t.Parallel()
	f := newFixture(t, sqldbtest.SQLite(t))
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	seen := map[string]bool{}
	for range 50 {
		plaintext, _ := f.mint(t, mcpserver.TokenSpec{})
		var sum uint64
		for _, c := range plaintext[44:] {
			sum = sum*62 + uint64(strings.IndexRune(digits, c))
		}
		if want := crc32.ChecksumIEEE([]byte(plaintext[4:44])); sum != uint64(want) {
			t.Errorf("checksum of %s = %d; want %d", plaintext[:8], sum, want)
		}
		seen[plaintext] = true
	}
	if len(seen) != 50 {
		t.Errorf("50 tokens are %d different ones", len(seen))
	}
}

func TestAFaultySpecIsRefusedByField(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		past, far := f.clock.Now(), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
		_, token := f.mint(t, mcpserver.TokenSpec{})
		for _, c := range []struct {
			field string
			spec  mcpserver.TokenSpec
		}{
			{"name", mcpserver.TokenSpec{Name: " "}},
			{"name", mcpserver.TokenSpec{Name: strings.Repeat("n", 101)}},
			{"name", mcpserver.TokenSpec{Name: "a\x00b"}},
			{"name", mcpserver.TokenSpec{Name: "\xff"}},
			{"expires_at", mcpserver.TokenSpec{Name: "n", ExpiresAt: &past}},
			{"expires_at", mcpserver.TokenSpec{Name: "n", ExpiresAt: &far}},
			{"allowed_tools", mcpserver.TokenSpec{Name: "n", AllowedTools: []string{""}}},
			{"allowed_tools", mcpserver.TokenSpec{Name: "n", AllowedTools: []string{"Search"}}},
			{"allowed_libraries", mcpserver.TokenSpec{Name: "n", AllowedLibraries: []string{""}}},
			{"allowed_libraries", mcpserver.TokenSpec{Name: "n", AllowedLibraries: []string{"My library"}}},
			{"allowed_libraries", mcpserver.TokenSpec{Name: "n", AllowedLibraries: []string{"{" + aLibrary + "}"}}},
		} {
			_, _, err := f.tokens.Create(t.Context(), accounts.Operator(), f.ann.ID, c.spec)
			wantField(t, err, c.field)
			_, err = f.tokens.Update(t.Context(), accounts.Operator(), f.ann.ID, token.ID, c.spec)
			wantField(t, err, c.field)
		}
		if tokens, err := f.tokens.List(t.Context(), f.ann.ID); err != nil || len(tokens) != 1 || tokens[0].Name != token.Name {
			t.Errorf("after refused changes: %+v, %v", tokens, err)
		}
	})
}

func TestADisabledOrUnknownUserGetsNoToken(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		if err := f.accounts.SetActive(t.Context(), accounts.Operator(), f.ann.ID, false); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{f.ann.ID, "nobody", ""} {
			_, _, err := f.tokens.Create(t.Context(), accounts.Operator(), id, mcpserver.TokenSpec{Name: "n"})
			wantKind(t, err, errs.Conflict)
		}
	})
}

func TestTokensAreListedNewestFirstAndOnlyTheirOwners(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		for _, name := range []string{"one", "two", "three"} {
			f.clock.Pass(time.Second)
			f.mint(t, mcpserver.TokenSpec{Name: name})
		}
		names := func(tokens []mcpserver.UserToken, err error) []string {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, token := range tokens {
				out = append(out, token.Name)
			}
			return out
		}
		want := []string{"three", "two", "one"}
		if got := names(f.tokens.List(t.Context(), f.ann.ID)); !slices.Equal(got, want) {
			t.Errorf("List = %v", got)
		}
		if got := names(f.tokens.ListAll(t.Context())); !slices.Equal(got, want) {
			t.Errorf("ListAll = %v", got)
		}
		if got := names(f.tokens.List(t.Context(), f.bob.ID)); len(got) != 0 {
			t.Errorf("another's List = %v; want none", got)
		}
	})
}

func TestAnothersTokenAnswersAsAMissingOne(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		plaintext, token := f.mint(t, mcpserver.TokenSpec{})
		for _, owner := range []string{f.bob.ID, ""} {
			_, foreign := f.tokens.Get(t.Context(), owner, token.ID)
			_, missing := f.tokens.Get(t.Context(), owner, "none")
			wantKind(t, foreign, errs.NotFound)
			if foreign.Error() != missing.Error() {
				t.Errorf("foreign %q, missing %q", foreign, missing)
			}
			_, err := f.tokens.Update(t.Context(), accounts.Operator(), owner, token.ID, mcpserver.TokenSpec{Name: "stolen"})
			wantKind(t, err, errs.NotFound)
			wantKind(t, f.tokens.Revoke(t.Context(), accounts.Operator(), owner, token.ID), errs.NotFound)
		}
		if p, err := f.resolver.Resolve(t.Context(), "Bearer "+plaintext, mcpserver.REST); err != nil || p.Credential.Name != "Laptop" {
			t.Errorf("the token afterwards: %+v, %v", p, err)
		}
	})
}

func TestATokensListsChangeAtTheNextRequest(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		plaintext, token := f.mint(t, mcpserver.TokenSpec{AllowedTools: []string{"search"}, AllowedLibraries: []string{"*"}})
		changed, err := f.tokens.Update(t.Context(), accounts.Operator(), f.ann.ID, token.ID, mcpserver.TokenSpec{Name: "Desk", AllowedLibraries: []string{aLibrary}})
		if err != nil || changed.Name != "Desk" || changed.ExpiresAt != nil {
			t.Fatalf("Update = %+v, %v", changed, err)
		}
		p, err := f.resolver.Resolve(t.Context(), "Bearer "+plaintext, mcpserver.MCP)
		if err != nil || !slices.Equal(p.Scope.Libraries, []string{aLibrary}) || len(p.Scope.Tools) != 0 || p.Credential.Name != "Desk" {
			t.Errorf("Resolve = %+v, %v", p, err)
		}
	})
}

func TestAnExpiredTokenMayBeRenamedAndGivenMoreTime(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		end := f.clock.Now().Add(time.Hour)
		plaintext, token := f.mint(t, mcpserver.TokenSpec{ExpiresAt: &end})
		f.clock.Pass(time.Hour)
		if _, err := f.tokens.Update(t.Context(), accounts.Operator(), f.ann.ID, token.ID, mcpserver.TokenSpec{Name: "Old", ExpiresAt: &end}); err != nil {
			t.Errorf("renaming: %v", err)
		}
		later := f.clock.Now().Add(time.Hour)
		if _, err := f.tokens.Update(t.Context(), accounts.Operator(), f.ann.ID, token.ID, mcpserver.TokenSpec{Name: "Old", ExpiresAt: &later}); err != nil {
			t.Errorf("more time: %v", err)
		}
		if _, err := f.resolver.Resolve(t.Context(), "Bearer "+plaintext, mcpserver.REST); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

func TestARevokedTokenStaysRevokedAndIsStillListed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		plaintext, token := f.mint(t, mcpserver.TokenSpec{})
		for range 2 {
			if err := f.tokens.Revoke(t.Context(), accounts.Operator(), f.ann.ID, token.ID); err != nil {
				t.Fatal(err)
			}
		}
		_, err := f.resolver.Resolve(t.Context(), "Bearer "+plaintext, mcpserver.REST)
		wantKind(t, err, errs.Unauthenticated)
		_, err = f.tokens.Update(t.Context(), accounts.Operator(), f.ann.ID, token.ID, mcpserver.TokenSpec{Name: "again"})
		wantKind(t, err, errs.Conflict)
		if tokens, err := f.tokens.List(t.Context(), f.ann.ID); err != nil || len(tokens) != 1 || tokens[0].Active {
			t.Errorf("List = %+v, %v", tokens, err)
		}
		want := []string{"token_create created", "token_revoke revoked"}
		if got := f.events(t)[2:]; !slices.Equal(got, want) {
			t.Errorf("the trail holds %v; want %v", got, want)
		}
	})
}

func TestAnOperatorRevokesAnybodysToken(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		plaintext, token := f.mint(t, mcpserver.TokenSpec{})
		if got, err := f.tokens.RevokeAny(t.Context(), accounts.Operator(), token.ID); err != nil || got.Username != "ann" {
			t.Errorf("RevokeAny = %+v, %v", got, err)
		}
		_, err := f.resolver.Resolve(t.Context(), "Bearer "+plaintext, mcpserver.REST)
		wantKind(t, err, errs.Unauthenticated)
		_, err = f.tokens.RevokeAny(t.Context(), accounts.Operator(), "none")
		wantKind(t, err, errs.NotFound)
	})
}

func TestNoRequestBegunAfterARevokeReturnedIsAccepted(t *testing.T) {
	t.Parallel()
	const callers, tokens = 4, 10
	each(t, func(t *testing.T, f fixture) {
		var accepted, afterwards atomic.Int64
		for range tokens {
			plaintext, token := f.mint(t, mcpserver.TokenSpec{})
			var revoked atomic.Bool
			var wg sync.WaitGroup
			warm := make(chan struct{}, callers)
			for range callers {
				wg.Go(func() {
					for n := 0; ; n++ {
						over := revoked.Load()
						_, err := f.resolver.Resolve(t.Context(), "Bearer "+plaintext, mcpserver.REST)
						switch {
						case err == nil && over:
							afterwards.Add(1)
						case err == nil:
							accepted.Add(1)
						}
						if n == 3 {
							warm <- struct{}{}
						}
						if over && n > 20 {
							return
						}
					}
				})
			}
			for range callers {
				<-warm
			}
			if err := f.tokens.Revoke(t.Context(), accounts.Operator(), f.ann.ID, token.ID); err != nil {
				t.Error(err)
			}
			revoked.Store(true)
			wg.Wait()
		}
		if accepted.Load() < callers*tokens || afterwards.Load() != 0 {
			t.Errorf("%d accepted before, %d afterwards; want many and none", accepted.Load(), afterwards.Load())
		}
	})
}

func TestNoPlaintextIsInTheDatabaseOrTheLog(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		plaintext, token := f.mint(t, mcpserver.TokenSpec{})
		seeded, err := f.keys.Seed(t.Context(), accounts.Operator(), "k1", false)
		if err != nil {
			t.Fatal(err)
		}
		for _, header := range []string{"Bearer " + plaintext, "Token " + plaintext, plaintext, "Bearer " + plaintext + "x", "Bearer a." + plaintext + ".c"} {
			for _, surface := range []mcpserver.Surface{mcpserver.REST, mcpserver.MCP} {
				if _, err := f.resolver.Resolve(t.Context(), header, surface); err != nil && strings.Contains(err.Error(), plaintext[4:20]) {
					t.Errorf("an error shows the plaintext: %v", err)
				}
			}
		}
		f.resolver.Wait()
		if err := f.tokens.Revoke(t.Context(), accounts.Operator(), f.ann.ID, token.ID); err != nil {
			t.Fatal(err)
		}
		dump, log := sqldbtest.Dump(t, f.db), f.log.String()
		if !strings.Contains(dump, token.ID) || !strings.Contains(log, token.Masked) {
			t.Fatal("the dump or the log does not speak of the token")
		}
		if strings.Contains(dump+log, plaintext[4:20]) {
			t.Error("the plaintext is in the database or the log")
		}
		if strings.Contains(log, seeded.SecretHex) || strings.Count(dump, seeded.SecretHex) != 1 {
			t.Error("a signing key's secret is in the log, or in the database more than once")
		}
	})
}
