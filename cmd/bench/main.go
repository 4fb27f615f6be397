// Command bench measures what a person would notice: how long a start takes,
// how much memory an ingest needs, what a search costs. It drives the compiled
// program through its doors, in data folders of its own, and prints a table
// with the machine, the sizes and the figure that was aimed at.
//
// Processor time is read from /proc and getrusage, because other programs on
// the machine change it less than they change the clock's; it needs Linux.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"git.helu.ca/r/mnemosyne/internal/library/extract"
)

// The names under which the program starts itself.
const (
	serveCommand   = "serve-made-up" // the whole program with made-up vectors
	extractCommand = "extract-worker"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == extractCommand {
		os.Exit(extract.ChildMain(os.Stdin, os.Stdout))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: "+err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == serveCommand {
		return serveMadeUp(ctx)
	}
	if len(args) > 0 && args[0] == bareCommand {
		return serveBare(ctx)
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	b := &bench{log: slog.New(slog.NewTextHandler(os.Stderr, nil)), data: os.Getenv("MNEMOSYNE_BENCH_DATA"), pdf: os.Getenv("MNEMOSYNE_BENCH_PDF")}
	var only string
	flags.StringVar(&only, "only", "", "measure these alone, by comma: "+strings.Join(names(), ", "))
	flags.StringVar(&b.root, "root", ".", "the checkout")
	flags.IntVar(&b.chunks, "chunks", 100_000, "chunks of the large library of search")
	flags.IntVar(&b.documents, "documents", 0, "documents of the corpus to ingest; 0: all")
	flags.BoolVar(&b.cold, "cold", true, "also build once without a build cache")
	if err := flags.Parse(args); err != nil {
		return err
	}
	chosen, err := choose(only)
	if err != nil {
		return err
	}
	return b.run(ctx, chosen)
}

// bench is what figures are measured with.
type bench struct {
	root      string // the checkout
	binary    string // the compiled program
	temp      string // removed at the end
	data      string // folder of collections, or empty
	pdf       string // a PDF of the user's, or empty
	chunks    int
	documents int
	cold      bool
	words     *writer
	log       *slog.Logger // how far it is
}

// row is a line of the table.
type row struct {
	what     string
	measured string
	target   string
	missed   bool
	beside   string // what it can be compared with
}

// figure measures one or more rows.
type figure struct {
	name    string
	measure func(b *bench, ctx context.Context) ([]row, error)
}

func figures() []figure {
	return []figure{
		{"first", (*bench).first},
		{"start", (*bench).start},
		{"pdf", (*bench).pages},
		{"embed", (*bench).embed},
		{"mcp", (*bench).mcp},
		{"rest", (*bench).rest},
		{"timing", (*bench).timing},
		{"postgres", (*bench).postgres},
		{"memory", (*bench).memory},
		{"search", (*bench).search},
		{"site", (*bench).site},
		{"quality", (*bench).quality},
		{"ingest", (*bench).ingest},
		{"neo4j", (*bench).neo4j},
		{"neo4j-rest", (*bench).neo4jREST},
	}
}

func names() []string {
	var all []string
	for _, f := range figures() {
		all = append(all, f.name)
	}
	return all
}

func choose(only string) ([]figure, error) {
	if only == "" {
		return figures(), nil
	}
	var chosen []figure
	for name := range strings.SplitSeq(only, ",") {
		at := slices.IndexFunc(figures(), func(f figure) bool { return f.name == name })
		if at < 0 {
			return nil, fmt.Errorf("there is no figure %q; there are %s", name, strings.Join(names(), ", "))
		}
		chosen = append(chosen, figures()[at])
	}
	return chosen, nil
}

// run prints each row as soon as it is known. A figure that cannot be measured
// is told of at the end, and the others are measured all the same.
func (b *bench) run(ctx context.Context, chosen []figure) (err error) {
	if b.root, err = filepath.Abs(b.root); err != nil {
		return err
	}
	b.binary = filepath.Join(b.root, "bin", "mnemosyne")
	if _, err := os.Stat(b.binary); err != nil {
		return fmt.Errorf("find the program: %w; `make build` makes it", err)
	}
	if b.temp, err = os.MkdirTemp("", "mnemosyne-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.temp)) }()
	if b.words, err = newWriter(b.root); err != nil {
		return err
	}
	fmt.Printf("%s\n\n| figure | measured | target | to compare |\n|---|---|---|---|\n", machine(ctx, b.binary))
	var faults []error
	for _, f := range chosen {
		rows, err := f.measure(b, ctx)
		for _, r := range rows {
			r.print()
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", f.name, err))
			b.log.ErrorContext(ctx, "not measured", slog.String("figure", f.name), slog.Any("error", err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(faults...)
}

func (r row) print() {
	if r.missed {
		r.measured += " **missed**"
	}
	fmt.Printf("| %s | %s | %s | %s |\n", r.what, r.measured, r.target, r.beside)
}

// folder gives a fresh folder for a measurement.
func (b *bench) folder(name string) (string, error) { return os.MkdirTemp(b.temp, name+"-") }
