package accounts

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Event is something that an operator may one day ask about: who did what,
// how it ended, and to what.
type Event struct {
	Name    string // as team_create
	Outcome string // as created, or idempotent_hit; empty where the name says it all
	Actor   Actor
	// Detail names what was acted on: identifiers and names, never a secret.
	Detail []slog.Attr
}

// Entry is an event as the trail holds it.
type Entry struct {
	At             time.Time
	Event          string
	Outcome        string
	Username       string
	CredentialKind CredentialKind
	Credential     string // masked
	Address        string
	RequestID      string
	Detail         map[string]any
}

// Audit is the trail of events: rows in the database, and lines in the log.
type Audit struct {
	db  *sqldb.DB
	log *slog.Logger
	now func() time.Time

	events *prometheus.CounterVec // nil: not counted
}

// NewAudit makes the trail. now may be nil, for time.Now.
func NewAudit(db *sqldb.DB, log *slog.Logger, now func() time.Time) *Audit {
	if now == nil {
		now = time.Now
	}
	return &Audit{db: db, log: log, now: now}
}

// CountOn counts the events on a registry, before the first is recorded.
func (a *Audit) CountOn(registry prometheus.Registerer) {
	a.events = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "mnemosyne_audit_events_total", Help: "Events of the audit trail recorded here, by their names and outcomes.",
	}, []string{"event", "outcome"})
	for _, outcome := range []string{"accepted", "refused"} { // so that a first one shows as a rise
		a.events.WithLabelValues("sign_in", outcome)
	}
	registry.MustRegister(a.events)
}

// Record writes an event that changed nothing else in the database. Inside a
// transaction use Do: SQLite's one writer is taken there.
func (a *Audit) Record(ctx context.Context, e Event) error {
	if err := a.insert(ctx, a.db.Write(), e); err != nil {
		return err
	}
	a.tell(ctx, e)
	return nil
}

// Do runs fn in one transaction with the rows of the events that it returns,
// so that nothing is done unrecorded and nothing recorded undone. The log
// gets its lines when the transaction is committed.
func (a *Audit) Do(ctx context.Context, fn func(tx sqldb.Querier) ([]Event, error)) error {
	var events []Event
	err := a.db.Tx(ctx, func(tx sqldb.Querier) (err error) {
		if events, err = fn(tx); err != nil {
			return err
		}
		for _, e := range events {
			if err := a.insert(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, e := range events {
		a.tell(ctx, e)
	}
	return nil
}

const insertEvent = `INSERT INTO audit_event
	(id, at, event, outcome, user_id, username, credential_kind, credential, address, request_id, detail)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`

func (a *Audit) insert(ctx context.Context, q sqldb.Querier, e Event) error {
	id, err := uuid.NewV7() // rises, so that events of one microsecond keep their order
	if err != nil {
		return fmt.Errorf("make an event's id: %w", err)
	}
	detail := make(map[string]any, len(e.Detail))
	for _, attr := range e.Detail {
		detail[attr.Key] = attr.Value.Resolve().Any()
	}
	encoded, err := json.Marshal(detail)
	if err != nil {
		return fmt.Errorf("encode an event's detail: %w", err)
	}
	var userID *string
	if e.Actor.UserID != "" {
		userID = &e.Actor.UserID
	}
	by := e.Actor
	if _, err := sqldb.Exec(ctx, q, insertEvent, id.String(), sqldb.At(a.now()), e.Name, e.Outcome, userID, by.Username,
		string(by.Credential.Kind), by.Credential.Masked, by.Address, by.RequestID, string(encoded)); err != nil {
		return fmt.Errorf("record %s: %w", e.Name, err)
	}
	return nil
}

// Title is an event as operators search for it: `team_create created`, or
// `team_delete` where there is no outcome.
func Title(name, outcome string) string {
	if outcome == "" {
		return name
	}
	return name + " " + outcome
}

// tell logs and counts an event. Names and outcomes are a small fixed set.
func (a *Audit) tell(ctx context.Context, e Event) {
	if a.events != nil {
		a.events.WithLabelValues(e.Name, e.Outcome).Inc()
	}
	attrs := append([]slog.Attr{}, e.Detail...)
	attrs = append(attrs, slog.String("by", e.Actor.Username), slog.String("credential", e.Actor.Credential.Masked))
	if e.Actor.Address != "" {
		attrs = append(attrs, slog.String("address", e.Actor.Address))
	}
	a.log.LogAttrs(ctx, slog.LevelInfo, Title(e.Name, e.Outcome), attrs...) //nolint:sloglint // of a fixed set, see above
}
