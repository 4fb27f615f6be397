package mcpserver

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Team is a deployment of agents that reads its owner's workspaces by a JWT.
type Team struct {
	ID      string // a UUID of the caller's, in lower case
	Name    string
	OwnerID string
	Active  bool // false once deleted; creating it again makes it true
	// WorkspaceIDs are the assigned workspaces, sorted. One that the owner
	// does not have resolves to nothing.
	WorkspaceIDs []string
	CreatedAt    time.Time
	UpdatedAt    time.Time
	LastUsedAt   *time.Time // to half a minute; nil: never
}

// TeamsOptions are what a deployment may choose.
type TeamsOptions struct {
	Now      func() time.Time      // time.Now
	Registry prometheus.Registerer // nil: no metrics
}

// Teams is the store of teams. A team has one owner for ever, and at most one
// JWT of it is valid: the one whose jti the team holds.
type Teams struct {
	db      *sqldb.DB
	audit   *accounts.Audit
	now     func() time.Time
	upserts prometheus.Counter
}

// NewTeams makes the store.
func NewTeams(db *sqldb.DB, audit *accounts.Audit, opt TeamsOptions) *Teams {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	upserts := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "mnemosyne_team_rotate_upserts_total",
		Help: "Teams that a rotation made because they were missing: the caller and this server are out of step.",
	})
	if opt.Registry != nil {
		opt.Registry.MustRegister(upserts)
	}
	return &Teams{db: db, audit: audit, now: opt.Now, upserts: upserts}
}

const maxTeamName = 200 // characters

// TeamID gives a team's id as it is kept. An id is a UUID as RFC 9562 writes
// it, in either case; braces, urn: and 32 digits in a row are not taken.
func TeamID(text string) (id string, ok bool) {
	const length = 36
	parsed, err := uuid.Parse(text)
	return parsed.String(), err == nil && len(text) == length
}

func teamName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return "", errs.Field("name", "This field may not be blank.")
	}
	return name, library.CheckLine("name", name, maxTeamName)
}

const teamColumns = `t.id, t.name, t.owner_id, t.active, t.created_at, t.updated_at, t.last_used_at, ` + workspacesColumn

// workspacesColumn is a team's workspace ids in one text; none holds a space.
const workspacesColumn = `COALESCE((SELECT string_agg(w.workspace_id, ' ') FROM team_workspace_assignment w WHERE w.team_id = t.id), '')`

// teamFields are where teamColumns go; done completes the team once they are
// filled.
func teamFields(t *Team) (fields []any, done func()) {
	var created, updated sqldb.Time
	var used sqldb.NullTime
	var workspaces string
	fields = []any{&t.ID, &t.Name, &t.OwnerID, &t.Active, &created, &updated, &used, &workspaces}
	return fields, func() {
		t.CreatedAt, t.UpdatedAt, t.LastUsedAt = created.Time, updated.Time, used.Ptr()
		t.WorkspaceIDs = splitWorkspaces(workspaces)
	}
}

func scanTeam(r sqldb.Row) (t Team, err error) {
	fields, done := teamFields(&t)
	if err := r.Scan(fields...); err != nil {
		return Team{}, err
	}
	done()
	return t, nil
}

const selectTeam = `SELECT ` + teamColumns + ` FROM team t WHERE t.id = $1 AND t.owner_id = $2`

// Get finds a team of a user, an inactive one too. Another's answers as a
// missing one: NotFound.
func (s *Teams) Get(ctx context.Context, ownerID, id string) (Team, error) {
	id, ok := TeamID(id)
	if !ok {
		return Team{}, noTeam()
	}
	t, err := sqldb.One(ctx, s.db.Read(), scanTeam, selectTeam, id, ownerID)
	if sqldb.Missing(err) {
		return Team{}, noTeam()
	}
	if err != nil {
		return Team{}, fmt.Errorf("find team: %w", err)
	}
	return t, nil
}

// TeamPosition is where a page of a list of teams ended. The zero value is
// before the first.
type TeamPosition struct {
	CreatedAt time.Time
	ID        string
}

const selectTeams = `SELECT ` + teamColumns + ` FROM team t
	WHERE t.owner_id = $1 AND (t.created_at, t.id) < ($2, $3)
	ORDER BY t.created_at DESC, t.id DESC LIMIT CAST($4 AS BIGINT)`

// List gives a page of a user's teams, inactive ones too, newest first.
func (s *Teams) List(ctx context.Context, ownerID string, after TeamPosition, limit int) ([]Team, error) {
	if after.CreatedAt.IsZero() {
		after.CreatedAt = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	teams, err := sqldb.All(ctx, s.db.Read(), scanTeam, selectTeams, ownerID, sqldb.At(after.CreatedAt), after.ID, limit)
	if err != nil {
		return nil, fmt.Errorf("list teams: %w", err)
	}
	return teams, nil
}

// Any statement that writes a team's row first takes it for its transaction,
// so that of two that change one team the second sees what the first did. The
// update of nothing is the one way to do so that both engines have.
const (
	holdTeam = `UPDATE team SET updated_at = updated_at WHERE id = $1
	RETURNING id, name, owner_id, active, created_at, updated_at, last_used_at, ''`
	holdOwn = `UPDATE team SET updated_at = updated_at WHERE id = $1 AND owner_id = $2
	RETURNING id, name, owner_id, active, created_at, updated_at, last_used_at, ''`
)

// holdOwnTeam holds a team of a user; NotFound when they have none of that id.
func holdOwnTeam(ctx context.Context, tx sqldb.Querier, ownerID, id string) (Team, error) {
	id, ok := TeamID(id)
	if !ok {
		return Team{}, noTeam()
	}
	t, err := sqldb.One(ctx, tx, scanTeam, holdOwn, id, ownerID)
	if sqldb.Missing(err) {
		return Team{}, noTeam()
	}
	if err != nil {
		return Team{}, fmt.Errorf("hold team: %w", err)
	}
	return t, nil
}

const endTeam = `UPDATE team SET active = FALSE, active_jti = NULL, updated_at = $2 WHERE id = $1`

// Delete makes a team inactive: its JWT is refused from the moment this
// returns. One that is inactive already is no error; another's is NotFound.
func (s *Teams) Delete(ctx context.Context, by accounts.Actor, id string) error {
	return s.audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		t, err := holdOwnTeam(ctx, tx, by.UserID, id)
		if err != nil || !t.Active {
			return nil, err
		}
		if err := by.Need(accounts.RightWrite); err != nil {
			return nil, err
		}
		if _, err := sqldb.Exec(ctx, tx, endTeam, t.ID, sqldb.At(s.now())); err != nil {
			return nil, fmt.Errorf("delete team: %w", err)
		}
		return []accounts.Event{teamEvent("team_delete", "", by, t.ID)}, nil
	})
}

const renameTeam = `UPDATE team SET name = $2, updated_at = $3 WHERE id = $1`

// Rename changes what a team is called. Its JWT stays as it is.
func (s *Teams) Rename(ctx context.Context, by accounts.Actor, id, name string) error {
	name, err := teamName(name)
	if err != nil {
		return err
	}
	return s.audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		t, err := holdOwnTeam(ctx, tx, by.UserID, id)
		if err != nil || t.Name == name {
			return nil, err
		}
		if err := by.Need(accounts.RightWrite); err != nil {
			return nil, err
		}
		if _, err := sqldb.Exec(ctx, tx, renameTeam, t.ID, name, sqldb.At(s.now())); err != nil {
			return nil, fmt.Errorf("rename team: %w", err)
		}
		return []accounts.Event{teamEvent("team_rename", "", by, t.ID, slog.String("name", name))}, nil
	})
}

func noTeam() error { return errs.New(errs.NotFound, "No such team.") }

func teamEvent(name, outcome string, by accounts.Actor, id string, more ...slog.Attr) accounts.Event {
	return accounts.Event{Name: name, Outcome: outcome, Actor: by, Detail: append([]slog.Attr{slog.String("team_id", id)}, more...)}
}
