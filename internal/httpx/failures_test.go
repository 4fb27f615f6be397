package httpx_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/cache"
	"git.helu.ca/r/mnemosyne/internal/httpx"
)

// door is a surface that knows the bearer "good" and limits the others.
type door struct {
	t        *testing.T
	handler  http.Handler
	kept     *keyed
	registry *prometheus.Registry
	mu       sync.Mutex
	at       time.Time
}

// keyed notes which keys a cache holds.
type keyed struct {
	cache.Cache

	mu   sync.Mutex
	keys map[string]bool
}

func (k *keyed) note(key string, there bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if there {
		k.keys[key] = true
	} else {
		delete(k.keys, key)
	}
}

func (k *keyed) Add(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	k.note(key, true)
	return k.Cache.Add(ctx, key, value, ttl)
}

func (k *keyed) Increment(ctx context.Context, key string, ttl time.Duration) (int64, error) {
	k.note(key, true)
	return k.Cache.Increment(ctx, key, ttl)
}

func (k *keyed) Delete(ctx context.Context, key string) error {
	k.note(key, false)
	return k.Cache.Delete(ctx, key)
}

func newDoor(t *testing.T, perMinute int) *door {
	t.Helper()
	d := &door{t: t, registry: prometheus.NewRegistry(), at: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	d.kept = &keyed{Cache: cache.NewInProcess(cache.InProcessOptions{Now: d.now}), keys: map[string]bool{}}
	failures := httpx.NewFailures(httpx.FailuresOptions{Cache: d.kept, PerMinute: perMinute, Log: quiet, Registry: d.registry, Now: d.now})
	auth, err := httpx.NewAuth(httpx.BearerFunc(func(ctx context.Context, header string) (accounts.Principal, error) {
		p, err := people{}.Resolve(ctx, header)
		if err != nil {
			err = failures.Refused(ctx, header, err)
		}
		return p, err
	}), people{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	router := chi.NewRouter()
	surface := &httpx.Surface{Name: "rest", Auth: auth, Errors: httpx.RESTErrors(quiet)}
	surface.Mount(router, []httpx.Route{{
		Method: http.MethodGet, Path: "/here/",
		Handler: func(w http.ResponseWriter, _ *http.Request, _ accounts.Principal) error { return httpx.NoContent(w) },
	}})
	d.handler = httpx.NewFront(router, httpx.FrontOptions{
		Log: quiet, AllowedHosts: []string{"localhost"}, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
	return d
}

func (d *door) now() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at
}

func (d *door) pass(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = d.at.Add(by)
}

// knock shows a bearer from an address, as a proxy of ours tells it.
func (d *door) knock(address, bearer string) *httptest.ResponseRecorder {
	d.t.Helper()
	return ask(d.t, d.handler, func(r *http.Request) {
		r.Header.Set("X-Forwarded-For", address)
		r.Header.Set("Authorization", "Bearer "+bearer)
	})
}

func (d *door) want(status int, address, bearer string) {
	d.t.Helper()
	if w := d.knock(address, bearer); w.Code != status {
		d.t.Fatalf("%.20q from %s at %s: %d %s, want %d", bearer, address, d.now().Format(time.TimeOnly), w.Code, w.Body, status)
	}
}

func TestAnAgentHostWithOneBadTokenIsToldSoEachTime(t *testing.T) {
	t.Parallel()
	d := newDoor(t, 60)
	const perSecond = 2 * 20 // each of its requests costs two
	for range 120 * perSecond {
		d.want(http.StatusUnauthorized, "192.0.2.1", "stale")
		d.pass(time.Second / perSecond)
	}
	d.want(http.StatusNoContent, "192.0.2.1", "good")
}

func TestAGuesserIsLimitedAndNobodyElse(t *testing.T) {
	t.Parallel()
	d := newDoor(t, 60)
	d.pass(15 * time.Second)
	d.want(http.StatusUnauthorized, "192.0.2.1", "stale")
	for i := range 59 {
		d.want(http.StatusUnauthorized, "192.0.2.1", "guess"+strconv.Itoa(i))
	}
	for i := range 1000 {
		d.want(http.StatusTooManyRequests, "192.0.2.1", "guess"+strconv.Itoa(1000+i%7)) // repeating does not help
	}
	w := d.knock("192.0.2.1", "another")
	if w.Body.String() != `{"detail":"Request was throttled. Expected available in 45 seconds."}` || w.Header().Get("Retry-After") != "45" ||
		w.Header().Get("WWW-Authenticate") != "" || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("the answer is %s with %v", w.Body, w.Header())
	}
	d.want(http.StatusNoContent, "192.0.2.1", "good")          // whoever is accepted
	d.want(http.StatusUnauthorized, "192.0.2.1", "stale")      // whoever was told already
	d.want(http.StatusUnauthorized, "192.0.2.2", "guess1000")  // another address
	d.want(http.StatusUnauthorized, "2001:db8::1", "guess999") // and of another family
	d.pass(44 * time.Second)
	d.want(http.StatusTooManyRequests, "192.0.2.1", "another")
	d.pass(time.Second)
	d.want(http.StatusUnauthorized, "192.0.2.1", "another")
	const name = "mnemosyne_bearers_limited_total"
	want := "# HELP " + name + " Refused bearers that were answered with 429, because their address had tried too many.\n# TYPE " + name + " counter\n" + name + " 1002\n"
	if err := testutil.GatherAndCompare(d.registry, strings.NewReader(want), name); err != nil {
		t.Error(err)
	}
}

func TestAFloodOfOneBadTokenIsLimitedInTheEnd(t *testing.T) {
	t.Parallel()
	d := newDoor(t, 3)
	for range 300 {
		d.want(http.StatusUnauthorized, "192.0.2.1", "stale")
	}
	d.want(http.StatusTooManyRequests, "192.0.2.1", "stale")
	d.want(http.StatusNoContent, "192.0.2.1", "good")
}

func TestAnIPv6SubnetIsOneCaller(t *testing.T) {
	t.Parallel()
	d := newDoor(t, 3)
	for i := range 3 {
		d.want(http.StatusUnauthorized, fmt.Sprintf("2001:db8::%x", i+1), "guess"+strconv.Itoa(i))
	}
	d.want(http.StatusTooManyRequests, "2001:db8::ffff", "guess4")
	d.want(http.StatusUnauthorized, "2001:db8:0:1::1", "guess4")
	for i := range 3 { // an IPv4 address may be written as an IPv6 one
		d.want(http.StatusUnauthorized, []string{"192.0.2.1", "::ffff:192.0.2.1"}[i%2], "guess"+strconv.Itoa(i))
	}
	d.want(http.StatusTooManyRequests, "::ffff:192.0.2.1", "guess4")
}

func TestAForgedForwardingHeaderGivesNoNewStart(t *testing.T) {
	t.Parallel()
	d := newDoor(t, 3)
	for i := range 6 {
		w := ask(t, d.handler, func(r *http.Request) {
			r.RemoteAddr = "198.51.100.7:4711" // no proxy of ours
			r.Header.Set("X-Forwarded-For", "192.0.2."+strconv.Itoa(i))
			r.Header.Set("Authorization", "Bearer guess"+strconv.Itoa(i))
		})
		if want := []int{http.StatusUnauthorized, http.StatusTooManyRequests}[i/3]; w.Code != want {
			t.Errorf("guess %d is answered %d, want %d", i, w.Code, want)
		}
	}
}

func TestWhoShowsNoBearerIsNotCounted(t *testing.T) {
	t.Parallel()
	d := newDoor(t, 1)
	for range 200 {
		if w := ask(t, d.handler, nil); w.Code != http.StatusUnauthorized {
			t.Fatalf("answered %d", w.Code)
		}
	}
	d.want(http.StatusUnauthorized, "127.0.0.1", "stale")
}

func TestZeroIsNoLimit(t *testing.T) {
	t.Parallel()
	d := newDoor(t, 0)
	for i := range 200 {
		d.want(http.StatusUnauthorized, "192.0.2.1", strconv.Itoa(i))
	}
	if len(d.kept.keys) != 0 {
		t.Errorf("%d keys are kept", len(d.kept.keys))
	}
}

func TestGuessingFillsNoCacheAndLeavesNoBearerInIt(t *testing.T) {
	t.Parallel()
	d := newDoor(t, 60)
	for i := range 5000 {
		d.knock("192.0.2.1", "guess"+strconv.Itoa(i))
	}
	if len(d.kept.keys) > 62 {
		t.Errorf("%d keys are kept of one address", len(d.kept.keys))
	}
	for key := range d.kept.keys {
		if strings.Contains(key, "guess") {
			t.Errorf("a bearer stands in the cache: %s", key)
		}
	}
}

func TestTheFirstRequestsOfAHostAtOnceCountOneBearer(t *testing.T) {
	t.Parallel()
	d := newDoor(t, 1)
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if w := d.knock("192.0.2.1", "stale"); w.Code != http.StatusUnauthorized {
				t.Errorf("answered %d", w.Code)
			}
		})
	}
	group.Wait()
	d.want(http.StatusTooManyRequests, "192.0.2.1", "another")
}
