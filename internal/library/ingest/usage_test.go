package ingest_test

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
	"git.helu.ca/r/mnemosyne/internal/usage"
)

func TestEndedJobsAreSummedUpByLibraryAndFailure(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		noon := time.Date(2026, 5, 1, 12, 30, 0, 0, time.UTC)
		exec := func(statement string, args ...any) {
			t.Helper()
			if _, err := sqldb.Exec(t.Context(), db.Write(), statement, args...); err != nil {
				t.Fatal(err)
			}
		}
		for _, user := range []string{"ann", "bob"} {
			exec(`INSERT INTO auth_user (id, username, username_key, created_at, updated_at) VALUES ($1, $1, $1, $2, $2)`, user, sqldb.At(noon))
		}
		exec(`INSERT INTO library (uid, name, library_type, owner_username, created_at, updated_at) VALUES ('l1', 'Papers', 'technical', 'ann', $1, $1)`, sqldb.At(noon))
		exec(`INSERT INTO library (uid, name, library_type, created_at, updated_at, deleted_at) VALUES ('l2', 'Gone', 'technical', $1, $1, $1)`, sqldb.At(noon))
		jobs := 0
		job := func(at time.Time, user, library string, status ingest.Status, code string, chunks, size int) {
			t.Helper()
			jobs++
			id := fmt.Sprint("j", jobs)
			var finished *time.Time
			if status.Ended() {
				finished = &at
			}
			exec(`INSERT INTO ingest_job (id, library_uid, item_uid, generation, user_id, queue, status, stage, not_before, error_code, chunks, created_at, finished_at, updated_at)
				VALUES ($1, $2, $1, 1, $3, 'celery', $4, 'indexing', $5, $6, $7, $5, $8, $5)`,
				id, library, user, string(status), sqldb.At(at), code, chunks, sqldb.AtPtr(finished))
			if size > 0 {
				exec(`INSERT INTO item (uid, library_uid, filename, status, created_at, updated_at) VALUES ($1, $2, $1, 'ready', $3, $3)`, id, library, sqldb.At(at))
				exec(`INSERT INTO item_generation (item_uid, generation, status, original_key, content_hash, size_bytes, created_at) VALUES ($1, 1, 'published', $1, '', $2, $3)`, id, size, sqldb.At(at))
			}
		}
		job(noon, "ann", "l1", ingest.StatusDone, "", 5, 3_000_000_000)
		job(noon.Add(10*time.Minute), "ann", "l1", ingest.StatusDone, "", 7, 50)
		job(noon.Add(40*time.Minute), "ann", "l1", ingest.StatusFailed, "corrupt", 0, 10)
		job(noon.Add(24*time.Hour), "ann", "l2", ingest.StatusDone, "", 1, 0)
		job(noon, "bob", "l1", ingest.StatusCancelled, "", 0, 0)
		job(noon, "bob", "l1", ingest.StatusQueued, "", 0, 0)
		s := ingest.New(ingest.Options{DB: db, Log: slog.New(slog.DiscardHandler)})
		list := func(sums []ingest.Sum, err error) (out []string) {
			if err != nil {
				t.Error(err)
			}
			for _, s := range sums {
				out = append(out, fmt.Sprint(s.At.Format("02T15 "), s.Username, " ", s.Library, "/", s.Owner, " ", s.Status, s.Code, []int64{s.Jobs, s.Chunks, s.Bytes}))
			}
			return out
		}
		day := usage.Window{Span: usage.Day, Since: usage.Day.Start(noon)}
		want := []string{"01T00 ann Papers/ann done[2 12 3000000050]", "01T00 ann Papers/ann failedcorrupt[1 0 10]", "02T00 ann / done[1 1 0]"}
		if got := list(s.Sums(t.Context(), "ann", day)); !slices.Equal(got, want) {
			t.Errorf("Ann's by day are %q", got)
		}
		want = []string{
			"01T12 ann Papers/ann done[2 12 3000000050]", "01T12 bob Papers/ann cancelled[1 0 0]",
			"01T13 ann Papers/ann failedcorrupt[1 0 10]", "02T12 ann / done[1 1 0]",
		}
		if got := list(s.SumsOfAll(t.Context(), usage.Window{Span: usage.Hour, Since: usage.Hour.Start(noon)})); !slices.Equal(got, want) {
			t.Errorf("everybody's by hour are %q", got)
		}
		if got := list(s.SumsOfAll(t.Context(), usage.Window{Span: usage.Day, Since: usage.Day.Start(noon.Add(24 * time.Hour))})); len(got) != 1 {
			t.Errorf("those of the second day are %q", got)
		}
	})
}
