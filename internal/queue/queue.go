// Package queue carries wake-ups: a job's id, on the queue that its workers
// listen to. The job table is the truth; a wake-up that is lost or comes
// twice changes nothing but how soon somebody looks. It knows nothing of what
// a job is.
package queue

import (
	"context"
	"errors"
)

// The queues, by the names that CELERY_QUEUES takes, the most urgent first.
const (
	General   = "celery"    // what somebody waits for
	Embedding = "embedding" // work on what is already there
	Batch     = "batch"     // many at once: folders
)

// Names lists the queues, the most urgent first.
func Names() []string { return []string{General, Embedding, Batch} }

// Handle works on a job. Its context is not that of Consume: a handler
// decides by itself how it ends when the program does.
type Handle func(ctx context.Context, jobID string)

// ErrNotConsuming is what Listening gives where nobody has called Consume.
var ErrNotConsuming = errors.New("queue: nobody listens")

// Queue sends and hears wake-ups. It is safe for concurrent use.
type Queue interface {
	// Wake says that a job may be worked on. When it returns nil and the queue
	// is Lasting, some consumer hears of it at least once. It takes seconds at
	// most, whatever the engine does.
	Wake(ctx context.Context, queue, jobID string) error
	// Consume calls handle for each wake-up on the queues, at most
	// concurrency at a time, the most urgent queue of the list first, until
	// ctx ends; then it takes no more and returns when the handlers have. A
	// job that one of its handlers is at work on, or that waits already, is
	// not handled twice at once; one that is woken meanwhile comes again.
	Consume(ctx context.Context, queues []string, concurrency int, handle Handle) error
	// Listening is nil while Consume hears its queues, and says why not when
	// it does not.
	Listening() error
	// Depth counts the wake-ups that nobody has heard yet.
	Depth(ctx context.Context, queue string) (int, error)
	// Lasting tells whether a wake-up outlives this process, so that it is
	// worth remembering that it was sent.
	Lasting() bool
	// Ping asks the engine for a sign of life, and whether it would take what
	// Wake and Consume ask of it.
	Ping(ctx context.Context) error
}
