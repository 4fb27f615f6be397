package accounts

import (
	"context"
	"fmt"
	"log/slog"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const selectForSignIn = `SELECT ` + userColumns + ` FROM auth_user u WHERE u.username_key = $1`

// Authenticate checks a user name and password. A wrong password, an unknown
// name, an account without a password, a disabled one and one that passwords
// are not the way of give one and the same Unauthenticated error after the
// same work. A hash of an older kind is
// replaced on the way.
func (a *Accounts) Authenticate(ctx context.Context, from Origin, username, password string) (User, error) {
	row, err := sqldb.One(ctx, a.db.Read(), scanUserRow, selectForSignIn, UsernameKey(username))
	if err != nil && !sqldb.Missing(err) {
		return User{}, fmt.Errorf("find user: %w", err)
	}
	ok, stale, err := a.hasher.verify(ctx, password, row.password)
	if err != nil {
		return User{}, err
	}
	if !ok || !row.Active || !a.passwordsFor(row.User) {
		return User{}, a.refuse(ctx, from, row)
	}
	if stale {
		if err := a.rehash(ctx, row, password); err != nil {
			return User{}, err
		}
	}
	return row.User, nil
}

// passwordsFor tells whether somebody may sign in by a password.
func (a *Accounts) passwordsFor(u User) bool {
	return u.Superuser || !a.opt.PasswordsOfSuperusersOnly
}

// refuse records a failed sign-in. A name that nobody has is not kept: people
// type their password there by mistake.
func (a *Accounts) refuse(ctx context.Context, from Origin, row userRow) error {
	e := Event{Name: "sign_in", Outcome: "refused", Actor: Actor{Origin: from}}
	if row.ID != "" {
		e.Detail = []slog.Attr{slog.String("user_id", row.ID), slog.String("username", row.Username)}
	}
	if err := a.audit.Record(ctx, e); err != nil {
		return err
	}
	return errs.New(errs.Unauthenticated, "The user name or the password is not right.")
}

const replaceHash = `UPDATE auth_user SET password = $3 WHERE id = $1 AND password = $2`

// rehash replaces a hash unless the password has been changed meanwhile.
func (a *Accounts) rehash(ctx context.Context, row userRow, password string) error {
	encoded, err := a.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	if _, err := sqldb.Exec(ctx, a.db.Write(), replaceHash, row.ID, row.password, encoded); err != nil {
		return fmt.Errorf("replace an older password hash: %w", err)
	}
	return nil
}
