// Package rabbitmq carries wake-ups through RabbitMQ: durable quorum queues,
// persistent messages, publisher confirms, acknowledgement when a job has been
// handled.
//
// It owns its connections. A connection that breaks is replaced by a new one
// with new channels, by this package and not by the client library: an
// acknowledgement that came late through a channel used again would be taken
// for another message's. It refuses to be the truth of anything: what it
// loses or brings twice, the job table knows better.
package rabbitmq

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	amqp "github.com/rabbitmq/amqp091-go"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/queue"
)

// Options say where RabbitMQ is. The virtual host is one that exists and that
// the user may configure, write and read.
type Options struct { //nolint:recvcheck // only a test changes one
	Host     string
	Port     int
	VHost    string
	User     string
	Password string
	TLS      bool
	// Prefix stands before the queues' names, so that several installations
	// can share a virtual host.
	Prefix   string
	Log      *slog.Logger
	Registry prometheus.Registerer // nil: no metrics

	doubtEvery time.Duration // how often it is asked whether messages are missed; 15 s when 0
}

// How long things may take.
const (
	dialTimeout = 5 * time.Second
	// heartbeat finds a broker that has gone silent after three of them.
	heartbeat = 5 * time.Second
	// wakePatience bounds one Wake, for somebody waits for it.
	wakePatience = 2 * time.Second
	// afterLate is how long wake-ups are refused at once when one was not
	// confirmed in time.
	afterLate  = 5 * time.Second
	firstRetry = 250 * time.Millisecond // doubled each time, with jitter
	maxRetry   = 10 * time.Second
	// ackAfter is when a job that is still handled is acknowledged: well
	// before the broker takes a consumer that does not for dead, which is 30
	// minutes unless told otherwise. From then on its lease alone keeps it.
	ackAfter = 5 * time.Minute
	// handBack is how long a wake-up may wait here for a free place before
	// other workers get it.
	handBack = 200 * time.Millisecond
)

// Queue implements queue.Queue. It is safe for concurrent use.
type Queue struct {
	opt       Options
	log       *slog.Logger
	metrics   *metrics
	out       *publisher
	listening atomic.Pointer[error]
}

var _ queue.Queue = (*Queue)(nil)

// New makes a queue. It talks to nobody: the first Wake and Consume connect.
func New(opt Options) *Queue {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.doubtEvery <= 0 {
		const often = 15 * time.Second
		opt.doubtEvery = often
	}
	q := &Queue{opt: opt, log: opt.Log.With(slog.String("part", "queue")), metrics: newMetrics(opt.Registry)}
	q.out = &publisher{q: q}
	q.hears(queue.ErrNotConsuming)
	return q
}

// Where is the broker's address, without credentials.
func (q *Queue) Where() string { return q.opt.address() + "/" + q.opt.VHost }

// Lasting is true: a wake-up outlives this process, and the broker's restart.
func (q *Queue) Lasting() bool { return true }

// Wake sends a wake-up and waits until the broker has it safely. While the
// broker cannot be reached, takes no messages or does not confirm in time, it
// fails, and then at once for a while.
func (q *Queue) Wake(ctx context.Context, name, jobID string) error {
	ctx, cancel := context.WithTimeout(ctx, wakePatience)
	defer cancel()
	err := q.out.publish(ctx, q.opt.Prefix+name, jobID)
	q.metrics.sent(name, err)
	return err
}

// Listening is nil while the broker would hand over what comes.
func (q *Queue) Listening() error { return *q.listening.Load() }

func (q *Queue) hears(err error) { q.listening.Store(&err) }

// Depth counts the messages that no worker has been given.
func (q *Queue) Depth(ctx context.Context, name string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, wakePatience)
	defer cancel()
	o, err := q.out.outlet(ctx)
	if err != nil {
		return 0, err
	}
	ch, err := o.conn.Channel()
	if err != nil {
		return 0, q.opt.explain(err)
	}
	defer func() { _ = ch.Close() }()
	found, err := ch.QueueDeclarePassive(q.opt.Prefix+name, true, false, false, false, nil)
	if err != nil {
		return 0, q.opt.explain(err)
	}
	return found.Messages, nil
}

// Ping connects, looks at the queues that are there without making those that
// are not, and sees whether the broker takes messages.
func (q *Queue) Ping(ctx context.Context) error {
	conn, err := q.opt.dial(ctx, "check")
	if err != nil {
		return err
	}
	// A broker in alarm hears nothing, not even that we leave.
	defer func() { go func() { _ = conn.CloseDeadline(time.Now().Add(time.Second)) }() }()
	blocking := conn.NotifyBlocked(make(chan amqp.Blocking, 1))
	for _, name := range queue.Names() {
		ch, err := conn.Channel()
		if err != nil {
			return q.opt.explain(err)
		}
		if _, err := ch.QueueDeclarePassive(q.opt.Prefix+name, true, false, false, false, nil); err != nil {
			if missing(err) { // and the channel is closed with that
				continue
			}
			return q.opt.explain(err)
		}
		if err := errors.Join(q.opt.declare(ch, name), ch.Close()); err != nil {
			return err
		}
	}
	return q.opt.takes(ctx, conn, blocking)
}

// takes sees whether the broker takes a message. One that is short of memory
// or disk lets us in, and says so only to who sends: so one is sent, to a
// queue that there is not, which the broker confirms and drops.
func (o Options) takes(ctx context.Context, conn *amqp.Connection, blocking <-chan amqp.Blocking) error {
	ctx, cancel := context.WithTimeout(ctx, wakePatience)
	defer cancel()
	ch, err := conn.Channel()
	if err != nil {
		return o.explain(err)
	}
	if err := ch.Confirm(false); err != nil {
		return o.explain(err)
	}
	closed := ch.NotifyClose(make(chan *amqp.Error, 1))
	confirm, err := ch.PublishWithDeferredConfirmWithContext(ctx, "", o.Prefix+"check-"+rand.Text(), false, false, amqp.Publishing{})
	if err != nil {
		return o.explain(err)
	}
	select {
	case <-confirm.Done():
		return nil
	case b, told := <-blocking:
		if !told {
			return errs.Newf(errs.Unavailable, "RabbitMQ at %s broke off.", o.address())
		}
		return errs.Newf(errs.Unavailable, "RabbitMQ at %s takes no messages: %s. `rabbitmqctl status` lists its alarms; jobs are kept and sent once it takes them again.", o.address(), b.Reason)
	case reason := <-closed:
		if reason == nil {
			return errs.Newf(errs.Unavailable, "RabbitMQ at %s broke off.", o.address())
		}
		return o.explain(reason)
	case <-ctx.Done():
		return errs.Newf(errs.Unavailable, "RabbitMQ at %s does not confirm that it has a message.", o.address())
	}
}

// Close closes the connection that wake-ups are sent on. That of Consume
// closes when Consume returns.
func (q *Queue) Close() error { return q.out.close() }
