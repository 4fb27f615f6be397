// Package queue carries wake-ups: a job's id, on the queue that its workers
// listen to. The job table is the truth; a wake-up that is lost or comes
// twice changes nothing but how soon somebody looks. It knows nothing of what
// a job is.
package queue

import "context"

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

// Queue sends and hears wake-ups. It is safe for concurrent use.
type Queue interface {
	// Wake says that a job may be worked on. When it returns nil, some
	// consumer hears of it at least once.
	Wake(ctx context.Context, queue, jobID string) error
	// Consume calls handle for each wake-up on the queues, at most
	// concurrency at a time, until ctx ends; then it takes no more and
	// returns when the handlers have. A job that a handler is at work on, or
	// that waits already, is not handled twice at once.
	Consume(ctx context.Context, queues []string, concurrency int, handle Handle) error
	// Lasting tells whether a wake-up outlives this process, so that it is
	// worth remembering that it was sent.
	Lasting() bool
	// Ping asks the engine for a sign of life.
	Ping(ctx context.Context) error
}
