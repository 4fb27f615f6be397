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

// What those who run the place ask of everybody's tokens and teams. Nothing
// here decides who they are: that is for the surface.

// TokenState says whether a token opens anything.
type TokenState string

// The states of a token.
const (
	TokenActive  TokenState = "active"
	TokenExpired TokenState = "expired"
	TokenRevoked TokenState = "revoked"
)

// State tells how a token is at a moment. Its owner may be disabled beside.
func (t UserToken) State(now time.Time) TokenState {
	switch {
	case !t.Active:
		return TokenRevoked
	case t.Expired(now):
		return TokenExpired
	}
	return TokenActive
}

// TokenFilter chooses among everybody's tokens. The zero value chooses all.
type TokenFilter struct {
	Username string // of the owner, in whatever case it is written
	State    TokenState
}

// TokenPosition is where a page of a list of tokens ended. The zero value is
// before the first.
type TokenPosition struct {
	CreatedAt time.Time
	ID        string
}

const pageOfTokens = `SELECT ` + ownColumns + fromTokens + `WHERE ($1 = '' OR u.username_key = $1)
	AND ($2 = '' OR ($2 = 'revoked' AND NOT t.is_active) OR ($2 = 'expired' AND t.is_active AND t.expires_at <= $3)
		OR ($2 = 'active' AND t.is_active AND (t.expires_at IS NULL OR t.expires_at > $3)))
	AND (t.created_at, t.id) < ($4, $5)
	ORDER BY t.created_at DESC, t.id DESC LIMIT CAST($6 AS BIGINT)`

// Page gives a page of everybody's tokens, newest first.
func (s *Tokens) Page(ctx context.Context, f TokenFilter, after TokenPosition, limit int) ([]UserToken, error) {
	if after.CreatedAt.IsZero() {
		after.CreatedAt = lastDay()
	}
	tokens, err := sqldb.All(ctx, s.db.Read(), scanToken, pageOfTokens,
		accounts.UsernameKey(f.Username), string(f.State), sqldb.At(s.now()), sqldb.At(after.CreatedAt), after.ID, limit)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return tokens, nil
}

// lastDay is after everything that is stored.
func lastDay() time.Time { return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) }

// GetAny finds anybody's token; NotFound when there is none.
func (s *Tokens) GetAny(ctx context.Context, id string) (UserToken, error) {
	t, err := sqldb.One(ctx, s.db.Read(), scanToken, findAny, id)
	if sqldb.Missing(err) {
		return t, noToken()
	}
	if err != nil {
		return t, fmt.Errorf("find token: %w", err)
	}
	return t, nil
}

const countUsable = `SELECT COUNT(*) FROM user_token t JOIN auth_user u ON u.id = t.user_id
	WHERE t.is_active AND u.is_active AND (t.expires_at IS NULL OR t.expires_at > $1)`

// CountUsable counts the tokens that open something now.
func (s *Tokens) CountUsable(ctx context.Context) (int64, error) {
	n, err := sqldb.One(ctx, s.db.Read(), scanCount, countUsable, sqldb.At(s.now()))
	if err != nil {
		return 0, fmt.Errorf("count tokens: %w", err)
	}
	return n, nil
}

func scanCount(r sqldb.Row) (n int64, err error) { return n, r.Scan(&n) }

// OwnedTeam is a team with what those who run the place want to know of it.
type OwnedTeam struct {
	Team

	OwnerUsername string
	OwnerActive   bool
	// Kid names the key that signed the team's JWT; empty: it was minted
	// before that was noted, or the team has none.
	Kid string
}

// TeamFilter chooses among everybody's teams. The zero value chooses all.
type TeamFilter struct {
	Username string // of the owner, in whatever case it is written
	Active   *bool
	Kid      string // active teams whose JWT this key signed, or may have signed
}

const fromAnyTeam = `SELECT ` + teamColumns + `, u.username, u.is_active, t.active_kid FROM team t JOIN auth_user u ON u.id = t.owner_id `

func scanOwnedTeam(r sqldb.Row) (t OwnedTeam, err error) {
	fields, done := teamFields(&t.Team)
	if err := r.Scan(append(fields, &t.OwnerUsername, &t.OwnerActive, &t.Kid)...); err != nil {
		return OwnedTeam{}, err
	}
	done()
	return t, nil
}

const pageOfTeams = fromAnyTeam + `WHERE ($1 = '' OR u.username_key = $1)
	AND ($2 = '' OR ($2 = 'active') = t.active)
	AND ($3 = '' OR (t.active AND t.active_kid IN ($3, '')))
	AND (t.created_at, t.id) < ($4, $5)
	ORDER BY t.created_at DESC, t.id DESC LIMIT CAST($6 AS BIGINT)`

// Page gives a page of everybody's teams, newest first.
func (s *Teams) Page(ctx context.Context, f TeamFilter, after TeamPosition, limit int) ([]OwnedTeam, error) {
	if after.CreatedAt.IsZero() {
		after.CreatedAt = lastDay()
	}
	active := ""
	if f.Active != nil {
		active = map[bool]string{true: "active", false: "inactive"}[*f.Active]
	}
	teams, err := sqldb.All(ctx, s.db.Read(), scanOwnedTeam, pageOfTeams,
		accounts.UsernameKey(f.Username), active, f.Kid, sqldb.At(after.CreatedAt), after.ID, limit)
	if err != nil {
		return nil, fmt.Errorf("list teams: %w", err)
	}
	return teams, nil
}

const findAnyTeam = fromAnyTeam + `WHERE t.id = $1`

// GetAny finds anybody's team, an inactive one too; NotFound when there is
// none.
func (s *Teams) GetAny(ctx context.Context, id string) (OwnedTeam, error) {
	id, ok := TeamID(id)
	if !ok {
		return OwnedTeam{}, noTeam()
	}
	t, err := sqldb.One(ctx, s.db.Read(), scanOwnedTeam, findAnyTeam, id)
	if sqldb.Missing(err) {
		return OwnedTeam{}, noTeam()
	}
	if err != nil {
		return OwnedTeam{}, fmt.Errorf("find team: %w", err)
	}
	return t, nil
}

// DeleteAny makes anybody's team inactive, as Delete does its owner's.
func (s *Teams) DeleteAny(ctx context.Context, by accounts.Actor, id string) error {
	t, err := s.GetAny(ctx, id)
	if err != nil {
		return err
	}
	return s.audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		held, err := holdOwnTeam(ctx, tx, t.OwnerID, t.ID)
		if err != nil || !held.Active {
			return nil, err
		}
		if _, err := sqldb.Exec(ctx, tx, endTeam, held.ID, sqldb.At(s.now())); err != nil {
			return nil, fmt.Errorf("delete team: %w", err)
		}
		return []accounts.Event{teamEvent("team_delete", "", by, held.ID, slog.String("owner", t.OwnerUsername), slog.String("name", held.Name))}, nil
	})
}

const countSigned = `SELECT active_kid, COUNT(*) FROM team WHERE active GROUP BY active_kid ORDER BY active_kid`

// CountByKey counts active teams by the kid that signed their JWT; the empty
// kid counts those that were minted before that was noted.
func (s *Teams) CountByKey(ctx context.Context) (map[string]int64, error) {
	type count struct {
		kid   string
		teams int64
	}
	counts, err := sqldb.All(ctx, s.db.Read(), func(r sqldb.Row) (c count, err error) { return c, r.Scan(&c.kid, &c.teams) }, countSigned)
	if err != nil {
		return nil, fmt.Errorf("count teams: %w", err)
	}
	out := map[string]int64{}
	for _, c := range counts {
		out[c.kid] = c.teams
	}
	return out, nil
}

const otherActiveKey = `SELECT EXISTS (SELECT 1 FROM mcp_signing_key WHERE is_active AND kid <> $1)`

// RetireSpare retires a key as Retire does, unless it is the last that is
// active: that is a Conflict, for no team JWT could be made or accepted then.
func (s *SigningKeys) RetireSpare(ctx context.Context, by accounts.Actor, kid string) error {
	return s.audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		if _, err := sqldb.Exec(ctx, tx, takeTurn); err != nil {
			return nil, fmt.Errorf("take turns at the signing keys: %w", err)
		}
		other, err := sqldb.One(ctx, tx, func(r sqldb.Row) (there bool, err error) { return there, r.Scan(&there) }, otherActiveKey, kid)
		if err != nil {
			return nil, fmt.Errorf("look for another signing key: %w", err)
		}
		events, err := s.retire(ctx, tx, by, kid)
		if err == nil && len(events) > 0 && !other {
			err = errs.New(errs.Conflict, "This is the last active key: without one no team JWT can be made or accepted. Make another one first.")
		}
		return events, err
	})
}
