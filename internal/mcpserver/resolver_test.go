package mcpserver_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/migrations"
)

func TestABearerStandsForItsUserOnREST(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		if _, err := f.accounts.EnsureGroups(t.Context(), accounts.Operator(), "SME", "Admin"); err != nil {
			t.Fatal(err)
		}
		if err := f.accounts.SetGroups(t.Context(), accounts.Operator(), f.ann.ID, []string{"SME", "Admin"}); err != nil {
			t.Fatal(err)
		}
		end := f.clock.Now().Add(time.Hour)
		plaintext, token := f.mint(t, mcpserver.TokenSpec{AllowedTools: []string{"search"}, AllowedLibraries: []string{aLibrary}, ExpiresAt: &end})
		for _, header := range []string{"Bearer " + plaintext, "bearer " + plaintext, "BEARER  " + plaintext + " "} {
			p, err := f.resolver.Resolve(t.Context(), header, mcpserver.REST)
			if err != nil || p.UserID != f.ann.ID || p.Username != "ann" || p.Superuser || !slices.Equal(p.Groups, []string{"Admin", "SME"}) {
				t.Errorf("Resolve = %+v, %v", p, err)
			}
			if p.Scope.Kind != accounts.ScopeUser || len(p.Scope.Libraries) != 0 || len(p.Scope.Tools) != 0 {
				t.Errorf("scope on REST = %+v; want the user's", p.Scope)
			}
			c := p.Credential
			if c.Kind != accounts.CredentialUserToken || c.ID != token.ID || c.Name != "Laptop" || c.Masked != token.Masked || !c.ExpiresAt.Equal(end) {
				t.Errorf("credential = %+v", c)
			}
		}
	})
}

func TestOverMCPTheTokensListsNarrowItsUser(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		for _, spec := range []mcpserver.TokenSpec{
			{},
			{AllowedLibraries: []string{"*"}},
			{AllowedLibraries: []string{aLibrary}, AllowedTools: []string{"search", "whoami"}},
		} {
			plaintext, _ := f.mint(t, spec)
			p, err := f.resolver.Resolve(t.Context(), "Bearer "+plaintext, mcpserver.MCP)
			if err != nil || p.UserID != f.ann.ID || p.Scope.Kind != accounts.ScopeLibraries {
				t.Errorf("Resolve = %+v, %v", p, err)
			}
			if !slices.Equal(p.Scope.Libraries, spec.AllowedLibraries) || !slices.Equal(p.Scope.Tools, spec.AllowedTools) {
				t.Errorf("scope = %+v; want %+v", p.Scope, spec)
			}
		}
	})
}

func TestWhatIsNoAcceptedBearerIsUnauthenticated(t *testing.T) {
	t.Parallel()
	const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJ0eXAiOiJ0ZWFtIn0.c2lnbmF0dXJl"
	each(t, func(t *testing.T, f fixture) {
		plaintext, _ := f.mint(t, mcpserver.TokenSpec{})
		headers := []string{
			"", " ", "Bearer", "Bearer ", "Bearer  ", plaintext, "Token " + plaintext, "Basic " + plaintext, "Bearer\t" + plaintext,
			"Bearer " + plaintext + " " + plaintext, "Bearer " + plaintext + ", Bearer " + plaintext, "Bearer " + plaintext[:49],
			"Bearer " + plaintext + "0", "Bearer " + strings.ToUpper(plaintext), "Bearer \x00" + plaintext, "Bearer \xff\xfe",
			"Bearer mns_" + strings.Repeat("0", 46), "Bearer " + strings.Repeat("x", 1<<20), "Bearer " + plaintext + strings.Repeat(" ", 9000),
			"Bearer " + jwt, "Bearer a.b.c",
		}
		for i, c := range plaintext {
			other := "0"
			if c == '0' {
				other = "1"
			}
			headers = append(headers, "Bearer "+plaintext[:i]+other+plaintext[i+1:])
		}
		for _, header := range headers {
			for _, surface := range []mcpserver.Surface{mcpserver.REST, mcpserver.MCP} {
				p, err := f.resolver.Resolve(t.Context(), header, surface)
				if !errs.Is(err, errs.Unauthenticated) || p.SignedIn() || p.Scope.Kind != accounts.ScopeNone {
					t.Errorf("%.60q on %d = %+v, %v", header, surface, p, err)
				}
			}
		}
	})
}

func TestATokenOfAnotherStoreIsUnauthenticated(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		elsewhere, err := sqldb.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "other.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = elsewhere.Close() })
		if _, err := elsewhere.Migrate(t.Context(), migrations.FS); err != nil {
			t.Fatal(err)
		}
		plaintext, _ := newFixture(t, elsewhere).mint(t, mcpserver.TokenSpec{})
		_, err = f.resolver.Resolve(t.Context(), "Bearer "+plaintext, mcpserver.MCP)
		wantKind(t, err, errs.Unauthenticated)
	})
}

func TestAnExpiredTokenIsRefusedFromItsLastMomentOn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		end := f.clock.Now().Add(time.Hour)
		plaintext, _ := f.mint(t, mcpserver.TokenSpec{ExpiresAt: &end})
		f.clock.Pass(time.Hour - time.Microsecond)
		if _, err := f.resolver.Resolve(t.Context(), "Bearer "+plaintext, mcpserver.REST); err != nil {
			t.Errorf("just before its end: %v", err)
		}
		f.clock.Pass(time.Microsecond)
		_, err := f.resolver.Resolve(t.Context(), "Bearer "+plaintext, mcpserver.REST)
		wantKind(t, err, errs.Unauthenticated)
	})
}

func TestADisabledUsersTokenStopsAndAnEnabledOnesWorks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		plaintext, _ := f.mint(t, mcpserver.TokenSpec{})
		for _, active := range []bool{false, true} {
			if err := f.accounts.SetActive(t.Context(), accounts.Operator(), f.ann.ID, active); err != nil {
				t.Fatal(err)
			}
			_, err := f.resolver.Resolve(t.Context(), "Bearer "+plaintext, mcpserver.REST)
			if (err == nil) != active {
				t.Errorf("active %v: %v", active, err)
			}
		}
	})
}

func TestLastUseIsNotedAtMostEveryHalfMinute(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		plaintext, token := f.mint(t, mcpserver.TokenSpec{})
		use := func() time.Time {
			t.Helper()
			if _, err := f.resolver.Resolve(t.Context(), "Bearer "+plaintext, mcpserver.MCP); err != nil {
				t.Fatal(err)
			}
			f.resolver.Wait()
			got, err := f.tokens.Get(t.Context(), f.ann.ID, token.ID)
			if err != nil || got.LastUsedAt == nil {
				t.Fatalf("last use = %v, %v", got.LastUsedAt, err)
			}
			return *got.LastUsedAt
		}
		first := f.clock.Now()
		for _, pass := range []time.Duration{0, 10 * time.Second, 19 * time.Second} {
			f.clock.Pass(pass)
			if got := use(); !got.Equal(first) {
				t.Errorf("last use = %v; want the first, %v", got, first)
			}
		}
		f.clock.Pass(time.Second)
		if got := use(); !got.Equal(f.clock.Now()) {
			t.Errorf("after half a minute the last use = %v; want %v", got, f.clock.Now())
		}
	})
}

func TestARequestDoesNotWaitForTheNoteOfItsUse(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		plaintext, token := f.mint(t, mcpserver.TokenSpec{})
		err := f.db.Tx(t.Context(), func(tx sqldb.Querier) error { // holds the row, on SQLite every row
			if _, err := sqldb.Exec(t.Context(), tx, "UPDATE user_token SET name = 'held' WHERE id = $1", token.ID); err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			_, err := f.resolver.Resolve(ctx, "Bearer "+plaintext, mcpserver.REST)
			return err
		})
		if err != nil {
			t.Errorf("a request while the row is held: %v", err)
		}
	})
}

func TestANoteThatFailsIsLoggedAndNothingElse(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		plaintext, _ := f.mint(t, mcpserver.TokenSpec{})
		trigger := map[sqldb.Engine]string{
			sqldb.SQLite: `CREATE TRIGGER no BEFORE UPDATE ON user_token BEGIN SELECT RAISE(ABORT, 'no'); END`,
			sqldb.PostgreSQL: `CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
				CREATE TRIGGER no BEFORE UPDATE ON user_token EXECUTE FUNCTION no()`,
		}
		if _, err := sqldb.Exec(t.Context(), f.db.Write(), trigger[f.db.Engine()]); err != nil {
			t.Fatal(err)
		}
		if _, err := f.resolver.Resolve(t.Context(), "Bearer "+plaintext, mcpserver.REST); err != nil {
			t.Errorf("the request failed with its note: %v", err)
		}
		f.resolver.Wait()
		if !strings.Contains(f.log.String(), "last use not noted") {
			t.Errorf("the log says nothing: %s", f.log)
		}
	})
}

func TestWithoutAHeaderMCPIsAnonymousOnlyWhereThatIsAllowed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		open := mcpserver.NewResolver(f.db, slog.New(slog.DiscardHandler), mcpserver.ResolverOptions{AnonymousMCP: true})
		p, err := open.Resolve(t.Context(), "", mcpserver.MCP)
		if err != nil || p.SignedIn() || p.Scope.Kind != accounts.ScopeGlobal || p.Credential.Kind != accounts.CredentialAnonymous {
			t.Errorf("Resolve = %+v, %v", p, err)
		}
		_, err = open.Resolve(t.Context(), "", mcpserver.REST)
		wantKind(t, err, errs.Unauthenticated)
		_, err = open.Resolve(t.Context(), "Bearer wrong", mcpserver.MCP)
		wantKind(t, err, errs.Unauthenticated)
	})
}

func TestAStoreThatDoesNotAnswerIsNoUnauthenticated(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		plaintext, _ := f.mint(t, mcpserver.TokenSpec{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := f.resolver.Resolve(ctx, "Bearer "+plaintext, mcpserver.REST)
		if err == nil || errs.Is(err, errs.Unauthenticated) {
			t.Errorf("error = %v; want a fault that is not the caller's", err)
		}
	})
}

func TestABearerThatCannotBeOursIsRefusedWithoutAskingTheStore(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		plaintext, _ := f.mint(t, mcpserver.TokenSpec{})
		last := "0"
		if strings.HasSuffix(plaintext, last) {
			last = "1"
		}
		gone, cancel := context.WithCancel(t.Context()) // the store does not answer
		cancel()
		for _, bearer := range []string{plaintext[:49] + last, plaintext[:49], "mcp_" + plaintext[4:], "a.b.c", "x"} {
			_, err := f.resolver.Resolve(gone, "Bearer "+bearer, mcpserver.REST)
			wantKind(t, err, errs.Unauthenticated)
		}
		_, err := f.resolver.Resolve(gone, "Bearer "+plaintext, mcpserver.REST)
		wantKind(t, err, errs.Internal)
	})
}
