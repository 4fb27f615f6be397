// Package mcpserver owns the credentials of programs: UserTokens, the keys
// that sign team JWTs, and the Resolver that turns a bearer into a Principal.
// It keeps no plaintext and remembers no decision: each request is resolved
// anew, so that revoking works at the next one. It refuses to know what a
// library holds or how a surface answers.
package mcpserver

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// UserToken is a person's opaque bearer, without its plaintext.
type UserToken struct {
	ID       string
	UserID   string
	Username string
	Name     string
	Masked   string // tok_…<hash[:8]>
	Active   bool   // false once revoked, for ever
	// OwnerActive is false while the owner is disabled: then the token opens
	// nothing, whatever its state.
	OwnerActive bool
	ExpiresAt   *time.Time
	LastUsedAt  *time.Time // to within half a minute
	// AllowedTools and AllowedLibraries count over MCP only. No tool listed:
	// any tool. No library listed: none; accounts.AllLibraries: all that the
	// user may read.
	AllowedTools     []string
	AllowedLibraries []string
	CreatedAt        time.Time
	UpdatedAt        time.Time
}

// Expired tells whether the token's time is over.
func (t UserToken) Expired(now time.Time) bool {
	return t.ExpiresAt != nil && !now.Before(*t.ExpiresAt)
}

// Tokens is the store of UserTokens.
type Tokens struct {
	db    *sqldb.DB
	audit *accounts.Audit
	now   func() time.Time
	tell  func(ctx context.Context, by accounts.Actor, t UserToken) // nil: nobody is told
}

// Tell has a function called for each token that is made, before Create
// returns. It is set before the store is used.
func (s *Tokens) Tell(fn func(ctx context.Context, by accounts.Actor, t UserToken)) { s.tell = fn }

// NewTokens makes the store. now may be nil, for time.Now.
func NewTokens(db *sqldb.DB, audit *accounts.Audit, now func() time.Time) *Tokens {
	if now == nil {
		now = time.Now
	}
	return &Tokens{db: db, audit: audit, now: now}
}

const insertOwn = `INSERT INTO user_token
	(id, user_id, token_hash, name, is_active, expires_at, allowed_tools, allowed_libraries, created_at, updated_at)
	SELECT $1, u.id, $3, $4, $5, $6, $7, $8, $9, $9 FROM auth_user u WHERE u.id = $2 AND u.is_active`

// Create mints a token for a user. The plaintext is given here, once, and
// kept nowhere. A disabled user gets none: Conflict, and so does a second one
// for the same word Once.
func (s *Tokens) Create(ctx context.Context, by accounts.Actor, userID string, spec TokenSpec) (plaintext string, t UserToken, err error) {
	if spec, err = spec.normal(); err != nil {
		return "", UserToken{}, err
	}
	if err := checkExpiry(spec.ExpiresAt, s.now()); err != nil {
		return "", UserToken{}, err
	}
	tools, libraries, err := encodeLists(spec)
	if err != nil {
		return "", UserToken{}, err
	}
	plaintext = mintPlaintext()
	hash, id := hashPlaintext(plaintext), spec.idFor(userID)
	err = s.audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		n, err := sqldb.Exec(ctx, tx, insertOwn, id, userID, hash, spec.Name, true, sqldb.AtPtr(spec.ExpiresAt), tools, libraries, sqldb.At(s.now()))
		if sqldb.Duplicate(err) && spec.Once != "" {
			return nil, &errs.Error{Kind: errs.Conflict, Code: CodeMade, Message: "This token is made already."}
		}
		if err != nil {
			return nil, fmt.Errorf("create token: %w", err)
		}
		if n == 0 {
			return nil, errs.New(errs.Conflict, "The user is disabled or not there, so no token can be made.")
		}
		if t, err = tokenOf(ctx, tx, userID, id); err != nil {
			return nil, err
		}
		return []accounts.Event{tokenEvent("token_create", "created", by, t)}, nil
	})
	if err != nil {
		return "", UserToken{}, err
	}
	if s.tell != nil {
		s.tell(ctx, by, t)
	}
	return plaintext, t, nil
}

const ownColumns = `t.id, t.user_id, u.username, t.token_hash, t.name, t.is_active, t.expires_at, t.last_used_at,
	t.allowed_tools, t.allowed_libraries, t.created_at, t.updated_at, u.is_active`

const fromTokens = ` FROM user_token t JOIN auth_user u ON u.id = t.user_id `

func scanToken(r sqldb.Row) (t UserToken, err error) {
	var hash, tools, libraries string
	var expires, used sqldb.NullTime
	var created, updated sqldb.Time
	if err := r.Scan(&t.ID, &t.UserID, &t.Username, &hash, &t.Name, &t.Active, &expires, &used, &tools, &libraries, &created, &updated, &t.OwnerActive); err != nil {
		return t, err
	}
	t.Masked, t.ExpiresAt, t.LastUsedAt = mask(hash), expires.Ptr(), used.Ptr()
	t.CreatedAt, t.UpdatedAt = created.Time, updated.Time
	t.AllowedTools, t.AllowedLibraries, err = decodeLists(tools, libraries)
	return t, err
}

const listOwn = `SELECT ` + ownColumns + fromTokens + `WHERE t.user_id = $1 ORDER BY t.created_at DESC, t.id DESC`

// List gives a user's tokens, revoked ones too, newest first.
func (s *Tokens) List(ctx context.Context, userID string) ([]UserToken, error) {
	tokens, err := sqldb.All(ctx, s.db.Read(), scanToken, listOwn, userID)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return tokens, nil
}

const listAll = `SELECT ` + ownColumns + fromTokens + `ORDER BY t.created_at DESC, t.id DESC`

// ListAll gives everybody's tokens, newest first; for operators.
func (s *Tokens) ListAll(ctx context.Context) ([]UserToken, error) {
	tokens, err := sqldb.All(ctx, s.db.Read(), scanToken, listAll)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return tokens, nil
}

// Get finds a token of a user. Another's answers as a missing one: NotFound.
func (s *Tokens) Get(ctx context.Context, userID, id string) (UserToken, error) {
	return tokenOf(ctx, s.db.Read(), userID, id)
}

const findOwn = `SELECT ` + ownColumns + fromTokens + `WHERE t.id = $1 AND t.user_id = $2`

func tokenOf(ctx context.Context, q sqldb.Querier, userID, id string) (UserToken, error) {
	t, err := sqldb.One(ctx, q, scanToken, findOwn, id, userID)
	if sqldb.Missing(err) {
		return t, noToken()
	}
	if err != nil {
		return t, fmt.Errorf("find token: %w", err)
	}
	return t, nil
}

const updateOwn = `UPDATE user_token
	SET name = $3, allowed_tools = $4, allowed_libraries = $5, expires_at = $6, updated_at = $7
	WHERE id = $1 AND user_id = $2 AND is_active`

// Update changes what the owner of a token decides. A revoked one is a
// Conflict: it stays as it was.
func (s *Tokens) Update(ctx context.Context, by accounts.Actor, userID, id string, spec TokenSpec) (t UserToken, err error) {
	before, err := s.Get(ctx, userID, id)
	if err != nil {
		return UserToken{}, err
	}
	now := s.now()
	if spec, err = spec.normal(); err != nil {
		return UserToken{}, err
	}
	if !sameTime(spec.ExpiresAt, before.ExpiresAt) { // an expired token may be renamed
		if err := checkExpiry(spec.ExpiresAt, now); err != nil {
			return UserToken{}, err
		}
	}
	tools, libraries, err := encodeLists(spec)
	if err != nil {
		return UserToken{}, err
	}
	err = s.audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		n, err := sqldb.Exec(ctx, tx, updateOwn, id, userID, spec.Name, tools, libraries, sqldb.AtPtr(spec.ExpiresAt), sqldb.At(now))
		if err != nil {
			return nil, fmt.Errorf("change token: %w", err)
		}
		if n == 0 {
			return nil, errs.New(errs.Conflict, "The token is revoked.")
		}
		if t, err = tokenOf(ctx, tx, userID, id); err != nil {
			return nil, err
		}
		return []accounts.Event{tokenEvent("token_update", "updated", by, t)}, nil
	})
	return t, err
}

const (
	revokeOwn = `UPDATE user_token SET is_active = $3, updated_at = $4 WHERE id = $1 AND user_id = $2 AND is_active`
	findAny   = `SELECT ` + ownColumns + fromTokens + `WHERE t.id = $1`
)

// Revoke ends a token of a user: it is refused from the moment this returns.
// One that is revoked already is no error; another's is NotFound.
func (s *Tokens) Revoke(ctx context.Context, by accounts.Actor, userID, id string) error {
	return s.audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		t, err := tokenOf(ctx, tx, userID, id)
		if err != nil {
			return nil, err
		}
		n, err := sqldb.Exec(ctx, tx, revokeOwn, id, userID, false, sqldb.At(s.now()))
		if err != nil {
			return nil, fmt.Errorf("revoke token: %w", err)
		}
		if n == 0 {
			return nil, nil
		}
		return []accounts.Event{tokenEvent("token_revoke", "revoked", by, t)}, nil
	})
}

// RevokeAny ends anybody's token and gives it as it is then; for operators.
func (s *Tokens) RevokeAny(ctx context.Context, by accounts.Actor, id string) (UserToken, error) {
	t, err := s.GetAny(ctx, id)
	if err != nil {
		return t, err
	}
	if err := s.Revoke(ctx, by, t.UserID, t.ID); err != nil {
		return t, err
	}
	return s.Get(ctx, t.UserID, t.ID)
}

func noToken() error { return errs.New(errs.NotFound, "No such token.") }

func tokenEvent(name, outcome string, by accounts.Actor, t UserToken) accounts.Event {
	return accounts.Event{Name: name, Outcome: outcome, Actor: by, Detail: []slog.Attr{
		slog.String("token_id", t.ID), slog.String("token", t.Masked), slog.String("name", t.Name), slog.String("username", t.Username),
	}}
}
