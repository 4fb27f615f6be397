// Package cache says what a cache is: small values under a key for a while,
// shared by the processes where a server is named. It holds only what may be
// lost, such as the counters of rate limits. Engines live in packages below
// it. It refuses to be the only place of anything that somebody would miss.
package cache

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// MaxValue is the most bytes that a value has.
const MaxValue = 512 << 10

// Shortest and longest time that something is kept. Engines round up to
// whole seconds.
const (
	MinTTL = time.Second
	MaxTTL = 30 * 24 * time.Hour
)

// Errors that engines wrap.
var (
	// ErrValue says that a value is too long, or no number where one is
	// counted.
	ErrValue = errors.New("this is no value for the cache")
	// ErrTTL says that something is to be kept too short or too long.
	ErrTTL = errors.New("this is no time to keep something in the cache")
)

// Cache keeps values for a while. A key is any text. Whatever is kept may be
// gone at any time. A server that does not answer is no error, but of Ping:
// a process then goes on with a cache of its own. It is safe for concurrent
// use.
type Cache interface {
	// Get gives the value under a key, and whether there is one.
	Get(ctx context.Context, key string) (value []byte, found bool, err error)
	// Set puts a value under a key, in the place of any other.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// Add puts a value under a key that has none, and tells whether it did.
	// Of several at once only one does.
	Add(ctx context.Context, key string, value []byte, ttl time.Duration) (added bool, err error)
	// Increment counts one more under a key and gives the count. The first
	// one begins at 1 and says how long the count is kept; later ones do not
	// prolong it. Get gives a count as decimal digits.
	Increment(ctx context.Context, key string, ttl time.Duration) (int64, error)
	// Delete forgets a key. An absent one is no error.
	Delete(ctx context.Context, key string) error
	// Ping asks every server for a sign of life.
	Ping(ctx context.Context) error
}

// Check tells whether a value can be kept for a time.
func Check(value []byte, ttl time.Duration) error {
	if len(value) > MaxValue {
		return fmt.Errorf("%w: it has %d bytes and may have %d", ErrValue, len(value), MaxValue)
	}
	if ttl < MinTTL || ttl > MaxTTL {
		return fmt.Errorf("%w: %s is not between %s and %s", ErrTTL, ttl, MinTTL, MaxTTL)
	}
	return nil
}
