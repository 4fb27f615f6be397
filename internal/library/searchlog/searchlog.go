// Package searchlog keeps account of searches: who searched by which door and
// credential, how many libraries, what each leg did, how it ended, how many
// hits and how long; and the sums of that by hour and day. It keeps no word of what was searched for unless it is told to, and it
// never slows a search or fails it.
package searchlog

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/usage"
)

// maxQuery is the most of a search's words that is kept, in bytes.
const maxQuery = 4000

// Options are what a Log is made of.
type Options struct {
	DB          *sqldb.DB
	KeepQueries bool // keep the words of searches
	Log         *slog.Logger
	Registry    prometheus.Registerer // nil: no metrics
	Now         func() time.Time      // nil: time.Now
}

// Log is a search.Recorder.
type Log struct {
	opt     Options
	journal *sqldb.Journal[entry]
}

var _ search.Recorder = (*Log)(nil)

type entry struct {
	at time.Time
	search.Record
}

const insertSearch = `INSERT INTO search_log
	(id, at, surface, user_id, credential_kind, credential, libraries, legs, outcome, hits, took_ms, query) VALUES`

// New makes a Log.
func New(opt Options) *Log {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	l := &Log{opt: opt}
	l.journal = sqldb.NewJournal(sqldb.JournalOptions[entry]{
		DB: opt.DB, Table: "search_log", Insert: insertSearch, Values: values, Also: sumUp, Log: opt.Log, Registry: opt.Registry,
	})
	return l
}

// RecordSearch notes a search. What is not to be kept is let go at once.
func (l *Log) RecordSearch(r search.Record) {
	if !l.opt.KeepQueries {
		r.Query = ""
	}
	l.journal.Note(entry{l.opt.Now(), r})
}

// Wait returns when what was noted is written. Call it before the store closes.
func (l *Log) Wait() { l.journal.Wait() }

func values(e entry) []any {
	var user, query *string
	if e.By.UserID != "" {
		user = &e.By.UserID
	}
	if text := storable(e.Query); text != "" {
		query = &text
	}
	by := e.By.Credential
	return []any{
		newID(), sqldb.At(e.at), e.Surface, user, string(by.Kind), by.Masked,
		e.Libraries, legs(e.Legs), string(e.Outcome), e.Hits, e.Took.Milliseconds(), query,
	}
}

// newID rises, so that rows of one moment keep their order.
func newID() string {
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.NewString() // unique all the same
	}
	return id.String()
}

// legs is {"vector":{"status":"ok","took_ms":1.5}, …}.
func legs(of []search.Leg) string {
	type leg struct {
		Status search.LegStatus `json:"status"`
		TookMS float64          `json:"took_ms"`
	}
	byName := make(map[string]leg, len(of))
	for _, l := range of {
		byName[l.Name] = leg{l.Status, float64(l.Took.Microseconds()) / 1000}
	}
	text, _ := json.Marshal(byName) // of strings and numbers
	return string(text)
}

// storable is a text that both engines take, cut to what is kept.
func storable(text string) string {
	if len(text) > maxQuery {
		text = text[:maxQuery]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", "")
}

const sweepSearches = `DELETE FROM search_log WHERE id IN (SELECT id FROM search_log WHERE at < $1 ORDER BY at, id LIMIT $2)`

// Sweep forgets searches from before a time and tells how many; the zero time
// keeps them all. Sums of hours go in any case once they are too old.
func (l *Log) Sweep(ctx context.Context, before time.Time) (gone int64, err error) {
	for _, statement := range []string{sweepSums, sweepLibrarySums} {
		if err := usage.Sweep(ctx, l.opt.DB, statement, l.opt.Now(), before); err != nil {
			return 0, err
		}
	}
	if before.IsZero() {
		return 0, nil
	}
	return l.journal.Sweep(ctx, sweepSearches, before)
}
