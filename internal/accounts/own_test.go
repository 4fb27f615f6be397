package accounts_test

import (
	"slices"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
)

func TestChangingOnesPasswordTakesTheOldOneAndGivesANewSession(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		u := f.user(t, "ann", "correct horse")
		here, there := f.signIn(t, accounts.Client{}, "ann"), f.signIn(t, accounts.Client{}, "ann")
		by := f.as(t, u)
		for field, try := range map[string][2]string{
			"current_password": {"wrong horse", "another horse"},
			"password":         {"correct horse", "short"},
		} {
			_, err := f.ChangePassword(t.Context(), by, accounts.Client{Cookie: here}, try[0], try[1])
			wantField(t, err, field)
		}
		_, err := f.ChangePassword(t.Context(), by, accounts.Client{Cookie: here}, "correct horse", "correct horse")
		wantField(t, err, "password")
		if _, err := f.Session(t.Context(), there); err != nil {
			t.Errorf("a refused change ended a session: %v", err)
		}
		next, err := f.ChangePassword(t.Context(), by, accounts.Client{Cookie: here}, "correct horse", "another horse")
		if err != nil || next == here {
			t.Fatalf("ChangePassword = %q, %v", next, err)
		}
		for _, cookie := range []string{here, there} {
			_, err := f.Session(t.Context(), cookie)
			wantKind(t, err, errs.Unauthenticated)
		}
		if s, err := f.Session(t.Context(), next); err != nil || s.UserID != u.ID {
			t.Errorf("the session that goes on is %+v, %v", s, err)
		}
		if _, err := f.Authenticate(t.Context(), accounts.Origin{}, "ann", "another horse"); err != nil {
			t.Error(err)
		}
		_, err = f.Authenticate(t.Context(), accounts.Origin{}, "ann", "correct horse")
		wantKind(t, err, errs.Unauthenticated)
		if got := f.events(t, accounts.AuditFilter{Event: "user_password"}); !slices.Equal(got, []string{"user_password refused", "user_password changed"}) {
			t.Errorf("the trail has %q", got)
		}
	})
}

func TestAnAccountWithoutAPasswordHasNoneToChange(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		u := f.user(t, "sso", "")
		_, err := f.ChangePassword(t.Context(), f.as(t, u), accounts.Client{}, "", "another horse")
		wantKind(t, err, errs.Conflict)
		wantKind(t, f.ChangeEmail(t.Context(), f.as(t, u), "", "a@example.org"), errs.Conflict)
	})
}

func TestOnesOwnAddressIsChangedWithThePassword(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		u := f.user(t, "ann", "correct horse")
		by := f.as(t, u)
		wantField(t, f.ChangeEmail(t.Context(), by, "wrong horse", "ann@example.org"), "current_password")
		wantField(t, f.ChangeEmail(t.Context(), by, "correct horse", "no address"), "email")
		for _, email := range []string{"ann@example.org", ""} {
			if err := f.ChangeEmail(t.Context(), by, "correct horse", email); err != nil {
				t.Fatal(err)
			}
			if got, err := f.User(t.Context(), u.ID); err != nil || got.Email != email {
				t.Errorf("the address is %q, %v", got.Email, err)
			}
		}
	})
}

func TestOnesSessionsAreListedAndEndedOneByOne(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	each(t, func(t *testing.T, f fixture) {
		u, other := f.user(t, "ann", ""), f.user(t, "bob", "")
		f.signIn(t, accounts.Client{}, "ann") // over by the time that they are listed
		f.clock.Pass(15 * day)
		first := f.signIn(t, accounts.Client{Origin: accounts.Origin{Address: "192.0.2.1"}, UserAgent: "Old browser"}, "ann")
		f.clock.Pass(time.Hour)
		second := f.signIn(t, accounts.Client{Origin: accounts.Origin{Address: "192.0.2.2"}}, "ann")
		theirs := f.signIn(t, accounts.Client{}, "bob")
		list, err := f.Sessions(t.Context(), u.ID)
		if err != nil || len(list) != 2 || list[0].Address != "192.0.2.2" || list[1].UserAgent != "Old browser" || !list[1].ExpiresAt.Equal(list[1].CreatedAt.Add(14*day)) {
			t.Fatalf("Sessions = %+v, %v", list, err)
		}
		here, err := f.Session(t.Context(), second)
		if err != nil || here.Credential.ID != list[0].ID {
			t.Errorf("the session here is %q, listed as %q, %v", here.Credential.ID, list[0].ID, err)
		}
		bobs, err := f.Session(t.Context(), theirs)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{bobs.Credential.ID, "none", ""} {
			wantKind(t, f.EndSession(t.Context(), f.as(t, u), id), errs.NotFound)
		}
		wantKind(t, f.EndSession(t.Context(), f.as(t, other), list[1].ID), errs.NotFound)
		if err := f.EndSession(t.Context(), f.as(t, u), list[1].ID); err != nil {
			t.Fatal(err)
		}
		_, err = f.Session(t.Context(), first)
		wantKind(t, err, errs.Unauthenticated)
		for _, cookie := range []string{second, theirs} {
			if _, err := f.Session(t.Context(), cookie); err != nil {
				t.Errorf("another session: %v", err)
			}
		}
	})
}
