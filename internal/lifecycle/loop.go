package lifecycle

import (
	"context"
	"errors"
)

// Loop is a Service around a function that works until its context ends.
type Loop struct {
	run    func(context.Context) error
	cancel context.CancelFunc
	done   chan struct{}
	failed chan error
	err    error // written before done is closed
}

// NewLoop makes a service of run, which must return soon after its context ends.
// Returning earlier, or with an error other than the context's, is a failure.
func NewLoop(run func(context.Context) error) *Loop {
	return &Loop{run: run, done: make(chan struct{}), failed: make(chan error, 1)}
}

// errEnded is the failure of a loop that returned nil before it was told to.
var errEnded = errors.New("ended by itself")

// Start begins to run and returns at once.
func (l *Loop) Start(ctx context.Context) error {
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l.cancel = cancel
	go func() {
		defer close(l.failed)
		defer close(l.done)
		err := l.run(running)
		switch {
		case running.Err() == nil && err == nil:
			l.failed <- errEnded
		case running.Err() == nil:
			l.failed <- err
		case !errors.Is(err, context.Canceled):
			l.err = err
		}
	}()
	return nil
}

// Stop ends the function's context and waits for it to return.
func (l *Loop) Stop(ctx context.Context) error {
	l.cancel()
	select {
	case <-l.done:
		return l.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Failed receives why the function ended by itself.
func (l *Loop) Failed() <-chan error { return l.failed }

// Func is a Service of two functions, either of which may be nil: for parts that
// are opened and closed and run nothing between.
type Func struct {
	OnStart func(context.Context) error
	OnStop  func(context.Context) error
}

// Start calls OnStart.
func (f Func) Start(ctx context.Context) error {
	if f.OnStart == nil {
		return nil
	}
	return f.OnStart(ctx)
}

// Stop calls OnStop.
func (f Func) Stop(ctx context.Context) error {
	if f.OnStop == nil {
		return nil
	}
	return f.OnStop(ctx)
}
