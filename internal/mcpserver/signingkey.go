package mcpserver

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// SigningKey signs team JWTs, without its secret.
type SigningKey struct {
	Kid       string
	Active    bool
	CreatedAt time.Time
	RetiredAt *time.Time
}

// Seeded is what seeding a key came to.
type Seeded struct {
	Kid       string
	Created   bool
	SecretHex string   // of a key made now: shown once
	Retired   []string // the kids that this call retired
}

// SigningKeys is the store of the keys that sign team JWTs.
type SigningKeys struct {
	db    *sqldb.DB
	audit *accounts.Audit
	now   func() time.Time
}

// NewSigningKeys makes the store. now may be nil, for time.Now.
func NewSigningKeys(db *sqldb.DB, audit *accounts.Audit, now func() time.Time) *SigningKeys {
	if now == nil {
		now = time.Now
	}
	return &SigningKeys{db: db, audit: audit, now: now}
}

// secretBytes is a key's length: 256 bits, as HS256 wants.
const secretBytes = 32

// decodeSecret gives the bytes that a key signs with. HMAC would take any
// number of them, none too, so that a damaged row must not get so far.
func decodeSecret(secretHex string) ([]byte, error) {
	secret, err := hex.DecodeString(secretHex)
	if err != nil || len(secret) != secretBytes {
		return nil, errors.New("a signing key in the database is not 32 bytes of hex; retire it and seed another")
	}
	return secret, nil
}

var kidPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

const (
	// takeTurn holds a row that is there for this alone. Of two who retire all
	// keys but their own, the second one has to see what the first did: else
	// each retires the other's, or neither does.
	takeTurn  = `INSERT INTO setting (name, value) VALUES ('signing_keys', '') ON CONFLICT (name) DO UPDATE SET value = ''`
	insertKey = `INSERT INTO mcp_signing_key (kid, secret_hex, is_active, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (kid) DO NOTHING`
	selectKey = `SELECT kid, is_active, created_at, retired_at FROM mcp_signing_key WHERE kid = $1`
	retireAll = `UPDATE mcp_signing_key SET is_active = $2, retired_at = $3 WHERE kid <> $1 AND is_active RETURNING kid`
)

// Seed makes a key, named by chance when kid is empty. With retireOther the
// other keys stop signing and verifying. A kid that is there and active stays
// as it is; one that is retired is a Conflict, and nothing changes. Of people,
// superusers alone make keys: whoever has one speaks for every team.
func (s *SigningKeys) Seed(ctx context.Context, by accounts.Actor, kid string, retireOther bool) (seeded Seeded, err error) {
	if err := by.Allowed(accounts.RightSuperusers); err != nil {
		return Seeded{}, err
	}
	if kid == "" {
		kid = s.now().UTC().Format("20060102") + "-" + strings.ToLower(rand.Text()[:8])
	}
	if !kidPattern.MatchString(kid) {
		return Seeded{}, errs.Field("kid", "A kid has 1 to 64 letters, digits, dots, dashes or underscores, and starts with a letter or digit.")
	}
	secret := make([]byte, secretBytes)
	_, _ = rand.Read(secret) // never fails, see crypto/rand
	err = s.audit.Do(ctx, func(tx sqldb.Querier) (events []accounts.Event, err error) {
		seeded = Seeded{Kid: kid}
		if _, err := sqldb.Exec(ctx, tx, takeTurn); err != nil {
			return nil, fmt.Errorf("take turns at the signing keys: %w", err)
		}
		n, err := sqldb.Exec(ctx, tx, insertKey, kid, hex.EncodeToString(secret), true, sqldb.At(s.now()))
		if err != nil {
			return nil, fmt.Errorf("make signing key: %w", err)
		}
		outcome := "already_active"
		if n > 0 {
			outcome, seeded.Created, seeded.SecretHex = "created", true, hex.EncodeToString(secret)
		} else if err := s.requireActive(ctx, tx, kid); err != nil {
			return nil, err
		}
		if retireOther {
			if seeded.Retired, err = s.retireOthers(ctx, tx, kid); err != nil {
				return nil, err
			}
		}
		if !seeded.Created && len(seeded.Retired) == 0 {
			return nil, nil
		}
		detail := []slog.Attr{slog.String("kid", kid), slog.String("retired", strings.Join(seeded.Retired, " "))}
		return []accounts.Event{{Name: "signing_key_seed", Outcome: outcome, Actor: by, Detail: detail}}, nil
	})
	if err != nil {
		return Seeded{}, err
	}
	return seeded, nil
}

func (s *SigningKeys) requireActive(ctx context.Context, q sqldb.Querier, kid string) error {
	key, err := sqldb.One(ctx, q, scanKey, selectKey, kid)
	if err != nil {
		return fmt.Errorf("find signing key: %w", err)
	}
	if !key.Active {
		return errs.Newf(errs.Conflict, "The signing key %q is retired; give a new --kid.", kid)
	}
	return nil
}

func (s *SigningKeys) retireOthers(ctx context.Context, tx sqldb.Querier, kid string) ([]string, error) {
	retired, err := sqldb.All(ctx, tx, func(r sqldb.Row) (kid string, err error) {
		err = r.Scan(&kid)
		return kid, err
	}, retireAll, kid, false, sqldb.At(s.now()))
	if err != nil {
		return nil, fmt.Errorf("retire signing keys: %w", err)
	}
	return retired, nil
}

const retireOne = `UPDATE mcp_signing_key SET is_active = $2, retired_at = $3 WHERE kid = $1 AND is_active`

// Retire stops a key from signing and verifying: the team JWTs that it signed
// are refused from the moment this returns. One that is retired already is no
// error; one that is not there is NotFound. Of people, superusers alone retire
// keys.
func (s *SigningKeys) Retire(ctx context.Context, by accounts.Actor, kid string) error {
	return s.audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) { return s.retire(ctx, tx, by, kid) })
}

func (s *SigningKeys) retire(ctx context.Context, tx sqldb.Querier, by accounts.Actor, kid string) ([]accounts.Event, error) {
	if err := by.Allowed(accounts.RightSuperusers); err != nil {
		return nil, err
	}
	if _, err := sqldb.One(ctx, tx, scanKey, selectKey, kid); sqldb.Missing(err) {
		return nil, errs.New(errs.NotFound, "No such signing key.")
	} else if err != nil {
		return nil, fmt.Errorf("find signing key: %w", err)
	}
	n, err := sqldb.Exec(ctx, tx, retireOne, kid, false, sqldb.At(s.now()))
	if err != nil {
		return nil, fmt.Errorf("retire signing key: %w", err)
	}
	if n == 0 {
		return nil, nil
	}
	return []accounts.Event{{Name: "signing_key_retire", Outcome: "retired", Actor: by, Detail: []slog.Attr{slog.String("kid", kid)}}}, nil
}

const selectKeys = `SELECT kid, is_active, created_at, retired_at FROM mcp_signing_key ORDER BY created_at DESC, kid`

// List gives every key, newest first, without secrets.
func (s *SigningKeys) List(ctx context.Context) ([]SigningKey, error) {
	keys, err := sqldb.All(ctx, s.db.Read(), scanKey, selectKeys)
	if err != nil {
		return nil, fmt.Errorf("list signing keys: %w", err)
	}
	return keys, nil
}

func scanKey(r sqldb.Row) (k SigningKey, err error) {
	var created sqldb.Time
	var retired sqldb.NullTime
	err = r.Scan(&k.Kid, &k.Active, &created, &retired)
	k.CreatedAt, k.RetiredAt = created.Time, retired.Ptr()
	return k, err
}

const countActiveKeys = `SELECT COUNT(*) FROM mcp_signing_key WHERE is_active`

// Ensure makes a key when none is active, and tells whether it did.
func (s *SigningKeys) Ensure(ctx context.Context, by accounts.Actor) (Seeded, error) {
	n, err := sqldb.One(ctx, s.db.Read(), func(r sqldb.Row) (n int64, err error) {
		err = r.Scan(&n)
		return n, err
	}, countActiveKeys)
	if err != nil {
		return Seeded{}, fmt.Errorf("count signing keys: %w", err)
	}
	if n > 0 {
		return Seeded{}, nil
	}
	return s.Seed(ctx, by, "", false)
}
