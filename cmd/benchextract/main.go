// Command benchextract measures how well files are read: words, headings,
// table cells and reading order against the text that is expected of them,
// and what it costs, beside other programs that turn files into text.
//
// The corpus is a folder of kinds, each with sources/ and, for a file of any
// name, groundtruth/NAME.md. Peers are Python packages of a given interpreter.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"git.helu.ca/r/mnemosyne/internal/library/extract"
)

// extractCommand is the name under which the program starts itself to read
// files.
const extractCommand = "extract-worker"

func main() {
	if len(os.Args) > 1 && os.Args[1] == extractCommand {
		os.Exit(extract.ChildMain(os.Stdin, os.Stdout))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchextract: "+err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("benchextract", flag.ContinueOnError)
	corpus := flags.String("corpus", os.Getenv("MNEMOSYNE_BENCH_DOCUMENTS"), "folder of kinds, each with sources/ and groundtruth/")
	python := flags.String("python", os.Getenv("MNEMOSYNE_BENCH_PYTHON"), "interpreter that has the peers; none are measured without")
	peers := flags.String("peers", "markitdown,docling,unstructured,pypdf", "the peers to measure, by comma")
	only := flags.String("only", "", "kinds to measure alone, by comma")
	files := flags.Bool("files", false, "print each file, too")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *corpus == "" {
		return errors.New("name the folder of documents with -corpus or MNEMOSYNE_BENCH_DOCUMENTS")
	}
	cases, err := findCases(*corpus, split(*only))
	if err != nil {
		return err
	}
	readers := []reader{&ours{}}
	if *python != "" {
		for _, name := range split(*peers) {
			readers = append(readers, &peer{label: name, python: *python})
		}
	}
	r := report{cases: cases, perFile: *files}
	for _, reader := range readers {
		if err := r.measure(ctx, reader); err != nil {
			return err
		}
	}
	return r.print(os.Stdout)
}

func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}
