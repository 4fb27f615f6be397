package testkit

import (
	"bytes"
	"sync"
	"time"
)

// Clock is a time that passes when a test says so. It is safe for concurrent
// use.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// NewClock stands at a time.
func NewClock(at time.Time) *Clock { return &Clock{at: at} }

// Now is the time on the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Pass moves the clock on.
func (c *Clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// Buffer holds what several goroutines write, as a log's lines.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write adds to what it holds.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String is all that was written.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
