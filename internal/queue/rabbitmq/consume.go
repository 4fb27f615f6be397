package rabbitmq

import (
	"context"
	"log/slog"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"git.helu.ca/r/mnemosyne/internal/queue"
)

// consumer is one Consume: the places that jobs run in, across as many
// connections as it takes. All of it belongs to one goroutine.
type consumer struct {
	q      *Queue
	queues []string // the most urgent first
	handle queue.Handle
	prefetch,
	free int
	running map[string]*handled // by job id
	ended   chan string         // job ids; never full
	life    context.Context     //nolint:containedctx // the handlers', which outlives Consume's
}

// handled is a job that a handler is at work on, with the message that woke it.
type handled struct {
	message amqp.Delivery
	since   time.Time
	acked   bool
	again   *waiting // the last wake-up for it that came meanwhile
}

// waiting is a message on its way to a handler.
type waiting struct {
	session *session
	lane    int
	message amqp.Delivery
}

func (w waiting) jobID() string { return string(w.message.Body) }

// Consume listens until ctx ends, connecting again whenever the connection
// breaks. Handlers that are at work go on meanwhile.
func (q *Queue) Consume(ctx context.Context, queues []string, concurrency int, handle queue.Handle) error {
	concurrency = max(1, concurrency)
	c := &consumer{
		q: q, queues: queues, handle: handle, prefetch: concurrency, free: concurrency,
		running: map[string]*handled{}, ended: make(chan string, concurrency), life: context.WithoutCancel(ctx),
	}
	defer q.hears(queue.ErrNotConsuming)
	failed, broke, said := 0, false, ""
	for ctx.Err() == nil {
		s, err := c.listen(ctx)
		if err == nil {
			if broke {
				q.metrics.reconnects.WithLabelValues("receive").Inc()
			}
			q.log.InfoContext(ctx, "wake-ups are heard", slog.String("where", q.Where()), slog.Any("queues", queues))
			failed, broke, said = 0, true, ""
			q.hears(nil)
			q.metrics.listening.Set(1)
			err = s.run(ctx)
			q.metrics.listening.Set(0)
		}
		if ctx.Err() != nil {
			break
		}
		q.hears(err)
		if now := err.Error(); now != said {
			q.log.WarnContext(ctx, "wake-ups are not heard; trying again", slog.Any("error", err))
			said = now
		}
		c.rest(ctx, pause(failed))
		failed++
	}
	for len(c.running) > 0 {
		c.finish(<-c.ended)
	}
	return nil
}

// rest waits, and takes note of the handlers that end meanwhile.
func (c *consumer) rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		case id := <-c.ended:
			c.finish(id)
		}
	}
}

// begin gives a message to a handler. There must be a free place.
func (c *consumer) begin(w waiting) {
	id := w.jobID()
	c.free--
	c.running[id] = &handled{message: w.message, since: time.Now()}
	go func() {
		c.handle(c.life, id)
		c.ended <- id
	}()
}

// finish acknowledges what woke a job that has been handled, and gives the
// wake-ups that came meanwhile. A message whose connection broke is brought
// again, whatever is said of it here.
func (c *consumer) finish(id string) *waiting {
	h := c.running[id]
	delete(c.running, id)
	c.free++
	c.ack(h)
	return h.again
}

func (c *consumer) ack(h *handled) {
	if h.acked {
		return
	}
	h.acked = true
	if err := h.message.Ack(false); err != nil {
		c.q.log.Debug("a wake-up was handled and not acknowledged; it comes again and is dropped", slog.Any("error", err))
	}
}

// ackLong acknowledges what is handled for long, before the broker loses
// patience.
func (c *consumer) ackLong() {
	for _, h := range c.running {
		if time.Since(h.since) > ackAfter {
			c.ack(h)
		}
	}
}

// listen connects and makes ready to take messages from every queue.
func (c *consumer) listen(ctx context.Context) (_ *session, err error) {
	conn, err := c.q.opt.dial(ctx, "hears")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = conn.CloseDeadline(time.Now().Add(time.Second))
		}
	}()
	s := &session{
		consumer: c, conn: conn, waiting: make([][]waiting, len(c.queues)),
		arrived: make(chan waiting), done: make(chan struct{}), closed: conn.NotifyClose(make(chan *amqp.Error, 1)),
		broken: make(chan *amqp.Error, len(c.queues)),
	}
	for i, name := range c.queues {
		l := &lane{session: s, index: i, queue: name}
		if l.ch, err = conn.Channel(); err != nil {
			return nil, c.q.opt.explain(err)
		}
		if err := c.q.opt.declare(l.ch, name); err != nil {
			return nil, err
		}
		if err := l.ch.Qos(c.prefetch, 0, false); err != nil {
			return nil, c.q.opt.explain(err)
		}
		l.watch()
		s.lanes = append(s.lanes, l)
	}
	return s, nil
}
