package remote

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"git.helu.ca/r/mnemosyne/internal/embedding"
)

// querySlots is how many requests for searches run at once: they wait neither
// for documents nor, mostly, for each other.
const querySlots = 16

// lane is how a server is asked for one purpose: with so many requests at
// once, so much patience, and not at all for a while after it failed again and
// again. Each purpose has its own, so that documents, which may take minutes,
// and searches, which may not, do not judge the server for each other.
type lane struct {
	*client
	purpose embedding.Purpose
	slots   chan struct{}
	breaker *gobreaker.CircuitBreaker[[]byte]
	tries   int
	longest time.Duration // that is waited between two tries
	metrics *Metrics
	last    atomic.Pointer[fault] // the last failure that counted
}

const (
	searchTrips   = 3 // failures in a row after which a server is left alone
	documentTrips = 6
	firstWait     = 250 * time.Millisecond // before the second try, doubled each time
)

// newLane makes the way to ask for one purpose.
func newLane(c *client, s Server, p embedding.Purpose) *lane {
	l := &lane{client: c, purpose: p, slots: make(chan struct{}, querySlots), tries: 2, longest: time.Second, metrics: s.Metrics}
	trips := uint32(searchTrips)
	if p == embedding.PurposeDocuments {
		l.slots, l.tries, l.longest, trips = make(chan struct{}, s.Concurrency), 4, 20*time.Second, documentTrips
	}
	l.metrics.rests(s.Settings, p, false)
	l.breaker = gobreaker.NewCircuitBreaker[[]byte](gobreaker.Settings{
		Name: string(p), Timeout: s.Cooldown,
		ReadyToTrip:  func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= trips },
		IsSuccessful: func(err error) bool { return !l.failed(err) },
		IsExcluded:   func(err error) bool { return err != nil && faultOf(err) == nil },
		OnStateChange: func(_ string, _, to gobreaker.State) {
			l.metrics.rests(s.Settings, p, to == gobreaker.StateOpen)
			switch to {
			case gobreaker.StateOpen:
				s.Log.Warn("a model's server fails and is left alone for a while", slog.String("purpose", string(p)), slog.String("server", c.where()),
					slog.Duration("for", s.Cooldown), slog.Any("error", l.last.Load()))
			case gobreaker.StateClosed:
				s.Log.Info("a model's server answers again", slog.String("purpose", string(p)), slog.String("server", c.where()))
			case gobreaker.StateHalfOpen:
			}
		},
	})
	return l
}

// failed tells whether a failure speaks against the server, and keeps it.
func (l *lane) failed(err error) bool {
	f := faultOf(err)
	if f == nil {
		return false
	}
	switch f.kind {
	case unreachable, late, broken:
	case overloaded:
		if f.status == http.StatusTooManyRequests {
			return false // it is there, and says when to come again
		}
	default:
		return false
	}
	l.last.Store(f)
	return true
}

// ask sends a request, again where that may help and the time allows it. The
// error is a *fault, or that of a caller who left.
func (l *lane) ask(ctx context.Context, address string, body any, limit int64, texts []string) ([]byte, error) {
	for try := 1; ; try++ {
		answer, err := l.once(ctx, address, body, limit, texts)
		f := faultOf(err)
		if f == nil || try == l.tries || !l.again(f) {
			return answer, err
		}
		wait := pause(try, f.wait)
		if deadline, ok := ctx.Deadline(); wait > l.longest || (ok && time.Until(deadline) < wait) {
			return nil, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
	}
}

// again tells whether another try may end otherwise. One that was late has had
// its time.
func (l *lane) again(f *fault) bool {
	switch f.kind {
	case overloaded, broken:
		return true
	case unreachable, resting:
		return l.purpose == embedding.PurposeDocuments
	default:
		return false
	}
}

// once sends a request, unless the server is left alone.
func (l *lane) once(ctx context.Context, address string, body any, limit int64, texts []string) ([]byte, error) {
	began := time.Now()
	answer, err := l.breaker.Execute(func() ([]byte, error) {
		select {
		case l.slots <- struct{}{}:
			defer func() { <-l.slots }()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		return l.exchange(ctx, address, body, limit, texts)
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		err = l.restingFault()
	}
	l.metrics.request(l.purpose, err, time.Since(began))
	return answer, err
}

func (l *lane) restingFault() *fault {
	f := &fault{kind: resting, message: l.where() + " failed again and again and is left alone for a moment"}
	if last := l.last.Load(); last != nil {
		f.message += ": " + last.message
	}
	return f
}

// pause is how long to wait before another try: what the server asks for and a
// little more, so that not everybody comes back at once, or a growing time
// with full jitter.
func pause(try int, asked time.Duration) time.Duration {
	if asked > 0 {
		return asked + rand.N(asked/4+firstWait) //nolint:gosec // nothing is secret about when to try again
	}
	return rand.N(firstWait << try) //nolint:gosec // as above
}

// retryAfter reads the header of that name: seconds or a date.
func retryAfter(value string, now time.Time) time.Duration {
	if n, err := strconv.Atoi(value); err == nil && n > 0 {
		return time.Duration(min(n, 24*60*60)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
