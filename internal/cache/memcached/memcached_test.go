package memcached_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"git.helu.ca/r/mnemosyne/internal/cache"
	"git.helu.ca/r/mnemosyne/internal/cache/cachetest"
	"git.helu.ca/r/mnemosyne/internal/cache/memcached"
	"git.helu.ca/r/mnemosyne/internal/testkit"
)

// open opens a cache with a prefix of its own.
func open(t *testing.T, opt memcached.Options) *memcached.Cache {
	t.Helper()
	if opt.Prefix == "" {
		opt.Prefix = "test-" + uuid.NewString()
	}
	c, err := memcached.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// waits lets memcached's time go by. It counts in seconds of its own clock.
func waits(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d + 1500*time.Millisecond):
	case <-t.Context().Done():
	}
}

func TestMemcached(t *testing.T) {
	t.Parallel()
	address := testkit.Memcached(t)
	cachetest.Run(t, func(t *testing.T) cachetest.Fixture {
		return cachetest.Fixture{Cache: open(t, memcached.Options{Servers: []string{address}}), Pass: waits}
	})
}

func TestSeveralServers(t *testing.T) {
	t.Parallel()
	shared, other := testkit.Memcached(t), testkit.StartMemcached(t, "")
	cachetest.Run(t, func(t *testing.T) cachetest.Fixture {
		return cachetest.Fixture{Cache: open(t, memcached.Options{Servers: []string{shared, other.Address}}), Pass: waits}
	})
}

// down is an address where nobody listens.
const down = "127.0.0.1:1"

func TestWithoutItsServerACacheIsThatOfTheProcess(t *testing.T) {
	t.Parallel()
	cachetest.Run(t, func(t *testing.T) cachetest.Fixture {
		c := testkit.NewClock(time.Now())
		return cachetest.Fixture{
			Cache: deaf{open(t, memcached.Options{Servers: []string{down}, Now: c.Now})},
			Pass:  func(_ *testing.T, d time.Duration) { c.Pass(d) },
		}
	})
}

// deaf is a cache whose pings fail, as they must.
type deaf struct{ cache.Cache }

func (d deaf) Ping(ctx context.Context) error {
	if err := d.Cache.Ping(ctx); err == nil || !strings.Contains(err.Error(), down) || !strings.Contains(err.Error(), "KVDB_LOCATION") {
		return errors.Join(err, errors.New("the error does not say which server and what to mend"))
	}
	return nil
}

func TestProcessesShareWhatTheyCount(t *testing.T) {
	t.Parallel()
	opt := memcached.Options{Servers: []string{testkit.Memcached(t)}, Prefix: "test-" + uuid.NewString()}
	one, two := open(t, opt), open(t, opt)
	opt.Prefix += "-other"
	apart := open(t, opt)
	for i, c := range []*memcached.Cache{one, two, one} {
		if n, err := c.Increment(t.Context(), "k", time.Minute); err != nil || n != int64(i)+1 {
			t.Errorf("count %d is %d, %v", i+1, n, err)
		}
	}
	if n, err := apart.Increment(t.Context(), "k", time.Minute); err != nil || n != 1 {
		t.Errorf("under another prefix the count is %d, %v", n, err)
	}
}

func TestAServerThatDiesAndComesBack(t *testing.T) {
	t.Parallel()
	var log testkit.Buffer
	server, c, registry := testkit.StartMemcached(t, ""), testkit.NewClock(time.Now()), prometheus.NewRegistry()
	shared := open(t, memcached.Options{
		Servers: []string{server.Address}, Now: c.Now, Pause: time.Minute, Registry: registry, Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	count := func(want int64) {
		t.Helper()
		if n, err := shared.Increment(t.Context(), "k", time.Hour); err != nil || n != want {
			t.Errorf("the count is %d, %v; want %d", n, err, want)
		}
	}
	count(1)
	count(2)
	server.Kill(t)
	if err := shared.Ping(t.Context()); err == nil {
		t.Error("a dead server answers")
	}
	for i := range int64(10) {
		count(i + 1) // of this process, without a gap
	}
	if n := strings.Count(log.String(), "does not answer"); n != 1 {
		t.Errorf("the log says %d times that the server does not answer:\n%s", n, &log)
	}
	back := testkit.StartMemcached(t, server.Address)
	count(11) // it is left alone for the pause
	c.Pass(time.Minute)
	count(1) // it has lost what it held
	count(2)
	if n := strings.Count(log.String(), "answers again"); n != 1 {
		t.Errorf("the log says %d times that the server is back:\n%s", n, &log)
	}
	back.Kill(t)
	for range 10 {
		_, _, _ = shared.Get(t.Context(), "k")
	}
	testkit.StartMemcached(t, server.Address)
	if err := shared.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	count(1) // the ping was enough, no pause has passed
	const name = "mnemosyne_cache_operations_total"
	wanted := "# HELP " + name + " Operations on the shared cache, by who answered: the server, or this process while the server is away.\n# TYPE " +
		name + " counter\n" + name + "{answered_by=\"process\"} 21\n" + name + "{answered_by=\"server\"} 5\n"
	if err := testutil.GatherAndCompare(registry, strings.NewReader(wanted), name); err != nil {
		t.Error(err)
	}
}

func TestARestartBetweenTwoCallsIsNoticedByNobody(t *testing.T) {
	t.Parallel()
	server := testkit.StartMemcached(t, "")
	shared := open(t, memcached.Options{Servers: []string{server.Address}})
	if err := shared.Set(t.Context(), "k", []byte("v"), time.Minute); err != nil {
		t.Fatal(err)
	}
	server.Kill(t)
	testkit.StartMemcached(t, server.Address)
	for range 3 { // the first one meets a connection that was cut
		if _, _, err := shared.Get(t.Context(), "k"); err != nil {
			t.Fatal(err)
		}
	}
	if err := shared.Set(t.Context(), "k", []byte("v"), time.Minute); err != nil {
		t.Fatal(err)
	}
	if _, found, err := open(t, memcached.Options{Servers: []string{server.Address}}).Get(t.Context(), "k"); err != nil || found {
		t.Fatalf("another prefix finds it: %v, %v", found, err)
	}
	if err := shared.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A server that takes connections and says nothing is the slow way to be dead.
func TestASilentServerCostsAFewShortWaits(t *testing.T) {
	t.Parallel()
	var listen net.ListenConfig
	silent, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	const wait = 50 * time.Millisecond
	shared := open(t, memcached.Options{Servers: []string{silent.Addr().String()}, Timeout: wait, Pause: time.Hour})
	began := time.Now()
	for range 1000 {
		if _, err := shared.Increment(t.Context(), "k", time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took < 3*wait || took > 40*wait {
		t.Errorf("1000 calls took %s, want three waits of %s", took, wait)
	}
}

func TestOneDeadServerOfTwoLeavesTheOtherShared(t *testing.T) {
	t.Parallel()
	opt := memcached.Options{Servers: []string{testkit.StartMemcached(t, "").Address, down}, Prefix: "p"}
	one, two := open(t, opt), open(t, opt)
	shared := 0
	for i := range 64 {
		key := strconv.Itoa(i)
		if err := one.Set(t.Context(), key, []byte("v"), time.Minute); err != nil {
			t.Fatal(err)
		}
		if _, found, err := two.Get(t.Context(), key); err != nil {
			t.Fatal(err)
		} else if found {
			shared++
		}
		if _, found, err := one.Get(t.Context(), key); err != nil || !found {
			t.Errorf("%s is lost: %v", key, err)
		}
	}
	if shared < 16 || shared > 48 {
		t.Errorf("%d of 64 keys are shared, want about half", shared)
	}
}

func TestACallerWhoIsGoneIsToldSo(t *testing.T) {
	t.Parallel()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	shared := open(t, memcached.Options{Servers: []string{down}})
	if _, _, err := shared.Get(gone, "k"); !errors.Is(err, context.Canceled) {
		t.Errorf("Get gave %v", err)
	}
}
