package queue_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"git.helu.ca/r/mnemosyne/internal/queue"
)

func wake(t *testing.T, q queue.Queue, name string, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := q.Wake(t.Context(), name, id); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEveryWakeUpIsHandledOnceAndTheUrgentFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := queue.NewInProcess()
		wake(t, q, queue.Batch, "b1", "b2", "b1")
		wake(t, q, queue.General, "g1", "g2")
		wake(t, q, "elsewhere", "x")
		ctx, cancel := context.WithCancel(t.Context())
		var got []string
		go func() {
			_ = q.Consume(ctx, queue.Names(), 1, func(_ context.Context, id string) { got = append(got, id) })
		}()
		synctest.Wait()
		wake(t, q, queue.Embedding, "e1")
		synctest.Wait()
		cancel()
		synctest.Wait()
		if want := []string{"g1", "g2", "b1", "b2", "e1"}; !slices.Equal(got, want) {
			t.Errorf("handled %v, want %v", got, want)
		}
		if left := q.Waiting("elsewhere"); !slices.Equal(left, []string{"x"}) {
			t.Errorf("a queue nobody listens to holds %v", left)
		}
	})
}

func TestConsumeKeepsToItsConcurrencyAndLetsHandlersFinish(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := queue.NewInProcess()
		for i := range 10 {
			wake(t, q, queue.General, fmt.Sprint(i))
		}
		ctx, cancel := context.WithCancel(t.Context())
		release := make(chan struct{})
		var running, handled atomic.Int32
		var ended sync.WaitGroup
		ended.Go(func() {
			_ = q.Consume(ctx, queue.Names(), 3, func(ctx context.Context, _ string) {
				running.Add(1)
				<-release
				if ctx.Err() != nil {
					t.Error("a handler's context ended with Consume's")
				}
				handled.Add(1)
			})
		})
		synctest.Wait()
		if n := running.Load(); n != 3 {
			t.Errorf("%d run at once, want 3", n)
		}
		cancel()
		close(release)
		ended.Wait()
		if n := handled.Load(); n != 3 {
			t.Errorf("%d were handled, want the 3 under way", n)
		}
	})
}

func TestAWakeUpForARunningJobIsNotHandledBesideIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := queue.NewInProcess()
		ctx, cancel := context.WithCancel(t.Context())
		release := make(chan struct{})
		var runs atomic.Int32
		go func() {
			_ = q.Consume(ctx, queue.Names(), 2, func(context.Context, string) { runs.Add(1); <-release })
		}()
		wake(t, q, queue.General, "a")
		synctest.Wait()
		wake(t, q, queue.General, "a")
		synctest.Wait()
		if n := runs.Load(); n != 1 {
			t.Errorf("the job ran %d times at once", n)
		}
		release <- struct{}{} // now it comes again
		synctest.Wait()
		if n := runs.Load(); n != 2 {
			t.Errorf("after its end the job ran %d times in all, want 2", n)
		}
		release <- struct{}{}
		synctest.Wait()
		if n := runs.Load(); n != 2 {
			t.Errorf("without a wake-up the job ran %d times in all", n)
		}
		cancel()
		synctest.Wait()
	})
}
