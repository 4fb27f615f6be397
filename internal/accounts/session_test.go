package accounts_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

func (f fixture) signIn(t *testing.T, c accounts.Client, name string) string {
	t.Helper()
	u, err := f.UserByName(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	cookie, err := f.StartSession(t.Context(), c, u.ID)
	if err != nil {
		t.Fatal(err)
	}
	return cookie
}

func TestASessionStandsForItsUserWithTheUsersScope(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		u := f.user(t, "ann", "correct horse")
		cookie, err := f.SignIn(t.Context(), accounts.Client{UserAgent: "Browser\x00" + strings.Repeat("é", 400)}, "ann", "correct horse")
		if err != nil {
			t.Fatal(err)
		}
		s, err := f.Session(t.Context(), cookie)
		if err != nil || s.UserID != u.ID || s.Username != "ann" || s.Scope.Kind != accounts.ScopeUser || s.Credential.Kind != accounts.CredentialSession {
			t.Errorf("Session = %+v, %v", s, err)
		}
		if len(s.CSRFSecret) < 20 || strings.Contains(cookie, s.Credential.ID) || !s.ExpiresAt.Equal(f.clock.Now().Add(14*24*time.Hour)) {
			t.Errorf("Session = %+v; want a CSRF secret, an id apart from the cookie and an end in 14 days", s)
		}
		if got, err := f.User(t.Context(), u.ID); err != nil || got.LastLoginAt == nil || !got.LastLoginAt.Equal(f.clock.Now()) {
			t.Errorf("last login = %v, %v", got.LastLoginAt, err)
		}
	})
}

func TestACookieThatWasNotGivenOutIsRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		f.user(t, "ann", "")
		cookie := f.signIn(t, accounts.Client{}, "ann")
		for _, forged := range []string{"", "x", "\x00", cookie[1:], cookie + "A", "A" + cookie[1:], strings.Repeat("A", len(cookie))} {
			if forged == cookie {
				continue
			}
			_, err := f.Session(t.Context(), forged)
			wantKind(t, err, errs.Unauthenticated)
		}
		other := accounts.New(f.db, f.audit, slog.New(slog.DiscardHandler), accounts.Options{SecretKey: []byte("another key"), Now: f.clock.Now})
		_, err := other.Session(t.Context(), cookie)
		wantKind(t, err, errs.Unauthenticated)
	})
}

func TestASessionEndsWhenItIsIdleAndLivesOnWhenItIsUsed(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	each(t, func(t *testing.T, f fixture) {
		f.user(t, "ann", "")
		idle, used := f.signIn(t, accounts.Client{}, "ann"), f.signIn(t, accounts.Client{}, "ann")
		for range 2 {
			f.clock.Pass(13 * day)
			if _, err := f.Session(t.Context(), used); err != nil {
				t.Fatalf("a used session: %v", err)
			}
			f.Wait()
		}
		_, err := f.Session(t.Context(), idle)
		wantKind(t, err, errs.Unauthenticated)
		s, err := f.Session(t.Context(), used)
		if err != nil || !s.ExpiresAt.Equal(s.CreatedAt.Add(30*day)) || !s.Credential.ExpiresAt.Equal(s.ExpiresAt) {
			t.Errorf("a used session = %+v, %v; want it to end 30 days after its start", s, err)
		}
		f.clock.Pass(4 * day)
		_, err = f.Session(t.Context(), used)
		wantKind(t, err, errs.Unauthenticated)
		if n, err := f.DeleteEndedSessions(t.Context()); err != nil || n != 2 {
			t.Errorf("DeleteEndedSessions = %d, %v; want 2", n, err)
		}
	})
}

func TestSigningInGivesANewCookieAndEndsTheOld(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		f.user(t, "ann", "")
		before := f.signIn(t, accounts.Client{}, "ann")
		after := f.signIn(t, accounts.Client{Cookie: before}, "ann")
		_, err := f.Session(t.Context(), before)
		wantKind(t, err, errs.Unauthenticated)
		if _, err := f.Session(t.Context(), after); err != nil || before == after {
			t.Errorf("the new session: %v", err)
		}
	})
}

func TestSigningOutEndsTheSessionOrAllOfThem(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		u := f.user(t, "ann", "")
		f.user(t, "bob", "")
		bob := f.signIn(t, accounts.Client{}, "bob")
		one, two, three := f.signIn(t, accounts.Client{}, "ann"), f.signIn(t, accounts.Client{}, "ann"), f.signIn(t, accounts.Client{}, "ann")
		for range 2 {
			if err := f.SignOut(t.Context(), accounts.Operator(), one); err != nil {
				t.Fatal(err)
			}
		}
		_, err := f.Session(t.Context(), one)
		wantKind(t, err, errs.Unauthenticated)
		if n, err := f.SignOutEverywhere(t.Context(), accounts.Operator(), u.ID); err != nil || n != 2 {
			t.Errorf("SignOutEverywhere = %d, %v; want 2", n, err)
		}
		for _, cookie := range []string{two, three} {
			_, err := f.Session(t.Context(), cookie)
			wantKind(t, err, errs.Unauthenticated)
		}
		if _, err := f.Session(t.Context(), bob); err != nil {
			t.Errorf("another's session: %v", err)
		}
	})
}

func TestADisabledUsersSessionsStopAndDoNotComeBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		u := f.user(t, "ann", "")
		cookie := f.signIn(t, accounts.Client{}, "ann")
		if err := f.SetActive(t.Context(), accounts.Operator(), u.ID, false); err != nil {
			t.Fatal(err)
		}
		_, err := f.Session(t.Context(), cookie)
		wantKind(t, err, errs.Unauthenticated)
		_, err = f.StartSession(t.Context(), accounts.Client{}, u.ID)
		wantKind(t, err, errs.Unauthenticated)
		if err := f.SetActive(t.Context(), accounts.Operator(), u.ID, true); err != nil {
			t.Fatal(err)
		}
		_, err = f.Session(t.Context(), cookie)
		wantKind(t, err, errs.Unauthenticated)
		f.signIn(t, accounts.Client{}, "ann")
	})
}

func TestASessionLastsNoLongerThanItsUsersAccount(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		u := f.user(t, "ann", "")
		cookie := f.signIn(t, accounts.Client{}, "ann")
		// As after a sign-in that crossed the disabling: the row is there.
		if _, err := sqldb.Exec(t.Context(), f.db.Write(), "UPDATE auth_user SET is_active = $2 WHERE id = $1", u.ID, false); err != nil {
			t.Fatal(err)
		}
		_, err := f.Session(t.Context(), cookie)
		wantKind(t, err, errs.Unauthenticated)
	})
}

func TestNoSessionIsAnsweredOnceDisablingReturned(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		u := f.user(t, "ann", "")
		cookie := f.signIn(t, accounts.Client{}, "ann")
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		disabled := make(chan struct{})
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for i := 0; i < 200 && ctx.Err() == nil; i++ {
					over := false
					select {
					case <-disabled:
						over = true
					default:
					}
					if _, err := f.Session(ctx, cookie); err == nil && over {
						t.Error("a session was answered after its user was disabled")
					}
				}
			})
		}
		if err := f.SetActive(t.Context(), accounts.Operator(), u.ID, false); err != nil {
			t.Error(err)
		}
		close(disabled)
		wg.Wait()
	})
}

func TestNoPasswordAndNoCookieIsInTheDatabaseOrTheLog(t *testing.T) {
	t.Parallel()
	const password, wrong = "canary-password-1", "canary-password-2"
	each(t, func(t *testing.T, f fixture) {
		u := f.user(t, "ann", password)
		first, err := f.SignIn(t.Context(), accounts.Client{}, "ann", password)
		if err != nil {
			t.Fatal(err)
		}
		second := f.signIn(t, accounts.Client{}, "ann")
		_, _ = f.SignIn(t.Context(), accounts.Client{}, "ann", wrong)
		_, _ = f.SignIn(t.Context(), accounts.Client{}, wrong, wrong)
		_, _ = f.Session(t.Context(), first)
		_, _ = f.CreateUser(t.Context(), accounts.Operator(), accounts.NewUser{Username: "ANN", Password: password})
		if err := f.SignOut(t.Context(), accounts.Operator(), first); err != nil {
			t.Fatal(err)
		}
		f.Wait()
		text := sqldbtest.Dump(t, f.db) + f.log.String()
		if !strings.Contains(text, u.ID) {
			t.Fatal("the dump does not hold the user")
		}
		for _, secret := range []string{password, wrong, first, second} {
			if strings.Contains(text, secret) {
				t.Errorf("%s… is in the database or the log", secret[:15])
			}
		}
	})
}
