package accounts_test

import (
	"slices"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
)

func TestACreatedUserIsFoundByIDByNameAndInTheList(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		if _, err := f.EnsureGroups(t.Context(), accounts.Operator(), accounts.SSOGroups()...); err != nil {
			t.Fatal(err)
		}
		made, err := f.CreateUser(t.Context(), accounts.Operator(), accounts.NewUser{
			Username: "Zoë", Email: "zoe@example.org", Password: "long enough", Superuser: true, Groups: []string{"Staff", "Admin"},
		})
		if err != nil {
			t.Fatal(err)
		}
		f.user(t, "anna", "")
		byID, err := f.User(t.Context(), made.ID)
		if err != nil || byID.Username != "Zoë" || !byID.Superuser || !byID.Active || !byID.HasPassword || byID.Email != "zoe@example.org" {
			t.Errorf("User = %+v, %v", byID, err)
		}
		if !slices.Equal(byID.Groups, []string{"Admin", "Staff"}) || !byID.CreatedAt.Equal(made.CreatedAt) {
			t.Errorf("groups %v, created %v; want Admin and Staff, %v", byID.Groups, byID.CreatedAt, made.CreatedAt)
		}
		if byName, err := f.UserByName(t.Context(), "ZOË"); err != nil || byName.ID != made.ID {
			t.Errorf("UserByName in capitals = %+v, %v", byName, err)
		}
		users, err := f.Users(t.Context())
		if err != nil || len(users) != 2 || users[0].Username != "anna" || users[0].HasPassword || len(users[0].Groups) != 0 {
			t.Errorf("Users = %+v, %v; want anna first, without password or groups", users, err)
		}
	})
}

func TestAnUnknownUserIsNotFound(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		for _, name := range []string{"", "nobody", "a\x00b", "\xff"} {
			_, err := f.UserByName(t.Context(), name)
			wantKind(t, err, errs.NotFound)
		}
		_, err := f.User(t.Context(), "no-such-id")
		wantKind(t, err, errs.NotFound)
		wantKind(t, f.SetActive(t.Context(), accounts.Operator(), "no-such-id", false), errs.NotFound)
	})
}

func TestANameThatLooksLikeAnothersIsTaken(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		robert := f.user(t, "Robert", "")
		straße := f.user(t, "straße", "")
		if err := f.SetActive(t.Context(), accounts.Operator(), robert.ID, false); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"robert", "ROBERT", "\uff32obert", "STRASSE", straße.Username} {
			_, err := f.CreateUser(t.Context(), accounts.Operator(), accounts.NewUser{Username: name})
			wantKind(t, err, errs.Conflict)
		}
	})
}

func TestUserNamesFollowTheRules(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		for _, name := range []string{"a", "o'neil", "x y", "a/b", "a\nb", "a\x00b", "\xff", "", ".", "..", "...", "пaypal", "a\u200bb", "😀", strings.Repeat("a", 151)} {
			_, err := f.CreateUser(t.Context(), accounts.Operator(), accounts.NewUser{Username: name})
			if name == "a" {
				if err != nil {
					t.Errorf("%q: %v", name, err)
				}
				continue
			}
			wantField(t, err, "username")
		}
		for _, name := range []string{"first.last+tag@example-host_1", "Ольга", "李雷", strings.Repeat("b", 150)} {
			f.user(t, name, "")
		}
	})
}

func TestAFaultySettingOfANewUserMakesNoUser(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		for field, n := range map[string]accounts.NewUser{
			"group":    {Username: "u", Groups: []string{"Nobodies"}},
			"email":    {Username: "u", Email: "not an address"},
			"password": {Username: "u", Password: "short"},
		} {
			_, err := f.CreateUser(t.Context(), accounts.Operator(), n)
			wantField(t, err, field)
		}
		if n, err := f.CountUsers(t.Context()); err != nil || n != 0 {
			t.Errorf("CountUsers = %d, %v; want 0", n, err)
		}
	})
}

func TestGroupsAreMadeOnceAndMembershipIsReplaced(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f fixture) {
		made, err := f.EnsureGroups(t.Context(), accounts.Operator(), accounts.SSOGroups()...)
		if err != nil || !slices.Equal(made, []string{"View Only", "Staff", "SME", "Admin"}) {
			t.Fatalf("EnsureGroups = %v, %v", made, err)
		}
		if again, err := f.EnsureGroups(t.Context(), accounts.Operator(), accounts.SSOGroups()...); err != nil || len(again) != 0 {
			t.Errorf("the second time = %v, %v; want none", again, err)
		}
		u := f.user(t, "u", "")
		for _, want := range [][]string{{"Admin", "SME"}, {"SME"}, {}} {
			if err := f.SetGroups(t.Context(), accounts.Operator(), u.ID, append(want, want...)); err != nil {
				t.Fatal(err)
			}
			if got, err := f.User(t.Context(), u.ID); err != nil || !slices.Equal(got.Groups, want) {
				t.Errorf("groups = %v, %v; want %v", got.Groups, err, want)
			}
		}
		wantField(t, f.SetGroups(t.Context(), accounts.Operator(), u.ID, []string{"SME", "None such"}), "group")
		if got, err := f.User(t.Context(), u.ID); err != nil || len(got.Groups) != 0 {
			t.Errorf("after a refused change the groups are %v, %v; want none", got.Groups, err)
		}
	})
}
