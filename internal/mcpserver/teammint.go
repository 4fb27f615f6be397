package mcpserver

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Minted is a team as a call left it.
type Minted struct {
	ID      string
	Name    string
	JWT     string // given here, once, and kept nowhere; empty: none was made
	Created bool   // the team is new, or active again
}

const (
	insertTeam = `INSERT INTO team (id, name, owner_id, active, active_jti, created_at, updated_at)
	VALUES ($1, $2, $3, TRUE, $4, $5, $5) ON CONFLICT (id) DO NOTHING`
	reviveTeam = `UPDATE team SET name = $2, active = TRUE, active_jti = $3, updated_at = $4 WHERE id = $1`
	clearTeam  = `DELETE FROM team_workspace_assignment WHERE team_id = $1`
	rotateTeam = `UPDATE team SET active_jti = $2, updated_at = $3 WHERE id = $1`
)

// claim makes a team of the caller's with its first jti or, when there is one
// of that id, holds it as it is.
func (s *Teams) claim(ctx context.Context, tx sqldb.Querier, by accounts.Actor, id, name, jti string) (t Team, made bool, err error) {
	n, err := sqldb.Exec(ctx, tx, insertTeam, id, name, by.UserID, jti, sqldb.At(s.now()))
	if err != nil {
		return Team{}, false, fmt.Errorf("create team: %w", err)
	}
	if n > 0 {
		return Team{ID: id, Name: name, OwnerID: by.UserID, Active: true}, true, nil
	}
	if t, err = sqldb.One(ctx, tx, scanTeam, holdTeam, id); err != nil {
		return Team{}, false, fmt.Errorf("hold team: %w", err)
	}
	return t, false, nil
}

// Create makes a team of the caller's and its JWT. When they have it already
// nothing changes and no JWT is made. One of theirs that is inactive becomes
// active again, with the new name, a new JWT and no workspaces. An id that is
// another's is a Conflict.
func (s *Teams) Create(ctx context.Context, by accounts.Actor, id, name string) (m Minted, err error) {
	id, ok := TeamID(id)
	if !ok {
		return Minted{}, errs.Field("id", "Must be a valid UUID.")
	}
	if name, err = teamName(name); err != nil {
		return Minted{}, err
	}
	if err := by.Need(accounts.RightWrite); err != nil {
		return Minted{}, err
	}
	foreign, jti := false, uuid.NewString()
	err = s.audit.Do(ctx, func(tx sqldb.Querier) (events []accounts.Event, err error) {
		t, made, err := s.claim(ctx, tx, by, id, name, jti)
		if err != nil {
			return nil, err
		}
		outcome, named := "created", slog.String("name", name)
		switch {
		case made:
		case t.OwnerID != by.UserID:
			foreign = true
			return []accounts.Event{teamEvent("team_create", "owner_conflict", by, id, slog.String("caller", by.Username))}, nil
		case t.Active:
			m = Minted{ID: id, Name: t.Name}
			return []accounts.Event{teamEvent("team_create", "idempotent_hit", by, id)}, nil
		default:
			outcome = "recreated"
			if err := s.revive(ctx, tx, id, name, jti); err != nil {
				return nil, err
			}
		}
		m = Minted{ID: id, Name: name, Created: true}
		m.JWT, err = s.sign(ctx, tx, id, jti)
		return []accounts.Event{teamEvent("team_create", outcome, by, id, named)}, err
	})
	return minted(m, foreign, err)
}

func (s *Teams) revive(ctx context.Context, tx sqldb.Querier, id, name, jti string) error {
	if _, err := sqldb.Exec(ctx, tx, reviveTeam, id, name, jti, sqldb.At(s.now())); err != nil {
		return fmt.Errorf("make a team active: %w", err)
	}
	if _, err := sqldb.Exec(ctx, tx, clearTeam, id); err != nil {
		return fmt.Errorf("clear a team's workspaces: %w", err)
	}
	return nil
}

// Rotate makes a new JWT for a team of the caller's; the one before is
// refused from the moment this returns. A team that is missing is made, named
// by its id. An id that is another's, and an inactive team, is a Conflict.
func (s *Teams) Rotate(ctx context.Context, by accounts.Actor, id string) (m Minted, err error) {
	id, ok := TeamID(id)
	if !ok {
		return Minted{}, noTeam()
	}
	if err := by.Need(accounts.RightWrite); err != nil {
		return Minted{}, err
	}
	foreign, inactive, jti := false, false, uuid.NewString()
	err = s.audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		t, made, err := s.claim(ctx, tx, by, id, id, jti)
		if err != nil {
			return nil, err
		}
		event := teamEvent("team_rotate", "", by, id, slog.String("new_jti", jti))
		switch {
		case made:
			event = teamEvent("team_rotate", "upserted_missing", by, id, slog.String("owner", by.Username))
		case t.OwnerID != by.UserID:
			foreign = true
			return []accounts.Event{teamEvent("team_rotate", "owner_conflict", by, id, slog.String("caller", by.Username))}, nil
		case !t.Active:
			inactive = true
			return []accounts.Event{teamEvent("team_rotate", "inactive", by, id)}, nil
		default:
			if _, err := sqldb.Exec(ctx, tx, rotateTeam, id, jti, sqldb.At(s.now())); err != nil {
				return nil, fmt.Errorf("rotate team: %w", err)
			}
		}
		m = Minted{ID: id, Name: t.Name, Created: made}
		m.JWT, err = s.sign(ctx, tx, id, jti)
		return []accounts.Event{event}, err
	})
	if err == nil && inactive {
		err = inactiveTeam()
	}
	if err == nil && m.Created {
		s.upserts.Inc()
	}
	return minted(m, foreign, err)
}

func minted(m Minted, foreign bool, err error) (Minted, error) {
	if err == nil && foreign {
		err = errs.New(errs.Conflict, "Team id is already in use.")
	}
	if err != nil {
		return Minted{}, err
	}
	return m, nil
}

func inactiveTeam() error {
	return errs.New(errs.Conflict, "The team is inactive. Create it again with POST /mcp_server/api/teams/.")
}

const selectSigner = `SELECT kid, secret_hex FROM mcp_signing_key WHERE is_active ORDER BY created_at DESC, kid LIMIT 1`

// What the claims of a team JWT hold.
const (
	jwtIssuer  = "mnemosyne" // and its audience
	jwtType    = "team"
	subPrefix  = "team:"
	jwtYears   = 10
	headerType = "JWT"
)

// noteSigner keeps which key a team's JWT stands on, so that whoever retires
// the key is told what stops working.
const noteSigner = `UPDATE team SET active_kid = $2 WHERE id = $1`

// sign makes a team's JWT with the newest active key. Where there is none it
// is Unavailable, and what the transaction did is undone.
func (s *Teams) sign(ctx context.Context, tx sqldb.Querier, id, jti string) (string, error) {
	type signer struct{ kid, secretHex string }
	key, err := sqldb.One(ctx, tx, func(r sqldb.Row) (k signer, err error) {
		err = r.Scan(&k.kid, &k.secretHex)
		return k, err
	}, selectSigner)
	if sqldb.Missing(err) {
		return "", errs.New(errs.Unavailable, "No signing key is active, so no team JWT can be made. An operator makes one with `mnemosyne seed-signing-key`.")
	}
	if err != nil {
		return "", fmt.Errorf("find the signing key: %w", err)
	}
	secret, err := decodeSecret(key.secretHex)
	if err != nil {
		return "", err
	}
	issued := s.now().UTC().Truncate(time.Second)
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"iss": jwtIssuer, "aud": jwtIssuer, "sub": subPrefix + id, "typ": jwtType,
		"iat": issued.Unix(), "exp": issued.AddDate(jwtYears, 0, 0).Unix(), "jti": jti,
	})
	token.Header["kid"] = key.kid
	signed, err := token.SignedString(secret)
	if err != nil {
		return "", fmt.Errorf("sign a team JWT: %w", err)
	}
	if _, err := sqldb.Exec(ctx, tx, noteSigner, id, key.kid); err != nil {
		return "", fmt.Errorf("note the signing key: %w", err)
	}
	return signed, nil
}
