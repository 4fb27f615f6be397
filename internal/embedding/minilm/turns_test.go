package minilm

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// pausing starts giveWay in a batch and returns a channel of its result.
func pausing(ctx context.Context, turns *turns) <-chan error {
	turns.beginBatch()
	result := make(chan error, 1)
	go func() { result <- turns.giveWay(ctx) }()
	return result
}

func TestABatchPausesUntilTheQueryEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		turns, start := newTurns(1), time.Now()
		turns.beginQuery()
		result := pausing(t.Context(), turns)
		time.Sleep(longestPause / 2)
		select {
		case err := <-result:
			t.Fatalf("the batch went on beside the query, with the error %v", err)
		default:
		}
		turns.endQuery()
		if err := <-result; err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(start); waited != longestPause/2 {
			t.Fatalf("the batch went on after %v, the query ended after %v", waited, longestPause/2)
		}
	})
}

func TestABatchIsNeverStoppedForGood(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		turns, start := newTurns(1), time.Now()
		turns.beginQuery()
		if err := <-pausing(t.Context(), turns); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(start); waited != longestPause {
			t.Fatalf("the batch paused %v, want %v", waited, longestPause)
		}
	})
}

func TestOnlyAsManyBatchesPauseAsThereAreQueries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		turns, start := newTurns(2), time.Now()
		turns.beginBatch()
		turns.beginQuery()
		first := pausing(t.Context(), turns)
		synctest.Wait()
		if err := turns.giveWay(t.Context()); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(start); waited != 0 {
			t.Fatalf("the second batch paused %v though a processor is free", waited)
		}
		if err := <-first; err != nil {
			t.Fatal(err)
		}
	})
}

func TestAPauseEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		turns := newTurns(1)
		turns.beginQuery()
		result := pausing(ctx, turns)
		synctest.Wait()
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Fatalf("giveWay gave the error %v", err)
		}
	})
}
