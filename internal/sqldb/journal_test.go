package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

type fact struct{ name, value string }

func newJournal(db *sqldb.DB, log *slog.Logger, registry prometheus.Registerer) *sqldb.Journal[fact] {
	return sqldb.NewJournal(sqldb.JournalOptions[fact]{
		DB: db, Table: "setting", Insert: "INSERT INTO setting (name, value) VALUES",
		Values: func(f fact) []any { return []any{f.name, f.value} }, Log: log, Registry: registry,
	})
}

func facts(t *testing.T, db *sqldb.DB) int {
	t.Helper()
	n, err := sqldb.One(t.Context(), db.Read(), func(r sqldb.Row) (n int, err error) { return n, r.Scan(&n) },
		"SELECT COUNT(*) FROM setting WHERE name LIKE 'fact%' AND value = 'of ' || name")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAJournalWritesWhatWasNoted(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		const rows = 128 + 64 + 1 + 2 // statements of several sizes
		j := newJournal(db, slog.New(slog.DiscardHandler), nil)
		var group sync.WaitGroup
		for i := range rows {
			group.Go(func() { j.Note(fact{fmt.Sprintf("fact%d", i), fmt.Sprintf("of fact%d", i)}) })
		}
		group.Wait()
		j.Wait()
		if n := facts(t, db); n != rows {
			t.Errorf("%d of %d rows are written", n, rows)
		}
	})
}

func TestAJournalWritesByItselfAndAgain(t *testing.T) {
	t.Parallel()
	db := sqldbtest.SQLite(t)
	written := make(chan int, 2)
	j := sqldb.NewJournal(sqldb.JournalOptions[fact]{
		DB: db, Table: "setting", Insert: "INSERT INTO setting (name, value) VALUES",
		Values: func(f fact) []any { return []any{f.name, f.value} }, Log: slog.New(slog.DiscardHandler),
		Also: func(_ context.Context, _ sqldb.Querier, rows []fact) error { written <- len(rows); return nil },
	})
	for round := range 2 { // the second one may find that the writer has rested
		j.Note(fact{fmt.Sprintf("fact%d", round), fmt.Sprintf("of fact%d", round)})
		select {
		case <-written:
		case <-time.After(30 * time.Second):
			t.Fatal("it is not written")
		}
	}
	j.Wait()
	if n := facts(t, db); n != 2 {
		t.Errorf("%d of 2 rows are written", n)
	}
}

func TestWhatFollowsFromRowsIsWrittenWithThemOrNeitherIs(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		fails := errors.New("no")
		j := sqldb.NewJournal(sqldb.JournalOptions[fact]{
			DB: db, Table: "setting", Insert: "INSERT INTO setting (name, value) VALUES",
			Values: func(f fact) []any { return []any{f.name, f.value} }, Log: slog.New(slog.DiscardHandler),
			Also: func(ctx context.Context, tx sqldb.Querier, _ []fact) error {
				if _, err := sqldb.Exec(ctx, tx, "INSERT INTO setting (name, value) VALUES ('fact sum', 'of fact sum')"); err != nil {
					return err
				}
				return fails
			},
		})
		j.Note(fact{"fact1", "of fact1"})
		j.Wait()
		if n := facts(t, db); n != 0 {
			t.Errorf("%d rows are written, want none", n)
		}
		fails = nil
		j.Note(fact{"fact1", "of fact1"})
		j.Wait()
		if n := facts(t, db); n != 2 {
			t.Errorf("%d rows are written, want two", n)
		}
	})
}

func TestAStoreThatTakesNothingHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	db, registry := sqldbtest.SQLite(t), prometheus.NewRegistry()
	var log strings.Builder
	j := newJournal(db, slog.New(slog.NewTextHandler(&log, nil)), registry)
	held, release := make(chan struct{}), make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() { // SQLite's one writer is taken
		_ = db.Tx(t.Context(), func(tx sqldb.Querier) error {
			_, err := sqldb.Exec(context.WithoutCancel(t.Context()), tx, "INSERT INTO setting (name, value) VALUES ($1, $2)", "fact0", "taken")
			close(held)
			<-release
			return err
		})
	})
	<-held
	const noted = 10_000
	for range noted {
		j.Note(fact{"fact0", "taken twice"})
	}
	close(release)
	group.Wait()
	j.Wait()
	const name = "mnemosyne_journal_rows_dropped_total"
	want := "# HELP " + name + " Rows about requests that were not written, because too many waited or the store did not take them.\n# TYPE " +
		name + " counter\n" + name + `{table="setting"} ` + fmt.Sprint(noted) + "\n"
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), name); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "table=setting") {
		t.Errorf("the log says %s", &log)
	}
}
