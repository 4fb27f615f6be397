// Command benchsearch measures search by the size of a library: how long each
// leg and the whole of it take, what they cost, what is held in memory, and
// how much of what an exact comparison finds is found, beside other programs
// on the same vectors and filters.
//
// Every engine runs in processes of its own, one that builds and one that
// answers, so that memory and processor time are its own. They are given a job
// as JSON and print a line of JSON for each series of questions; peers.py does
// the same. It needs Linux.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const jobCommand = "job"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchsearch: "+err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (err error) {
	if len(args) == 2 && args[0] == jobCommand {
		return do(ctx, args[1])
	}
	b := &bench{log: slog.New(slog.NewTextHandler(os.Stderr, nil)), python: os.Getenv("MNEMOSYNE_BENCH_PYTHON")}
	flags := flag.NewFlagSet("benchsearch", flag.ContinueOnError)
	sizes := flags.String("sizes", "1000,10000,100000", "chunks of the library, by comma; 1000000 takes 5 GB of disk and a quarter of an hour")
	peers := flags.String("peers", "", "other programs to ask, by comma; MNEMOSYNE_BENCH_PYTHON names a Python that has them: "+strings.Join(peerNames(), ", "))
	flags.IntVar(&b.questions, "questions", 200, "questions of each series")
	flags.IntVar(&b.k, "k", 10, "hits asked for of the vectors")
	flags.StringVar(&b.dir, "dir", "", "keep what was built here, and use what is there; empty: a temporary folder")
	flags.StringVar(&b.script, "script", filepath.Join("cmd", "benchsearch", "peers.py"), "asks the other programs")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if b.peers, err = choosePeers(*peers); err != nil {
		return err
	}
	if b.dir == "" {
		if b.dir, err = os.MkdirTemp("", "mnemosyne-benchsearch-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	}
	b.made = newMaker()
	fmt.Printf("%s\n\n", machine())
	for size := range strings.SplitSeq(*sizes, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(size))
		if err != nil || n < smallChunks {
			return fmt.Errorf("-sizes: %q is no number of at least %d", size, smallChunks)
		}
		if err := b.size(ctx, n); err != nil {
			return fmt.Errorf("%d chunks: %w", n, err)
		}
	}
	return nil
}

// do is what a process of this program's own engine does.
func do(ctx context.Context, text string) error {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return fmt.Errorf("read the job: %w", err)
	}
	if j.Do == "build" {
		return buildOurs(ctx, j)
	}
	return askOurs(ctx, j)
}
