package signin

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/cache"
	"git.helu.ca/r/mnemosyne/internal/httpx"
)

// Tries to sign in that are taken in a minute. Nobody is locked out for longer
// than that, whoever else tries under their name.
const (
	triesOfAddress = 30
	triesOfName    = 10
)

// Mails with a link to a new password that are asked for in an hour.
const (
	resetsOfAddress = 20
	resetsOfName    = 4
)

// throttle slows guessing of passwords down. It counts in the cache, so that
// every process knows of the tries at the others; a lost cache forgives.
type throttle struct {
	window            cache.Window
	what              string
	ofAddress, ofName int64
}

func newThrottle(c cache.Cache, now func() time.Time) *throttle {
	return &throttle{cache.Window{Cache: c, Length: time.Minute, Now: now}, "sign-in", triesOfAddress, triesOfName}
}

func newResetThrottle(c cache.Cache, now func() time.Time) *throttle {
	return &throttle{cache.Window{Cache: c, Length: time.Hour, Now: now}, "reset", resetsOfAddress, resetsOfName}
}

// newReturnThrottle bounds what somebody can make us ask the sign-on server.
func newReturnThrottle(c cache.Cache, now func() time.Time) *throttle {
	return &throttle{cache.Window{Cache: c, Length: time.Minute, Now: now}, "sign-on", triesOfAddress, math.MaxInt64}
}

// try counts a try and tells how long to wait instead, 0 to go on.
func (t *throttle) try(ctx context.Context, address, username string) (wait time.Duration, err error) {
	for _, counted := range []struct {
		name string
		most int64
	}{
		{t.what + " address " + httpx.Network(address), t.ofAddress},
		{t.name(username), t.ofName},
	} {
		n, err := t.window.Count(ctx, counted.name)
		if err != nil {
			return 0, err
		}
		if n > counted.most {
			return t.window.Left(), nil
		}
	}
	return 0, nil
}

// forgive forgets the tries under a name that has been signed in with.
func (t *throttle) forgive(ctx context.Context, username string) error {
	return t.window.Forget(ctx, t.name(username))
}

// name is a user name in the form that all its spellings share and that an
// account is found by, cut so that a long one costs no memory.
func (t *throttle) name(username string) string {
	const most = 200
	name := accounts.UsernameKey(username)
	return t.what + " name " + name[:min(len(name), most)]
}

// tooMany says how long to wait, in the answer's header and in words.
func tooMany(w http.ResponseWriter, wait time.Duration) string {
	seconds := int64(math.Ceil(wait.Seconds()))
	w.Header().Set("Retry-After", strconv.FormatInt(seconds, 10))
	if wait > 2*time.Minute {
		return fmt.Sprintf("There were too many tries. Wait %.0f minutes and try again.", math.Ceil(wait.Minutes()))
	}
	return fmt.Sprintf("There were too many tries. Wait %d seconds and try again.", seconds)
}
