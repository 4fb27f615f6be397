package accounts

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// ResetLife is how long a token to set a new password is good.
const ResetLife = time.Hour

// Reset is what one account gets when its password is forgotten.
type Reset struct {
	User   User
	Token  string // empty: the account has no password here
	EndsAt time.Time
}

// At most five accounts of one e-mail address are written to.
const selectForgetting = `SELECT ` + userColumns + ` FROM auth_user u
	WHERE (u.username_key = $1 OR (u.email <> '' AND LOWER(u.email) = LOWER($2))) AND u.is_active AND u.email <> ''
	ORDER BY u.username_key LIMIT 5`

// BeginReset makes a token for each active account that a user name or an
// e-mail address means and that has an address to write to. The tokens are kept
// nowhere: each holds its account and its end, signed together with the hash of
// the password that it replaces, so that it dies with that.
func (a *Accounts) BeginReset(ctx context.Context, from Origin, named string) ([]Reset, error) {
	named = strings.TrimSpace(named)
	rows, err := sqldb.All(ctx, a.db.Read(), scanUserRow, selectForgetting, UsernameKey(named), named)
	if err != nil {
		return nil, fmt.Errorf("find who forgot a password: %w", err)
	}
	resets := make([]Reset, 0, len(rows))
	for _, row := range rows {
		r, outcome := Reset{User: row.User, EndsAt: a.opt.Now().Add(ResetLife).Truncate(time.Second)}, "no_password"
		if row.HasPassword && a.passwordsFor(row.User) {
			r.Token, outcome = a.resetToken(row, r.EndsAt), "sent"
		}
		resets = append(resets, r)
		if err := a.audit.Record(ctx, userEvent("password_reset", outcome, Actor{Origin: from}, row.User)); err != nil {
			return nil, err
		}
	}
	return resets, nil
}

// ResetUser tells whose password a token can set. One that is used, too old or
// not ours is a Conflict.
func (a *Accounts) ResetUser(ctx context.Context, token string) (User, error) {
	row, err := a.resetting(ctx, token)
	return row.User, err
}

const (
	resetTimeBytes = 8
	resetBytes     = len(uuid.UUID{}) + resetTimeBytes + sha256.Size
)

func (a *Accounts) resetting(ctx context.Context, token string) (userRow, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != resetBytes {
		return userRow{}, resetOver()
	}
	id := uuid.UUID(raw[:len(uuid.UUID{})])
	seconds := binary.BigEndian.Uint64(raw[len(id):])
	ends := time.Unix(int64(seconds), 0) //nolint:gosec // one out of range is not signed
	row, err := sqldb.One(ctx, a.db.Read(), scanUserRow, selectUserByID, id.String())
	if sqldb.Missing(err) {
		return userRow{}, resetOver()
	}
	if err != nil {
		return userRow{}, fmt.Errorf("find who forgot a password: %w", err)
	}
	good := hmac.Equal([]byte(token), []byte(a.resetToken(row, ends)))
	if !good || !row.Active || !row.HasPassword || !a.passwordsFor(row.User) || !a.opt.Now().Before(ends) {
		return userRow{}, resetOver()
	}
	return row, nil
}

func resetOver() error {
	return errs.New(errs.Conflict, "This link has been used, or is more than an hour old. Ask for a new one.")
}

func (a *Accounts) resetToken(row userRow, ends time.Time) string {
	id, err := uuid.Parse(row.ID)
	if err != nil {
		return "" // an id that is no UUID has no token
	}
	raw := binary.BigEndian.AppendUint64(id[:], uint64(ends.Unix())) //nolint:gosec // after 1970
	mac := hmac.New(sha256.New, a.opt.SecretKey)
	mac.Write([]byte("mnemosyne password reset\x00"))
	mac.Write(raw)
	mac.Write([]byte(row.Email + "\x00" + row.password))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(raw))
}

const replaceForgotten = `UPDATE auth_user SET password = $3, updated_at = $4 WHERE id = $1 AND password = $2 AND is_active`

// ResetPassword sets a password by a token, once, and ends the user's sessions.
func (a *Accounts) ResetPassword(ctx context.Context, from Origin, token, password string) (User, error) {
	row, err := a.resetting(ctx, token)
	if err != nil {
		return User{}, err
	}
	encoded, err := a.encode(ctx, password, row.Username)
	if err != nil {
		return User{}, err
	}
	err = a.audit.Do(ctx, func(tx sqldb.Querier) ([]Event, error) {
		n, err := sqldb.Exec(ctx, tx, replaceForgotten, row.ID, row.password, encoded, sqldb.At(a.opt.Now()))
		if err != nil {
			return nil, fmt.Errorf("reset password: %w", err)
		}
		if n == 0 {
			return nil, resetOver()
		}
		if _, err := sqldb.Exec(ctx, tx, deleteSessions, row.ID); err != nil {
			return nil, fmt.Errorf("end sessions: %w", err)
		}
		return []Event{userEvent("password_reset", "done", Actor{Origin: from}, row.User)}, nil
	})
	return row.User, err
}
