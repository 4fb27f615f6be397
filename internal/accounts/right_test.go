package accounts_test

import (
	"slices"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
)

func TestTheMostThatAnyGroupGivesCounts(t *testing.T) {
	t.Parallel()
	write := []accounts.Right{accounts.RightWrite}
	curate := append(slices.Clone(write), accounts.RightCurate)
	administer := append(slices.Clone(curate), accounts.RightAdminister)
	all := append(slices.Clone(administer), accounts.RightSuperusers)
	for _, row := range []struct {
		groups    string
		superuser bool
		want      []accounts.Right
	}{
		{"", false, write},
		{"Beekeepers", false, write},
		{"View Only", false, nil},
		{"View Only,Beekeepers", false, nil},
		{"View Only,Staff", false, write},
		{"Staff", false, write},
		{"View Only,SME", false, curate},
		{"Admin,Staff,View Only", false, administer},
		{"view only", false, write}, // another group, by its name
		{"View Only", true, all},
		{"", true, all},
	} {
		p := accounts.Principal{UserID: "u", Superuser: row.superuser, Groups: strings.FieldsFunc(row.groups, func(r rune) bool { return r == ',' })}
		for r := accounts.RightWrite; r <= accounts.RightSuperusers; r++ {
			want := slices.Contains(row.want, r)
			if p.May(r) != want || (p.Need(r) == nil) != want || (!want && !errs.Is(p.Need(r), errs.Forbidden)) {
				t.Errorf("groups %q, superuser %v: May(%d) is %v, Need is %v", row.groups, row.superuser, r, p.May(r), p.Need(r))
			}
		}
	}
	viewer := accounts.Principal{UserID: "u", Groups: []string{accounts.GroupViewOnly}}
	if err := viewer.Need(accounts.RightWrite); !strings.Contains(err.Error(), "“View Only”") {
		t.Errorf("the error names no group: %v", err)
	}
}

func TestNobodyHasARightWhoIsNotSignedIn(t *testing.T) {
	t.Parallel()
	for r := accounts.RightWrite; r <= accounts.RightSuperusers; r++ {
		if p := (accounts.Principal{Superuser: true, Groups: accounts.SSOGroups()}); p.May(r) || !errs.Is(p.Need(r), errs.Forbidden) {
			t.Errorf("nobody has the right %d", r)
		}
	}
}
