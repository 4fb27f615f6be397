package accounts

import (
	"context"
	"fmt"
	"log/slog"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// UserState narrows a list of users.
type UserState string

// The states to narrow by.
const (
	UserAny        UserState = ""
	UserActive     UserState = "active"
	UserDisabled   UserState = "disabled"
	UserSuperusers UserState = "superusers" // active ones
)

// UserFilter chooses among the users. The zero value chooses all.
type UserFilter struct {
	Text  string // part of the name or the e-mail address, in whatever case
	Group string // that they are in, by its name
	State UserState
}

const pageOfUsers = `SELECT ` + userColumns + ` FROM auth_user u
	WHERE u.username_key > $1
	AND ($2 = '' OR u.username_key LIKE $3 ESCAPE '!' OR LOWER(u.email) LIKE $4 ESCAPE '!')
	AND ($5 = '' OR EXISTS (SELECT 1 FROM auth_user_group fg JOIN auth_group f ON f.id = fg.group_id WHERE fg.user_id = u.id AND f.name = $5))
	AND ($6 = '' OR ($6 = 'active' AND u.is_active) OR ($6 = 'disabled' AND NOT u.is_active) OR ($6 = 'superusers' AND u.is_active AND u.is_superuser))
	ORDER BY u.username_key LIMIT CAST($7 AS BIGINT)`

// UsersPage gives a page of the users by name, from behind a user of the page
// before, and the name that the next page begins behind; empty: there is none.
func (a *Accounts) UsersPage(ctx context.Context, f UserFilter, after string, limit int) (users []User, next string, err error) {
	name := UsernameKey(f.Text)
	if f.Text != "" && name == "" {
		return nil, "", nil // bytes that are no text are in nobody's name
	}
	users, err = sqldb.All(ctx, a.db.Read(), scanUser, pageOfUsers,
		UsernameKey(after), name, holding(name), holding(name), f.Group, string(f.State), limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("list users: %w", err)
	}
	if len(users) > limit {
		users = users[:limit]
		next = users[limit-1].Username
	}
	return users, next, nil
}

// MayAdminister gives the error of somebody who may not change another's
// account, or nil. Superusers are changed by superusers only; and nobody
// changes their own groups or lets themselves out: their password and sessions
// are theirs through ChangePassword and EndSession.
func MayAdminister(p Principal, u User) error {
	need := RightAdminister
	if u.Superuser {
		need = RightSuperusers
	}
	if err := p.Need(need); err != nil {
		if u.Superuser && p.May(RightAdminister) {
			return errs.New(errs.Forbidden, "Only a superuser changes the account of a superuser.")
		}
		return err
	}
	if u.ID == p.UserID {
		return errs.New(errs.Forbidden, "This is your own account: its password and sessions are under Settings, and its groups are for somebody else to change.")
	}
	return nil
}

// byPerson tells whether a person is behind a change, and not the program: a
// command on the machine, or single sign-on, which says who somebody is.
func byPerson(by Actor) bool {
	return by.Credential.Kind != CredentialCommand && by.Credential.Kind != ""
}

// Allowed gives the Forbidden error of a person who lacks a right, or nil.
// What the program does and commands on the machine need none.
func (a Actor) Allowed(r Right) error {
	if !byPerson(a) {
		return nil
	}
	return a.Need(r)
}

func mayAdminister(by Actor, u User) error {
	if !byPerson(by) {
		return nil
	}
	return MayAdminister(by.Principal, u)
}

// mayCreate gives the error of somebody who may not make an account.
func mayCreate(by Actor, n NewUser) error {
	if n.Superuser {
		return by.Allowed(RightSuperusers)
	}
	return by.Allowed(RightAdminister)
}

// The update of nothing takes the rows of all active superusers, so that of
// two who would unmake each other the second finds that they are the last.
const holdSuperusers = `UPDATE auth_user SET updated_at = updated_at WHERE is_superuser AND is_active RETURNING id`

// keepSuperuser refuses to lose the last superuser who can sign in.
func keepSuperuser(ctx context.Context, tx sqldb.Querier, u User) error {
	left, err := sqldb.All(ctx, tx, scanText, holdSuperusers)
	if err != nil {
		return fmt.Errorf("hold the superusers: %w", err)
	}
	if len(left) == 1 && left[0] == u.ID {
		return errs.Newf(errs.Conflict, "%s is the last active superuser. Make another one first.", u.Username)
	}
	return nil
}

// maySetSuperuser gives the error of a change that may not be.
func maySetSuperuser(ctx context.Context, tx sqldb.Querier, by Actor, u User, superuser bool) error {
	if err := by.Allowed(RightSuperusers); err != nil {
		return err
	}
	if err := mayAdminister(by, u); err != nil || superuser {
		return err
	}
	return keepSuperuser(ctx, tx, u)
}

const updateEmail = `UPDATE auth_user SET email = $2, updated_at = $3 WHERE id = $1 AND email <> $2`

// SetEmail changes the e-mail address of somebody else's account. Empty: none.
func (a *Accounts) SetEmail(ctx context.Context, by Actor, userID, email string) error {
	if err := checkEmail(email); err != nil {
		return err
	}
	return a.change(ctx, userID, func(tx sqldb.Querier, u User) ([]Event, error) {
		if err := mayAdminister(by, u); err != nil {
			return nil, err
		}
		return a.setEmail(ctx, tx, by, u, email)
	})
}

func (a *Accounts) setEmail(ctx context.Context, tx sqldb.Querier, by Actor, u User, email string) ([]Event, error) {
	n, err := sqldb.Exec(ctx, tx, updateEmail, u.ID, email, sqldb.At(a.opt.Now()))
	if err != nil {
		return nil, fmt.Errorf("set e-mail address: %w", err)
	}
	if n == 0 {
		return nil, nil
	}
	return []Event{userEvent("user_email", "set", by, u, slog.String("email", email), slog.String("before", u.Email))}, nil
}
