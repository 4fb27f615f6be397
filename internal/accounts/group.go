package accounts

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// SSOGroups are the groups that single sign-on gives people.
func SSOGroups() []string { return []string{GroupViewOnly, GroupStaff, GroupSME, GroupAdmin} }

// groupSeparator stands between names in GroupsColumn; no name has it.
const groupSeparator = "\x1f"

// GroupsColumn is an SQL expression for the groups of the auth_user row that
// the query calls u. SplitGroups reads it.
const GroupsColumn = `COALESCE((SELECT string_agg(g.name, '` + groupSeparator + `')
	FROM auth_user_group ug JOIN auth_group g ON g.id = ug.group_id WHERE ug.user_id = u.id), '')`

// SplitGroups gives the names in a GroupsColumn, sorted.
func SplitGroups(column string) []string {
	if column == "" {
		return []string{}
	}
	names := strings.Split(column, groupSeparator)
	slices.Sort(names)
	return names
}

const selectGroups = `SELECT name FROM auth_group ORDER BY name`

// Groups names every group.
func (a *Accounts) Groups(ctx context.Context) ([]string, error) {
	names, err := sqldb.All(ctx, a.db.Read(), scanText, selectGroups)
	if err != nil {
		return nil, fmt.Errorf("list groups: %w", err)
	}
	return names, nil
}

const insertGroup = `INSERT INTO auth_group (id, name) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`

// EnsureGroups makes the groups that are not there, and names those it made.
func (a *Accounts) EnsureGroups(ctx context.Context, by Actor, names ...string) (made []string, err error) {
	for _, name := range names {
		if err := checkGroup(name); err != nil {
			return nil, err
		}
	}
	err = a.audit.Do(ctx, func(tx sqldb.Querier) (events []Event, err error) {
		made = nil
		for _, name := range names {
			n, err := sqldb.Exec(ctx, tx, insertGroup, uuid.NewString(), name)
			if err != nil {
				return nil, fmt.Errorf("make group %q: %w", name, err)
			}
			if n > 0 {
				made = append(made, name)
				events = append(events, Event{Name: "group_create", Outcome: "created", Actor: by, Detail: []slog.Attr{slog.String("group", name)}})
			}
		}
		return events, nil
	})
	return made, err
}

func checkGroup(name string) error {
	if name == "" || !utf8.ValidString(name) || utf8.RuneCountInString(name) > maxUsername || strings.ContainsFunc(name, unicode.IsControl) {
		return errs.Field("group", "A group's name has 1 to 150 characters and no control characters.")
	}
	return nil
}

const (
	deleteMemberships = `DELETE FROM auth_user_group WHERE user_id = $1`
	insertMembership  = `INSERT INTO auth_user_group (user_id, group_id) SELECT $1, id FROM auth_group WHERE name = $2`
)

// SetGroups makes these, and no others, the groups of a user. Each must be
// there.
func (a *Accounts) SetGroups(ctx context.Context, by Actor, userID string, groups []string) error {
	return a.audit.Do(ctx, func(tx sqldb.Querier) ([]Event, error) {
		u, err := userByID(ctx, tx, userID)
		if err != nil {
			return nil, err
		}
		if err := mayAdminister(by, u); err != nil {
			return nil, err
		}
		if slices.Equal(u.Groups, sortedUnique(groups)) {
			return nil, nil
		}
		if _, err := sqldb.Exec(ctx, tx, deleteMemberships, userID); err != nil {
			return nil, fmt.Errorf("leave groups: %w", err)
		}
		if err := joinGroups(ctx, tx, userID, groups); err != nil {
			return nil, err
		}
		return []Event{userEvent("user_groups", "set", by, u, slog.Any("groups", groups), slog.Any("before", u.Groups))}, nil
	})
}

func joinGroups(ctx context.Context, tx sqldb.Querier, userID string, groups []string) error {
	for _, name := range sortedUnique(groups) {
		n, err := sqldb.Exec(ctx, tx, insertMembership, userID, name)
		if err != nil {
			return fmt.Errorf("join group %q: %w", name, err)
		}
		if n == 0 {
			return errs.Field("group", fmt.Sprintf("There is no group %q; `mnemosyne create-sso-groups` makes the usual ones.", name))
		}
	}
	return nil
}

func sortedUnique(names []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(names)))
}

func scanText(r sqldb.Row) (s string, err error) {
	err = r.Scan(&s)
	return s, err
}
