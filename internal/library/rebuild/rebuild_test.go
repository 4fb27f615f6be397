package rebuild_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library/rebuild"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

func equal(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAnIndexThatIsGoneIsMadeAgainWithTheSameChunks(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.take("b", long("beta", 3))
		item := w.take("a", long("alpha", 9))
		w.take("a", long("gamma", 9))
		before := [][]string{w.chunks(item, 1), w.chunks(item, 2)}
		check(t, w.graph.DeleteLibrary(t.Context(), w.lib))
		w.runs(rebuild.RunnerOptions{Slice: time.Nanosecond}) // a document a slice
		tasks := must(w.Reindex(t.Context(), accounts.Operator(), nil, false))(t)
		task := w.done(tasks[0])
		equal(t, []any{task.Status, task.Done, task.Total}, []any{rebuild.Done, int64(2), int64(2)})
		equal(t, [][]string{w.chunks(item, 1), w.chunks(item, 2)}, before)
		if len(before[0]) < 2 {
			t.Fatal("too short to tell")
		}
		passage := before[1][1][37:]
		equal(t, w.near(w.old, passage), passage)
	})
}

func TestADamagedIndexIsMadeFromNothing(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		item := w.take("a", long("alpha", 3))
		before := w.chunks(item, 1)
		file := filepath.Join(w.dir, "graph", w.lib+".db")
		for _, suffix := range []string{"-wal", "-shm"} {
			if err := os.Remove(file + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
		}
		check(t, os.Remove(file))
		check(t, os.WriteFile(file, []byte(strings.Repeat("no database ", 2000)), 0o600))
		_, err := w.graph.Stats(t.Context(), w.lib)
		if err == nil || !strings.Contains(err.Error(), "mnemosyne reindex --library "+w.lib) {
			t.Fatalf("the error does not say what to do: %v", err)
		}
		w.runs(rebuild.RunnerOptions{})
		tasks := must(w.Reindex(t.Context(), accounts.Operator(), []string{w.lib}, false))(t)
		equal(t, w.done(tasks[0]).Status, rebuild.Done)
		equal(t, w.chunks(item, 1), before)
	})
}

func TestALostIndexIsNoticedWithoutBeingAsked(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		item := w.take("a", long("alpha", 3))
		before := w.chunks(item, 1)
		check(t, w.graph.DeleteLibrary(t.Context(), w.lib))
		check(t, w.LookAfter(t.Context()))
		tasks := must(w.Tasks(t.Context(), 10))(t)
		equal(t, len(tasks), 1)
		w.runs(rebuild.RunnerOptions{})
		equal(t, w.done(tasks[0]).Status, rebuild.Done)
		equal(t, w.chunks(item, 1), before)
		check(t, w.LookAfter(t.Context()))
		equal(t, len(must(w.Tasks(t.Context(), 10))(t)), 1)
	})
}

func TestALibraryMovesToAnotherSpaceAndBack(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx, by := t.Context(), accounts.Operator()
		from, to := w.old.Space().ID(), w.next.Space().ID()
		item := w.take("a", long("alpha", 9))
		passage := w.chunks(item, 1)[1][37:]
		tasks := must(w.Reembed(ctx, by, nil))(t)
		if _, err := w.Switch(ctx, by, nil); !errs.Is(err, errs.Conflict) {
			t.Fatalf("switched before it was whole: %v", err)
		}
		meanwhile := w.chunks(w.take("b", long("beta", 3)), 1)[0][37:]
		w.runs(rebuild.RunnerOptions{Slice: time.Nanosecond})
		task := w.done(tasks[0])
		equal(t, []any{task.Status, task.Done, task.Total}, []any{rebuild.Done, task.Total, int64(len(w.chunks(item, 1)) + 1)})
		equal(t, []string{w.near(w.old, passage), w.near(w.next, passage), w.near(w.next, meanwhile)}, []string{passage, passage, meanwhile})
		l := w.library()
		equal(t, []any{l.Space, l.OtherSpace, l.Switched}, []any{from, to, false})

		equal(t, len(must(w.Switch(ctx, by, nil))(t)), 1)
		l = w.library()
		equal(t, []any{l.Space, l.OtherSpace, l.Switched}, []any{to, from, true})
		later := w.chunks(w.take("c", long("later", 3)), 1)[0][37:]
		equal(t, []string{w.near(w.old, later), w.near(w.next, later)}, []string{later, later})

		must(w.Abort(ctx, by, nil))(t) // loses nothing of what came after the switch
		l = w.library()
		equal(t, []any{l.Space, l.OtherSpace, l.Switched}, []any{from, "", false})
		equal(t, w.spaces(), []string{from})
		equal(t, []string{w.near(w.old, passage), w.near(w.old, later)}, []string{passage, later})

		tasks = must(w.Reembed(ctx, by, []string{w.lib}))(t)
		equal(t, w.done(tasks[0]).Status, rebuild.Done)
		must(w.Switch(ctx, by, []string{w.lib}))(t)
		must(w.Confirm(ctx, by, []string{w.lib}))(t)
		equal(t, w.spaces(), []string{to})
		equal(t, w.near(w.next, later), later)
		if _, err := w.Abort(ctx, by, []string{w.lib}); !errs.Is(err, errs.Conflict) {
			t.Errorf("aborted what is over: %v", err)
		}
		equal(t, len(must(w.Reembed(ctx, by, nil))(t)), 0)
	})
}

func TestChunksTooLongForTheNextModelAreCutAnewAndOldCitationsResolve(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.next.Max = 25
		item := w.take("a", long("alpha", 9))
		before := w.chunks(item, 1)
		w.runs(rebuild.RunnerOptions{})
		tasks := must(w.Reembed(t.Context(), accounts.Operator(), nil))(t)
		equal(t, w.done(tasks[0]).Status, rebuild.Done)
		equal(t, w.chunks(item, 1), before)
		now := w.chunks(item, 2)
		if len(now) <= len(before) {
			t.Fatalf("%d chunks have become %d", len(before), len(now))
		}
		for _, c := range now {
			if n := w.next.CountTokens(c[37:]); n > w.next.Max {
				t.Errorf("a chunk has %d tokens", n)
			}
		}
		must(w.Switch(t.Context(), accounts.Operator(), nil))(t)
		equal(t, w.near(w.next, now[3][37:]), now[3][37:])
	})
}

func TestATaskWaitsForAnEmbedderThatIsDownAndSaysSo(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.take("a", long("alpha", 9))
		var up atomic.Bool
		w.next.Before = func(context.Context) error {
			if up.Load() {
				return nil
			}
			return embedding.ErrDown
		}
		w.runs(rebuild.RunnerOptions{})
		tasks := must(w.Reembed(t.Context(), accounts.Operator(), nil))(t)
		waiting := w.wait(tasks[0], func(t rebuild.Task) bool { return t.Problem != "" })
		equal(t, waiting.Status, rebuild.Queued)
		if !strings.Contains(waiting.Problem, "embedder") {
			t.Errorf("the problem is %q", waiting.Problem)
		}
		up.Store(true)
		equal(t, w.done(tasks[0]).Status, rebuild.Done)
	})
}

func TestAnAbortEndsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.take("a", long("alpha", 9))
		begun, release := make(chan struct{}, 100), make(chan struct{})
		w.next.Before = func(ctx context.Context) error {
			begun <- struct{}{}
			<-release
			return ctx.Err()
		}
		w.runs(rebuild.RunnerOptions{})
		tasks := must(w.Reembed(t.Context(), accounts.Operator(), nil))(t)
		<-begun
		must(w.Abort(t.Context(), accounts.Operator(), nil))(t)
		close(release)
		equal(t, w.done(tasks[0]).Status, rebuild.Cancelled)
		w.wait(tasks[0], func(rebuild.Task) bool { // the batch under way may still have been written
			check(t, w.LookAfter(t.Context()))
			return slices.Equal(w.spaces(), []string{w.old.Space().ID()})
		})
	})
}

func TestTasksThatAreLongOverAreForgotten(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		var last rebuild.Task
		for range 25 {
			last = must(w.Reembed(t.Context(), accounts.Operator(), nil))(t)[0]
			must(w.Abort(t.Context(), accounts.Operator(), nil))(t)
		}
		kept := must(w.Tasks(t.Context(), 1000))(t)
		if len(kept) != 21 || kept[0].ID != last.ID {
			t.Errorf("%d tasks are kept, the newest is the last begun: %v", len(kept), kept[0].ID == last.ID)
		}
	})
}
