package signin

import (
	"context"
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

// throttle slows guessing of passwords down. It counts in the cache, so that
// every process knows of the tries at the others; a lost cache forgives.
type throttle struct{ window cache.Window }

func newThrottle(c cache.Cache, now func() time.Time) *throttle {
	return &throttle{cache.Window{Cache: c, Length: time.Minute, Now: now}}
}

// try counts a try and tells how long to wait instead, 0 to go on.
func (t *throttle) try(ctx context.Context, address, username string) (wait time.Duration, err error) {
	for _, counted := range []struct {
		name string
		most int64
	}{
		{"sign-in address " + httpx.Network(address), triesOfAddress},
		{ofName(username), triesOfName},
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
	return t.window.Forget(ctx, ofName(username))
}

// ofName is a user name in the form that all its spellings share and that an
// account is found by, cut so that a long one costs no memory.
func ofName(username string) string {
	const most = 200
	name := accounts.UsernameKey(username)
	return "sign-in name " + name[:min(len(name), most)]
}
