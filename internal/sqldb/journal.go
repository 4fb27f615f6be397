package sqldb

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	gather         = 500 * time.Millisecond // how long rows come together before they are written
	maxNoted       = 4096                   // rows that wait; more are dropped
	maxRows        = 128                    // in one statement; a power of two
	journalTimeout = 15 * time.Second       // longer than SQLite waits for its writer
)

// JournalOptions say what a Journal writes, and where.
type JournalOptions[T any] struct {
	DB     *DB
	Table  string // for logs and metrics
	Insert string // up to and with VALUES
	// Values are a row's values in the order of Insert's columns.
	Values func(T) []any
	// Also writes what follows from rows, in their transaction. May be nil.
	Also     func(ctx context.Context, tx Querier, rows []T) error
	Log      *slog.Logger
	Registry prometheus.Registerer // nil: no metrics
}

// Journal writes rows that tell of requests, beside the requests: none waits
// for its row and none fails with it. Rows gather for half a second and are
// written together. When they come faster than the store takes them, or it
// takes none, rows are dropped and counted.
type Journal[T any] struct {
	opt     JournalOptions[T]
	dropped prometheus.Counter
	hurry   chan struct{} // closed by Wait
	ending  sync.Once

	mu      sync.Mutex
	rows    []T
	writing bool
	writes  sync.WaitGroup
}

// NewJournal makes a Journal. Nothing runs while there is nothing to write.
func NewJournal[T any](opt JournalOptions[T]) *Journal[T] {
	j := &Journal[T]{opt: opt, hurry: make(chan struct{}), dropped: prometheus.NewCounter(prometheus.CounterOpts{
		Name: "mnemosyne_journal_rows_dropped_total",
		Help: "Rows about requests that were not written, because too many waited or the store did not take them.",

		ConstLabels: prometheus.Labels{"table": opt.Table},
	})}
	if opt.Registry != nil {
		opt.Registry.MustRegister(j.dropped)
	}
	return j
}

// Note adds a row, unless too many wait.
func (j *Journal[T]) Note(row T) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.rows) >= maxNoted {
		j.dropped.Inc()
		return
	}
	j.rows = append(j.rows, row)
	if !j.writing {
		j.writing = true
		j.writes.Go(j.write)
	}
}

// Wait returns when every row that was noted is written or given up. Call it
// before the store closes.
func (j *Journal[T]) Wait() {
	j.ending.Do(func() { close(j.hurry) })
	j.writes.Wait()
}

// write works until no row is left.
func (j *Journal[T]) write() {
	for {
		timer := time.NewTimer(gather)
		select {
		case <-timer.C:
		case <-j.hurry:
			timer.Stop()
		}
		j.mu.Lock()
		rows := j.rows
		j.rows = nil
		if len(rows) == 0 {
			j.writing = false
			j.mu.Unlock()
			return
		}
		j.mu.Unlock()
		if err := j.insert(rows); err != nil {
			j.dropped.Add(float64(len(rows)))
			j.opt.Log.Warn("rows about requests were not written",
				slog.String("table", j.opt.Table), slog.Int("rows", len(rows)), slog.Any("error", err))
		}
	}
}

// insert writes the rows in one transaction. Their number is split into powers
// of two, so that there are few different statements to prepare.
func (j *Journal[T]) insert(rows []T) error {
	ctx, cancel := context.WithTimeout(context.Background(), journalTimeout)
	defer cancel()
	return j.opt.DB.Tx(ctx, func(tx Querier) error {
		for left := rows; len(left) > 0; {
			n := maxRows
			for n > len(left) {
				n /= 2
			}
			var values []any
			for _, row := range left[:n] {
				values = append(values, j.opt.Values(row)...)
			}
			if _, err := Exec(ctx, tx, j.opt.Insert+" "+placeholders(n, len(values)/n), values...); err != nil {
				return err
			}
			left = left[n:]
		}
		if j.opt.Also == nil {
			return nil
		}
		return j.opt.Also(ctx, tx, rows)
	})
}

// sweptAtOnce bounds how long one statement holds SQLite's writer.
const sweptAtOnce = 1000

// Sweep deletes rows from before a time and tells how many. The statement
// takes the time as $1, and as $2 how many it may delete at most.
func (j *Journal[T]) Sweep(ctx context.Context, statement string, before time.Time) (gone int64, err error) {
	for {
		n, err := Exec(ctx, j.opt.DB.Write(), statement, At(before), sweptAtOnce)
		gone += n
		if err != nil {
			return gone, fmt.Errorf("sweep %s: %w", j.opt.Table, err)
		}
		if n < sweptAtOnce {
			return gone, nil
		}
	}
}

// placeholders are ($1, $2), ($3, $4) for two rows of two columns.
func placeholders(rows, columns int) string {
	var b strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			b.WriteString("(")
		case i%columns == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(i+1))
	}
	b.WriteString(")")
	return b.String()
}
