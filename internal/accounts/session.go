package accounts

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const (
	sessionBytes   = 32
	signatureBytes = 16
	seenInterval   = time.Minute
	maxUserAgent   = 300 // bytes kept
)

// Client is the browser that signs in.
type Client struct {
	Origin
	UserAgent string
	// Cookie is the session that the browser had before, which ends: nobody
	// goes on with an identifier that was known before the sign-in.
	Cookie string

	through string // how the person was known, unless by a password
}

// Session is a signed-in browser.
type Session struct {
	Principal
	CSRFSecret string
	Email      string
	CreatedAt  time.Time
	ExpiresAt  time.Time // unless it is used
}

// SignIn checks a user name and password and starts a session. It gives the
// cookie's value, which is stored nowhere.
func (a *Accounts) SignIn(ctx context.Context, c Client, username, password string) (cookie string, err error) {
	u, err := a.Authenticate(ctx, c.Origin, username, password)
	if err != nil {
		return "", err
	}
	return a.StartSession(ctx, c, u.ID)
}

const (
	insertSession = `INSERT INTO session (id, user_id, csrf_secret, address, user_agent, created_at, last_seen_at, expires_at)
		SELECT $1, u.id, $3, $4, $5, $6, $6, $7 FROM auth_user u WHERE u.id = $2 AND u.is_active`
	deleteSession   = `DELETE FROM session WHERE id = $1`
	updateLastLogin = `UPDATE auth_user SET last_login_at = $2 WHERE id = $1`
)

// StartSession starts a session for a user whose identity is already proved,
// and gives the cookie's value. A disabled user gets none.
func (a *Accounts) StartSession(ctx context.Context, c Client, userID string) (cookie string, err error) {
	cookie = a.newCookie()
	now := a.opt.Now()
	err = a.audit.Do(ctx, func(tx sqldb.Querier) ([]Event, error) {
		u, err := userByID(ctx, tx, userID)
		if err != nil {
			return nil, err
		}
		id := sessionID(cookie)
		n, err := sqldb.Exec(ctx, tx, insertSession, id, userID, rand.Text(), c.Address, cut(c.UserAgent),
			sqldb.At(now), sqldb.At(now.Add(a.opt.SessionLife)))
		if err != nil {
			return nil, fmt.Errorf("start session: %w", err)
		}
		if n == 0 {
			return nil, errs.New(errs.Unauthenticated, "The account is disabled.")
		}
		if _, err := sqldb.Exec(ctx, tx, deleteSession, sessionID(c.Cookie)); err != nil {
			return nil, fmt.Errorf("end the session before: %w", err)
		}
		if _, err := sqldb.Exec(ctx, tx, updateLastLogin, userID, sqldb.At(now)); err != nil {
			return nil, fmt.Errorf("note the sign-in: %w", err)
		}
		by := Actor{Principal: sessionPrincipal(u, id), Origin: c.Origin}
		e := Event{Name: "sign_in", Outcome: "accepted", Actor: by}
		if c.through != "" {
			e.Detail = []slog.Attr{slog.String("through", c.through)}
		}
		return []Event{e}, nil
	})
	if err != nil {
		return "", err
	}
	return cookie, nil
}

const selectSession = `SELECT s.id, s.csrf_secret, s.created_at, s.last_seen_at, s.expires_at,
		u.id, u.username, u.email, u.is_superuser, ` + GroupsColumn + `
	FROM session s JOIN auth_user u ON u.id = s.user_id
	WHERE s.id = $1 AND u.is_active AND s.expires_at > $2 AND s.last_seen_at > $3`

// Session finds who a cookie stands for, by one read. Anything but a live
// session of an active user is Unauthenticated.
func (a *Accounts) Session(ctx context.Context, cookie string) (Session, error) {
	if !a.signed(cookie) {
		return Session{}, notSignedIn()
	}
	now := a.opt.Now()
	row, err := sqldb.One(ctx, a.db.Read(), scanSession, selectSession,
		sessionID(cookie), sqldb.At(now), sqldb.At(now.Add(-a.opt.SessionIdle)))
	if sqldb.Missing(err) {
		return Session{}, notSignedIn()
	}
	if err != nil {
		return Session{}, fmt.Errorf("find session: %w", err)
	}
	a.seen.Mark(ctx, row.Credential.ID, &row.lastSeen, now)
	if idle := row.lastSeen.Add(a.opt.SessionIdle); idle.Before(row.ExpiresAt) {
		row.ExpiresAt = idle
	}
	expires := row.ExpiresAt
	row.Credential.ExpiresAt = &expires
	return row.Session, nil
}

const markSeen = `UPDATE session SET last_seen_at = $1 WHERE id = $2 AND last_seen_at <= $3`

type sessionRow struct {
	Session

	lastSeen time.Time
}

func scanSession(r sqldb.Row) (s sessionRow, err error) {
	var created, seen, expires sqldb.Time
	var id, groups string
	var u User
	if err := r.Scan(&id, &s.CSRFSecret, &created, &seen, &expires, &u.ID, &u.Username, &s.Email, &u.Superuser, &groups); err != nil {
		return s, err
	}
	u.Groups = SplitGroups(groups)
	s.CreatedAt, s.lastSeen, s.ExpiresAt = created.Time, seen.Time, expires.Time
	s.Principal = sessionPrincipal(u, id)
	return s, nil
}

func sessionPrincipal(u User, id string) Principal {
	return Principal{
		UserID: u.ID, Username: u.Username, Superuser: u.Superuser, Groups: u.Groups,
		Credential: Credential{Kind: CredentialSession, ID: id, Masked: maskSession(id)},
		Scope:      Scope{Kind: ScopeUser},
	}
}

func maskSession(id string) string { return "session:" + id[:min(len(id), 8)] }

// SignOut ends the session of a cookie. A cookie without one is no error.
func (a *Accounts) SignOut(ctx context.Context, by Actor, cookie string) error {
	return a.audit.Do(ctx, func(tx sqldb.Querier) ([]Event, error) {
		n, err := sqldb.Exec(ctx, tx, deleteSession, sessionID(cookie))
		if err != nil || n == 0 {
			return nil, err
		}
		return []Event{{Name: "sign_out", Outcome: "done", Actor: by}}, nil
	})
}

// SignOutEverywhere ends every session of a user and tells how many. One's own
// are for everybody to end, others' for those who administer.
func (a *Accounts) SignOutEverywhere(ctx context.Context, by Actor, userID string) (n int64, err error) {
	err = a.change(ctx, userID, func(tx sqldb.Querier, u User) (events []Event, err error) {
		if u.ID != by.UserID {
			if err := mayAdminister(by, u); err != nil {
				return nil, err
			}
		}
		if n, err = sqldb.Exec(ctx, tx, deleteSessions, userID); err != nil || n == 0 {
			return nil, err
		}
		return []Event{userEvent("sign_out", "everywhere", by, u)}, nil
	})
	return n, err
}

const deleteEnded = `DELETE FROM session WHERE expires_at <= $1 OR last_seen_at <= $2`

// DeleteEndedSessions removes the rows of sessions that are over.
func (a *Accounts) DeleteEndedSessions(ctx context.Context) (int64, error) {
	now := a.opt.Now()
	return sqldb.Exec(ctx, a.db.Write(), deleteEnded, sqldb.At(now), sqldb.At(now.Add(-a.opt.SessionIdle)))
}

func notSignedIn() error { return errs.New(errs.Unauthenticated, "Sign in first.") }

// newCookie makes a cookie's value: 32 random bytes and their signature.
func (a *Accounts) newCookie() string {
	var secret [sessionBytes]byte
	_, _ = rand.Read(secret[:]) // never fails, see crypto/rand
	return base64.RawURLEncoding.EncodeToString(append(secret[:], a.signature(secret[:])...))
}

// signed tells whether we made a cookie, before the database is asked.
func (a *Accounts) signed(cookie string) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cookie)
	if err != nil || len(raw) != sessionBytes+signatureBytes {
		return false
	}
	return hmac.Equal(raw[sessionBytes:], a.signature(raw[:sessionBytes]))
}

func (a *Accounts) signature(secret []byte) []byte {
	mac := hmac.New(sha256.New, a.opt.SecretKey)
	mac.Write([]byte("mnemosyne session\x00"))
	mac.Write(secret)
	return mac.Sum(nil)[:signatureBytes]
}

// sessionID is how a session is known at rest.
func sessionID(cookie string) string {
	sum := sha256.Sum256([]byte(cookie))
	return hex.EncodeToString(sum[:])
}

func cut(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\x00", "?")
	for len(s) > maxUserAgent {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return s
}
