package ingest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
)

// named lists what a filter lets through, by file names.
func (w *world) named(p accounts.Principal, f ingest.Filter) string {
	w.t.Helper()
	jobs, _, err := w.Jobs(w.t.Context(), p, f)
	check(w.t, err)
	names := make([]string, len(jobs))
	for i, j := range jobs {
		names[i] = j.Filename
	}
	return strings.Join(names, " ")
}

func TestAListOfJobsIsNarrowedByNamePersonAndTime(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		_, err := w.libs.PutMember(t.Context(), w.alice, w.lib, "bob", library.RoleManager)
		check(t, err)
		w.submitText("Report 100%.txt", "x")
		w.submitText("report_a.txt", "y")
		third := w.submitText("notes.txt", "z").Job
		_, err = w.Submit(t.Context(), w.bob, ingest.Submission{LibraryUID: w.lib, Filename: "bobs.txt", Title: "A Report", Body: strings.NewReader("b")})
		check(t, err)
		for _, row := range []struct {
			filter ingest.Filter
			want   string
		}{
			{ingest.Filter{Name: "REPORT"}, "bobs.txt report_a.txt Report 100%.txt"},
			{ingest.Filter{Name: "0%"}, "Report 100%.txt"},
			{ingest.Filter{Name: "t_a"}, "report_a.txt"},
			{ingest.Filter{Name: "!"}, ""},
			{ingest.Filter{Name: `\'; DROP TABLE`}, ""},
			{ingest.Filter{Username: "bob"}, "bobs.txt"},
			{ingest.Filter{Username: "nobody"}, ""},
			{ingest.Filter{Until: third.CreatedAt}, "report_a.txt Report 100%.txt"},
			{ingest.Filter{Since: third.CreatedAt}, "bobs.txt notes.txt"},
			{ingest.Filter{Since: third.CreatedAt, Until: third.CreatedAt.Add(time.Microsecond)}, "notes.txt"},
		} {
			row.filter.LibraryUID = w.lib
			if got := w.named(w.alice, row.filter); got != row.want {
				t.Errorf("%+v lists %q, want %q", row.filter, got, row.want)
			}
		}
		jobs, _, err := w.Jobs(t.Context(), w.alice, ingest.Filter{LibraryUID: w.lib, Limit: 2})
		check(t, err)
		if jobs[0].Username != "bob" || jobs[1].Username != "alice" {
			t.Errorf("submitted by %q and %q", jobs[0].Username, jobs[1].Username)
		}
	})
}

func TestAListOfJobsIsReadUpwardsFromACursor(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		var all []ingest.Job
		for n := range 5 {
			all = append(all, *w.submitText(fmt.Sprint(n), "x").Job)
		}
		f := ingest.Filter{LibraryUID: w.lib, Cursor: ingest.CursorOf(all[0]), Newer: true, Limit: 2}
		if got := w.named(w.alice, f); got != "2 1" {
			t.Errorf("above the oldest are %q", got)
		}
		_, next, err := w.Jobs(t.Context(), w.alice, f)
		check(t, err)
		f.Cursor = next
		if got := w.named(w.alice, f); got != "4 3" {
			t.Errorf("above these are %q", got)
		}
		if _, next, err = w.Jobs(t.Context(), w.alice, f); err != nil || next != "" {
			t.Errorf("above all is %q, %v", next, err)
		}
	})
}

func TestJobsAreCountedByStatusForThoseWhoMayReadThem(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.submitText("one.txt", "x")
		ended := w.submitText("two.txt", "y").Job
		_, err := w.Cancel(t.Context(), w.alice, ended.ID)
		check(t, err)
		counts, err := w.Counts(t.Context(), w.alice, ingest.Filter{LibraryUID: w.lib, Status: ingest.StatusDone})
		if err != nil || counts[ingest.StatusQueued] != 1 || counts[ingest.StatusCancelled] != 1 || len(counts) != 2 {
			t.Errorf("counted %v, %v", counts, err)
		}
		if counts, err = w.Counts(t.Context(), w.alice, ingest.Filter{LibraryUID: w.lib, Name: "two"}); err != nil || len(counts) != 1 {
			t.Errorf("of one name there are %v, %v", counts, err)
		}
		if counts, err = w.Counts(t.Context(), w.bob, ingest.Filter{LibraryUID: w.lib}); err != nil || len(counts) != 0 {
			t.Errorf("a stranger counts %v, %v", counts, err)
		}
		for who, want := range map[*accounts.Principal]int64{&w.alice: 1, &w.bob: 0} {
			if n, err := w.Unfinished(t.Context(), *who, []string{w.lib, "none"}); err != nil || n != want {
				t.Errorf("%s sees %d unfinished jobs, %v", who.Username, n, err)
			}
		}
	})
}

func TestAllJobsOfAFilterAreCancelledAndFailedOnesRetried(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		var failed []string
		for n := range 3 {
			failed = append(failed, w.submitText(fmt.Sprintf("bad%d.txt", n), "fail: corrupt").Job.ID)
		}
		stop := w.run(w.worker())
		for _, id := range failed {
			w.ended(id)
		}
		stop()
		superseded := w.submitText("bad0.txt", "good now").Job.ID
		_, err := w.Cancel(t.Context(), w.alice, superseded)
		check(t, err)
		f := ingest.Filter{LibraryUID: w.lib, Name: "bad"}
		for _, all := range []func(context.Context, accounts.Principal, ingest.Filter) (ingest.Bulk, error){w.RetryAll, w.CancelAll} {
			if got, err := all(t.Context(), w.bob, f); err != nil || got != (ingest.Bulk{}) {
				t.Errorf("a stranger's act comes to %+v, %v", got, err)
			}
		}
		if got, err := w.RetryAll(t.Context(), w.alice, f); err != nil || got != (ingest.Bulk{Done: 2, Passed: 1}) {
			t.Errorf("retrying comes to %+v, %v", got, err)
		}
		counts, err := w.Counts(t.Context(), w.alice, f)
		if err != nil || counts[ingest.StatusQueued] != 2 || counts[ingest.StatusFailed] != 1 {
			t.Errorf("then there are %v, %v", counts, err)
		}
		w.submitText("other.txt", "x")
		if got, err := w.CancelAll(t.Context(), w.alice, f); err != nil || got != (ingest.Bulk{Done: 2}) {
			t.Errorf("cancelling comes to %+v, %v", got, err)
		}
		if got := w.named(w.alice, ingest.Filter{LibraryUID: w.lib, Status: ingest.StatusQueued}); got != "other.txt" {
			t.Errorf("what waits is %q", got)
		}
	})
}

func TestMoreJobsThanOneGoTakesAreLeftAndSaid(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for i := range 510 {
			w.submitText(fmt.Sprintf("%d.txt", i), "x")
		}
		f := ingest.Filter{LibraryUID: w.lib}
		if got, err := w.CancelAll(t.Context(), w.alice, f); err != nil || got != (ingest.Bulk{Done: 500, Rest: true}) {
			t.Errorf("the first go comes to %+v, %v", got, err)
		}
		if got, err := w.CancelAll(t.Context(), w.alice, f); err != nil || got != (ingest.Bulk{Done: 10}) {
			t.Errorf("the second comes to %+v, %v", got, err)
		}
	})
}
