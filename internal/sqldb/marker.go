package sqldb

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	markTimeout = 15 * time.Second // longer than SQLite waits for its writer
	maxMarks    = 64               // writes under way at once; more are left to the next request
)

// Marker notes when rows were last used, beside the requests that use them:
// no request waits for the note, and none fails with it. A row is written at
// most once an interval.
type Marker struct {
	db       *DB
	log      *slog.Logger
	query    string
	interval time.Duration

	mu      sync.Mutex
	pending map[string]struct{}
	writes  sync.WaitGroup
}

// NewMarker makes a Marker. query takes the time as $1, the row's key as $2
// and the time before which the row's last note must lie as $3.
func NewMarker(db *DB, log *slog.Logger, interval time.Duration, query string) *Marker {
	return &Marker{db: db, log: log, query: query, interval: interval, pending: map[string]struct{}{}}
}

// Mark notes that a row is used now. last is the note that the row carries.
func (m *Marker) Mark(ctx context.Context, key string, last *time.Time, now time.Time) {
	if last != nil && now.Sub(*last) < m.interval {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, under := m.pending[key]; under || len(m.pending) >= maxMarks {
		return
	}
	m.pending[key] = struct{}{}
	m.writes.Go(func() { m.write(context.WithoutCancel(ctx), key, now) })
}

// Wait returns when every note that was begun is written or given up. Call
// it before the store closes.
func (m *Marker) Wait() { m.writes.Wait() }

func (m *Marker) write(ctx context.Context, key string, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, markTimeout)
	defer cancel()
	if _, err := Exec(ctx, m.db.Write(), m.query, At(now), key, At(now.Add(-m.interval))); err != nil {
		m.log.WarnContext(ctx, "last use not noted", "error", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.pending, key)
}
