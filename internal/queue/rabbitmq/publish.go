package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/queue"
)

// publisher keeps one connection to send on. It connects when there is
// something to send, and after a failure not before a while has passed.
type publisher struct {
	q *Queue

	mu      sync.Mutex
	link    *outlet
	dialing chan struct{} // closed when the attempt under way has ended; nil: none
	fault   error         // of the last attempt
	tries   int           // that failed in a row
	retryAt time.Time
	closed  bool
}

var errClosed = errs.New(errs.Unavailable, "The queue is closed.")

// outlet gives a connection to send on, or why there is none.
func (p *publisher) outlet(ctx context.Context) (*outlet, error) {
	p.mu.Lock()
	switch {
	case p.closed:
		p.mu.Unlock()
		return nil, errClosed
	case p.link != nil:
		defer p.mu.Unlock()
		return p.link, nil
	case p.dialing == nil && time.Now().Before(p.retryAt):
		defer p.mu.Unlock()
		return nil, p.fault
	case p.dialing == nil:
		p.dialing = make(chan struct{})
		go p.connect(context.WithoutCancel(ctx), p.dialing)
	}
	attempt := p.dialing
	p.mu.Unlock()
	select {
	case <-attempt:
	case <-ctx.Done():
		return nil, errs.Wrap(errs.Unavailable, ctx.Err(), fmt.Sprintf("RabbitMQ at %s has not answered in time.", p.q.opt.address()))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.link == nil {
		return nil, errors.Join(p.fault) // a nil fault: closed, or broken again
	}
	return p.link, nil
}

// connect makes one attempt, whoever waits for it.
func (p *publisher) connect(ctx context.Context, attempt chan struct{}) {
	o, err := p.q.openOutlet(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	defer close(attempt)
	p.dialing = nil
	if err == nil && p.closed {
		err = errors.Join(errClosed, o.conn.Close())
	}
	if err != nil {
		if p.tries == 0 {
			p.q.log.WarnContext(ctx, "wake-ups cannot be sent; jobs are kept and sent later", "error", err)
		}
		p.fail(err)
		return
	}
	if p.tries > 0 {
		p.q.metrics.reconnects.WithLabelValues("send").Inc()
		p.q.log.InfoContext(ctx, "wake-ups can be sent again")
	}
	p.link, p.tries, p.fault = o, 0, nil
	go p.watch(o)
}

func (p *publisher) fail(err error) {
	p.fault, p.retryAt = err, time.Now().Add(pause(p.tries))
	p.tries++
}

// watch takes the outlet away when its connection or channel breaks.
func (p *publisher) watch(o *outlet) {
	var reason *amqp.Error
	select {
	case reason = <-o.connClosed:
	case reason = <-o.chanClosed:
	}
	_ = o.conn.CloseDeadline(time.Now().Add(time.Second)) // it may be gone
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.link == o {
		p.link = nil
	}
	if reason != nil && !p.closed {
		p.q.log.Warn("the connection that wake-ups are sent on broke", "error", reason)
		p.fail(p.q.opt.explain(reason))
	}
}

func (p *publisher) close() error {
	p.mu.Lock()
	p.closed = true
	o := p.link
	p.mu.Unlock()
	if o == nil {
		return nil
	}
	if err := o.conn.CloseDeadline(time.Now().Add(dialTimeout)); err != nil && !errors.Is(err, amqp.ErrClosed) {
		return fmt.Errorf("close the connection to RabbitMQ: %w", err)
	}
	return nil
}

func (p *publisher) publish(ctx context.Context, routing, jobID string) error {
	o, err := p.outlet(ctx)
	if err != nil {
		return err
	}
	if o == nil {
		return errClosed
	}
	for {
		err := o.publish(ctx, routing, jobID)
		if !errors.Is(err, errNotTaken) {
			return err
		}
		select { // a queue that was made this moment may have no leader yet
		case <-time.After(firstRetry):
		case <-ctx.Done():
			return err
		}
	}
}

// errNotTaken says that the broker answered for a message and does not have it.
var errNotTaken = errors.New("rabbitmq: not taken")

// outlet is one connection to send on, with a channel of its own.
type outlet struct {
	opt        Options
	conn       *amqp.Connection
	ch         *amqp.Channel
	connClosed chan *amqp.Error
	chanClosed chan *amqp.Error
	returns    chan amqp.Return // what no queue took, before its confirmation
	blocked    atomic.Pointer[string]
	late       atomic.Int64 // unix nanoseconds: until then nothing is tried
	count      atomic.Int64

	mu       sync.Mutex
	returned map[string]string // message id to why
}

// mostReturned is what the broker can give back before somebody looks.
const mostReturned = 1024

func (q *Queue) openOutlet(ctx context.Context) (*outlet, error) {
	conn, err := q.opt.dial(ctx, "sends")
	if err != nil {
		return nil, err
	}
	o := &outlet{opt: q.opt, conn: conn, returned: map[string]string{}}
	if err := o.open(); err != nil {
		return nil, errors.Join(err, conn.CloseDeadline(time.Now().Add(time.Second)))
	}
	go o.heed(q.log, conn.NotifyBlocked(make(chan amqp.Blocking, 1)))
	return o, nil
}

func (o *outlet) open() (err error) {
	if o.ch, err = o.conn.Channel(); err != nil {
		return o.opt.explain(err)
	}
	for _, name := range queue.Names() {
		if err := o.opt.declare(o.ch, name); err != nil {
			return err
		}
	}
	if err := o.ch.Confirm(false); err != nil {
		return o.opt.explain(err)
	}
	o.returns = o.ch.NotifyReturn(make(chan amqp.Return, mostReturned))
	o.connClosed = o.conn.NotifyClose(make(chan *amqp.Error, 1))
	o.chanClosed = o.ch.NotifyClose(make(chan *amqp.Error, 1))
	return nil
}

// heed notes while the broker takes no messages, as when its memory or its
// disk is full.
func (o *outlet) heed(log *slog.Logger, blocking <-chan amqp.Blocking) {
	for b := range blocking {
		if b.Active {
			log.Warn("RabbitMQ takes no messages; jobs are kept and their wake-ups sent later", "reason", b.Reason)
			o.blocked.Store(&b.Reason)
		} else {
			log.Info("RabbitMQ takes messages again")
			o.blocked.Store(nil)
		}
	}
}

// publish sends one message, persistent and to be returned where no queue
// takes it, and waits until the broker has confirmed it.
func (o *outlet) publish(ctx context.Context, routing, jobID string) error {
	if reason := o.blocked.Load(); reason != nil {
		return errs.Newf(errs.Unavailable, "RabbitMQ at %s takes no messages: %s.", o.opt.address(), *reason)
	}
	if time.Now().UnixNano() < o.late.Load() {
		return o.tooLate(nil)
	}
	id := strconv.FormatInt(o.count.Add(1), 36)
	confirm, err := o.ch.PublishWithDeferredConfirmWithContext(ctx, "", routing, true, false, amqp.Publishing{
		DeliveryMode: amqp.Persistent, MessageId: id, ContentType: "text/plain", Timestamp: time.Now(), Body: []byte(jobID),
	})
	if err != nil {
		return o.opt.explain(err)
	}
	select {
	case <-confirm.Done():
	case <-ctx.Done():
		o.late.Store(time.Now().Add(afterLate).UnixNano())
		o.wasReturned(id)
		return o.tooLate(ctx.Err())
	}
	switch why, returned := o.wasReturned(id); {
	case returned:
		_ = o.ch.Close() // the next one declares the queues again
		return errs.Newf(errs.Unavailable, "RabbitMQ at %s has no queue for a message: %s.", o.opt.address(), why)
	case !confirm.Acked():
		return errs.Wrap(errs.Unavailable, errNotTaken, fmt.Sprintf("RabbitMQ at %s did not take a message.", o.opt.address()))
	}
	return nil
}

func (o *outlet) tooLate(err error) error {
	return errs.Wrap(errs.Unavailable, err, fmt.Sprintf("RabbitMQ at %s has not confirmed a message in time.", o.opt.address()))
}

// wasReturned tells whether a message that has been confirmed came back, for
// it is confirmed then as well. Its return comes first, so that it lies in
// returns by now, or somebody else has taken it from there.
func (o *outlet) wasReturned(id string) (why string, returned bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for more := true; more; {
		select {
		case r, ok := <-o.returns:
			if more = ok; ok {
				o.returned[r.MessageId] = r.ReplyText
			}
		default:
			more = false
		}
	}
	why, returned = o.returned[id]
	delete(o.returned, id)
	return why, returned
}
