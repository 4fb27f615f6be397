package searchlog_test

import (
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/searchlog"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

// BenchmarkRecordSearch is what a search waits for when it is logged; the row is
// written beside it. Run it with -benchtime 4000x: beyond that rows are dropped.
func BenchmarkRecordSearch(b *testing.B) {
	l := searchlog.New(searchlog.Options{DB: sqldbtest.SQLite(b), Log: quiet})
	r := aSearch("words")
	for b.Loop() {
		l.RecordSearch(r)
	}
	l.Wait()
}
