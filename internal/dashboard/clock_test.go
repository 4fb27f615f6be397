package dashboard_test

import (
	"sync"
	"time"

	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
)

// clock is a time that passes when a test says so.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

// newClock stands at the beginning of a minute, as windows of time do.
func newClock() *clock { return &clock{now: time.Now().Truncate(time.Minute)} }

func (c *clock) use(o *dashboardtest.Options) {
	now := func() time.Time {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.now
	}
	o.Pages.Now, o.SignIn.Now = now, now
}

func (c *clock) pass(seconds int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Duration(seconds) * time.Second)
}
