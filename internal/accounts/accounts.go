package accounts

import (
	"log/slog"
	"time"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Options are what a deployment may choose. The zero value of each field
// means its default.
type Options struct {
	// SecretKey signs session cookies; a new one signs everybody out.
	SecretKey []byte
	// PasswordsOfSuperusersOnly lets nobody else in by a password: single
	// sign-on is their way.
	PasswordsOfSuperusersOnly bool
	// SessionIdle ends a session that is not used: 14 days.
	SessionIdle time.Duration
	// SessionLife ends a session however much it is used: 30 days.
	SessionLife time.Duration
	// Now is the clock: time.Now.
	Now func() time.Time
}

// Accounts is the store of users, groups and sessions.
type Accounts struct {
	db     *sqldb.DB
	audit  *Audit
	hasher *hasher
	seen   *sqldb.Marker
	opt    Options
}

// New makes the store. The schema must be up to date.
func New(db *sqldb.DB, audit *Audit, log *slog.Logger, opt Options) *Accounts {
	if opt.SessionIdle == 0 {
		opt.SessionIdle = 14 * 24 * time.Hour
	}
	if opt.SessionLife == 0 {
		opt.SessionLife = 30 * 24 * time.Hour
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Accounts{
		db: db, audit: audit, hasher: newHasher(), opt: opt,
		seen: sqldb.NewMarker(db, log, seenInterval, markSeen),
	}
}

// Wait returns when notes of when sessions were last seen are written. Call
// it before the store closes.
func (a *Accounts) Wait() { a.seen.Wait() }
