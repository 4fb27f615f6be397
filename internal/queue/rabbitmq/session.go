package rabbitmq

import (
	"context"
	"log/slog"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// session is what a consumer does on one connection. While there are free
// places it lets the broker push messages. When all are taken, it takes no
// more and gives back what waits, so that other workers get it; and whenever
// a place comes free, it asks for the next message, the most urgent queue
// first, until there is none.
type session struct {
	*consumer
	conn    *amqp.Connection
	lanes   []*lane
	waiting [][]waiting  // by lane
	arrived chan waiting // from the lanes
	done    chan struct{}
	closed  chan *amqp.Error
	broken  chan *amqp.Error // of the lanes' channels
	pushed  bool             // the broker pushes messages
	full    time.Time        // since when something waits and no place is free
}

// lane is one queue: a channel of its own, so that each has its own prefetch.
type lane struct {
	session *session
	index   int
	queue   string
	ch      *amqp.Channel
	reading sync.WaitGroup
}

// run takes messages until ctx ends or the connection breaks. After the end
// of ctx it waits for the handlers, so that what they did is acknowledged.
func (s *session) run(ctx context.Context) error {
	defer func() {
		close(s.done)
		_ = s.conn.CloseDeadline(time.Now().Add(time.Second))
	}()
	if err := s.next(ctx); err != nil {
		return err
	}
	const often = time.Minute
	long := time.NewTicker(often)
	defer long.Stop()
	tick := time.NewTicker(handBack)
	defer tick.Stop()
	doubt := time.NewTicker(s.q.opt.doubtEvery)
	defer doubt.Stop()
	for {
		var err error
		select {
		case w := <-s.arrived:
			s.take(w)
			err = s.next(ctx)
		case id := <-s.ended:
			if w := s.finish(id); w != nil {
				s.take(*w)
			}
			err = s.next(ctx)
		case <-tick.C:
			if !s.full.IsZero() && time.Since(s.full) >= handBack {
				err = s.park()
			}
		case <-doubt.C:
			err = s.missed()
		case <-long.C:
			s.ackLong()
		case reason := <-s.closed:
			return s.lost(reason)
		case reason := <-s.broken:
			return s.lost(reason)
		case <-ctx.Done():
			return s.drain()
		}
		if err != nil {
			return s.q.opt.explain(err)
		}
	}
}

// lost forgets what this connection brought for jobs that are at work: the
// broker brings it again.
func (s *session) lost(reason *amqp.Error) error {
	for _, h := range s.running {
		h.again = nil
	}
	if reason == nil {
		return s.q.opt.explain(amqp.ErrClosed)
	}
	return s.q.opt.explain(reason)
}

// take notes a message that came.
func (s *session) take(w waiting) {
	if w.message.Redelivered {
		s.q.metrics.redelivered.WithLabelValues(s.queues[w.lane]).Inc()
	}
	if !s.postpone(w) {
		s.waiting[w.lane] = append(s.waiting[w.lane], w)
	}
}

// postpone keeps a message for a job that is at work until its end. It takes the
// place of the one before, which is acknowledged: what the broker may push
// before something is acknowledged must not fill with messages for one job.
func (s *session) postpone(w waiting) bool {
	h := s.running[w.jobID()]
	if h == nil {
		return false
	}
	if h.again != nil {
		_ = h.again.message.Ack(false) // a connection that breaks is noticed elsewhere
	}
	s.ack(h)
	h.again = &w
	return true
}

// next fills the free places, the most urgent queue first: with what has
// come, and where the broker does not push, with what it has.
func (s *session) next(ctx context.Context) error {
	for s.free > 0 {
		w, ok, err := s.choose(ctx)
		if err != nil {
			return err
		}
		if !ok {
			s.full = time.Time{}
			return s.push()
		}
		if !s.postpone(w) { // two wake-ups of one job may have waited
			s.begin(w)
		}
	}
	switch waits := s.waits(); {
	case !waits:
		s.full = time.Time{}
	case s.full.IsZero():
		s.full = time.Now()
	}
	return nil
}

func (s *session) waits() bool {
	for _, line := range s.waiting {
		if len(line) > 0 {
			return true
		}
	}
	return false
}

func (s *session) choose(ctx context.Context) (w waiting, ok bool, err error) {
	for i, l := range s.lanes {
		if line := s.waiting[i]; len(line) > 0 {
			s.waiting[i] = line[1:]
			return line[0], true, nil
		}
		if s.pushed || ctx.Err() != nil {
			continue
		}
		message, ok, err := l.ch.Get(s.q.opt.Prefix+l.queue, false)
		if err != nil {
			return waiting{}, false, err
		}
		if ok {
			if message.Redelivered {
				s.q.metrics.redelivered.WithLabelValues(l.queue).Inc()
			}
			return waiting{session: s, lane: i, message: message}, true, nil
		}
	}
	return waiting{}, false, nil
}

// push lets the broker push messages.
func (s *session) push() error {
	if s.pushed {
		return nil
	}
	s.pushed = true
	for _, l := range s.lanes {
		if err := l.consume(); err != nil {
			return err
		}
	}
	return nil
}

// park stops the pushing and gives back what waits.
func (s *session) park() error {
	if err := s.stopPush(); err != nil {
		return err
	}
	s.full = time.Time{}
	for i, line := range s.waiting {
		for _, w := range line {
			if err := w.message.Nack(false, true); err != nil {
				return err
			}
		}
		s.waiting[i] = nil
	}
	return nil
}

// missed asks for messages that the broker should have pushed. That it has
// any, or no such queue, tells that it has forgotten who listens, as when the
// queue was deleted and made again.
func (s *session) missed() error {
	if !s.pushed || s.free == 0 {
		return nil
	}
	for _, l := range s.lanes {
		message, ok, err := l.ch.Get(s.q.opt.Prefix+l.queue, false)
		if err != nil {
			return err
		}
		if ok {
			_ = message.Nack(false, true) // it comes again in any case
			return &amqp.Error{Code: amqp.NotFound, Reason: "the queue " + l.queue + " holds messages and brings none"}
		}
	}
	return nil
}

// stopPush returns when all that was pushed has been taken.
func (s *session) stopPush() error {
	if !s.pushed {
		return nil
	}
	s.pushed = false
	for _, l := range s.lanes {
		if err := l.ch.Cancel(l.tag(), false); err != nil {
			return err
		}
	}
	quiet := make(chan struct{})
	go func() {
		for _, l := range s.lanes {
			l.reading.Wait()
		}
		close(quiet)
	}()
	for {
		select {
		case w := <-s.arrived:
			s.take(w)
		case <-quiet:
			return nil
		}
	}
}

// drain takes no more, and acknowledges what the handlers still finish.
func (s *session) drain() error {
	if err := s.park(); err != nil {
		return s.q.opt.explain(err)
	}
	for len(s.running) > 0 {
		select {
		case id := <-s.ended:
			if w := s.finish(id); w != nil {
				_ = w.message.Nack(false, true) // it comes again in any case
			}
		case reason := <-s.closed:
			return s.lost(reason)
		}
	}
	return nil
}

// watch tells the session when the lane's channel breaks, as when its queue
// was deleted.
func (l *lane) watch() {
	s, closed, cancelled := l.session, l.ch.NotifyClose(make(chan *amqp.Error, 1)), l.ch.NotifyCancel(make(chan string, 1))
	go func() {
		var reason *amqp.Error
		select {
		case reason = <-closed:
		case _, ok := <-cancelled:
			if !ok {
				reason = <-closed
				break
			}
			reason = &amqp.Error{Code: amqp.NotFound, Reason: "the queue " + l.queue + " is gone", Server: true}
		}
		select {
		case s.broken <- reason:
		case <-s.done:
		}
	}()
}

func (l *lane) tag() string { return "mnemosyne-" + l.queue }

// consume begins to read what the broker pushes.
func (l *lane) consume() error {
	messages, err := l.ch.Consume(l.session.q.opt.Prefix+l.queue, l.tag(), false, false, false, false, nil)
	if err != nil {
		return err
	}
	l.reading.Go(func() {
		for m := range messages {
			select {
			case l.session.arrived <- waiting{session: l.session, lane: l.index, message: m}:
			case <-l.session.done:
				return
			}
		}
	})
	l.session.q.log.Debug("the broker pushes", slog.String("queue", l.queue))
	return nil
}
