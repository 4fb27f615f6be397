// Command chaos proves that what is accepted is kept. It starts the compiled
// program as serve, mcp and several workers, on engines of its own, loads them
// through their doors, and meanwhile kills workers, holds one for longer than
// its lease, and kills or restarts every engine. Then it lets all come to rest
// and compares what clients were told with every store.
//
// It ends with 1 when a job was lost or ended twice, a chunk is there twice or
// missing, something is left of what was deleted, or a reader ever saw half a
// document, two versions at once, or what had been deleted. The random
// decisions follow from the seed, which it prints; the clock adds its own.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options bound a run. It goes on until jobs, kills and restarts are reached,
// or the time is over; too few of them is a failure then.
type options struct {
	Root     string        // the checkout, for scripts/services
	Binary   string        // the compiled program
	Dir      string        // for files of the run; a temporary one when empty
	Jobs     int           // jobs accepted
	Kills    int           // kill -9 of workers
	Restarts int           // of each engine
	Slow     int           // of Neo4j and MinIO, where fewer will do; Restarts when 0
	Time     time.Duration // of load and faults, at most
	Spread   time.Duration // over which kills are spread; half of Time when 0
	Rest     time.Duration // until everything has ended, after the load
	// Standstill is how soon a crashed worker's job must go on, while the engines
	// are up and the document is not what workers die of. 0 only shows it: on a
	// machine that is busy otherwise the clock says nothing of the program.
	Standstill time.Duration
	Seed       uint64
	Workers    int
	Log        func(format string, args ...any)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos: "+err.Error())
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("chaos", flag.ContinueOnError)
	o := options{Log: func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
	}}
	flags.StringVar(&o.Root, "root", ".", "the checkout")
	flags.StringVar(&o.Binary, "binary", "bin/mnemosyne", "the compiled program")
	flags.StringVar(&o.Dir, "dir", "", "keep files and logs here")
	flags.IntVar(&o.Jobs, "jobs", 200, "jobs to be accepted")
	flags.IntVar(&o.Kills, "kills", 10, "kill -9 of workers")
	flags.IntVar(&o.Restarts, "restarts", 1, "restarts of each engine")
	flags.IntVar(&o.Slow, "slow-restarts", 0, "restarts of Neo4j and MinIO, when other than -restarts")
	flags.DurationVar(&o.Time, "time", 10*time.Minute, "the longest that load and faults last")
	flags.DurationVar(&o.Spread, "spread", 0, "kills are spread over this; half of -time when 0")
	flags.DurationVar(&o.Rest, "rest", 5*time.Minute, "the longest that jobs may take to end after that")
	flags.DurationVar(&o.Standstill, "standstill", time.Minute, "how soon a crashed worker's job must go on; 0 only shows it")
	flags.Uint64Var(&o.Seed, "seed", 0, "repeats the decisions of a run; 0: a new one")
	flags.IntVar(&o.Workers, "workers", 3, "worker processes, each with two jobs at a time")
	if err := flags.Parse(args); err != nil {
		return err
	}
	r, err := run(ctx, o)
	if r != nil {
		r.print(os.Stdout)
	}
	if err != nil {
		return err
	}
	if len(r.Violations) > 0 {
		return errors.New("promises were broken; see above")
	}
	return nil
}
