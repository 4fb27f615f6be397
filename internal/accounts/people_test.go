package accounts_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
)

// as is an actor in a browser, with the groups that the account has now.
func (f fixture) as(t *testing.T, u accounts.User) accounts.Actor {
	t.Helper()
	now, err := f.User(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	return accounts.Actor{Principal: accounts.Principal{
		UserID: now.ID, Username: now.Username, Superuser: now.Superuser, Groups: now.Groups,
		Credential: accounts.Credential{Kind: accounts.CredentialSession}, Scope: accounts.Scope{Kind: accounts.ScopeUser},
	}}
}

// member makes a user in a group, or a superuser where the group is "superuser".
func (f fixture) member(t *testing.T, name, group string) accounts.User {
	t.Helper()
	n := accounts.NewUser{Username: name, Email: name + "@Example.org", Superuser: group == "superuser"}
	if group != "" && !n.Superuser {
		if _, err := f.EnsureGroups(t.Context(), accounts.Operator(), group); err != nil {
			t.Fatal(err)
		}
		n.Groups = []string{group}
	}
	u, err := f.CreateUser(t.Context(), accounts.Operator(), n)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestUsersAreListedByThePageAndByWhatIsKnownOfThem(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		if users, next, err := f.UsersPage(t.Context(), accounts.UserFilter{}, "", 10); err != nil || len(users) != 0 || next != "" {
			t.Errorf("of nobody: %v, %q, %v", users, next, err)
		}
		for _, name := range []string{"Zoë", "bob", "Ann_1", "annA", "carl"} {
			f.member(t, name, map[string]string{"bob": accounts.GroupSME, "Zoë": "superuser"}[name])
		}
		bob, err := f.UserByName(t.Context(), "bob")
		if err != nil {
			t.Fatal(err)
		}
		if err := f.SetActive(t.Context(), accounts.Operator(), bob.ID, false); err != nil {
			t.Fatal(err)
		}
		for _, row := range []struct {
			filter accounts.UserFilter
			want   string
		}{
			{accounts.UserFilter{}, "Ann_1 annA bob carl Zoë"},
			{accounts.UserFilter{Text: "ANN"}, "Ann_1 annA"},
			{accounts.UserFilter{Text: "n_"}, "Ann_1"},
			{accounts.UserFilter{Text: "%"}, ""},
			{accounts.UserFilter{Text: "ZOË@example"}, "Zoë"},
			{accounts.UserFilter{Text: "\xff"}, ""},
			{accounts.UserFilter{Group: "SME"}, "bob"},
			{accounts.UserFilter{Group: "None such"}, ""},
			{accounts.UserFilter{State: accounts.UserActive}, "Ann_1 annA carl Zoë"},
			{accounts.UserFilter{State: accounts.UserDisabled}, "bob"},
			{accounts.UserFilter{State: accounts.UserSuperusers}, "Zoë"},
			{accounts.UserFilter{State: accounts.UserActive, Group: "SME"}, ""},
		} {
			var names []string
			after, more := "", true
			for more {
				users, next, err := f.UsersPage(t.Context(), row.filter, after, 2)
				if err != nil || len(users) > 2 {
					t.Fatalf("%+v behind %q: %d users, %v", row.filter, after, len(users), err)
				}
				for _, u := range users {
					names = append(names, u.Username)
				}
				after, more = next, next != ""
			}
			got, want := slices.Sorted(slices.Values(names)), slices.Sorted(slices.Values(strings.Fields(row.want)))
			if !slices.Equal(got, want) {
				t.Errorf("%+v lists %v, want %v", row.filter, names, want)
			}
		}
	})
}

func TestAnAccountIsChangedByThoseWhoMayAndByNobodyElse(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		f.member(t, "spare", "superuser")
		people := map[string]accounts.User{}
		for name, group := range map[string]string{"viewer": "View Only", "staff": "Staff", "sme": "SME", "admin": "Admin", "other": "Admin", "super": "superuser", "second": "superuser", "plain": ""} {
			people[name] = f.member(t, name, group)
		}
		changes := map[string]func(by accounts.Actor, id string) error{
			"groups":    func(by accounts.Actor, id string) error { return f.SetGroups(t.Context(), by, id, []string{"SME"}) },
			"email":     func(by accounts.Actor, id string) error { return f.SetEmail(t.Context(), by, id, "new@example.org") },
			"password":  func(by accounts.Actor, id string) error { return f.SetPassword(t.Context(), by, id, "another horse") },
			"disable":   func(by accounts.Actor, id string) error { return f.SetActive(t.Context(), by, id, false) },
			"enable":    func(by accounts.Actor, id string) error { return f.SetActive(t.Context(), by, id, true) },
			"superuser": func(by accounts.Actor, id string) error { return f.SetSuperuser(t.Context(), by, id, true) },
			"sign out": func(by accounts.Actor, id string) error {
				_, err := f.SignOutEverywhere(t.Context(), by, id)
				return err
			},
		}
		may := func(by, of, what string) bool {
			switch by {
			case of:
				return what == "sign out"
			case "super":
				return true
			case "admin":
				return of != "second" && what != "superuser"
			}
			return false
		}
		for _, by := range []string{"viewer", "staff", "sme", "plain", "admin", "super"} {
			for _, of := range []string{by, "other", "second"} {
				for what, change := range changes {
					target := f.member(t, strings.ReplaceAll(fmt.Sprintf("%s.%s.%s", by, of, what), " ", ""), map[string]string{"other": "Admin", "second": "superuser"}[of])
					if of == by {
						target = people[by]
					}
					before, _ := f.User(t.Context(), target.ID)
					err := change(f.as(t, people[by]), target.ID)
					after, _ := f.User(t.Context(), target.ID)
					switch {
					case may(by, of, what) && err != nil:
						t.Errorf("%s, %s of %s: %v", by, what, of, err)
					case !may(by, of, what):
						wantKind(t, err, errs.Forbidden)
						if fmt.Sprint(before) != fmt.Sprint(after) {
							t.Errorf("%s, refused %s of %s changed %v into %v", by, what, of, before, after)
						}
					}
				}
			}
			_, err := f.CreateUser(t.Context(), f.as(t, people[by]), accounts.NewUser{Username: "new." + by})
			if (err == nil) != (by == "admin" || by == "super") {
				t.Errorf("%s makes an account: %v", by, err)
			}
			_, err = f.CreateUser(t.Context(), f.as(t, people[by]), accounts.NewUser{Username: "root." + by, Superuser: true})
			if (err == nil) != (by == "super") {
				t.Errorf("%s makes a superuser: %v", by, err)
			}
		}
	})
}

func TestTheLastActiveSuperuserStays(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		one, two := f.member(t, "one", "superuser"), f.member(t, "two", "superuser")
		if err := f.SetActive(t.Context(), accounts.Operator(), two.ID, false); err != nil {
			t.Fatal(err)
		}
		wantKind(t, f.SetActive(t.Context(), accounts.Operator(), one.ID, false), errs.Conflict)
		wantKind(t, f.SetSuperuser(t.Context(), accounts.Operator(), one.ID, false), errs.Conflict)
		if err := f.SetSuperuser(t.Context(), accounts.Operator(), two.ID, false); err != nil {
			t.Errorf("one who is disabled: %v", err)
		}
		u, err := f.User(t.Context(), one.ID)
		if err != nil || !u.Active || !u.Superuser {
			t.Errorf("the last one is %+v, %v", u, err)
		}
	})
}

func TestTwoSuperusersCannotUnmakeEachOther(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		one, two := f.member(t, "one", "superuser"), f.member(t, "two", "superuser")
		by := map[string]accounts.Actor{one.ID: f.as(t, two), two.ID: f.as(t, one)}
		for range 5 {
			var wg sync.WaitGroup
			for id, actor := range by {
				wg.Go(func() { _ = f.SetActive(t.Context(), actor, id, false) })
			}
			wg.Wait()
			left, _, err := f.UsersPage(t.Context(), accounts.UserFilter{State: accounts.UserSuperusers}, "", 10)
			if err != nil || len(left) != 1 {
				t.Fatalf("%d superusers are left, %v", len(left), err)
			}
			for id := range by {
				if err := f.SetActive(t.Context(), accounts.Operator(), id, true); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
