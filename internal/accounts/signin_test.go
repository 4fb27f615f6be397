package accounts_test

import (
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// djangoHash is what Django keeps for "correct horse", reproduced with
// Python's hashlib.
const djangoHash = "pbkdf2_sha256$1000$saltysalt$ogyELkenhssjo9YzB+hLx2dedTg0guGJUM+KVU08H9I="

func storedHash(t *testing.T, db *sqldb.DB, id string) string {
	t.Helper()
	hash, err := sqldb.One(t.Context(), db.Read(), func(r sqldb.Row) (s string, err error) {
		err = r.Scan(&s)
		return s, err
	}, "SELECT password FROM auth_user WHERE id = $1", id)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func storeHash(t *testing.T, db *sqldb.DB, id, hash string) {
	t.Helper()
	if _, err := sqldb.Exec(t.Context(), db.Write(), "UPDATE auth_user SET password = $2 WHERE id = $1", id, hash); err != nil {
		t.Fatal(err)
	}
}

func TestOnlyTheRightPasswordOfAnActiveUserIsAccepted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		u := f.user(t, "Ann", "correct horse")
		f.user(t, "sso", "")
		if got, err := f.Authenticate(t.Context(), accounts.Origin{}, "ann", "correct horse"); err != nil || got.ID != u.ID {
			t.Errorf("the right password = %+v, %v", got, err)
		}
		var shown []string
		refuse := func(name, password string) {
			t.Helper()
			_, err := f.Authenticate(t.Context(), accounts.Origin{}, name, password)
			wantKind(t, err, errs.Unauthenticated)
			shown = append(shown, err.Error())
		}
		refuse("ann", "wrong horse")
		refuse("ann", "")
		refuse("ann", strings.Repeat("x", 1<<20))
		refuse("nobody", "correct horse")
		refuse("nobody\x00", "correct horse")
		refuse("sso", "")
		if err := f.SetActive(t.Context(), accounts.Operator(), u.ID, false); err != nil {
			t.Fatal(err)
		}
		refuse("ann", "correct horse")
		for _, text := range shown {
			if text != shown[0] {
				t.Errorf("refusals differ: %q and %q", text, shown[0])
			}
		}
	})
}

func TestADjangoHashIsAcceptedAndReplaced(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		u := f.user(t, "ann", "something else")
		storeHash(t, f.db, u.ID, djangoHash)
		_, err := f.Authenticate(t.Context(), accounts.Origin{}, "ann", "wrong horse")
		wantKind(t, err, errs.Unauthenticated)
		if got := storedHash(t, f.db, u.ID); got != djangoHash {
			t.Errorf("a wrong password replaced the hash by %q", got)
		}
		for range 2 {
			if _, err := f.Authenticate(t.Context(), accounts.Origin{}, "ann", "correct horse"); err != nil {
				t.Fatal(err)
			}
			if got := storedHash(t, f.db, u.ID); !strings.HasPrefix(got, "$argon2id$v=19$m=19456,t=2,p=1$") {
				t.Errorf("after a sign-in the hash is %q; want argon2id", got)
			}
		}
	})
}

func TestAWeakerArgonHashIsReplacedAndAnotherKindRefused(t *testing.T) {
	t.Parallel()
	const weak = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$bIKRw3Ua1pluirFy81fnppmR01EnUxY3hLEBwbWxBG8"
	each(t, func(t *testing.T, f fixture) {
		u := f.user(t, "ann", "something else")
		for _, hash := range []string{weak, "argon2" + weak} {
			storeHash(t, f.db, u.ID, hash)
			if _, err := f.Authenticate(t.Context(), accounts.Origin{}, "ann", "correct horse"); err != nil {
				t.Errorf("%s: %v", hash, err)
			}
			if got := storedHash(t, f.db, u.ID); got == hash {
				t.Errorf("%s was kept", hash)
			}
		}
		for _, hash := range []string{"!unusable", "md5$a$b", "pbkdf2_sha256$x$s$h", "pbkdf2_sha256$99999999999$s$h", "pbkdf2_sha256$1$s", "correct horse"} {
			storeHash(t, f.db, u.ID, hash)
			_, err := f.Authenticate(t.Context(), accounts.Origin{}, "ann", "correct horse")
			wantKind(t, err, errs.Unauthenticated)
		}
	})
}

func TestANewPasswordReplacesTheOldAndEndsSessions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		u := f.user(t, "ann", "correct horse")
		cookie, err := f.SignIn(t.Context(), accounts.Client{}, "ann", "correct horse")
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"", "short", "ann", strings.Repeat("x", 1025), "\xff\xff\xff\xff\xff\xff\xff\xff"} {
			wantField(t, f.SetPassword(t.Context(), accounts.Operator(), u.ID, bad), "password")
		}
		if _, err := f.Session(t.Context(), cookie); err != nil {
			t.Errorf("a refused password ended the session: %v", err)
		}
		if err := f.SetPassword(t.Context(), accounts.Operator(), u.ID, "another horse"); err != nil {
			t.Fatal(err)
		}
		_, err = f.Session(t.Context(), cookie)
		wantKind(t, err, errs.Unauthenticated)
		_, err = f.Authenticate(t.Context(), accounts.Origin{}, "ann", "correct horse")
		wantKind(t, err, errs.Unauthenticated)
		if _, err = f.Authenticate(t.Context(), accounts.Origin{}, "ann", "another horse"); err != nil {
			t.Errorf("the new password: %v", err)
		}
	})
}

func TestRandomPasswordsMayBeSetAndDiffer(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		one, two := accounts.RandomPassword(), accounts.RandomPassword()
		if one == two || len(one) < 20 {
			t.Errorf("RandomPassword = %q, %q", one, two)
		}
		f.user(t, "ann", one)
		if _, err := f.Authenticate(t.Context(), accounts.Origin{}, "ann", one); err != nil {
			t.Error(err)
		}
	})
}
