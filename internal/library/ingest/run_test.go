package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
)

// gate stops a run at a point the first time it comes there. A frozen one
// stops the keeper of its lease too, as a stopped process does.
type gate struct {
	point   string
	frozen  bool
	reached chan struct{}
	open    chan struct{}
	passed  atomic.Bool
}

func newGate(worker *ingest.Worker, point string) *gate { return newGateOf(worker, point, false) }

func newGateOf(worker *ingest.Worker, point string, frozen bool) *gate {
	g := &gate{point: point, frozen: frozen, reached: make(chan struct{}), open: make(chan struct{})}
	worker.OnPoint(func(p string) {
		if p == g.point && g.passed.CompareAndSwap(false, true) {
			close(g.reached)
			<-g.open
		}
		if p == "keeping" && g.frozen && g.passed.Load() {
			<-g.open
		}
	})
	return g
}

// beforeSeal are the points of a run at which it can still be taken back,
// afterSeal those from which it only goes forward.
func beforeSeal() []string {
	return []string{"fetching", "extracting", "extracted", "chunking", "embedding", "staged", "indexing"}
}
func afterSeal() []string { return []string{"sealed", "published", "committed"} }

func TestACancelAtAnyPointEndsTheJobAndARetryFinishesIt(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for _, point := range beforeSeal() {
			t.Run(point, func(t *testing.T) {
				w := w.with(t)
				worker := w.worker()
				g := newGate(worker, point)
				w.run(worker)
				out := w.submitText("a.txt", prose("x", 200))
				<-g.reached
				j, err := w.Cancel(t.Context(), w.alice, out.Job.ID)
				if err != nil || j.Status != ingest.StatusCancelled || j.FinishedAt == nil {
					t.Fatalf("Cancel = %+v, %v", j, err)
				}
				if again, err := w.Cancel(t.Context(), w.alice, out.Job.ID); err != nil || again.Status != ingest.StatusCancelled {
					t.Errorf("Cancel again = %+v, %v", again, err)
				}
				if i := w.item(out.ItemUID); i.Status != library.ItemFailed || i.ErrorCode != "cancelled" {
					t.Errorf("the item is %s %s", i.Status, i.ErrorCode)
				}
				// The cancelled run still stands at its point while the retry runs.
				retried, err := w.Retry(t.Context(), w.alice, out.Job.ID)
				if err != nil || retried.Status != ingest.StatusQueued || retried.Error != nil {
					t.Fatalf("Retry = %+v, %v", retried, err)
				}
				close(g.open)
				if j := w.ended(out.Job.ID); j.Status != ingest.StatusDone {
					t.Errorf("the retry ended as %+v, %+v", j.Status, j.Error)
				}
				w.whole(out.ItemUID, prose("x", 200))
				w.onlyPublished()
			})
		}
	})
}

// onlyPublished proves that the stores hold the kept generations and no more.
func (w *world) onlyPublished() {
	w.t.Helper()
	r := ingest.NewReconciler(w.Service, ingest.ReconcilerOptions{})
	check(w.t, r.Run(w.t.Context()))
	stats, err := w.graph.Stats(w.t.Context(), w.lib)
	check(w.t, err)
	kept := w.count(`SELECT SUM(g.chunk_count) FROM item_generation g JOIN item i ON i.uid = g.item_uid WHERE i.library_uid = $1`, w.lib)
	if stats.Chunks != kept || stats.Visible != w.count(`SELECT chunk_count FROM library WHERE uid = $1`, w.lib) {
		w.t.Errorf("the index holds %+v, the kept generations have %d chunks", stats, kept)
	}
	if n, want := len(w.objectsLeft()), objectsEach*w.count(`SELECT COUNT(*) FROM item_generation`); int64(n) != want {
		w.t.Errorf("%d objects are stored, want %d", n, want)
	}
}

func TestACancelPastTheSealLetsTheJobGoForward(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for _, point := range afterSeal() {
			t.Run(point, func(t *testing.T) {
				w := w.with(t)
				worker := w.worker()
				g := newGate(worker, point)
				w.run(worker)
				out := w.submitText("a.txt", prose("x", 3))
				<-g.reached
				if j, err := w.Cancel(t.Context(), w.alice, out.Job.ID); err != nil || j.Status == ingest.StatusCancelled {
					t.Errorf("Cancel = %+v, %v", j, err)
				}
				next := w.submitText("a.txt", prose("y", 3))
				close(g.open)
				for _, id := range []string{out.Job.ID, next.Job.ID} {
					if j := w.ended(id); j.Status != ingest.StatusDone {
						t.Errorf("ended as %+v", j)
					}
				}
				w.whole(out.ItemUID, prose("y", 3))
			})
		}
	})
}

func TestANewerSubmissionAtAnyPointWins(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for _, point := range append(beforeSeal(), afterSeal()...) {
			t.Run(point, func(t *testing.T) {
				w := w.with(t)
				worker := w.worker()
				g := newGate(worker, point)
				w.run(worker)
				old := w.submitText("a.txt", prose("old", 40))
				<-g.reached
				next := w.submitText("a.txt", prose("new", 40))
				if point != "sealed" && point != "published" { // those two go first
					if j := w.ended(next.Job.ID); j.Status != ingest.StatusDone {
						t.Errorf("the newer ended as %+v", j)
					}
				}
				close(g.open)
				w.ended(old.Job.ID)
				w.ended(next.Job.ID)
				w.whole(old.ItemUID, prose("new", 40))
			})
		}
	})
}

func TestOnlyWhatFailedOrWasCancelledIsRetried(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		out := w.submitText("a.txt", "text")
		conflict := func(what string) {
			t.Helper()
			if _, err := w.Retry(t.Context(), w.alice, out.Job.ID); !errs.Is(err, errs.Conflict) {
				t.Errorf("Retry of a %s job = %v, want Conflict", what, err)
			}
		}
		conflict("queued")
		worker := w.worker()
		g := newGate(worker, "embedding")
		w.run(worker)
		<-g.reached
		conflict("running")
		close(g.open)
		w.ended(out.Job.ID)
		conflict("done")

		out = w.submitText("b.txt", "fail: corrupt")
		w.ended(out.Job.ID)
		j, err := w.Retry(t.Context(), w.alice, out.Job.ID)
		if err != nil || j.Status != ingest.StatusQueued || j.Attempts != 0 || j.FinishedAt != nil {
			t.Errorf("Retry of a failed job = %+v, %v", j, err)
		}
		if j := w.ended(out.Job.ID); j.Status != ingest.StatusFailed || j.Error.Code != document.CodeCorrupt {
			t.Errorf("the retry ended as %+v", j)
		}
		check(t, w.libs.DeleteItem(t.Context(), w.alice, out.ItemUID))
		conflict("deleted document's")
		check(t, ingest.NewReconciler(w.Service, ingest.ReconcilerOptions{}).Run(t.Context()))
		conflict("purged document's")
	})
}

func TestABrokenFileFailsItsOwnJobAtOnceWithItsCode(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.start()
		good := w.submitText("good.txt", prose("good", 2))
		codes := []string{
			document.CodeUnsupportedType, document.CodePasswordRequired, document.CodeCorrupt, document.CodeTooLarge,
			document.CodeEmpty, document.CodeNoText, document.CodeTimedOut, document.CodeOutOfMemory,
		}
		for _, code := range codes {
			out := w.submitText(code, "fail: "+code)
			j := w.ended(out.Job.ID)
			if j.Status != ingest.StatusFailed || j.Attempts != 1 || j.Stage != ingest.StageExtracting ||
				*j.Error != (ingest.JobError{Code: code, Detail: "This file says so."}) {
				t.Errorf("%s ended as %+v %+v", code, j, j.Error)
			}
			if i := w.item(out.ItemUID); i.Status != library.ItemFailed || i.ErrorCode != code {
				t.Errorf("the item of %s is %s %s", code, i.Status, i.ErrorCode)
			}
		}
		w.ended(good.Job.ID)
		w.whole(good.ItemUID, prose("good", 2))
	})
}

func TestAFailedNewVersionLeavesTheOldOneReadable(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.start()
		out := w.submitText("a.txt", prose("good", 2))
		w.ended(out.Job.ID)
		w.ended(w.submitText("a.txt", "fail: corrupt").Job.ID)
		w.whole(out.ItemUID, prose("good", 2))
		if i := w.item(out.ItemUID); i.ErrorCode != document.CodeCorrupt || i.Status != library.ItemReady {
			t.Errorf("the item is %+v", i)
		}
	})
}

func TestAPassingFaultIsTriedAgainAndALastingOneFails(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		var left atomic.Int64
		left.Store(2)
		w.embedder.fail = func() error {
			if left.Add(-1) >= 0 {
				return errors.New("connection refused")
			}
			return nil
		}
		w.start()
		out := w.submitText("a.txt", prose("x", 2))
		if j := w.ended(out.Job.ID); j.Status != ingest.StatusDone || j.Attempts != 3 {
			t.Errorf("after two faults: %+v", j)
		}
		if n := w.extract.calls.Load(); n != 1 {
			t.Errorf("the text was extracted %d times", n)
		}
		left.Store(1 << 40)
		out = w.submitText("b.txt", prose("x", 2))
		j := w.ended(out.Job.ID)
		if j.Status != ingest.StatusFailed || j.Attempts != 5 || j.Error.Code != ingest.CodeEmbedderFailed || j.Stage != ingest.StageEmbedding {
			t.Errorf("a lasting fault ended as %+v %+v", j, j.Error)
		}
		left.Store(0)
		if _, err := w.Retry(t.Context(), w.alice, out.Job.ID); err != nil {
			t.Error(err)
		}
		if j := w.ended(out.Job.ID); j.Status != ingest.StatusDone || j.Attempts != 1 {
			t.Errorf("the retry ended as %+v", j)
		}
	})
}

func TestStoppingFinishesWhatRunsOrGivesItBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		worker := w.worker()
		g := newGate(worker, "embedding")
		stop := w.run(worker)
		out := w.submitText("a.txt", prose("x", 2))
		<-g.reached
		close(g.open)
		stop()
		if j := w.mustJob(out.Job.ID); j.Status != ingest.StatusDone {
			t.Errorf("after a stop with time to drain the job is %+v", j)
		}
	})
	each(t, func(t *testing.T, w *world) {
		begun := make(chan struct{})
		var once sync.Once
		var parts atomic.Int64
		w.embedder.wait = func(ctx context.Context) error {
			if parts.Add(1) == 2 {
				once.Do(func() { close(begun) })
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}
		stop := w.run(w.worker(func(o *ingest.WorkerOptions) { o.Drain = time.Millisecond }))
		out := w.submitText("a.txt", prose("x", 100))
		<-begun
		stop()
		j := w.mustJob(out.Job.ID)
		if j.Status != ingest.StatusQueued || j.Attempts != 0 || w.count(`SELECT COUNT(*) FROM ingest_job WHERE lease_token IS NOT NULL OR crashes > 0`) != 0 {
			t.Fatalf("after a stop without time the job is %+v", j)
		}
		done := w.embedder.calls.Load()
		w.start()
		if j := w.ended(out.Job.ID); j.Status != ingest.StatusDone || w.embedder.calls.Load() != j.Counts.Chunks || done == 0 || w.extract.calls.Load() != 1 {
			t.Errorf("it went on to %+v; embedded %d before and %d in all, extracted %d times", j, done, w.embedder.calls.Load(), w.extract.calls.Load())
		}
		w.whole(out.ItemUID, prose("x", 100))
	})
}

func TestADeletedDocumentEndsItsJobAtAnyPointAndLeavesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for _, point := range append(beforeSeal(), afterSeal()...) {
			for _, what := range []string{"item", "library"} {
				t.Run(point+" "+what, func(t *testing.T) {
					w.with(t).deleteAt(point, what == "library")
				})
			}
		}
	})
}

func (w *world) deleteAt(point string, whole bool) {
	w.t.Helper()
	stop := w.run(w.worker())
	w.ended(w.submitText("kept.txt", "fail: corrupt").Job.ID)
	stop()
	worker := w.worker()
	g := newGate(worker, point)
	stop = w.run(worker)
	out := w.submitText("a.txt", prose("x", 200))
	<-g.reached
	if whole {
		check(w.t, w.libs.Delete(w.t.Context(), w.alice, w.lib))
	} else {
		check(w.t, w.libs.DeleteItem(w.t.Context(), w.alice, out.ItemUID))
	}
	r := ingest.NewReconciler(w.Service, ingest.ReconcilerOptions{Grace: time.Nanosecond, SweepEvery: time.Nanosecond})
	check(w.t, r.Run(w.t.Context()))
	close(g.open)
	stop()
	check(w.t, r.Run(w.t.Context()))
	w.noResidue(out.ItemUID, whole)
}

func (w *world) noResidue(item string, all bool) {
	w.t.Helper()
	stats, err := w.graph.Stats(w.t.Context(), w.lib)
	check(w.t, err)
	if stats.Items != 0 || stats.Chunks != 0 || stats.Vectors != 0 {
		w.t.Errorf("the index holds %+v", stats)
	}
	for _, table := range []string{"item WHERE uid", "item_generation WHERE item_uid"} {
		if n := w.count(`SELECT COUNT(*) FROM `+table+` = $1`, item); n != 0 {
			w.t.Errorf("%d rows are left in %s", n, table)
		}
	}
	keys := slices.DeleteFunc(w.objectsLeft(), func(key string) bool { return !strings.HasPrefix(key, w.lib) })
	if open := w.count(`SELECT COUNT(*) FROM ingest_job WHERE status IN ('queued', 'running')`); open != 0 {
		w.t.Errorf("%d jobs are open", open)
	}
	if all {
		if held, err := w.graph.Libraries(w.t.Context()); err != nil || slices.Contains(held, w.lib) {
			w.t.Errorf("the index still has a file of the library, %v", err)
		}
		if n := w.count(`SELECT COUNT(*) FROM library WHERE uid = $1`, w.lib) + w.count(`SELECT COUNT(*) FROM ingest_job WHERE library_uid = $1`, w.lib); n != 0 || len(keys) != 0 {
			w.t.Errorf("%d rows and the objects %v are left", n, keys)
		}
		return
	}
	if len(keys) != 1 {
		w.t.Errorf("the objects %v are left, want the other document's one", keys)
	}
	if j := w.count(`SELECT COUNT(*) FROM ingest_job WHERE item_uid = $1 AND status IN ('cancelled', 'done')`, item); j != 1 {
		w.t.Errorf("%d jobs of the document ended, want its one", j)
	}
}

func TestWatchShowsEachStageAndTheEnd(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		worker := w.worker()
		g := newGate(worker, "staged")
		w.run(worker)
		out := w.submitText("a.txt", prose("x", 200))
		var seen []string
		opened := false
		for j, err := range w.Watch(t.Context(), w.alice, out.Job.ID) {
			check(t, err)
			seen = append(seen, fmt.Sprint(j.Status, " ", j.Stage))
			if j.Stage == ingest.StageEmbedding && !opened { // shown while the run stands still
				if j.Progress.Total == 0 || j.Counts.Chunks != j.Progress.Total || j.Progress.Unit != "chunks" {
					t.Errorf("while embedding: %+v, %+v", j.Progress, j.Counts)
				}
				opened = true
				close(g.open)
			}
		}
		if last := seen[len(seen)-1]; last != "done indexing" || !opened {
			t.Errorf("seen: %s", strings.Join(seen, ", "))
		}
		for _, err := range w.Watch(t.Context(), w.bob, out.Job.ID) {
			if !errs.Is(err, errs.NotFound) {
				t.Errorf("to a stranger: %v", err)
			}
		}
		for j, err := range w.Watch(t.Context(), w.alice, out.Job.ID) {
			if err != nil || j.Status != ingest.StatusDone {
				t.Errorf("after the end: %+v, %v", j, err)
			}
		}
	})
}
