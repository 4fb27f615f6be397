package ingest_test

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
)

// left counts what Residue finds, by kind, and how much of it is overdue.
func (w *world) left(grace time.Duration) (counts map[string]int64, overdue int64) {
	w.t.Helper()
	all, err := w.Residue(w.t.Context(), grace)
	check(w.t, err)
	counts = map[string]int64{}
	for _, r := range all {
		overdue += r.Overdue
		if r.Count > 0 {
			counts[r.Store+": "+r.Kind] = r.Count
		}
	}
	return counts, overdue
}

func (w *world) gauges(want string) {
	w.t.Helper()
	text := "# HELP mnemosyne_residue What was left of deleted libraries and items, or known to no row, when the reconciler of this process last looked: " +
		"libraries and items in the database, strays in the index and among the objects.\n# TYPE mnemosyne_residue gauge\n" + want
	if err := testutil.GatherAndCompare(w.registry, strings.NewReader(text), "mnemosyne_residue"); err != nil {
		w.t.Error(err)
	}
}

func TestResidueIsShownUntilNothingIsLeft(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.start()
		item := w.submitText("a.txt", prose("x", 3))
		w.ended(item.Job.ID)
		kept := w.submitText("b.txt", prose("y", 3))
		w.ended(kept.Job.ID)
		other := w.newLibrary(w.alice, library.NewLibrary{Name: "Other"})
		w.ended(w.submit(ingest.Submission{LibraryUID: other, Filename: "c.txt", Body: strings.NewReader(prose("z", 3))}).Job.ID)
		if found, overdue := w.left(0); len(found) != 0 || overdue != 0 {
			t.Fatalf("with nothing deleted: %v", found)
		}
		check(t, w.libs.DeleteItem(t.Context(), w.alice, item.ItemUID))
		check(t, w.libs.Delete(t.Context(), w.alice, other))
		_, err := w.objects.Put(t.Context(), w.lib+"/"+uuid.NewString()+"/original", strings.NewReader("never accepted"))
		check(t, err)
		_, err = w.objects.Put(t.Context(), "backup/of/mine", strings.NewReader("somebody else's"))
		check(t, err)
		chunks := []library.IndexChunk{{Text: "late", End: 4, Hash: "h", Space: "hash/16", Vector: w.embedder.vector("late")}}
		for _, ref := range []library.GenerationRef{
			{LibraryUID: w.lib, ItemUID: uuid.NewString(), Generation: 1},
			{LibraryUID: w.lib, ItemUID: kept.ItemUID, Generation: 7},
			{LibraryUID: uuid.NewString(), ItemUID: uuid.NewString(), Generation: 1},
		} {
			check(t, w.graph.Stage(t.Context(), ref, chunks))
		}
		found, overdue := w.left(0)
		for kind, want := range map[string]int64{
			"database: libraries deleted and not purged": 1, "database: items deleted and not purged": 1,
			"graph: libraries that no row knows": 1, "graph: generations that no row knows": 2, "objects: objects that no row knows": 1,
		} {
			if found[kind] != want {
				t.Errorf("%s: %d, want %d", kind, found[kind], want)
			}
		}
		if overdue != 6 {
			t.Errorf("%d are overdue at once, want all 6", overdue)
		}
		if _, overdue := w.left(-1); overdue != 3 {
			t.Errorf("%d are overdue, want the 3 whose age nobody knows", overdue)
		}
		check(t, ingest.NewReconciler(w.Service, ingest.ReconcilerOptions{Grace: time.Nanosecond}).Run(t.Context()))
		if found, overdue := w.left(0); len(found) != 0 || overdue != 0 {
			t.Errorf("after the reconciler: %v", found)
		}
		w.gauges("mnemosyne_residue{store=\"database\"} 0\nmnemosyne_residue{store=\"graph\"} 0\nmnemosyne_residue{store=\"objects\"} 0\n")
		w.whole(kept.ItemUID, prose("y", 3))
	})
}

// stuck is a graph that loses no library.
type stuck struct{ library.Graph }

func (stuck) DeleteLibrary(context.Context, string) error { return context.DeadlineExceeded }

func TestWhatCannotBePurgedIsInTheGauge(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		s := openWorld(t, w.db, t.TempDir(), func(o *ingest.Options) { o.Graph = stuck{o.Graph} })
		check(t, s.libs.Delete(t.Context(), w.alice, w.lib))
		if err := ingest.NewReconciler(s.Service, ingest.ReconcilerOptions{}).Run(t.Context()); err == nil {
			t.Error("nothing is said")
		}
		s.gauges("mnemosyne_residue{store=\"database\"} 1\nmnemosyne_residue{store=\"graph\"} 0\nmnemosyne_residue{store=\"objects\"} 0\n")
	})
}

// told is a graph that tells which libraries and items it lost.
type told struct {
	library.Graph

	lost chan string
}

func (g told) DeleteLibrary(ctx context.Context, uid string) error {
	defer func() { g.lost <- uid }()
	return g.Graph.DeleteLibrary(ctx, uid)
}

func (g told) DeleteItem(ctx context.Context, library, uid string) error {
	defer func() { g.lost <- uid }()
	return g.Graph.DeleteItem(ctx, library, uid)
}

func TestADeletionWakesTheReconcilerOfItsProcess(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		lost := make(chan string, 8)
		s := openWorld(t, w.db, t.TempDir(), func(o *ingest.Options) { o.Graph = told{o.Graph, lost} })
		s.alice, s.lib = w.alice, w.lib
		s.libs.PurgeBy(s.Service)
		s.start()
		r := ingest.NewReconciler(s.Service, ingest.ReconcilerOptions{Every: 24 * time.Hour})
		check(t, r.Start(t.Context()))
		t.Cleanup(func() { check(t, r.Stop(context.WithoutCancel(t.Context()))) })
		wait := func(uid string) {
			t.Helper()
			select {
			case got := <-lost:
				if got != uid {
					t.Errorf("%s went, want %s", got, uid)
				}
			case <-time.After(time.Minute):
				t.Fatal("nobody came")
			}
		}
		item := s.submitText("a.txt", prose("x", 2))
		s.ended(item.Job.ID)
		check(t, s.libs.DeleteItem(t.Context(), s.alice, item.ItemUID))
		wait(item.ItemUID)
		check(t, s.libs.Delete(t.Context(), s.alice, s.lib))
		wait(s.lib)
	})
}

// slow is an object store in which one write takes until it may end. As a
// server that has all the bytes, it then keeps them, whoever gave up.
type slow struct {
	blob.Store

	part       string // of the key, its end
	begun, end chan struct{}
	once       sync.Once
}

func (s *slow) Put(ctx context.Context, key string, r io.Reader) (blob.Info, error) {
	if !strings.HasSuffix(key, s.part) {
		return s.Store.Put(ctx, key, r)
	}
	s.once.Do(func() {
		close(s.begun)
		<-s.end
	})
	return s.Store.Put(context.WithoutCancel(ctx), key, r)
}

func TestWhatARunStoresOfADeletedDocumentItTakesAwayAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for _, part := range []string{"/original", "/text", "/structure"} {
			for _, what := range []string{"item", "library"} {
				t.Run(what+part, func(t *testing.T) { w.with(t).deleteWhileItStores(part, what == "library") })
			}
		}
	})
}

func (w *world) deleteWhileItStores(part string, whole bool) {
	w.t.Helper()
	held := &slow{part: part, begun: make(chan struct{}), end: make(chan struct{})}
	s := openWorld(w.t, w.db, w.t.TempDir(), func(o *ingest.Options) {
		held.Store, o.Objects = o.Objects, held
		o.Source = &bucket{objects: map[string]string{"users/alice/a.txt": prose("x", 3)}}
	})
	s.alice, s.lib = w.alice, w.lib
	stop := s.run(s.worker())
	out := s.submit(ingest.Submission{S3Key: "users/alice/a.txt"})
	<-held.begun
	if whole {
		check(s.t, s.libs.Delete(s.t.Context(), s.alice, s.lib))
	} else {
		check(s.t, s.libs.DeleteItem(s.t.Context(), s.alice, out.ItemUID))
	}
	r := ingest.NewReconciler(s.Service, ingest.ReconcilerOptions{}) // whose sweep leaves alone what is young
	check(s.t, r.Run(s.t.Context()))
	close(held.end)
	stop()
	if found, _ := s.left(0); len(found) != 0 || len(s.objectsLeft()) != 0 {
		s.t.Errorf("%v is left, the objects %v", found, s.objectsLeft())
	}
}
