// Package usage is how the use of the place is summed up over time: by hour
// for the last days, by day for as long as accounts are kept. Each app keeps
// sums of what it owns; here is what they have in common.
package usage

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Span is how long a sum is about.
type Span string

// The spans. They begin where UTC says.
const (
	Hour Span = "hour"
	Day  Span = "day"
)

// HourlyKept is how long sums of hours are kept. Those of days are kept as
// long as what they sum up.
const HourlyKept = 3 * 24 * time.Hour

// Spans are all that is summed up by.
func Spans() []Span { return []Span{Hour, Day} }

// Start is where the span begins that a time is in.
func (s Span) Start(t time.Time) time.Time {
	t = t.UTC()
	if s == Hour {
		return t.Truncate(time.Hour)
	}
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// Window chooses sums: those of a span, from the one that begins at Since on.
type Window struct {
	Span  Span
	Since time.Time
}

// Key says what a sum is of. Its values follow the span and its beginning in
// the order of an insert's columns.
type Key[V comparable] struct {
	Span Span
	At   time.Time
	Of   V
}

// Sums adds rows up, for every span.
type Sums[V comparable] struct {
	width int
	sums  map[Key[V]][]int64
}

// NewSums makes empty sums of some numbers each.
func NewSums[V comparable](width int) *Sums[V] {
	return &Sums[V]{width: width, sums: map[Key[V]][]int64{}}
}

// Add adds numbers to what is summed up at a time.
func (s *Sums[V]) Add(at time.Time, of V, numbers ...int64) {
	for _, span := range Spans() {
		k := Key[V]{span, span.Start(at), of}
		sum := s.sums[k]
		if sum == nil {
			sum = make([]int64, s.width)
			s.sums[k] = sum
		}
		for i, n := range numbers {
			sum[i] += n
		}
	}
}

// Write adds the sums to those of a table. The statement takes span, time, the
// columns that keyed gives and the numbers. Rows are taken in one order, so
// that two processes do not wait for each other in a circle.
func (s *Sums[V]) Write(ctx context.Context, tx sqldb.Querier, statement string, keyed func(V) []any) error {
	keys := make([]Key[V], 0, len(s.sums))
	for k := range s.sums {
		keys = append(keys, k)
	}
	text := func(k Key[V]) string { return fmt.Sprint(keyed(k.Of)...) }
	slices.SortFunc(keys, func(a, b Key[V]) int {
		return cmp.Or(cmp.Compare(a.Span, b.Span), a.At.Compare(b.At), cmp.Compare(text(a), text(b)))
	})
	for _, k := range keys {
		args := append([]any{string(k.Span), sqldb.At(k.At)}, keyed(k.Of)...)
		for _, n := range s.sums[k] {
			args = append(args, n)
		}
		if _, err := sqldb.Exec(ctx, tx, statement, args...); err != nil {
			return fmt.Errorf("sum up: %w", err)
		}
	}
	return nil
}

// Sweep forgets sums: of hours those that are too old in any case, of days
// those from before a time; the zero time keeps all days. The statement takes
// the span as $1 and the time as $2.
func Sweep(ctx context.Context, db *sqldb.DB, statement string, now, before time.Time) (err error) {
	_, err = sqldb.Exec(ctx, db.Write(), statement, string(Hour), sqldb.At(now.Add(-HourlyKept)))
	if err == nil && !before.IsZero() {
		_, err = sqldb.Exec(ctx, db.Write(), statement, string(Day), sqldb.At(Day.Start(before)))
	}
	if err != nil {
		return fmt.Errorf("forget sums: %w", err)
	}
	return nil
}
