package queue

import (
	"context"
	"slices"
	"sync"
)

// InProcess hands wake-ups over within the process. What waits is lost with
// it, which costs nothing: a worker looks into the job table by itself too.
type InProcess struct {
	mu      sync.Mutex
	waiting map[string][]string // by queue, in the order they came
	known   map[string]bool     // false: waits; true: is being handled
	again   map[string]string   // woken while it was handled, and on which queue
	more    chan struct{}       // closed and replaced when something comes
	hearing int                 // Consume calls under way
}

// mostWaiting bounds what waits on a queue, as where nobody listens. A worker
// finds what did not fit when it looks into the job table.
const mostWaiting = 4096

// NewInProcess makes an empty queue.
func NewInProcess() *InProcess {
	return &InProcess{waiting: map[string][]string{}, known: map[string]bool{}, again: map[string]string{}, more: make(chan struct{})}
}

// Lasting is false: a wake-up goes with the process.
func (q *InProcess) Lasting() bool { return false }

// Ping has nothing to ask.
func (q *InProcess) Ping(context.Context) error { return nil }

// Listening tells whether Consume runs.
func (q *InProcess) Listening() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.hearing == 0 {
		return ErrNotConsuming
	}
	return nil
}

// Depth counts what waits on a queue.
func (q *InProcess) Depth(_ context.Context, queue string) (int, error) {
	return len(q.Waiting(queue)), nil
}

// Wake puts a job at the end of a queue, unless it waits there already. One
// that is being handled comes again when that is done.
func (q *InProcess) Wake(_ context.Context, queue, jobID string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if running, known := q.known[jobID]; known {
		if running {
			q.again[jobID] = queue
		}
		return nil
	}
	if len(q.waiting[queue]) < mostWaiting {
		q.add(queue, jobID)
	}
	return nil
}

func (q *InProcess) add(queue, jobID string) {
	q.known[jobID] = false
	q.waiting[queue] = append(q.waiting[queue], jobID)
	close(q.more)
	q.more = make(chan struct{})
}

// Consume takes the oldest of the most urgent queue, in the order of queues.
func (q *InProcess) Consume(ctx context.Context, queues []string, concurrency int, handle Handle) error {
	q.hear(1)
	defer q.hear(-1)
	var wg sync.WaitGroup
	for range max(1, concurrency) {
		wg.Go(func() {
			for {
				id, ok := q.next(ctx, queues)
				if !ok {
					return
				}
				handle(context.WithoutCancel(ctx), id)
				q.done(id)
			}
		})
	}
	wg.Wait()
	return nil
}

func (q *InProcess) hear(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.hearing += n
}

func (q *InProcess) next(ctx context.Context, queues []string) (string, bool) {
	for ctx.Err() == nil {
		id, more := q.take(queues)
		if id != "" {
			return id, true
		}
		select {
		case <-more:
		case <-ctx.Done():
		}
	}
	return "", false
}

// take gives a job, or what to wait for when there is none.
func (q *InProcess) take(queues []string) (string, <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, name := range queues {
		if line := q.waiting[name]; len(line) > 0 {
			id := line[0]
			q.known[id] = true
			q.waiting[name] = line[1:]
			if len(line) == 1 {
				delete(q.waiting, name) // lets the array go
			}
			return id, nil
		}
	}
	return "", q.more
}

func (q *InProcess) done(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.known, id)
	if queue, woken := q.again[id]; woken {
		delete(q.again, id)
		q.add(queue, id)
	}
}

// Waiting lists what waits on a queue, oldest first.
func (q *InProcess) Waiting(queue string) []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.waiting[queue])
}
