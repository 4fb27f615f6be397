package mail

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Compose finds out whom to write and what. It runs aside, so that whoever
// asks learns nothing from the time it takes. It is asked again when it fails.
type Compose func(ctx context.Context) ([]Message, error)

// letter is a mail on its way, or one that is still to be composed.
type letter struct {
	kind    string
	compose Compose // nil once it is
	message Message
	began   time.Time
	tries   int
	due     time.Time
}

// Outbox sends mail, one at a time, and waits for a server that does not take
// it now. It lives in memory: what a process that is killed had not sent is
// lost. It is safe for concurrent use.
type Outbox struct {
	opt  Options
	sent *prometheus.CounterVec

	mu      sync.Mutex
	waiting []letter
	closed  bool
	running bool
	wake    chan struct{}
	done    chan struct{}
	stop    context.CancelFunc
}

// NewOutbox makes an outbox. It runs from the first mail to Close.
func NewOutbox(opt Options) *Outbox {
	o := &Outbox{
		opt: opt.filled(), wake: make(chan struct{}, 1), done: make(chan struct{}),
		sent: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mnemosyne_mails_total", Help: "Mails that were sent, given up, or dropped because too many wait.",
		}, []string{"kind", "outcome"}),
	}
	if opt.Registry != nil {
		opt.Registry.MustRegister(o.sent)
	}
	return o
}

// Send puts mail in the queue and returns at once. The kind is a word of a
// small fixed set, for logs and metrics.
func (o *Outbox) Send(ctx context.Context, kind string, compose Compose) {
	o.mu.Lock()
	full := o.closed || len(o.waiting) >= o.opt.Most
	if !full {
		o.waiting = append(o.waiting, letter{kind: kind, compose: compose, began: time.Now()})
		o.begin(ctx)
	}
	o.mu.Unlock()
	if full {
		o.sent.WithLabelValues(kind, "dropped").Inc()
		o.opt.Log.WarnContext(ctx, "mail dropped, too many wait", slog.String("kind", kind))
	}
}

// begin starts to work, or tells the one who works that there is more.
func (o *Outbox) begin(ctx context.Context) {
	if !o.running {
		o.running = true
		working, cancel := context.WithCancel(context.WithoutCancel(ctx))
		o.stop = cancel
		go o.work(working)
	}
	o.nudge()
}

func (o *Outbox) nudge() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// Close tries once more what waits, and ends. What is not sent when ctx ends
// is given up.
func (o *Outbox) Close(ctx context.Context) error {
	o.mu.Lock()
	already, running := o.closed, o.running
	o.closed = true
	o.nudge()
	o.mu.Unlock()
	if already || !running {
		return nil
	}
	defer o.stop()
	select {
	case <-o.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("send the last mails: %w", ctx.Err())
	}
}

func (o *Outbox) work(ctx context.Context) {
	defer close(o.done)
	for ctx.Err() == nil {
		l, wait, more := o.next()
		switch {
		case l != nil:
			o.try(ctx, *l)
		case !more:
			return
		default:
			o.sleep(ctx, wait)
		}
	}
}

// next takes the first letter that is due, or tells how long there is none. A
// negative wait is until something comes. Once the box closes all are due, and
// when none is left there are no more.
func (o *Outbox) next() (l *letter, wait time.Duration, more bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	wait = -1
	for i := range o.waiting {
		left := time.Until(o.waiting[i].due)
		if left <= 0 || o.closed {
			taken := o.waiting[i]
			o.waiting = slices.Delete(o.waiting, i, i+1)
			return &taken, 0, true
		}
		if wait < 0 || left < wait {
			wait = left
		}
	}
	return nil, wait, !o.closed
}

func (o *Outbox) sleep(ctx context.Context, wait time.Duration) {
	var over <-chan time.Time
	if wait >= 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-over:
	case <-o.wake:
	case <-ctx.Done():
	}
}

// try composes a letter, or sends one that is.
func (o *Outbox) try(ctx context.Context, l letter) {
	l.tries++
	var err error
	if l.compose != nil {
		var messages []Message
		if messages, err = l.compose(ctx); err == nil {
			o.mu.Lock()
			for _, m := range messages {
				o.waiting = append(o.waiting, letter{kind: l.kind, message: m, began: l.began})
			}
			o.mu.Unlock()
			return
		}
	} else if err = o.deliver(ctx, l.message); err == nil {
		o.sent.WithLabelValues(l.kind, "sent").Inc()
		o.opt.Log.InfoContext(ctx, "mail sent", slog.String("kind", l.kind), slog.Int("tries", l.tries))
		return
	}
	o.again(ctx, l, err)
}

// again puts a letter back, unless that is in vain.
func (o *Outbox) again(ctx context.Context, l letter, err error) {
	wait := min(o.opt.Retry<<min(l.tries-1, 10), longestRetry)
	attrs := append([]slog.Attr{slog.String("kind", l.kind), slog.Int("tries", l.tries)}, cause(err)...)
	o.mu.Lock()
	over := o.closed || lasting(err) || time.Since(l.began)+wait > o.opt.Patience
	if !over {
		l.due = time.Now().Add(wait)
		o.waiting = append(o.waiting, l)
	}
	o.mu.Unlock()
	if over {
		o.sent.WithLabelValues(l.kind, "failed").Inc()
		o.opt.Log.LogAttrs(ctx, slog.LevelError, "mail not sent", attrs...)
		return
	}
	o.opt.Log.LogAttrs(ctx, slog.LevelWarn, "mail not sent yet", attrs...)
}
