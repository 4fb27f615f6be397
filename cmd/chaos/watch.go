package main

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// watcher looks at the ledger all the time, to see how long the jobs of
// workers that were killed or held stood still.
type watcher struct {
	db *pgxpool.Pool

	mu       sync.Mutex
	last     map[string]held
	orphaned map[string]time.Time // since its worker was last heard of
	gaps     []gap
}

type held struct {
	token     string
	heartbeat time.Time
	crashes   int64
}

// gap is how long a job stood still.
type gap struct {
	job      string
	from, to time.Time
	crashes  int64
}

const openJobs = `SELECT id, status, COALESCE(lease_token, ''), updated_at, crashes FROM ingest_job WHERE status IN ('queued', 'running')`

func (c *chaos) watch(ctx context.Context) {
	w := c.watcher
	for ; ctx.Err() == nil; wait(ctx, 250*time.Millisecond) {
		n, err := w.look(ctx)
		if err == nil {
			c.open.Store(int64(n))
		}
	}
}

// look gives how many jobs have not ended.
func (w *watcher) look(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	rows, err := w.db.Query(ctx, openJobs)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	now, open := time.Now(), map[string]bool{}
	for rows.Next() {
		var id, status string
		var h held
		if err := rows.Scan(&id, &status, &h.token, &h.heartbeat, &h.crashes); err != nil {
			return 0, err
		}
		open[id] = true
		w.note(id, status, h, now)
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	for id := range w.last {
		if !open[id] {
			w.goesOn(id, now, 0)
			delete(w.last, id)
		}
	}
	return len(open), nil
}

func (w *watcher) isOpen(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, open := w.last[id]
	return open
}

func (w *watcher) note(id, status string, h held, now time.Time) {
	before, known := w.last[id]
	if known && h.crashes > before.crashes && w.orphaned[id].IsZero() {
		w.orphaned[id] = before.heartbeat
	}
	if status != "running" {
		if known { // who held it last is what counts
			w.last[id] = held{before.token, before.heartbeat, h.crashes}
		} else {
			w.last[id] = h
		}
		return
	}
	if h.token != before.token {
		w.goesOn(id, now, h.crashes)
	}
	w.last[id] = h
}

func (w *watcher) goesOn(id string, now time.Time, crashes int64) {
	if from := w.orphaned[id]; !from.IsZero() {
		w.gaps = append(w.gaps, gap{id, from, now, crashes})
	}
	delete(w.orphaned, id)
}
