package rebuild_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/rebuild"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

// stop makes a reindex wait at its first document until go on is called.
func (w *world) stop() (reached <-chan struct{}, goOn func()) {
	at, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	w.gate.stage = func(library.GenerationRef) {
		once.Do(func() {
			close(at)
			<-release
		})
	}
	return at, sync.OnceFunc(func() { close(release) })
}

const generationOf = `SELECT generation FROM item WHERE uid = $1`

func (w *world) generation(item string) int64 {
	w.t.Helper()
	return must(sqldb.One(w.t.Context(), w.db.Read(), func(row sqldb.Row) (n int64, err error) { return n, row.Scan(&n) }, generationOf, item))(w.t)
}

func TestADocumentThatComesInWhileItIsReindexedIsNotTurnedBack(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		item := w.take("a", long("alpha", 3))
		reached, goOn := w.stop()
		defer goOn()
		w.runs(rebuild.RunnerOptions{})
		task := must(w.Reindex(t.Context(), accounts.Operator(), nil, true))(t)[0]
		<-reached
		next := w.submit("a", long("gamma", 3))
		other := w.submit("b", long("beta", 3))
		w.ends(other) // jobs of other documents go on
		equal(t, w.generation(item), int64(1))
		goOn()
		w.ends(next)
		equal(t, w.done(task).Status, rebuild.Done)
		equal(t, w.generation(item), int64(2))
		passage := w.chunks(item, 2)[0][37:]
		if !strings.HasPrefix(passage, "gamma0") || w.near(w.old, passage) != passage {
			t.Errorf("readers find %q for %q", w.near(w.old, passage), passage)
		}
	})
}

func TestADocumentThatIsDeletedWhileItIsReindexedStaysSo(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		item := w.take("a", long("alpha", 3))
		reached, goOn := w.stop()
		defer goOn()
		w.runs(rebuild.RunnerOptions{})
		task := must(w.Reindex(t.Context(), accounts.Operator(), nil, true))(t)[0]
		<-reached
		must(sqldb.Exec(t.Context(), db.Write(), `DELETE FROM item WHERE uid = $1`, item))(t) // as when it is purged
		check(t, w.graph.DeleteItem(t.Context(), w.lib, item))
		goOn()
		equal(t, w.done(task).Status, rebuild.Done)
		if left := must(w.graph.Generations(t.Context(), w.lib))(t); len(left) > 0 {
			t.Errorf("the index holds %v of a document that is gone", left)
		}
	})
}

func TestADocumentWhoseTextIsLostIsNamedAndTheOthersAreReindexed(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		items := []string{w.take("a", long("alpha", 3)), w.take("b", long("beta", 3)), w.take("c", long("gamma", 3))}
		slices.Sort(items)
		whole := w.chunks(items[0], 1)
		texts := must(filepath.Glob(filepath.Join(w.dir, "objects", w.lib, "*", "text")))(t)
		key := must(sqldb.One(t.Context(), db.Read(), func(row sqldb.Row) (k string, err error) { return k, row.Scan(&k) },
			`SELECT text_key FROM item_generation WHERE item_uid = $1`, items[1]))(t)
		for _, path := range texts {
			if strings.HasSuffix(path, filepath.FromSlash(key)) {
				check(t, os.Remove(path))
			}
		}
		check(t, w.graph.DeleteItem(t.Context(), w.lib, items[2]))
		w.runs(rebuild.RunnerOptions{Slice: time.Nanosecond})
		task := w.done(must(w.Reindex(t.Context(), accounts.Operator(), nil, true))(t)[0])
		equal(t, []any{task.Status, task.Done}, []any{rebuild.Failed, int64(3)})
		if !strings.Contains(task.Problem, items[1]) || strings.Contains(task.Problem, items[0]) || !strings.Contains(task.Problem, "lost") {
			t.Errorf("the problem is %q", task.Problem)
		}
		equal(t, w.chunks(items[0], 1), whole)
		for _, item := range items { // nothing is taken away that cannot be made again
			if len(w.chunks(item, 1)) == 0 {
				t.Errorf("nothing is left of %s", item)
			}
		}
	})
}

func TestAPassageThatTheNextModelRefusesNamesItsDocumentAndKeepsNoOtherFromMoving(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.next.Refuses = "beta"
		bad := w.take("b", long("beta", 40)) // more than a batch
		good := w.take("a", long("alpha", 9))
		w.runs(rebuild.RunnerOptions{})
		task := w.done(must(w.Reembed(t.Context(), accounts.Operator(), nil))(t)[0])
		equal(t, []any{task.Status, task.Done}, []any{rebuild.Failed, int64(len(w.chunks(good, 1)))})
		if !strings.Contains(task.Problem, bad) || !strings.Contains(task.Problem, `"b"`) || strings.Contains(task.Problem, good) {
			t.Errorf("the problem is %q", task.Problem)
		}
		passage := w.chunks(good, 1)[0][37:]
		equal(t, w.near(w.next, passage), passage)
		check(t, w.LookAfter(t.Context()))
		equal(t, len(must(w.Tasks(t.Context(), 10))(t)), 1) // it is not repeated untold
		w.next.Refuses = ""
		equal(t, w.done(must(w.Reembed(t.Context(), accounts.Operator(), nil))(t)[0]).Status, rebuild.Done)
	})
}

func TestAMoveToAnotherSpaceDoesNotTakeTheMendingOfThisOneForItsOwn(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.take("a", long("alpha", 3))
		by := accounts.Operator()
		must(w.Reembed(t.Context(), by, nil))(t)
		must(w.Abort(t.Context(), by, nil))(t) // which notes the space in use
		check(t, w.graph.DropSpace(t.Context(), w.lib, w.old.Space().ID()))
		check(t, w.LookAfter(t.Context()))
		task := must(w.Reembed(t.Context(), by, nil))(t)[0]
		equal(t, task.Space, w.next.Space().ID())
		w.runs(rebuild.RunnerOptions{})
		equal(t, w.done(task).Status, rebuild.Done)
		must(w.Switch(t.Context(), by, nil))(t)
	})
}
