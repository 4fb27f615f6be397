package main

import (
	"context"
	"math/rand/v2"
	"syscall"
	"time"
)

// killer kills workers, and now and then another process, until there were
// enough kills.
func (c *chaos) killer(ctx context.Context, rng *rand.Rand) {
	workers := c.in.workers()
	for ctx.Err() == nil && (c.model.counted(workerKills) < c.opt.Kills || !c.engines.enough(c.opt)) {
		wait(ctx, c.betweenKills()/2+time.Duration(rng.Int64N(int64(c.betweenKills()))))
		s, what := workers[rng.IntN(len(workers))], workerKills
		if rng.IntN(12) == 0 {
			s = c.in.slots[rng.IntN(2)]
			what = "kills of " + s.name
		}
		if ctx.Err() == nil && s.signal(syscall.SIGKILL) {
			c.model.count(what)
		}
	}
}

const (
	workerKills = "kills of workers"
	freezes     = "workers held for longer than their lease"
	// frozen is longer than a lease.
	frozen = 24 * time.Second
)

// freezer stops a worker for longer than its lease and lets it go on, late.
func (c *chaos) freezer(ctx context.Context, rng *rand.Rand) {
	workers := c.in.workers()
	for ctx.Err() == nil && !c.enough() {
		s := workers[rng.IntN(len(workers))]
		if s.signal(syscall.SIGSTOP) {
			wait(ctx, frozen)
			if s.signal(syscall.SIGCONT) {
				c.model.count(freezes)
			}
		}
		wait(ctx, frozen)
	}
}

// restarter ends and starts each of some engines, all of them in turn, in
// another order each time.
func (c *chaos) restarter(ctx context.Context, rng *rand.Rand, names ...string) error {
	for left := true; left && ctx.Err() == nil; {
		left = false
		rng.Shuffle(len(names), func(i, k int) { names[i], names[k] = names[k], names[i] })
		for _, name := range names {
			if ctx.Err() != nil || c.engines.restarted(name) >= c.opt.wanted(name) {
				continue
			}
			left = true
			wait(ctx, time.Second+time.Duration(rng.Int64N(int64(3*time.Second))))
			crash := rng.IntN(3) > 0
			c.opt.Log("%s %s", map[bool]string{true: "kill", false: "stop"}[crash], name)
			if err := c.engines.bounce(ctx, name, crash, time.Duration(rng.Int64N(int64(2*time.Second)))); err != nil {
				return err
			}
			c.opt.Log("%s is up again", name)
		}
	}
	return nil
}

// wanted is how often an engine is to be restarted.
func (o options) wanted(name string) int {
	if o.Slow > 0 && (name == neo4j || name == minioName) {
		return o.Slow
	}
	return o.Restarts
}

func (e *engines) restarted(name string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.restarts[name]
}

func (e *engines) enough(o options) bool {
	for _, name := range engineNames() {
		if e.restarted(name) < o.wanted(name) {
			return false
		}
	}
	return true
}
