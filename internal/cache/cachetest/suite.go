// Package cachetest is the suite that every cache.Cache passes.
package cachetest

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/cache"
)

// Fixture is an empty cache for one test.
type Fixture struct {
	Cache cache.Cache
	// Pass lets the cache's time go by, or waits until it has.
	Pass func(t *testing.T, d time.Duration)
}

// Run runs the suite. open gives each test an empty cache of its own.
func Run(t *testing.T, open func(t *testing.T) Fixture) {
	t.Helper()
	for name, test := range tests() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func tests() map[string]func(*testing.T, Fixture) {
	return map[string]func(*testing.T, Fixture){
		"WhatIsSetIsFoundAndReplaced":          replaced,
		"AnyTextIsAKey":                        anyKey,
		"AnyBytesAreAValue":                    anyValue,
		"OnlyTheFirstAdds":                     firstAdds,
		"OneOfManyAtOnceAdds":                  oneAdds,
		"CountsRiseByOne":                      counts,
		"NoCountIsLostAmongMany":               manyCount,
		"WhatIsNoCountIsNotCounted":            noCount,
		"AfterItsTimeAValueIsGone":             expiry,
		"CountingOnDoesNotProlong":             notProlonged,
		"WhatCannotBeKeptIsRefused":            refused,
		"ItAnswersAPing":                       pings,
		"AValueIsNotChangedByWhoHoldsItsBytes": own,
	}
}

func want(t *testing.T, c cache.Cache, key, value string) {
	t.Helper()
	got, found, err := c.Get(t.Context(), key)
	if err != nil || !found || string(got) != value {
		t.Errorf("%.40q holds %q, %v, %v; want %q", key, got, found, err, value)
	}
}

func wantNone(t *testing.T, c cache.Cache, key string) {
	t.Helper()
	if got, found, err := c.Get(t.Context(), key); err != nil || found || got != nil {
		t.Errorf("%.40q holds %q, %v, %v; want nothing", key, got, found, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func replaced(t *testing.T, f Fixture) {
	wantNone(t, f.Cache, "a")
	must(t, f.Cache.Delete(t.Context(), "a"))
	must(t, f.Cache.Set(t.Context(), "a", []byte("1"), time.Minute))
	must(t, f.Cache.Set(t.Context(), "b", []byte("other"), time.Minute))
	want(t, f.Cache, "a", "1")
	must(t, f.Cache.Set(t.Context(), "a", []byte("2"), time.Minute))
	want(t, f.Cache, "a", "2")
	must(t, f.Cache.Delete(t.Context(), "a"))
	wantNone(t, f.Cache, "a")
	want(t, f.Cache, "b", "other")
}

func anyKey(t *testing.T, f Fixture) {
	keys := []string{
		"", " ", "with spaces", "line\r\nset x 0 0 1", "\x00", "\xff\xfe", "ключ", strings.Repeat("long", 10_000),
		strings.Repeat("long", 10_000) + "!", "a", "A",
	}
	for i, key := range keys {
		must(t, f.Cache.Set(t.Context(), key, []byte(strconv.Itoa(i)), time.Minute))
	}
	for i, key := range keys {
		want(t, f.Cache, key, strconv.Itoa(i))
	}
}

func anyValue(t *testing.T, f Fixture) {
	for _, value := range []string{"", "\r\nEND\r\n", "\x00\xff", strings.Repeat("v", cache.MaxValue)} {
		must(t, f.Cache.Set(t.Context(), "k", []byte(value), time.Minute))
		got, found, err := f.Cache.Get(t.Context(), "k")
		if err != nil || !found || string(got) != value {
			t.Errorf("a value of %d bytes came back as %d, %v, %v", len(value), len(got), found, err)
		}
	}
}

func firstAdds(t *testing.T, f Fixture) {
	for i, first := range []bool{true, false} {
		added, err := f.Cache.Add(t.Context(), "k", []byte{byte('0' + i)}, time.Minute)
		if err != nil || added != first {
			t.Errorf("time %d added %v, %v", i, added, err)
		}
	}
	want(t, f.Cache, "k", "0")
	must(t, f.Cache.Delete(t.Context(), "k"))
	if added, err := f.Cache.Add(t.Context(), "k", nil, time.Minute); err != nil || !added {
		t.Errorf("after deleting it added %v, %v", added, err)
	}
}

const many = 64

// atOnce does something many times at once.
func atOnce(ctx context.Context, do func(ctx context.Context)) {
	var group sync.WaitGroup
	for range many {
		group.Go(func() { do(ctx) })
	}
	group.Wait()
}

func oneAdds(t *testing.T, f Fixture) {
	var mu sync.Mutex
	adders := 0
	atOnce(t.Context(), func(ctx context.Context) {
		added, err := f.Cache.Add(ctx, "k", []byte("v"), time.Minute)
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			t.Error(err)
		}
		if added {
			adders++
		}
	})
	if adders != 1 {
		t.Errorf("%d added, want 1", adders)
	}
}

func counts(t *testing.T, f Fixture) {
	for i := range int64(12) {
		if n, err := f.Cache.Increment(t.Context(), "n", time.Minute); err != nil || n != i+1 {
			t.Fatalf("count %d is %d, %v", i+1, n, err)
		}
	}
	want(t, f.Cache, "n", "12")
	must(t, f.Cache.Set(t.Context(), "n", []byte("41"), time.Minute))
	if n, err := f.Cache.Increment(t.Context(), "n", time.Minute); err != nil || n != 42 {
		t.Errorf("the count after 41 is %d, %v", n, err)
	}
	must(t, f.Cache.Delete(t.Context(), "n"))
	if n, err := f.Cache.Increment(t.Context(), "n", time.Minute); err != nil || n != 1 {
		t.Errorf("the count after deleting is %d, %v", n, err)
	}
}

func manyCount(t *testing.T, f Fixture) {
	atOnce(t.Context(), func(ctx context.Context) {
		if _, err := f.Cache.Increment(ctx, "n", time.Minute); err != nil {
			t.Error(err)
		}
	})
	want(t, f.Cache, "n", strconv.Itoa(many))
}

func noCount(t *testing.T, f Fixture) {
	must(t, f.Cache.Set(t.Context(), "k", []byte("seven"), time.Minute))
	if n, err := f.Cache.Increment(t.Context(), "k", time.Minute); !errors.Is(err, cache.ErrValue) {
		t.Errorf("counting gave %d, %v", n, err)
	}
	want(t, f.Cache, "k", "seven")
}

func expiry(t *testing.T, f Fixture) {
	must(t, f.Cache.Set(t.Context(), "set", []byte("v"), time.Second))
	_, err := f.Cache.Add(t.Context(), "added", []byte("v"), time.Second)
	must(t, err)
	_, err = f.Cache.Increment(t.Context(), "counted", time.Second)
	must(t, err)
	must(t, f.Cache.Set(t.Context(), "stays", []byte("v"), time.Minute))
	f.Pass(t, time.Second)
	for _, key := range []string{"set", "added", "counted"} {
		wantNone(t, f.Cache, key)
	}
	want(t, f.Cache, "stays", "v")
	if added, err := f.Cache.Add(t.Context(), "added", nil, time.Minute); err != nil || !added {
		t.Errorf("the time is over and Add gave %v, %v", added, err)
	}
}

func notProlonged(t *testing.T, f Fixture) {
	_, err := f.Cache.Increment(t.Context(), "n", time.Second)
	must(t, err)
	_, err = f.Cache.Increment(t.Context(), "n", time.Hour)
	must(t, err)
	f.Pass(t, time.Second)
	wantNone(t, f.Cache, "n")
}

func refused(t *testing.T, f Fixture) {
	long := make([]byte, cache.MaxValue+1)
	if err := f.Cache.Set(t.Context(), "k", long, time.Minute); !errors.Is(err, cache.ErrValue) {
		t.Errorf("a long value was taken: %v", err)
	}
	for _, ttl := range []time.Duration{-1, 0, time.Millisecond, cache.MaxTTL + 1} {
		if err := f.Cache.Set(t.Context(), "k", nil, ttl); !errors.Is(err, cache.ErrTTL) {
			t.Errorf("Set for %s gave %v", ttl, err)
		}
		if _, err := f.Cache.Add(t.Context(), "k", nil, ttl); !errors.Is(err, cache.ErrTTL) {
			t.Errorf("Add for %s gave %v", ttl, err)
		}
		if _, err := f.Cache.Increment(t.Context(), "k", ttl); !errors.Is(err, cache.ErrTTL) {
			t.Errorf("Increment for %s gave %v", ttl, err)
		}
	}
	wantNone(t, f.Cache, "k")
	must(t, f.Cache.Set(t.Context(), "k", nil, cache.MaxTTL))
	want(t, f.Cache, "k", "")
}

func pings(t *testing.T, f Fixture) { must(t, f.Cache.Ping(t.Context())) }

func own(t *testing.T, f Fixture) {
	mine := []byte("mine")
	must(t, f.Cache.Set(t.Context(), "k", mine, time.Minute))
	mine[0] = 'x'
	got, _, err := f.Cache.Get(t.Context(), "k")
	must(t, err)
	got[0] = 'y'
	want(t, f.Cache, "k", "mine")
}
