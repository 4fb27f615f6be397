package ingest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/blob/files"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph"
	"git.helu.ca/r/mnemosyne/internal/queue"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
	"git.helu.ca/r/mnemosyne/migrations"
)

// orders tell a worker process where the stores are and where to stand still
// until it is killed.
type orders struct {
	SQLite, Postgres, Dir, Point string
	Passes                       int // of the point, before it stands still
}

// victimMain is the worker process.
func victimMain() int {
	if err := victim(context.Background()); err != nil {
		fmt.Println("failed:", err)
		return 1
	}
	return 0
}

func victim(ctx context.Context) error {
	var o orders
	if err := json.NewDecoder(os.Stdin).Decode(&o); err != nil {
		return err
	}
	db, err := o.open(ctx)
	if err != nil {
		return err
	}
	graph, err := sqlitegraph.Open(filepath.Join(o.Dir, "graph"), sqlitegraph.Options{})
	if err != nil {
		return err
	}
	objects, err := files.Open(filepath.Join(o.Dir, "objects"))
	if err != nil {
		return err
	}
	s := ingest.New(ingest.Options{DB: db, Graph: graph, Objects: objects, Queue: queue.NewInProcess(), Log: slog.New(slog.DiscardHandler)})
	w := ingest.NewWorker(s, ingest.WorkerOptions{
		Embedder: &hashEmbedder{dims: 16}, Extractor: &plainExtractor{}, TempDir: filepath.Join(o.Dir, "temp"), Concurrency: 1, Sole: true,
	})
	w.OnPoint(func(point string) {
		if point != o.Point {
			return
		}
		if o.Passes--; o.Passes < 0 {
			fmt.Println("at " + point)
			select {}
		}
	})
	if err := w.Start(ctx); err != nil {
		return err
	}
	select {}
}

func (o orders) open(ctx context.Context) (*sqldb.DB, error) {
	if o.Postgres != "" {
		return sqldb.OpenPostgres(ctx, o.Postgres)
	}
	return sqldb.OpenSQLite(ctx, o.SQLite)
}

// killAt runs a worker process until it stands at the point, and kills it.
func killAt(t *testing.T, o orders) {
	t.Helper()
	exe, err := os.Executable()
	check(t, err)
	cmd := exec.CommandContext(t.Context(), exe, "ingest-worker")
	stdin, err := cmd.StdinPipe()
	check(t, err)
	stdout, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	check(t, json.NewEncoder(stdin).Encode(o))
	line, err := bufio.NewReader(stdout).ReadString('\n')
	check(t, cmd.Process.Kill())
	_, _ = io.Copy(io.Discard, stdout)
	_ = cmd.Wait() // killed, as it was to be
	if err != nil || line != "at "+o.Point+"\n" {
		t.Fatalf("the worker process said %q, %v", line, err)
	}
}

// eachKillable runs a test on both engines with stores that a process of its
// own can open too.
func eachKillable(t *testing.T, test func(t *testing.T, w *world, o orders)) {
	t.Helper()
	run := func(name string, where func(t *testing.T, dir string) orders) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			o := where(t, dir)
			o.Dir = dir
			db, err := o.open(t.Context())
			check(t, err)
			t.Cleanup(func() { check(t, db.Close()) })
			_, err = db.Migrate(t.Context(), migrations.FS)
			check(t, err)
			test(t, worldIn(t, db, dir), o)
		})
	}
	run("sqlite", func(_ *testing.T, dir string) orders { return orders{SQLite: filepath.Join(dir, "db")} })
	run("postgresql", func(t *testing.T, _ string) orders {
		t.Helper()
		return orders{Postgres: sqldbtest.NewPostgresDatabase(t, "template0")}
	})
}

func TestAKilledWorkersJobGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	eachKillable(t, func(t *testing.T, w *world, o orders) {
		for _, point := range append(beforeSeal(), afterSeal()...) {
			t.Run(point, func(t *testing.T) {
				w := w.with(t)
				w.embedder, w.extract = &hashEmbedder{dims: 16}, &plainExtractor{}
				text := "# Title\n\n" + prose("x", 200)
				stop := w.run(w.worker())
				old := w.submitText("a.txt", prose("old", 3))
				w.ended(old.Job.ID)
				stop()
				w.embedder, w.extract = &hashEmbedder{dims: 16}, &plainExtractor{}
				out := w.submitText("a.txt", text)
				o := o
				o.Point = point
				if point == "staged" {
					o.Passes = 3
				}
				killAt(t, o)
				w.killed(out, point)
				w.whole(out.ItemUID, text)
				w.onlyPublished()
			})
		}
	})
}

// killed starts a worker after the kill and proves how much it had to do.
func (w *world) killed(out ingest.Outcome, point string) {
	w.t.Helper()
	stop := w.run(w.worker())
	j := w.ended(out.Job.ID)
	stop()
	if j.Status != ingest.StatusDone || j.Counts.Chunks != j.Counts.Embedded {
		w.t.Fatalf("the job ended as %+v", j)
	}
	attempts, extracted, embedded := int64(2), int64(0), int64(0)
	switch point {
	case "fetching", "extracting":
		extracted, embedded = 1, j.Counts.Chunks
	case "extracted", "chunking", "embedding":
		embedded = j.Counts.Chunks
	case "staged":
		embedded = j.Counts.Chunks - 4*32
	case "committed":
		attempts = 1
	}
	if j.Attempts != attempts || w.extract.calls.Load() != extracted || w.embedder.calls.Load() != embedded {
		w.t.Errorf("attempt %d extracted %d times and embedded %d chunks; want %d, %d and %d",
			j.Attempts, w.extract.calls.Load(), w.embedder.calls.Load(), attempts, extracted, embedded)
	}
}

func TestADocumentRenamedWhileItsWorkerIsDeadIsFoundByItsNewName(t *testing.T) {
	t.Parallel()
	eachKillable(t, func(t *testing.T, w *world, o orders) {
		out := w.submitText("a.txt", prose("x", 3))
		o.Point = "published"
		killAt(t, o)
		name := "Zanzibar"
		_, err := w.libs.UpdateItem(t.Context(), w.alice, out.ItemUID, library.ItemPatch{Title: &name})
		check(t, err)
		stop := w.run(w.worker())
		w.ended(out.Job.ID)
		stop()
		hits, err := w.graph.FullText(t.Context(), library.FullTextQuery{Libraries: []string{w.lib}, Text: name, Limit: 1})
		if err != nil || len(hits) != 1 {
			t.Errorf("by its new name %d passages are found, %v", len(hits), err)
		}
	})
}

func TestADocumentThatKillsItsWorkerAgainAndAgainFails(t *testing.T) {
	t.Parallel()
	eachKillable(t, func(t *testing.T, w *world, o orders) {
		out := w.submitText("a.txt", prose("x", 3))
		o.Point = "extracting"
		for n := range 10 {
			if j := w.mustJob(out.Job.ID); j.Status != ingest.StatusQueued {
				t.Fatalf("after %d kills the job is %+v %+v", n, j, j.Error)
			}
			w.exec(`UPDATE ingest_job SET not_before = created_at`)
			killAt(t, o)
			w.takeOver(out.Job.ID)
		}
		if j := w.mustJob(out.Job.ID); j.Status != ingest.StatusFailed || j.Error.Code != "internal" || !strings.Contains(j.Error.Detail, "again and again") {
			t.Errorf("after ten kills the job is %+v %+v", j, j.Error)
		}
	})
}

// takeOver has the job of a killed worker noticed.
func (w *world) takeOver(id string) {
	w.t.Helper()
	w.exec(`UPDATE ingest_job SET lease_until = $2 WHERE id = $1`, id, sqldb.At(time.Now().Add(-time.Minute)))
	check(w.t, ingest.NewReconciler(w.Service, ingest.ReconcilerOptions{}).Run(w.t.Context()))
}

func TestADocumentIsNotBlamedForKillsBetweenWhichItComesFurther(t *testing.T) {
	t.Parallel()
	eachKillable(t, func(t *testing.T, w *world, o orders) {
		text := prose("x", 700)
		out := w.submitText("a.txt", text)
		o.Point = "staged"
		for range 12 {
			killAt(t, o)
			w.takeOver(out.Job.ID)
			o.Passes++
		}
		if n := w.count(`SELECT MAX(crashes) FROM ingest_job`); n != 1 {
			t.Errorf("%d kills in a row are counted, want the last alone", n)
		}
		w.start()
		if j := w.ended(out.Job.ID); j.Status != ingest.StatusDone {
			t.Fatalf("the job ended as %+v %+v", j, j.Error)
		}
		w.whole(out.ItemUID, text)
		w.onlyPublished()
	})
}

func TestAnExpiredLeaseIsTakenOverAndTheLateWorkerChangesNothing(t *testing.T) {
	t.Parallel()
	eachKillable(t, func(t *testing.T, w *world, _ orders) {
		for _, point := range []string{"staged", "indexing", "sealed", "published"} {
			t.Run(point, func(t *testing.T) {
				w := w.with(t)
				late := w.worker()
				g := newGateOf(late, point, true)
				stopLate := w.run(late)
				out := w.submitText("a.txt", prose("x", 200))
				<-g.reached
				w.exec(`UPDATE ingest_job SET lease_token = 'lost', lease_until = $2 WHERE id = $1`, out.Job.ID, sqldb.At(time.Now().Add(-time.Minute)))
				check(t, ingest.NewReconciler(w.Service, ingest.ReconcilerOptions{}).Run(t.Context()))
				next := w.second()
				stop := w.run(next)
				j := w.ended(out.Job.ID)
				if j.Status != ingest.StatusDone || j.Attempts != 2 {
					t.Errorf("taken over, the job ended as %+v", j)
				}
				close(g.open)
				stopLate()
				stop()
				if again := w.mustJob(out.Job.ID); !again.UpdatedAt.Equal(j.UpdatedAt) {
					t.Errorf("the late worker changed the job: %+v", again)
				}
				w.whole(out.ItemUID, prose("x", 200))
				w.onlyPublished()
			})
		}
	})
}

// second is a worker with a queue and memory of its own, as another process's.
func (w *world) second() *ingest.Worker {
	w.t.Helper()
	s := ingest.New(ingest.Options{DB: w.db, Graph: w.graph, Objects: w.objects, Queue: queue.NewInProcess(), Log: testLog()})
	return ingest.NewWorker(s, ingest.WorkerOptions{Embedder: w.embedder, Extractor: w.extract, TempDir: w.t.TempDir()})
}
