package cache_test

import (
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/cache"
)

func TestAWindowCountsByNameUntilItEnds(t *testing.T) {
	t.Parallel()
	c := newClock()
	c.at = c.at.Add(20 * time.Second)
	w := cache.Window{Cache: cache.NewInProcess(cache.InProcessOptions{Now: c.now}), Length: time.Minute, Now: c.now}
	count := func(name string, want int64) {
		t.Helper()
		if n, err := w.Count(t.Context(), name); err != nil || n != want {
			t.Errorf("the count of %s is %d, %v; want %d", name, n, err, want)
		}
	}
	first := func(name string, want bool) {
		t.Helper()
		if is, err := w.First(t.Context(), name); err != nil || is != want {
			t.Errorf("%s is the first: %v, %v; want %v", name, is, err, want)
		}
	}
	count("a", 1)
	count("b", 1)
	first("x", true)
	c.at = c.at.Add(39 * time.Second)
	count("a", 2)
	first("x", false)
	if left := w.Left(); left != time.Second {
		t.Errorf("%s are left, want 1s", left)
	}
	if err := w.Forget(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	count("b", 1)
	c.at = c.at.Add(time.Second)
	count("a", 1)
	first("x", true)
	if left := w.Left(); left != time.Minute {
		t.Errorf("%s are left of a new window", left)
	}
}

func TestAWindowCountsInItsLastMoment(t *testing.T) {
	t.Parallel()
	c := newClock()
	c.at = c.at.Add(-time.Nanosecond)
	w := cache.Window{Cache: cache.NewInProcess(cache.InProcessOptions{Now: c.now}), Length: time.Minute, Now: c.now}
	if n, err := w.Count(t.Context(), "a"); err != nil || n != 1 {
		t.Errorf("the count is %d, %v", n, err)
	}
}
