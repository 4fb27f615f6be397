package ingest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/usage"
)

// sums adds the sums of all times up.
func (w *world) sums(got []ingest.Sum, err error) (out []string) {
	w.t.Helper()
	check(w.t, err)
	all := map[string][3]int64{}
	for _, s := range got {
		of := fmt.Sprint(s.Username, " ", s.Library, "/", s.Owner, " ", s.Status, s.Code)
		n := all[of]
		all[of] = [3]int64{n[0] + s.Jobs, n[1] + s.Chunks, n[2] + s.Bytes}
	}
	for of, n := range all {
		out = append(out, fmt.Sprint(of, n))
	}
	slices.Sort(out)
	return out
}

func TestEndedJobsAreSummedUpByLibraryAndFailure(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		since := usage.Window{Span: usage.Day, Since: usage.Day.Start(time.Now())}
		if got := w.sums(w.SumsOfAll(t.Context(), since)); got != nil {
			t.Errorf("before any job the sums are %q", got)
		}
		cancelled := w.submitText("never.txt", "never read")
		_, err := w.Cancel(t.Context(), w.alice, cancelled.Job.ID)
		check(t, err)
		w.start()
		w.ended(w.submitText("a.txt", "one two").Job.ID)
		w.ended(w.submitText("b.txt", "three four").Job.ID)
		failed := w.submitText("c.txt", "fail:corrupt")
		w.ended(failed.Job.ID)
		_, err = w.Retry(t.Context(), w.alice, failed.Job.ID)
		check(t, err)
		w.ended(failed.Job.ID)
		gone := w.newLibrary(w.bob, library.NewLibrary{Name: "Gone"})
		out, err := w.Submit(t.Context(), w.bob, ingest.Submission{LibraryUID: gone, Filename: "d.txt", Body: strings.NewReader("five")})
		check(t, err)
		w.endedFor(w.bob, out.Job.ID)
		check(t, w.libs.Delete(t.Context(), w.bob, gone))

		alices := []string{"alice Papers/alice done[2 2 17]", "alice Papers/alice failedcorrupt[2 0 24]"}
		if got := w.sums(w.Sums(t.Context(), w.alice.UserID, since)); !slices.Equal(got, alices) {
			t.Errorf("Alice's by day are %q", got)
		}
		all := append(alices, "bob / done[1 1 4]")
		for _, span := range usage.Spans() {
			if got := w.sums(w.SumsOfAll(t.Context(), usage.Window{Span: span, Since: since.Since})); !slices.Equal(got, all) {
				t.Errorf("everybody's by %s are %q", span, got)
			}
		}
		if got := w.sums(w.SumsOfAll(t.Context(), usage.Window{Span: usage.Day, Since: since.Since.AddDate(0, 0, 2)})); got != nil {
			t.Errorf("those of a day to come are %q", got)
		}
	})
}

func (w *world) endedFor(p accounts.Principal, id string) {
	w.t.Helper()
	for _, err := range w.Watch(w.t.Context(), p, id) {
		check(w.t, err)
	}
}

func TestOfManyJobsOfAStatusNoMoreAreCountedThanAnybodyNeeds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		first := w.submitText("first.txt", "x").Job.ID
		const more = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)
INSERT INTO ingest_job (id, library_uid, item_uid, generation, user_id, queue, status, stage, not_before, created_at, updated_at)
SELECT id || i, library_uid, item_uid || i, generation, user_id, queue, status, stage, not_before, created_at, updated_at FROM ingest_job, n WHERE id = $1`
		w.exec(more, first, ingest.CountedMost-2)
		for _, want := range []int64{ingest.CountedMost - 1, ingest.CountedMost, ingest.CountedMost} {
			counts, err := w.Counts(t.Context(), w.alice, ingest.Filter{})
			check(t, err)
			if counts[ingest.StatusQueued] != want {
				t.Errorf("%d jobs are counted, want %d", counts[ingest.StatusQueued], want)
			}
			w.submitText(fmt.Sprint(time.Now().UnixNano(), ".txt"), "x")
		}
	})
}
