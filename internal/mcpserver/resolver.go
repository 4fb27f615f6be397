package mcpserver

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Surface is the kind of door that a bearer was shown at.
type Surface uint8

// The surfaces.
const (
	REST Surface = iota
	MCP
)

// String is the surface as metrics and logs name it.
func (s Surface) String() string {
	if s == MCP {
		return "mcp"
	}
	return "rest"
}

const (
	maxHeader    = 8 << 10 // bytes of an Authorization header
	usedInterval = 30 * time.Second
)

// Resolver turns an Authorization header into a Principal. It keeps nothing
// between requests but a prepared statement.
type Resolver struct {
	db        *sqldb.DB
	used      *sqldb.Marker // tokens
	teamsUsed *sqldb.Marker
	jwts      *jwt.Parser
	anonymous bool
	now       func() time.Time
	refused   *prometheus.CounterVec
}

// ResolverOptions are what a deployment may choose.
type ResolverOptions struct {
	// AnonymousMCP lets callers without a header read the global libraries
	// over MCP.
	AnonymousMCP bool
	// Now is the clock: time.Now.
	Now func() time.Time
	// Registry shows how many bearers were refused, and why. May be nil.
	Registry prometheus.Registerer
}

// NewResolver makes a resolver.
func NewResolver(db *sqldb.DB, log *slog.Logger, opt ResolverOptions) *Resolver {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Resolver{
		db: db, jwts: newJWTs(opt.Now), anonymous: opt.AnonymousMCP, now: opt.Now,
		used:      sqldb.NewMarker(db, log, usedInterval, markUsed),
		teamsUsed: sqldb.NewMarker(db, log, usedInterval, markTeamUsed),
		refused:   newRefused(opt.Registry),
	}
}

// Wait returns when notes of when tokens and teams were last used are written.
// Call it before the store closes.
func (r *Resolver) Wait() {
	r.used.Wait()
	r.teamsUsed.Wait()
}

// Resolve finds who a header stands for. Whatever is not an accepted bearer
// is Unauthenticated, with a message that says why and shows no secret.
func (r *Resolver) Resolve(ctx context.Context, header string, surface Surface) (accounts.Principal, error) {
	p, err := r.resolve(ctx, header, surface)
	if why, refused := accounts.RefusalOf(err); refused {
		r.refused.WithLabelValues(surface.String(), string(why)).Inc()
	}
	return p, err
}

func (r *Resolver) resolve(ctx context.Context, header string, surface Surface) (accounts.Principal, error) {
	if header == "" {
		if r.anonymous && surface == MCP {
			return anonymous(), nil
		}
		return nobody(accounts.RefusedMissing, "Authentication credentials were not provided.")
	}
	bearer, ok := parseBearer(header)
	switch {
	case !ok:
		return nobody(accounts.RefusedMalformed, "The Authorization header must be `Bearer` and one token.")
	case wellFormed(bearer):
		return r.resolveUserToken(ctx, bearer, surface)
	case strings.Count(bearer, ".") == 2:
		return r.resolveTeamJWT(ctx, bearer, surface)
	}
	return nobody(accounts.RefusedMalformed, "Invalid token.")
}

// parseBearer takes `Bearer TOKEN` apart: RFC 6750, the scheme in any case.
func parseBearer(header string) (string, bool) {
	scheme, token, found := strings.Cut(header, " ")
	token = strings.Trim(token, " ")
	ok := found && len(header) <= maxHeader && strings.EqualFold(scheme, "Bearer") && token != "" && !strings.ContainsAny(token, " \t,")
	return token, ok
}

const selectBearer = `SELECT t.id, t.name, t.is_active, t.expires_at, t.last_used_at, t.allowed_tools, t.allowed_libraries,
		u.id, u.username, u.is_superuser, u.is_active, ` + accounts.GroupsColumn + `
	FROM user_token t JOIN auth_user u ON u.id = t.user_id
	WHERE t.token_hash = $1`

const (
	markUsed = `UPDATE user_token SET last_used_at = $1
	WHERE id = $2 AND (last_used_at IS NULL OR last_used_at <= $3)`
	markTeamUsed = `UPDATE team SET last_used_at = $1
	WHERE id = $2 AND (last_used_at IS NULL OR last_used_at <= $3)`
)

// bearerRow is a token with its user, as one read gives them.
type bearerRow struct {
	id, name                 string
	active, userActive       bool
	expires, lastUsed        sqldb.NullTime
	tools, libraries         string
	userID, username, groups string
	superuser                bool
}

func scanBearer(r sqldb.Row) (b bearerRow, err error) {
	err = r.Scan(&b.id, &b.name, &b.active, &b.expires, &b.lastUsed, &b.tools, &b.libraries,
		&b.userID, &b.username, &b.superuser, &b.userActive, &b.groups)
	return b, err
}

func (r *Resolver) resolveUserToken(ctx context.Context, bearer string, surface Surface) (accounts.Principal, error) {
	hash := hashPlaintext(bearer)
	b, err := sqldb.One(ctx, r.db.Read(), scanBearer, selectBearer, hash)
	if sqldb.Missing(err) {
		return nobody(accounts.RefusedUnknown, "Invalid token.")
	}
	if err != nil {
		return accounts.Principal{}, fmt.Errorf("find the bearer's token: %w", err)
	}
	now := r.now()
	expires := b.expires.Ptr()
	switch {
	case !b.active:
		return nobody(accounts.RefusedRevoked, "The token is revoked.")
	case expires != nil && !now.Before(*expires):
		return nobody(accounts.RefusedExpired, "The token has expired.")
	case !b.userActive:
		return nobody(accounts.RefusedDisabled, "The user is disabled.")
	}
	scope, err := scopeOn(surface, b)
	if err != nil {
		return accounts.Principal{}, err
	}
	r.used.Mark(ctx, b.id, b.lastUsed.Ptr(), now)
	return accounts.Principal{
		UserID: b.userID, Username: b.username, Superuser: b.superuser, Groups: accounts.SplitGroups(b.groups),
		Credential: accounts.Credential{
			Kind: accounts.CredentialUserToken, ID: b.id, Name: b.name, Masked: mask(hash), ExpiresAt: expires,
		},
		Scope: scope,
	}, nil
}

// scopeOn is how a token narrows its user: over MCP by its lists, where none
// listed means no library; on REST not at all.
func scopeOn(surface Surface, b bearerRow) (accounts.Scope, error) {
	if surface == REST {
		return accounts.Scope{Kind: accounts.ScopeUser}, nil
	}
	tools, libraries, err := decodeLists(b.tools, b.libraries)
	if err != nil {
		return accounts.Scope{}, err
	}
	return accounts.Scope{Kind: accounts.ScopeLibraries, Libraries: libraries, Tools: tools}, nil
}

func anonymous() accounts.Principal {
	return accounts.Principal{
		Credential: accounts.Credential{Kind: accounts.CredentialAnonymous, Masked: "anonymous"},
		Scope:      accounts.Scope{Kind: accounts.ScopeGlobal},
	}
}

func nobody(why accounts.Refusal, message string) (accounts.Principal, error) {
	return accounts.Principal{}, accounts.Refuse(why, message)
}
