package accounts_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
)

func (f fixture) reset(t *testing.T, named string) accounts.Reset {
	t.Helper()
	made, err := f.BeginReset(t.Context(), accounts.Origin{Address: "10.0.0.1"}, named)
	if err != nil || len(made) != 1 {
		t.Fatalf("BeginReset(%q) = %+v, %v; want one", named, made, err)
	}
	return made[0]
}

func (f fixture) withEmail(t *testing.T, name, email, password string) accounts.User {
	t.Helper()
	u, err := f.CreateUser(t.Context(), accounts.Operator(), accounts.NewUser{Username: name, Email: email, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestAResetIsGoodOnceAndEndsSessions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		u := f.withEmail(t, "ann", "ann@example.com", "correct horse")
		cookie := f.signIn(t, accounts.Client{}, "ann")
		first, second := f.reset(t, " ANN "), f.reset(t, "Ann@Example.com")
		if got, err := f.ResetUser(t.Context(), first.Token); err != nil || got.ID != u.ID {
			t.Errorf("ResetUser = %+v, %v", got, err)
		}
		_, err := f.ResetPassword(t.Context(), accounts.Origin{}, first.Token, "ann")
		wantField(t, err, "password")
		var tries sync.WaitGroup
		results := make(chan error, 4)
		for _, token := range []string{first.Token, second.Token, first.Token, second.Token} {
			tries.Go(func() {
				_, err := f.ResetPassword(t.Context(), accounts.Origin{}, token, "battery staple")
				results <- err
			})
		}
		tries.Wait()
		close(results)
		worked := 0
		for err := range results {
			if err == nil {
				worked++
				continue
			}
			wantKind(t, err, errs.Conflict)
		}
		if worked != 1 {
			t.Errorf("%d of the tokens set a password, want one", worked)
		}
		_, err = f.Session(t.Context(), cookie)
		wantKind(t, err, errs.Unauthenticated)
		if _, err := f.Authenticate(t.Context(), accounts.Origin{}, "ann", "battery staple"); err != nil {
			t.Errorf("the new password is refused: %v", err)
		}
		got := f.events(t, accounts.AuditFilter{Event: "password_reset"})
		if want := []string{"password_reset sent", "password_reset sent", "password_reset done"}; !slices.Equal(got, want) {
			t.Errorf("events = %q, want %q", got, want)
		}
	})
}

func TestAResetDiesWithWhatItWasMadeFor(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, f fixture, u accounts.User) error{
		"an hour": func(_ *testing.T, f fixture, _ accounts.User) error { f.clock.Pass(accounts.ResetLife); return nil },
		"another password": func(t *testing.T, f fixture, u accounts.User) error {
			t.Helper()
			return f.SetPassword(t.Context(), accounts.Operator(), u.ID, "battery staple")
		},
		"being disabled": func(t *testing.T, f fixture, u accounts.User) error {
			t.Helper()
			return f.SetActive(t.Context(), accounts.Operator(), u.ID, false)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, f fixture) {
				u := f.withEmail(t, "ann", "ann@example.com", "correct horse")
				token := f.reset(t, "ann").Token
				if err := end(t, f, u); err != nil {
					t.Fatal(err)
				}
				_, err := f.ResetUser(t.Context(), token)
				wantKind(t, err, errs.Conflict)
				_, err = f.ResetPassword(t.Context(), accounts.Origin{}, token, "something else")
				wantKind(t, err, errs.Conflict)
			})
		})
	}
}

func TestOnlyThoseWhoCanBeWrittenToGetAReset(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		f.user(t, "silent", "correct horse")
		gone := f.withEmail(t, "gone", "gone@example.com", "correct horse")
		if err := f.SetActive(t.Context(), accounts.Operator(), gone.ID, false); err != nil {
			t.Fatal(err)
		}
		for _, named := range []string{"", "nobody", "silent", "gone", "gone@example.com", "%"} {
			if made, err := f.BeginReset(t.Context(), accounts.Origin{}, named); err != nil || len(made) != 0 {
				t.Errorf("BeginReset(%q) = %+v, %v", named, made, err)
			}
		}
		f.withEmail(t, "sue", "sue@example.com", "")
		if r := f.reset(t, "sue"); r.Token != "" {
			t.Error("an account without a password gets a token to set one")
		}
	})
}

func TestWherePasswordsAreForSuperusersOthersGetNoToken(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		f.withEmail(t, "ann", "ann@example.com", "correct horse")
		before := f.reset(t, "ann")
		f.Accounts = accounts.New(f.db, f.audit, nil, accounts.Options{
			SecretKey: []byte("a secret key for tests"), Now: f.clock.Now, PasswordsOfSuperusersOnly: true,
		})
		if r := f.reset(t, "ann"); r.Token != "" {
			t.Error("a token is made for a password that opens nothing")
		}
		_, err := f.ResetUser(t.Context(), before.Token)
		wantKind(t, err, errs.Conflict)
		_, err = f.CreateUser(t.Context(), accounts.Operator(), accounts.NewUser{Username: "root", Email: "root@example.com", Password: "correct horse", Superuser: true})
		if err != nil {
			t.Fatal(err)
		}
		if r := f.reset(t, "root"); r.Token == "" {
			t.Error("a superuser gets no token")
		}
	})
}

func TestATokenSignedByAnotherKeyIsRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		f.withEmail(t, "ann", "ann@example.com", "correct horse")
		other := accounts.New(f.db, f.audit, nil, accounts.Options{SecretKey: []byte("another"), Now: func() time.Time { return f.clock.Now() }})
		made, err := other.BeginReset(t.Context(), accounts.Origin{}, "ann")
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.ResetUser(t.Context(), made[0].Token)
		wantKind(t, err, errs.Conflict)
	})
}
