package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// AuditFilter chooses events. The zero value chooses all.
type AuditFilter struct {
	Since time.Time // inclusive
	Event string    // its name
}

const selectEvents = `SELECT at, event, outcome, username, credential_kind, credential, address, request_id, detail, id
	FROM audit_event
	WHERE (at > $1 OR (at = $1 AND id > $2)) AND ($3 = '' OR event = $3)
	ORDER BY at, id LIMIT 500`

type entryRow struct {
	Entry

	id string
}

// List gives the events, oldest first, a page of them in memory at a time. An
// error is given once and ends the sequence.
func (a *Audit) List(ctx context.Context, f AuditFilter) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		at, id := f.Since, ""
		for {
			page, err := sqldb.All(ctx, a.db.Read(), scanEntry, selectEvents, sqldb.At(at), id, f.Event)
			if err != nil {
				yield(Entry{}, fmt.Errorf("read the audit trail: %w", err))
				return
			}
			if len(page) == 0 {
				return
			}
			for _, row := range page {
				if !yield(row.Entry, nil) {
					return
				}
				at, id = row.At, row.id
			}
		}
	}
}

func scanEntry(r sqldb.Row) (e entryRow, err error) {
	var at sqldb.Time
	var detail string
	err = r.Scan(&at, &e.Event, &e.Outcome, &e.Username, &e.CredentialKind, &e.Credential, &e.Address, &e.RequestID, &detail, &e.id)
	e.At = at.Time
	return e, errors.Join(err, decodeDetail(detail, &e.Detail))
}

func decodeDetail(text string, into *map[string]any) error {
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("read an event's detail: %w", err)
	}
	return nil
}

// AuditQuery chooses among the events. The zero value chooses all.
type AuditQuery struct {
	Event    string    // what its name begins with, as team or team_create
	Outcome  string    // exactly
	Username string    // of who did it, exactly
	Address  string    // what it begins with, as 192.0.2.
	Text     string    // part of its detail, in whatever case
	Since    time.Time // inclusive; zero: from the beginning
	Until    time.Time // exclusive; zero: to the end
}

// AuditPosition is where a page of the trail ended. The zero value is before
// the newest.
type AuditPosition struct {
	At time.Time
	ID string
}

const eventColumns = `SELECT at, event, outcome, username, credential_kind, credential, address, request_id, detail, id FROM audit_event`

// pageOfEvents asks for what a query names and nothing else, so that the
// events of one person come from their index.
func pageOfEvents(q AuditQuery, after AuditPosition, limit int) (string, []any, error) {
	part, err := json.Marshal(q.Text) // as the detail spells it
	if err != nil {
		return "", nil, fmt.Errorf("spell a text to look for: %w", err)
	}
	within := string(part[1 : len(part)-1]) // the quotes
	text, args := eventColumns+` WHERE (at, id) < ($1, $2) AND at >= $3`, []any{sqldb.At(after.At), after.ID, sqldb.At(q.Since)}
	param := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	if q.Event != "" {
		text += ` AND event LIKE ` + param(beginning(q.Event)) + ` ESCAPE '!'`
	}
	if q.Outcome != "" {
		text += ` AND outcome = ` + param(q.Outcome)
	}
	if q.Username != "" {
		text += ` AND username = ` + param(q.Username)
	}
	if q.Address != "" {
		text += ` AND address LIKE ` + param(beginning(q.Address)) + ` ESCAPE '!'`
	}
	if q.Text != "" {
		text += ` AND (detail LIKE ` + param(holding(within)) + ` ESCAPE '!' OR LOWER(detail) LIKE ` + param(holding(strings.ToLower(within))) + ` ESCAPE '!')`
	}
	return text + ` ORDER BY at DESC, id DESC` + sqldb.Limit(param(limit+1)), args, nil
}

// Page gives a page of the trail, newest first, and where the next one
// begins; a nil position says that there is none.
func (a *Audit) Page(ctx context.Context, q AuditQuery, after AuditPosition, limit int) ([]Entry, *AuditPosition, error) {
	if after.At.IsZero() {
		after.At = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if !q.Until.IsZero() && q.Until.Before(after.At) {
		after = AuditPosition{At: q.Until}
	}
	query, args, err := pageOfEvents(q, after, limit)
	if err != nil {
		return nil, nil, err
	}
	rows, err := sqldb.All(ctx, a.db.Read(), scanEntry, query, args...)
	if err != nil {
		return nil, nil, fmt.Errorf("read the audit trail: %w", err)
	}
	var next *AuditPosition
	if len(rows) > limit {
		rows = rows[:limit]
		next = &AuditPosition{At: rows[limit-1].At, ID: rows[limit-1].id}
	}
	entries := make([]Entry, len(rows))
	for i, row := range rows {
		entries[i] = row.Entry
	}
	return entries, next, nil
}

// literally is a text as LIKE takes it, with ! to escape.
func literally(text string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(text)
}

// beginning is the pattern of what begins with a text.
func beginning(text string) string { return literally(text) + "%" }

// holding is the pattern of what holds a text.
func holding(text string) string { return "%" + literally(text) + "%" }
