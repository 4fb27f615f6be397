package cache_test

import (
	"strconv"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/cache"
	"git.helu.ca/r/mnemosyne/internal/cache/cachetest"
)

// clock is a time that stands until it is told to pass.
type clock struct{ at time.Time }

func newClock() *clock { return &clock{time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time { return c.at }

func TestInProcess(t *testing.T) {
	t.Parallel()
	cachetest.Run(t, func(*testing.T) cachetest.Fixture {
		c := newClock()
		return cachetest.Fixture{
			Cache: cache.NewInProcess(cache.InProcessOptions{Now: c.now}),
			Pass:  func(_ *testing.T, d time.Duration) { c.at = c.at.Add(d) },
		}
	})
}

func TestAFullCacheForgetsWhatWasNotUsedForLongest(t *testing.T) {
	t.Parallel()
	c := cache.NewInProcess(cache.InProcessOptions{Bytes: 100_000})
	for i := range 10_000 {
		if err := c.Set(t.Context(), strconv.Itoa(i), make([]byte, 100), time.Hour); err != nil {
			t.Fatal(err)
		}
		if _, found, _ := c.Get(t.Context(), "0"); !found {
			t.Fatalf("after %d more the value that is used all the while is gone", i)
		}
	}
	kept := 0
	for i := range 10_000 {
		if _, found, _ := c.Get(t.Context(), strconv.Itoa(i)); found {
			kept++
		}
	}
	if _, found, _ := c.Get(t.Context(), "9999"); !found || kept < 200 || kept > 1000 {
		t.Errorf("%d of 10000 are kept, the last one: %v", kept, found)
	}
}
