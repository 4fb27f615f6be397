package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/queue"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

func TestWhatNoRowKnowsIsSweptAndWhatIsYoungIsKept(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.start()
		out := w.submitText("a.txt", prose("x", 2))
		w.ended(out.Job.ID)
		orphan := w.lib + "/" + uuid.NewString() + "/original"
		_, err := w.objects.Put(t.Context(), orphan, strings.NewReader("never accepted"))
		check(t, err)
		_, err = w.objects.Put(t.Context(), "backup/original", strings.NewReader("somebody else's"))
		check(t, err)
		chunks := []library.IndexChunk{{Text: "late", End: 4, Hash: "h", Space: "hash/16", Vector: w.embedder.vector("late")}}
		for _, ref := range []library.GenerationRef{{LibraryUID: w.lib, ItemUID: uuid.NewString(), Generation: 1}, {LibraryUID: w.lib, ItemUID: out.ItemUID, Generation: 7}} {
			check(t, w.graph.Stage(t.Context(), ref, chunks))
		}
		check(t, ingest.NewReconciler(w.Service, ingest.ReconcilerOptions{}).Run(t.Context()))
		if !slices.Contains(w.objectsLeft(), orphan) {
			t.Error("an object that may still be accepted is gone")
		}
		check(t, ingest.NewReconciler(w.Service, ingest.ReconcilerOptions{Grace: time.Nanosecond}).Run(t.Context()))
		if slices.Contains(w.objectsLeft(), orphan) {
			t.Error("the orphan is still there")
		}
		if !slices.Contains(w.objectsLeft(), "backup/original") {
			t.Error("what others keep is gone")
		}
		check(t, w.objects.Delete(t.Context(), "backup/original"))
		w.onlyPublished()
		w.whole(out.ItemUID, prose("x", 2))
	})
}

func TestAnEmptyDatabaseSweepsNothingAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	stop := w.run(w.worker())
	w.ended(w.submitText("a.txt", prose("x", 2)).Job.ID)
	stop()
	before := w.objectsLeft()
	empty := ingest.New(ingest.Options{DB: sqldbtest.SQLite(t), Graph: w.graph, Objects: w.objects, Queue: queue.NewInProcess(), Log: testLog()})
	check(t, ingest.NewReconciler(empty, ingest.ReconcilerOptions{Grace: time.Nanosecond}).Run(t.Context()))
	held, err := w.graph.Libraries(t.Context())
	if after := w.objectsLeft(); len(before) != objectsEach || len(after) != objectsEach || err != nil || !slices.Equal(held, []string{w.lib}) {
		t.Errorf("of %v are left %v, of the index %v, %v", before, after, held, err)
	}
}

func TestObjectsOfAnotherInstallationAreNotSwept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	stop := w.run(w.worker())
	w.ended(w.submitText("a.txt", prose("x", 2)).Job.ID)
	stop()
	orphan := w.lib + "/" + uuid.NewString() + "/original"
	_, err := w.objects.Put(t.Context(), orphan, strings.NewReader("the other's"))
	check(t, err)
	of := func(store string) error {
		s := ingest.New(ingest.Options{DB: w.db, Graph: w.graph, Objects: w.objects, Queue: queue.NewInProcess(), Store: store, Log: testLog()})
		_, residue := s.Residue(t.Context(), time.Nanosecond)
		return errors.Join(ingest.NewReconciler(s, ingest.ReconcilerOptions{Grace: time.Nanosecond}).Run(t.Context()), residue)
	}
	_, err = w.objects.Put(t.Context(), "mnemosyne-installation", strings.NewReader("theirs\n"))
	check(t, err)
	if err := of("ours"); !errs.Is(err, errs.Conflict) || !slices.Contains(w.objectsLeft(), orphan) {
		t.Errorf("objects of another are swept: %v, left %v", err, w.objectsLeft())
	}
	check(t, w.objects.Delete(t.Context(), "mnemosyne-installation"))
	check(t, of("ours"))
	if slices.Contains(w.objectsLeft(), orphan) {
		t.Error("objects that nobody has marked are not swept")
	}
	if err := of("theirs"); !errs.Is(err, errs.Conflict) {
		t.Errorf("objects that were claimed are another's, too: %v", err)
	}
}

func TestTheIndexOfALibraryThatNoRowKnowsIsSwept(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		gone := uuid.NewString() // a worker wrote it late, and died
		chunks := []library.IndexChunk{{Text: "late", End: 4, Hash: "h", Space: "hash/16", Vector: w.embedder.vector("late")}}
		for _, uid := range []string{gone, w.lib} {
			check(t, w.graph.Stage(t.Context(), library.GenerationRef{LibraryUID: uid, ItemUID: uuid.NewString(), Generation: 1}, chunks))
		}
		copied := filepath.Join(w.graph.Where(), gone+"-copy.db")
		check(t, os.WriteFile(copied, nil, 0o600))
		check(t, ingest.NewReconciler(w.Service, ingest.ReconcilerOptions{}).Run(t.Context()))
		held, err := w.graph.Libraries(t.Context())
		if want := []string{gone + "-copy", w.lib}; err != nil || len(held) != 2 || slices.Contains(held, gone) {
			t.Errorf("the index holds %v, %v, want %v in some order", held, err, want)
		}
	})
}

func TestADamagedIndexKeepsNoOtherLibraryFromBeingPurged(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		stop := w.run(w.worker())
		// Whichever comes first in any order, one of them stands behind a damaged one.
		libs := []string{w.lib, w.newLibrary(w.alice, library.NewLibrary{Name: "Damaged"}), w.newLibrary(w.alice, library.NewLibrary{Name: "Well"})}
		for _, lib := range libs {
			for _, name := range []string{"a", "b", "c"} {
				out := w.submit(ingest.Submission{LibraryUID: lib, Filename: name, Body: strings.NewReader(prose(name, 2))})
				w.ended(out.Job.ID)
				check(t, w.libs.DeleteItem(t.Context(), w.alice, out.ItemUID))
			}
		}
		stop()
		path := filepath.Join(w.graph.Where(), libs[1]+".db")
		check(t, w.graph.DeleteLibrary(t.Context(), libs[1]))
		check(t, os.WriteFile(path, []byte(strings.Repeat("no database ", 1000)), 0o600))
		if err := ingest.NewReconciler(w.Service, ingest.ReconcilerOptions{}).Run(t.Context()); err == nil {
			t.Error("nothing is said of the damaged index")
		}
		if n := w.count(`SELECT COUNT(*) FROM item WHERE library_uid <> $1`, libs[1]); n != 0 {
			t.Errorf("%d items of other libraries are left", n)
		}
		if n := w.count(`SELECT COUNT(*) FROM item`); n != 3 {
			t.Errorf("%d items are left, want those that could not be purged", n)
		}
	})
}

// slowDelete is an index that takes its time to delete a library.
type slowDelete struct {
	library.Graph

	reached chan struct{}
	goOn    chan struct{}
}

func (s *slowDelete) DeleteLibrary(ctx context.Context, uid string) error {
	close(s.reached)
	select {
	case <-s.goOn:
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.Graph.DeleteLibrary(ctx, uid)
}

func TestAPurgeThatTakesLongKeepsNothingElseWaiting(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		slow := &slowDelete{reached: make(chan struct{}), goOn: make(chan struct{})}
		w := newWorld(t, db, func(o *ingest.Options) { slow.Graph, o.Graph = o.Graph, slow })
		w.libs.PurgeBy(w.Service)
		w.start()
		large := w.newLibrary(w.alice, library.NewLibrary{Name: "Large"})
		out := w.submitText("a.txt", prose("x", 2))
		w.ended(out.Job.ID)
		w.run(ingest.NewReconciler(w.Service, ingest.ReconcilerOptions{Every: 10 * time.Millisecond}))
		check(t, w.libs.Delete(t.Context(), w.alice, large))
		<-slow.reached
		check(t, w.libs.DeleteItem(t.Context(), w.alice, out.ItemUID))
		w.until(func() bool { return w.count(`SELECT COUNT(*) FROM item`) == 0 })
		if n := w.count(`SELECT COUNT(*) FROM library WHERE deleted_at IS NOT NULL`); n != 1 {
			t.Errorf("%d libraries are being deleted, want 1", n)
		}
		close(slow.goOn)
		w.until(func() bool { return w.count(`SELECT COUNT(*) FROM library WHERE deleted_at IS NOT NULL`) == 0 })
	})
}

func TestTwoReconcilersSideBySideFinishEverythingOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.start()
		var items []string
		for i := range 8 {
			out := w.submitText(fmt.Sprintf("%d.txt", i), prose(fmt.Sprint("x", i), 2))
			w.ended(out.Job.ID)
			items = append(items, out.ItemUID)
		}
		for _, item := range items[1:] {
			check(t, w.libs.DeleteItem(t.Context(), w.alice, item))
		}
		gone := w.newLibrary(w.alice, library.NewLibrary{Name: "Gone"})
		w.ended(w.submit(ingest.Submission{LibraryUID: gone, Filename: "a", Body: strings.NewReader(prose("y", 2))}).Job.ID)
		check(t, w.libs.Delete(t.Context(), w.alice, gone))
		faults := make(chan error, 2)
		for range 2 {
			go func() { faults <- ingest.NewReconciler(w.Service, ingest.ReconcilerOptions{}).Run(t.Context()) }()
		}
		check(t, errors.Join(<-faults, <-faults))
		if n := w.count(`SELECT COUNT(*) FROM item`) + w.count(`SELECT COUNT(*) FROM library WHERE deleted_at IS NOT NULL`); n != 1 {
			t.Errorf("%d items and deleted libraries are left, want the one item that was not deleted", n)
		}
		w.onlyPublished()
		w.whole(items[0], prose("x0", 2))
	})
}

func TestEndedJobsAndTheirStepsAreForgottenInTime(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.start()
		done, failed := w.submitText("a.txt", prose("x", 2)), w.submitText("b.txt", "fail: corrupt")
		w.ended(done.Job.ID)
		w.ended(failed.Job.ID)
		r := func(o ingest.ReconcilerOptions) {
			t.Helper()
			check(t, ingest.NewReconciler(w.Service, o).Run(t.Context()))
		}
		r(ingest.ReconcilerOptions{})
		if w.count(`SELECT COUNT(*) FROM job_event`) == 0 {
			t.Fatal("young steps are gone")
		}
		r(ingest.ReconcilerOptions{KeepEvents: time.Nanosecond})
		if events, jobs := w.count(`SELECT COUNT(*) FROM job_event`), w.count(`SELECT COUNT(*) FROM ingest_job`); events != 0 || jobs != 2 {
			t.Errorf("%d steps and %d jobs are left, want 0 and 2", events, jobs)
		}
		r(ingest.ReconcilerOptions{KeepJobs: time.Nanosecond})
		// A job that can still be retried stays.
		if w.count(`SELECT COUNT(*) FROM ingest_job`) != 1 || w.mustJob(failed.Job.ID).Status != ingest.StatusFailed {
			t.Error("left is not the failed job alone")
		}
	})
}

// lasting is a queue whose wake-ups outlive the process; while down it takes none.
type lasting struct {
	*queue.InProcess
	down atomic.Bool
	sent atomic.Int64
}

func (q *lasting) Lasting() bool { return true }

func (q *lasting) Wake(ctx context.Context, name, id string) error {
	if q.down.Load() {
		return errors.New("connection refused")
	}
	q.sent.Add(1)
	return q.InProcess.Wake(ctx, name, id)
}

func TestWakeUpsThatWereNotSentAreSentByTheReconcilerOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		broker := &lasting{InProcess: queue.NewInProcess()}
		s := openWorld(t, w.db, t.TempDir(), func(o *ingest.Options) { o.Queue = broker })
		s.alice, s.lib = w.alice, w.lib
		broker.down.Store(true)
		out := s.submitText("a.txt", prose("x", 2))
		r := ingest.NewReconciler(s.Service, ingest.ReconcilerOptions{SendAfter: time.Nanosecond})
		if r.Run(t.Context()) == nil {
			t.Error("the reconciler does not say that the broker takes nothing")
		}
		broker.down.Store(false)
		for range 3 {
			check(t, r.Run(t.Context()))
		}
		if sent := broker.sent.Load(); sent != 1 {
			t.Errorf("the wake-up was sent %d times", sent)
		}
		s.start()
		if j := s.ended(out.Job.ID); j.Status != ingest.StatusDone {
			t.Errorf("the job ended as %+v", j)
		}
	})
}

// bucket is another system's store.
type bucket struct {
	objects map[string]string
	opened  atomic.Int64
	down    atomic.Bool
}

func (b *bucket) Bucket() string { return "theirs" }

func (b *bucket) Allowed(p accounts.Principal, key string) bool {
	return strings.HasPrefix(key, "users/"+p.Username+"/")
}

func (b *bucket) Open(_ context.Context, key string) (io.ReadCloser, int64, error) {
	b.opened.Add(1)
	if b.down.Load() {
		return nil, 0, &ingest.Failure{Code: ingest.CodeSourceUnreachable, Detail: "The bucket does not answer.", Passing: true}
	}
	text, ok := b.objects[key]
	if !ok {
		return nil, 0, &ingest.Failure{Code: ingest.CodeSourceMissing, Detail: "There is no such object."}
	}
	return io.NopCloser(strings.NewReader(text)), int64(len(text)), nil
}

func TestADocumentIsFetchedFromAnotherSystemsBucket(t *testing.T) {
	t.Parallel()
	text := prose("x", 40)
	each(t, func(t *testing.T, w *world) {
		theirs := &bucket{objects: map[string]string{"users/alice/a.txt": text, "users/alice/large": strings.Repeat("x", 1<<20+1), "users/alice/none": ""}}
		s := openWorld(t, w.db, t.TempDir(), func(o *ingest.Options) { o.Source, o.MaxUploadBytes = theirs, 1<<20 })
		s.alice, s.lib = w.alice, w.lib
		s.start()
		theirs.down.Store(true)
		out := s.submit(ingest.Submission{S3Key: "users/alice/a.txt", FileID: "1"})
		if j := s.ended(out.Job.ID); j.Error == nil || j.Error.Code != ingest.CodeSourceUnreachable || j.Attempts != 5 {
			t.Errorf("an unreachable bucket ended as %+v %+v", j, j.Error)
		}
		theirs.down.Store(false)
		_, err := s.Retry(t.Context(), s.alice, out.Job.ID)
		check(t, err)
		if j := s.ended(out.Job.ID); j.Status != ingest.StatusDone || j.Filename != "a.txt" {
			t.Fatalf("ended as %+v %+v", j, j.Error)
		}
		s.whole(out.ItemUID, text)
		if i := s.item(out.ItemUID); i.ContentHash != digest(text) || i.Source != "s3://theirs/users/alice/a.txt" {
			t.Errorf("the item is %+v", i)
		}
		again := s.submit(ingest.Submission{S3Key: "users/alice/a.txt", FileID: "1"})
		if j := s.ended(again.Job.ID); j.Status != ingest.StatusDone || j.Counts.Chunks != 0 || s.item(out.ItemUID).Generation == j.Generation {
			t.Errorf("the same content fetched again ended as %+v", j)
		}
		opened := theirs.opened.Load()
		if known := s.submit(ingest.Submission{S3Key: "users/alice/a.txt", FileID: "1", ContentHash: digest(text)}); !known.Unchanged || theirs.opened.Load() != opened {
			t.Errorf("content whose hash is known gave %+v", known)
		}
		theirs.objects["users/alice/late.txt"] = "not yet"
		late := s.submit(ingest.Submission{S3Key: "users/alice/late.txt", ContentHash: digest(text)})
		if j := s.ended(late.Job.ID); j.Error == nil || j.Error.Code != ingest.CodeHashMismatch {
			t.Errorf("other bytes than were meant ended as %+v %+v", j, j.Error)
		}
		theirs.objects["users/alice/late.txt"] = text
		_, err = s.Retry(t.Context(), s.alice, late.Job.ID)
		check(t, err)
		if j := s.ended(late.Job.ID); j.Status != ingest.StatusDone {
			t.Errorf("a retry once they are there ended as %+v %+v", j, j.Error)
		}
		for key, want := range map[string]string{"users/alice/gone": "source_missing", "users/alice/large": "too_large", "users/alice/none": "empty"} {
			if j := s.ended(s.submit(ingest.Submission{S3Key: key}).Job.ID); j.Error == nil || j.Error.Code != want || j.Attempts != 1 {
				t.Errorf("%s ended as %+v %+v", key, j, j.Error)
			}
		}
		for _, sub := range []ingest.Submission{{S3Key: "users/bob/a.txt"}, {S3Key: "users/alice/a.txt", S3Bucket: "ours"}} {
			sub.LibraryUID = s.lib
			if _, err := s.Submit(t.Context(), s.alice, sub); err == nil {
				t.Errorf("%+v was accepted", sub)
			}
		}
	})
}

func TestWhatAnotherRecipeStagedIsNotMixedIn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		begun := make(chan struct{})
		var parts atomic.Int64
		w.embedder.wait = func(ctx context.Context) error {
			if parts.Add(1) == 2 {
				close(begun)
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}
		stop := w.run(w.worker(func(o *ingest.WorkerOptions) { o.Drain = time.Millisecond }))
		out := w.submitText("a.txt", prose("x", 100))
		<-begun
		stop()
		w.embedder = &hashEmbedder{dims: 24} // another model since the restart
		w.start()
		if j := w.ended(out.Job.ID); j.Status != ingest.StatusDone || w.embedder.calls.Load() != j.Counts.Chunks {
			t.Errorf("ended as %+v, embedded %d", j, w.embedder.calls.Load())
		}
		spaces, err := w.graph.Spaces(t.Context(), []string{w.lib})
		check(t, err)
		if !slices.Equal(spaces, []string{"hash/24"}) {
			t.Errorf("the spaces are %v", spaces)
		}
	})
}

func TestAFolderIsTakenInFileByFile(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.start()
		root := filepath.Join(t.TempDir(), "notes")
		check(t, os.MkdirAll(filepath.Join(root, "sub", ".git"), 0o700))
		for name, text := range map[string]string{
			"a.txt": prose("a", 2), "sub/b.txt": prose("b", 2), "sub/bad.txt": "fail: corrupt", "empty": "",
			".hidden": "no", "sub/.git/x": "no", "outside/secret": "no",
		} {
			path := filepath.Join(root, name)
			if strings.HasPrefix(name, "outside/") {
				path = filepath.Join(filepath.Dir(root), name)
			}
			check(t, os.MkdirAll(filepath.Dir(path), 0o700))
			check(t, os.WriteFile(path, []byte(text), 0o600))
		}
		check(t, os.Symlink(filepath.Join(filepath.Dir(root), "outside"), filepath.Join(root, "link")))
		check(t, os.Symlink(filepath.Join(filepath.Dir(root), "outside", "secret"), filepath.Join(root, "link.txt")))
		last, counts := w.takeIn(root, filepath.Join(root, "none"), filepath.Join(root, "link.txt"))
		want := map[string]ingest.FileState{
			"notes/a.txt": ingest.FileDone, "notes/sub/b.txt": ingest.FileDone, "notes/sub/bad.txt": ingest.FileFailed,
			"notes/empty": ingest.FileSkipped, "none": ingest.FileFailed, "link.txt": ingest.FileFailed,
		}
		for name, state := range want {
			if last[name] != state {
				t.Errorf("%s is %q, want %q", name, last[name], state)
			}
		}
		if len(last) != len(want) || counts.Ended != 6 || counts.Failed != 3 || counts.Skipped != 1 || counts.Found != 6 {
			t.Errorf("told of %v, %+v", last, counts)
		}
		if again, counts := w.takeIn(root); again["notes/a.txt"] != ingest.FileUnchanged || counts.Unchanged != 2 {
			t.Errorf("the second time: %v", again)
		}
		for _, err := range w.Files(t.Context(), w.bob, w.lib, []string{root}) {
			if err == nil {
				t.Error("a stranger's files are taken in")
			}
		}
	})
}

func TestWhoeverStopsAFolderHalfwayIsToldNoMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	var roots []string
	for _, name := range []string{"a.txt", "b.txt"} {
		roots = append(roots, filepath.Join(t.TempDir(), name))
		check(t, os.WriteFile(roots[len(roots)-1], []byte(prose(name, 2)), 0o600))
	}
	for e, err := range w.Files(t.Context(), w.alice, w.lib, roots) {
		check(t, err)
		if e.State != ingest.FileAccepted {
			t.Errorf("the first event is %+v", e)
		}
		break
	}
	if n := w.count(`SELECT COUNT(*) FROM ingest_job`); n != 1 {
		t.Errorf("%d files were taken in, want the first alone", n)
	}
}

func (w *world) takeIn(paths ...string) (map[string]ingest.FileState, ingest.FileCounts) {
	w.t.Helper()
	last := map[string]ingest.FileState{}
	var counts ingest.FileCounts
	for e, err := range w.Files(w.t.Context(), w.alice, w.lib, paths) {
		check(w.t, err)
		last[e.Filename], counts = e.State, e.Counts
	}
	return last, counts
}

func TestMetricsTellHowJobsEndAndHowManyWait(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		waiting := w.gauge("mnemosyne_ingest_open_jobs")
		w.submitText("a.txt", prose("x", 2))
		out := w.submitText("b.txt", "fail: corrupt")
		if now := w.gauge("mnemosyne_ingest_open_jobs"); waiting != 0 || now != 2 {
			t.Errorf("%v jobs waited, then %v", waiting, now)
		}
		w.start()
		w.ended(out.Job.ID)
		if n := w.count(`SELECT COUNT(*) FROM ingest_job WHERE status = 'failed'`); n != 1 {
			t.Errorf("%d failed", n)
		}
		if n := w.gauge("mnemosyne_ingest_jobs_total"); n < 1 {
			t.Errorf("%v jobs are counted", n)
		}
	})
}

// gauge sums a metric over its labels.
func (w *world) gauge(name string) (sum float64) {
	w.t.Helper()
	families, err := w.registry.Gather()
	check(w.t, err)
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			sum += m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return sum
}
