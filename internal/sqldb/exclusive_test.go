package sqldb_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

func TestOfOneNameOneRunsAtATime(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var inside, most, waited atomic.Int64
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				err := db.Exclusive(t.Context(), "test", func() { waited.Add(1) }, func(ctx context.Context) error {
					n := inside.Add(1)
					most.Store(max(most.Load(), n))
					err := db.Ping(ctx) // gives the others time to come in
					inside.Add(-1)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if most.Load() != 1 {
			t.Errorf("%d ran at once", most.Load())
		}
	})
}

func TestWhoWaitsForANameIsToldAndMayGiveUp(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		fault := errors.New("a fault")
		nobody := func() { t.Error("somebody else holds the name") }
		err := db.Exclusive(t.Context(), "test", nobody, func(ctx context.Context) error {
			if err := db.Exclusive(ctx, "other", nobody, func(context.Context) error { return nil }); err != nil {
				t.Error(err)
			}
			ctx, cancel := context.WithCancel(ctx)
			told := 0
			err := db.Exclusive(ctx, "test", func() { told++; cancel() }, func(context.Context) error {
				t.Error("two ran at once")
				return nil
			})
			if told != 1 || err == nil {
				t.Errorf("whoever waits was told %d times and got %v", told, err)
			}
			return fault
		})
		if !errors.Is(err, fault) {
			t.Errorf("Exclusive gives %v, want the fault", err)
		}
		if err := db.Exclusive(t.Context(), "test", nobody, func(context.Context) error { return nil }); err != nil {
			t.Errorf("after a fault: %v", err)
		}
	})
}
