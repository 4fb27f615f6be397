package minilm

import (
	"context"
	"runtime"
	"sync"
	"time"
)

// longestPause is how long documents stand aside before they go on beside the
// queries, so that a stream of queries slows them and never stops them.
const longestPause = 20 * time.Millisecond

// turns lets queries go before documents when there are more of both than
// processors.
type turns struct {
	processors int

	mu      sync.Mutex
	queries int
	batches int           // running, those that pause excluded
	ended   chan struct{} // closed when a query ends
}

func newTurns(processors int) *turns {
	return &turns{processors: processors, ended: make(chan struct{})}
}

func (t *turns) beginQuery() {
	t.mu.Lock()
	t.queries++
	t.mu.Unlock()
}

func (t *turns) endQuery() {
	t.mu.Lock()
	t.queries--
	close(t.ended)
	t.ended = make(chan struct{})
	t.mu.Unlock()
}

func (t *turns) beginBatch() { t.count(1) }
func (t *turns) endBatch()   { t.count(-1) }

func (t *turns) count(batches int) {
	t.mu.Lock()
	t.batches += batches
	t.mu.Unlock()
}

// giveWay is called by a batch every few milliseconds. It pauses while a query
// needs the processor, and returns ctx's error if it has ended.
func (t *turns) giveWay(ctx context.Context) error {
	t.mu.Lock()
	if t.queries == 0 || t.queries+t.batches <= t.processors {
		t.mu.Unlock()
		runtime.Gosched() // a query that has just come may be waiting to run
		return ctx.Err()
	}
	ended := t.ended
	t.batches--
	t.mu.Unlock()
	defer t.beginBatch()
	timer := time.NewTimer(longestPause)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
	case <-ctx.Done():
	}
	return ctx.Err()
}

// desk holds a fixed number of workspaces, each made when it is first taken.
type desk chan *workspace

func newDesk(places int) desk {
	d := make(desk, places)
	for range places {
		d <- nil
	}
	return d
}

// take waits for a free place.
func (d desk) take(ctx context.Context) (*workspace, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case w := <-d:
		if w == nil {
			w = newWorkspace()
		}
		return w, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (d desk) put(w *workspace) { d <- w }
