package httpx

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/cache"
	"git.helu.ca/r/mnemosyne/internal/errs"
)

// repeats is how many failures a minute one address may have for each bearer
// that it may try: a client that repeats a bad one forty times a second stays
// below it with the default of 60.
const repeats = 100

// Failures limits the bearers that one address may try in vain. It counts two
// things a minute, because two callers must be told apart:
//
// Who guesses shows a new bearer each time. Only so many different ones are
// answered 401; further ones are answered 429.
//
// Who is misconfigured shows the same bearer again and again, as an agent host
// with one stale token does, twice a request. Its answer stays 401, which says
// what to mend, until the address has failed repeats times as often in all.
//
// A bearer that is accepted is never asked about here, so neither of them locks
// out anybody else behind their address. Bearers are kept as hashes, and those
// past the limit not at all, so that guessing fills no cache.
type Failures struct {
	window cache.Window
	most   int64
	log    *slog.Logger

	limited prometheus.Counter
}

// FailuresOptions are what Failures are made of.
type FailuresOptions struct {
	Cache     cache.Cache
	PerMinute int // different bearers of an address; 0: no limit
	Log       *slog.Logger
	Registry  prometheus.Registerer // nil: no metrics
	Now       func() time.Time      // nil: time.Now
}

// NewFailures makes the limit.
func NewFailures(opt FailuresOptions) *Failures {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	f := &Failures{
		window: cache.Window{Cache: opt.Cache, Length: time.Minute, Now: opt.Now}, most: int64(opt.PerMinute), log: opt.Log,
		limited: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "mnemosyne_bearers_limited_total",
			Help: "Refused bearers that were answered with 429, because their address had tried too many.",
		}),
	}
	if opt.Registry != nil {
		opt.Registry.MustRegister(f.limited)
	}
	return f
}

// Refused is the error that a caller gets whose Authorization header was
// refused with err: that one, or RateLimited. Any other error stays as it is.
func (f *Failures) Refused(ctx context.Context, header string, err error) error {
	if f.most == 0 || header == "" || !errs.Is(err, errs.Unauthenticated) {
		return err
	}
	over, fault := f.over(ctx, Network(CallOf(ctx).Address), header)
	if fault != nil && ctx.Err() == nil {
		f.log.WarnContext(ctx, "a refused bearer was not counted", slog.Any("error", fault))
	}
	if !over {
		return err
	}
	f.limited.Inc()
	wait := f.window.Left()
	return &errs.Error{
		Kind: errs.RateLimited, RetryAfter: wait, Err: err,
		Message: fmt.Sprintf("Request was throttled. Expected available in %d seconds.", int(math.Ceil(wait.Seconds()))),
	}
}

func (f *Failures) over(ctx context.Context, address, header string) (bool, error) {
	all, err := f.window.Count(ctx, "bearers all "+address)
	if err != nil || all > f.most*repeats {
		return err == nil, err
	}
	sum := sha256.Sum256([]byte(header))
	bearer := "bearers tried " + address + " " + hex.EncodeToString(sum[:])
	first, err := f.window.First(ctx, bearer)
	if err != nil || !first {
		return false, err
	}
	different, err := f.window.Count(ctx, "bearers different "+address)
	if err != nil || different <= f.most {
		return false, err
	}
	return true, f.window.Forget(ctx, bearer)
}

// Network is what one caller has at their disposal: an IPv4 address, or the
// /64 of an IPv6 one.
func Network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Unmap().Is4() {
		return address
	}
	const subnet = 64
	prefix, err := ip.WithZone("").Prefix(subnet)
	if err != nil {
		return address
	}
	return prefix.String()
}
