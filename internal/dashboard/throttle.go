package dashboard

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"git.helu.ca/r/mnemosyne/internal/accounts"
)

// Tries to sign in: a burst, then one each so often. Nobody is locked out for
// longer than that, whoever else tries under their name.
const (
	burstOfAddress = 30
	burstOfName    = 10
	everyAddress   = 2 * time.Second
	everyName      = 5 * time.Second
	maxKnown       = 10_000 // of each kind
)

// throttle slows guessing of passwords down. It is kept in memory: a restart
// forgives.
type throttle struct {
	now func() time.Time

	mu        sync.Mutex
	addresses map[string]*rate.Limiter
	names     map[string]*rate.Limiter
}

func newThrottle(now func() time.Time) *throttle {
	return &throttle{now: now, addresses: map[string]*rate.Limiter{}, names: map[string]*rate.Limiter{}}
}

// try counts a try and tells how long to wait instead, 0 to go on.
func (t *throttle) try(address, username string) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if wait := take(t.addresses, network(address), everyAddress, burstOfAddress, now); wait > 0 {
		return wait
	}
	return take(t.names, folded(username), everyName, burstOfName, now)
}

// forgive forgets the tries under a name that has been signed in with.
func (t *throttle) forgive(username string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.names, folded(username))
}

func take(known map[string]*rate.Limiter, key string, every time.Duration, burst int, now time.Time) time.Duration {
	limiter, ok := known[key]
	if !ok {
		forget(known, burst, now)
		limiter = rate.NewLimiter(rate.Every(every), burst)
		known[key] = limiter
	}
	reservation := limiter.ReserveN(now, 1)
	wait := reservation.DelayFrom(now)
	if wait > 0 {
		reservation.CancelAt(now)
	}
	return wait
}

// forget makes room: first those who have all their tries again, then any.
func forget(known map[string]*rate.Limiter, burst int, now time.Time) {
	if len(known) < maxKnown {
		return
	}
	for key, limiter := range known {
		if limiter.TokensAt(now) >= float64(burst) {
			delete(known, key)
		}
	}
	for key := range known {
		if len(known) < maxKnown {
			return
		}
		delete(known, key)
	}
}

// network is what one person has at their disposal: an IPv4 address, or the
// /64 of an IPv6 one.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Is4() {
		return address
	}
	const subnet = 64
	prefix, err := ip.WithZone("").Prefix(subnet)
	if err != nil {
		return address
	}
	return prefix.String()
}

// folded is a user name in the form that all its spellings share and that an
// account is found by, cut so that a long one costs no memory.
func folded(username string) string {
	const most = 200
	name := accounts.UsernameKey(username)
	return name[:min(len(name), most)]
}
