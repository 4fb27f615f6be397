package accounts_test

import (
	"slices"
	"sync"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
)

func ann(groups ...string) accounts.Identity {
	return accounts.Identity{Issuer: "https://sso.example", Subject: "7d2f", Username: "ann", Email: "ann@example.org", Groups: groups}
}

func wantRefusal(t *testing.T, err error, why accounts.SSORefusal) {
	t.Helper()
	wantKind(t, err, errs.Forbidden)
	if got, _ := accounts.SSORefusalOf(err); got != why {
		t.Errorf("error = %v; want a refusal because of %s", err, why)
	}
}

func TestASignOnServersWordMakesAnAccountOnceAndKeepsItCurrent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				if _, err := f.SignInSSO(t.Context(), accounts.Client{}, ann("staff", "SME")); err != nil {
					t.Errorf("sign in: %v", err)
				}
			})
		}
		all.Wait()
		first, err := f.UserByName(t.Context(), "ann")
		if err != nil || !slices.Equal(first.Groups, []string{"SME", "Staff"}) {
			t.Fatalf("the account is %+v: %v", first, err)
		}
		if made := f.events(t, accounts.AuditFilter{Event: "user_create"}); len(made) != 1 {
			t.Errorf("the account was made %d times", len(made))
		}
		cookie, err := f.SignInSSO(t.Context(), accounts.Client{}, ann("VIEW-ONLY"))
		if err != nil {
			t.Fatal(err)
		}
		s, err := f.Session(t.Context(), cookie)
		if err != nil || s.UserID != first.ID || !slices.Equal(s.Groups, []string{"View Only"}) {
			t.Errorf("the session is %+v: %v", s, err)
		}
	})
}

func TestASignOnServersWordTakesNoAccountOver(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		mine := f.user(t, "Ann", "correct horse")
		_, err := f.SignInSSO(t.Context(), accounts.Client{}, ann())
		wantRefusal(t, err, accounts.SSOTaken)
		for _, other := range []accounts.Identity{
			{Issuer: "https://sso.example", Subject: "other", Username: "ann"},
			{Issuer: "https://evil.example", Subject: "7d2f", Username: "ann"},
		} {
			if err := f.LinkIdentity(t.Context(), accounts.Operator(), mine.ID, ann().Issuer, ann().Subject); err != nil {
				t.Fatal(err) // nor the second time
			}
			_, err := f.SignInSSO(t.Context(), accounts.Client{}, other)
			wantRefusal(t, err, accounts.SSOTaken)
		}
		if linked := f.events(t, accounts.AuditFilter{Event: "user_link"}); len(linked) != 1 {
			t.Errorf("linking twice is noted %d times", len(linked))
		}
		if err := f.LinkIdentity(t.Context(), accounts.Operator(), f.user(t, "Bob", "correct horse").ID, ann().Issuer, ann().Subject); !errs.Is(err, errs.Conflict) {
			t.Errorf("linked with a second account: %v", err)
		}
		cookie, err := f.SignInSSO(t.Context(), accounts.Client{}, ann())
		if err != nil {
			t.Fatal(err)
		}
		if s, err := f.Session(t.Context(), cookie); err != nil || s.UserID != mine.ID {
			t.Errorf("the session is %+v: %v", s, err)
		}
		if n, err := f.UnlinkIdentities(t.Context(), accounts.Operator(), mine.ID); err != nil || n != 1 {
			t.Errorf("%d identities are unlinked: %v", n, err)
		}
		if _, err := f.Session(t.Context(), cookie); err == nil {
			t.Error("the session goes on")
		}
		_, err = f.SignInSSO(t.Context(), accounts.Client{}, ann())
		wantRefusal(t, err, accounts.SSOTaken)
	})
}

func TestNamesOfGroupsAreMatchedAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"View Only": {"View Only"}, "view_only": {"View Only"}, "VIEW-ONLY": {"View Only"}, " view  only ": {"View Only"},
		"staff": {"Staff"}, "sme": {"SME"}, "ADMIN": {"Admin"},
		"viewonly": {}, "administrator": {}, "Admin2": {}, "": {}, "superuser": {},
	} {
		if got := accounts.GroupsOf([]string{name}); !slices.Equal(got, want) {
			t.Errorf("%q gives %q; want %q", name, got, want)
		}
	}
}
