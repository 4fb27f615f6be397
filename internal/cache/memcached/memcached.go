// Package memcached is the cache that several processes share, on one or more
// memcached servers.
//
// A server that does not answer costs a few short waits and no more: after
// them it is asked again only every few seconds, and until it answers its
// share of the keys is kept in this process. Limits then count a process each,
// which is better than not at all.
package memcached

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/cache"
)

const (
	defaultTimeout = 250 * time.Millisecond
	idle           = 16 // connections kept to a server
	closeAfter     = 3  // failures in a row; one alone may be a connection that a restart cut
	defaultPause   = 5 * time.Second
)

// Options of New.
type Options struct {
	Servers []string // host:port, or the path of a socket
	Prefix  string   // stands before every key; 1 to 50 characters without spaces
	// Timeout is the longest wait for a server: a quarter of a second.
	Timeout time.Duration
	// Pause is how long a server that fails is left alone: five seconds.
	Pause    time.Duration
	Now      func() time.Time      // nil: time.Now
	Log      *slog.Logger          // nil: none
	Registry prometheus.Registerer // nil: no metrics
}

// Cache is a cache.Cache.
type Cache struct {
	prefix  string
	servers []*server
	own     cache.Cache // while a server is away
	asked   *prometheus.CounterVec
}

var _ cache.Cache = (*Cache)(nil)

// New makes a cache. It talks to nobody yet.
func New(opt Options) (*Cache, error) {
	if len(opt.Servers) == 0 {
		return nil, errors.New("memcached: no server is named")
	}
	if opt.Timeout == 0 {
		opt.Timeout = defaultTimeout
	}
	if opt.Pause == 0 {
		opt.Pause = defaultPause
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	c := &Cache{
		prefix: opt.Prefix + ":", own: cache.NewInProcess(cache.InProcessOptions{Now: opt.Now}),
		asked: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mnemosyne_cache_operations_total",
			Help: "Operations on the shared cache, by who answered: the server, or this process while the server is away.",
		}, []string{"answered_by"}),
	}
	for _, address := range opt.Servers {
		client := memcache.NewFromSelector(endpoint(address))
		client.Timeout, client.MaxIdleConns = opt.Timeout, idle
		c.servers = append(c.servers, &server{
			address: address, client: client, log: opt.Log,
			breaker: breaker{limit: closeAfter, pause: opt.Pause, now: opt.Now},
		})
	}
	if opt.Registry != nil {
		opt.Registry.MustRegister(c.asked)
	}
	return c, nil
}

// Where names the servers.
func (c *Cache) Where() string {
	addresses := make([]string, len(c.servers))
	for i, s := range c.servers {
		addresses[i] = s.address
	}
	return strings.Join(addresses, ", ")
}

// Get gives the value under a key.
func (c *Cache) Get(ctx context.Context, key string) (value []byte, found bool, err error) {
	answered, err := c.ask(ctx, key, func(client *memcache.Client, key string) error {
		item, err := client.Get(key)
		if err == nil {
			value, found = item.Value, true
		}
		return but(err, memcache.ErrCacheMiss)
	})
	if !answered && err == nil {
		return c.own.Get(ctx, key)
	}
	return value, found, err
}

// Set puts a value under a key.
func (c *Cache) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := cache.Check(value, ttl); err != nil {
		return err
	}
	answered, err := c.ask(ctx, key, func(client *memcache.Client, key string) error {
		return client.Set(item(key, value, ttl))
	})
	if !answered && err == nil {
		return c.own.Set(ctx, key, value, ttl)
	}
	return err
}

// Add puts a value under a key that has none.
func (c *Cache) Add(ctx context.Context, key string, value []byte, ttl time.Duration) (added bool, err error) {
	if err := cache.Check(value, ttl); err != nil {
		return false, err
	}
	answered, err := c.ask(ctx, key, func(client *memcache.Client, key string) error {
		err := client.Add(item(key, value, ttl))
		added = err == nil
		return but(err, memcache.ErrNotStored)
	})
	if !answered && err == nil {
		return c.own.Add(ctx, key, value, ttl)
	}
	return added, err
}

// Increment counts one more under a key.
func (c *Cache) Increment(ctx context.Context, key string, ttl time.Duration) (n int64, err error) {
	if err := cache.Check(nil, ttl); err != nil {
		return 0, err
	}
	answered, err := c.ask(ctx, key, func(client *memcache.Client, key string) (err error) {
		n, err = increment(client, key, ttl)
		return err
	})
	if !answered && err == nil {
		return c.own.Increment(ctx, key, ttl)
	}
	return n, err
}

// increment counts, and begins to where there is no count: of several that
// begin at once the others find that one has.
func increment(client *memcache.Client, key string, ttl time.Duration) (int64, error) {
	const tries = 3 // the count may end between two steps, not each time
	for range tries {
		n, err := client.Increment(key, 1)
		if !errors.Is(err, memcache.ErrCacheMiss) {
			if err != nil && strings.Contains(err.Error(), "non-numeric") {
				return 0, fmt.Errorf("%w: it is no count", cache.ErrValue)
			}
			return int64(n), err //nolint:gosec // it begins at 1 and rises by 1
		}
		err = client.Add(item(key, []byte("1"), ttl))
		if !errors.Is(err, memcache.ErrNotStored) {
			return 1, err
		}
	}
	return 0, memcache.ErrCacheMiss
}

// Delete forgets a key.
func (c *Cache) Delete(ctx context.Context, key string) error {
	answered, err := c.ask(ctx, key, func(client *memcache.Client, key string) error {
		return but(client.Delete(key), memcache.ErrCacheMiss)
	})
	if !answered && err == nil {
		return c.own.Delete(ctx, key)
	}
	return err
}

// Ping asks every server. One that answers is trusted again from then on.
func (c *Cache) Ping(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	faults := make([]error, len(c.servers))
	var group sync.WaitGroup
	for i, s := range c.servers {
		group.Go(func() { faults[i] = s.ping(ctx) })
	}
	group.Wait()
	return errors.Join(faults...)
}

// Close closes the connections.
func (c *Cache) Close() error {
	faults := make([]error, len(c.servers))
	for i, s := range c.servers {
		faults[i] = s.client.Close()
	}
	return errors.Join(faults...)
}

// ask lets the server of a key do something. It did not answer when that is
// for this process to do, and the error is nil then.
func (c *Cache) ask(ctx context.Context, key string, do func(client *memcache.Client, key string) error) (answered bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	sum := sha256.Sum256([]byte(key))
	s := c.servers[binary.BigEndian.Uint64(sum[:])%uint64(len(c.servers))]
	hashed := c.prefix + base64.RawURLEncoding.EncodeToString(sum[:])
	answered, err = s.ask(ctx, func(client *memcache.Client) error { return do(client, hashed) })
	if answered {
		c.asked.WithLabelValues("server").Inc()
	} else {
		c.asked.WithLabelValues("process").Inc()
	}
	return answered, err
}

// item makes an entry. Memcached counts whole seconds.
func item(key string, value []byte, ttl time.Duration) *memcache.Item {
	return &memcache.Item{Key: key, Value: value, Expiration: int32((ttl + time.Second - 1) / time.Second)} //nolint:gosec // MaxTTL fits
}

// but is an error, unless it is one that is an answer.
func but(err, answer error) error {
	if errors.Is(err, answer) {
		return nil
	}
	return err
}

// endpoint is the one address of a client. Its name is looked up at each new
// connection, so that neither a start nor a move of the server waits for it.
type endpoint string

// Network is that of the address: tcp, or unix for the path of a socket.
func (e endpoint) Network() string {
	if strings.HasPrefix(string(e), "/") {
		return "unix"
	}
	return "tcp"
}

// String is the address.
func (e endpoint) String() string { return string(e) }

// PickServer is the one there is.
func (e endpoint) PickServer(string) (net.Addr, error) { return e, nil }

// Each visits it.
func (e endpoint) Each(visit func(net.Addr) error) error { return visit(e) }
