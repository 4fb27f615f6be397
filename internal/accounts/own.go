package accounts

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// What a person keeps of their own account. Whatever could shut them out asks
// for the password again: a session that was left open is not enough.

// wrongPassword names the field that a form asks for the password in.
func wrongPassword() error { return errs.Field("current_password", "This is not your password.") }

// proveOwn checks the password of whoever acts and gives their account. The
// caller limits the tries.
func (a *Accounts) proveOwn(ctx context.Context, by Actor, password string) (userRow, error) {
	row, err := found(sqldb.One(ctx, a.db.Read(), scanUserRow, selectUserByID, by.UserID))
	if err != nil {
		return userRow{}, err
	}
	if !row.HasPassword {
		return userRow{}, errs.New(errs.Conflict, "This account has no password here: it signs in through single sign-on.")
	}
	ok, _, err := a.hasher.verify(ctx, password, row.password)
	if err != nil {
		return userRow{}, err
	}
	if !ok {
		refused := userEvent("user_password", "refused", by, row.User)
		if err := a.audit.Record(ctx, refused); err != nil {
			return userRow{}, err
		}
		return userRow{}, wrongPassword()
	}
	return row, nil
}

const changeHash = `UPDATE auth_user SET password = $3, updated_at = $4 WHERE id = $1 AND password = $2 AND is_active`

// ChangePassword puts a new password in the place of one's own and ends every
// session, the one it is done from too: the cookie of the session that goes on
// in its place is given. Tokens stay.
func (a *Accounts) ChangePassword(ctx context.Context, by Actor, c Client, current, replacement string) (cookie string, err error) {
	row, err := a.proveOwn(ctx, by, current)
	if err != nil {
		return "", err
	}
	if replacement == current {
		return "", errs.Field("password", "This is the password that you have.")
	}
	encoded, err := a.encode(ctx, replacement, row.Username)
	if err != nil {
		return "", err
	}
	err = a.audit.Do(ctx, func(tx sqldb.Querier) ([]Event, error) {
		n, err := sqldb.Exec(ctx, tx, changeHash, row.ID, row.password, encoded, sqldb.At(a.opt.Now()))
		if err != nil {
			return nil, fmt.Errorf("change password: %w", err)
		}
		if n == 0 {
			return nil, wrongPassword() // somebody else changed it this moment
		}
		if _, err := sqldb.Exec(ctx, tx, deleteSessions, row.ID); err != nil {
			return nil, fmt.Errorf("end sessions: %w", err)
		}
		return []Event{userEvent("user_password", "changed", by, row.User)}, nil
	})
	if err != nil {
		return "", err
	}
	return a.StartSession(ctx, c, row.ID)
}

// ChangeEmail changes one's own e-mail address. Empty: none. It asks for the
// password, since a new one may be sent to the address.
func (a *Accounts) ChangeEmail(ctx context.Context, by Actor, password, email string) error {
	if err := checkEmail(email); err != nil {
		return err
	}
	if _, err := a.proveOwn(ctx, by, password); err != nil {
		return err
	}
	return a.change(ctx, by.UserID, func(tx sqldb.Querier, u User) ([]Event, error) {
		return a.setEmail(ctx, tx, by, u, email)
	})
}

// SignedInFrom is a session as its user sees it in a list.
type SignedInFrom struct {
	ID         string
	Address    string // that it began from
	UserAgent  string
	CreatedAt  time.Time
	LastSeenAt time.Time // to within a minute
	ExpiresAt  time.Time // unless it is used
}

const sessionsOf = `SELECT id, address, user_agent, created_at, last_seen_at, expires_at FROM session
	WHERE user_id = $1 AND expires_at > $2 AND last_seen_at > $3
	ORDER BY last_seen_at DESC, id LIMIT 500`

// Sessions lists the sessions of a user that are not over, the last used
// first.
func (a *Accounts) Sessions(ctx context.Context, userID string) ([]SignedInFrom, error) {
	now := a.opt.Now()
	sessions, err := sqldb.All(ctx, a.db.Read(), func(r sqldb.Row) (s SignedInFrom, err error) {
		var created, seen, expires sqldb.Time
		err = r.Scan(&s.ID, &s.Address, &s.UserAgent, &created, &seen, &expires)
		s.CreatedAt, s.LastSeenAt, s.ExpiresAt = created.Time, seen.Time, expires.Time
		if idle := s.LastSeenAt.Add(a.opt.SessionIdle); idle.Before(s.ExpiresAt) {
			s.ExpiresAt = idle
		}
		return s, err
	}, sessionsOf, userID, sqldb.At(now), sqldb.At(now.Add(-a.opt.SessionIdle)))
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return sessions, nil
}

const deleteOwnSession = `DELETE FROM session WHERE id = $1 AND user_id = $2`

// EndSession ends one of one's own sessions. One that is not theirs, or over
// already, is NotFound.
func (a *Accounts) EndSession(ctx context.Context, by Actor, id string) error {
	return a.audit.Do(ctx, func(tx sqldb.Querier) ([]Event, error) {
		n, err := sqldb.Exec(ctx, tx, deleteOwnSession, id, by.UserID)
		if err != nil {
			return nil, fmt.Errorf("end session: %w", err)
		}
		if n == 0 {
			return nil, errs.New(errs.NotFound, "This session has ended already.")
		}
		return []Event{{Name: "sign_out", Outcome: "ended", Actor: by, Detail: []slog.Attr{slog.String("session", maskSession(id))}}}, nil
	})
}
