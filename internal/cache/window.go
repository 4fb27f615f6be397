package cache

import (
	"context"
	"strconv"
	"time"
)

// Window counts in windows of time that follow one another, the same ones in
// every process: those of a minute begin with the clock's minutes.
type Window struct {
	Cache  Cache
	Length time.Duration // MinTTL at least
	Now    func() time.Time
}

// Count counts one more under a name and gives the count in this window.
func (w Window) Count(ctx context.Context, name string) (int64, error) {
	key, left := w.key(name)
	return w.Cache.Increment(ctx, key, max(left, MinTTL))
}

// First tells whether a name is new in this window, once.
func (w Window) First(ctx context.Context, name string) (bool, error) {
	key, left := w.key(name)
	return w.Cache.Add(ctx, key, nil, max(left, MinTTL))
}

// Forget takes back what was counted under a name in this window.
func (w Window) Forget(ctx context.Context, name string) error {
	key, _ := w.key(name)
	return w.Cache.Delete(ctx, key)
}

// Left is how long this window still lasts.
func (w Window) Left() time.Duration {
	now := w.Now()
	return now.Truncate(w.Length).Add(w.Length).Sub(now)
}

func (w Window) key(name string) (key string, left time.Duration) {
	now := w.Now()
	began := now.Truncate(w.Length)
	return strconv.FormatInt(began.Unix(), 36) + " " + name, began.Add(w.Length).Sub(now)
}
