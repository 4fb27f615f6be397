package memcached

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"git.helu.ca/r/mnemosyne/internal/cache"
)

// server is one memcached, and whether it is worth asking.
type server struct {
	address string
	client  *memcache.Client
	log     *slog.Logger
	breaker breaker
}

// ask lets the server do something unless it is left alone for now. A refusal
// of the value is an answer too.
func (s *server) ask(ctx context.Context, do func(*memcache.Client) error) (answered bool, err error) {
	if !s.breaker.allow() {
		return false, nil
	}
	if err = do(s.client); err == nil || errors.Is(err, cache.ErrValue) {
		s.well(ctx)
		return true, err
	}
	if s.breaker.failed() {
		s.log.WarnContext(ctx, "memcached does not answer; its share is kept in this process", slog.String("server", s.address), slog.Any("error", err))
	}
	return false, nil
}

func (s *server) well(ctx context.Context) {
	if s.breaker.succeeded() {
		s.log.InfoContext(ctx, "memcached answers again", slog.String("server", s.address))
	}
}

func (s *server) ping(ctx context.Context) error {
	if err := s.client.Ping(); err != nil {
		return fmt.Errorf("memcached at %s does not answer, see KVDB_LOCATION: %w", s.address, err)
	}
	s.well(ctx)
	return nil
}

// breaker leaves alone what has failed several times in a row, and lets one
// caller try each time that the pause is over.
type breaker struct {
	limit int
	pause time.Duration
	now   func() time.Time

	mu       sync.Mutex
	failures int
	until    time.Time
}

func (b *breaker) allow() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures < b.limit {
		return true
	}
	now := b.now()
	if now.Before(b.until) {
		return false
	}
	b.until = now.Add(b.pause) // for the others
	return true
}

// failed tells whether this was the failure that opened it.
func (b *breaker) failed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures++
	if b.failures < b.limit {
		return false
	}
	b.until = b.now().Add(b.pause)
	return b.failures == b.limit
}

// succeeded tells whether it was open until now.
func (b *breaker) succeeded() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	open := b.failures >= b.limit
	b.failures = 0
	return open
}
