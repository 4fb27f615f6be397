package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// report is what came of a run.
type report struct {
	Seed       uint64
	Machine    string
	Lasted     time.Duration // load and faults
	Lines      []line
	Violations []string
}

type line struct{ name, value string }

func (c *chaos) report(ctx context.Context, jobs map[string]ended) *report {
	r := &report{Seed: c.opt.Seed, Machine: machine(ctx, c.in), Lasted: time.Since(c.began)}
	r.add("jobs accepted", "%d", len(c.model.jobs))
	ends := map[string]int{}
	for _, j := range jobs {
		ends[j.status]++
	}
	r.add("jobs in the ledger, by their end", "%d done, %d cancelled, %d failed, %d open",
		ends["done"], ends["cancelled"], ends["failed"], len(jobs)-ends["done"]-ends["cancelled"]-ends["failed"])
	for _, name := range engineNames() {
		r.add("restarts of "+name, "%d, down for %s at most", c.engines.restarts[name], c.engines.longest[name].Round(100*time.Millisecond))
		if c.engines.restarts[name] < c.opt.wanted(name) {
			c.model.violate("the time was over after %d of %d restarts of %s", c.engines.restarts[name], c.opt.wanted(name), name)
		}
	}
	if n := c.model.counts[workerKills]; n < c.opt.Kills {
		c.model.violate("the time was over after %d of %d kills", n, c.opt.Kills)
	}
	if len(c.model.jobs) < c.opt.Jobs {
		c.model.violate("the time was over after %d of %d jobs", len(c.model.jobs), c.opt.Jobs)
	}
	c.standstill(r)
	r.add("longest wait for an acceptance, outages and all", "%s", c.model.slowest.Round(100*time.Millisecond))
	exits := 0
	for _, s := range c.in.slots {
		exits += s.exits
	}
	r.add("processes that ended by themselves", "%d", exits)
	var names []string
	for name := range c.model.counts {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		r.add(name, "%d", c.model.counts[name])
	}
	r.Violations = c.model.violations
	return r
}

// standstill tells how long jobs stood still after their worker died.
func (c *chaos) standstill(r *report) {
	var longest, longestAtAll time.Duration
	n := 0
	for _, g := range c.watcher.gaps {
		took := g.to.Sub(g.from)
		longestAtAll = max(longestAtAll, took)
		const free = 2 // later ones wait longer by intent
		if g.crashes > free {
			continue
		}
		n++
		took -= c.engines.down(g.from, g.to)
		if longest = max(longest, took); took > c.opt.Standstill && c.opt.Standstill > 0 {
			c.model.violate("job %s stood still for %s, outages not counted", g.job, took.Round(time.Second))
		}
	}
	r.add("longest standstill of a crashed worker's job", "%s of %d, outages of engines not counted; %s of %d with them",
		longest.Round(100*time.Millisecond), n, longestAtAll.Round(100*time.Millisecond), len(c.watcher.gaps))
}

func (r *report) add(name, format string, args ...any) {
	r.Lines = append(r.Lines, line{name, fmt.Sprintf(format, args...)})
}

func (r *report) print(w io.Writer) {
	fmt.Fprintf(w, "seed %d; %s\nload, faults and rest %s\n\n", r.Seed, r.Machine, r.Lasted.Round(time.Second))
	for _, l := range r.Lines {
		fmt.Fprintf(w, "%-52s %s\n", l.name, l.value)
	}
	fmt.Fprintf(w, "%-52s %d\n", "promises broken", len(r.Violations))
	for _, v := range r.Violations {
		fmt.Fprintln(w, "  "+v)
	}
}

func machine(ctx context.Context, in *installation) string {
	version, err := in.command(ctx, "version")
	if err != nil {
		version = "unknown version"
	}
	load, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(load), " ")
	return fmt.Sprintf("%s; %s/%s, %d cores, load %s at the end", strings.Join(strings.Fields(version), " "), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), first)
}
