package cache

import (
	"container/list"
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"
)

const (
	defaultBytes = 16 << 20
	overhead     = 250 // bytes that an entry costs beside its key and value, about
)

// InProcessOptions are what an InProcess may be made with. The zero value is
// good.
type InProcessOptions struct {
	Bytes int              // how much it may hold: 16 MiB
	Now   func() time.Time // nil: time.Now
}

// InProcess is the cache of one process. It is bounded: when it is full, what
// was not used for longest is forgotten.
type InProcess struct {
	limit int
	now   func() time.Time

	mu      sync.Mutex
	bytes   int
	entries map[string]*list.Element
	used    *list.List // of *entry, the last used first
}

type entry struct {
	key   string
	value []byte
	until time.Time
}

func (e *entry) size() int { return len(e.key) + len(e.value) + overhead }

var _ Cache = (*InProcess)(nil)

// NewInProcess makes an empty cache.
func NewInProcess(opt InProcessOptions) *InProcess {
	if opt.Bytes == 0 {
		opt.Bytes = defaultBytes
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &InProcess{limit: opt.Bytes, now: opt.Now, entries: map[string]*list.Element{}, used: list.New()}
}

// Get gives the value under a key.
func (c *InProcess) Get(_ context.Context, key string) (value []byte, found bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.find(key)
	if e == nil {
		return nil, false, nil
	}
	return slices.Clone(e.value), true, nil
}

// Set puts a value under a key.
func (c *InProcess) Set(_ context.Context, key string, value []byte, ttl time.Duration) error {
	if err := Check(value, ttl); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(key, value, ttl)
	return nil
}

// Add puts a value under a key that has none.
func (c *InProcess) Add(_ context.Context, key string, value []byte, ttl time.Duration) (added bool, err error) {
	if err := Check(value, ttl); err != nil {
		return false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.find(key) != nil {
		return false, nil
	}
	c.put(key, value, ttl)
	return true, nil
}

// Increment counts one more under a key.
func (c *InProcess) Increment(_ context.Context, key string, ttl time.Duration) (int64, error) {
	if err := Check(nil, ttl); err != nil {
		return 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.find(key)
	if e == nil {
		c.put(key, []byte("1"), ttl)
		return 1, nil
	}
	n, err := strconv.ParseInt(string(e.value), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: it is no count", ErrValue)
	}
	n++
	c.bytes -= e.size()
	e.value = strconv.AppendInt(nil, n, 10)
	c.bytes += e.size()
	return n, nil
}

// Delete forgets a key.
func (c *InProcess) Delete(_ context.Context, key string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(c.entries[key])
	return nil
}

// Ping is always well.
func (c *InProcess) Ping(context.Context) error { return nil }

// find gives an entry whose time is not over, as the last used.
func (c *InProcess) find(key string) *entry {
	at := c.entries[key]
	if at == nil {
		return nil
	}
	e := entryOf(at)
	if !c.now().Before(e.until) {
		c.drop(at)
		return nil
	}
	c.used.MoveToFront(at)
	return e
}

func (c *InProcess) put(key string, value []byte, ttl time.Duration) {
	c.drop(c.entries[key])
	e := &entry{key: key, value: slices.Clone(value), until: c.now().Add(ttl)}
	c.entries[key] = c.used.PushFront(e)
	c.bytes += e.size()
	for c.bytes > c.limit && c.used.Len() > 1 {
		c.drop(c.used.Back())
	}
}

func (c *InProcess) drop(at *list.Element) {
	if at == nil {
		return
	}
	e := entryOf(at)
	c.used.Remove(at)
	delete(c.entries, e.key)
	c.bytes -= e.size()
}

// entryOf reads what put, which alone adds to the list, has put there.
func entryOf(at *list.Element) *entry { return at.Value.(*entry) }
