// Command multihop makes a collection of questions that no single passage
// answers, in the BEIR layout, from the documentation of Go's standard
// library in GOROOT.
//
// Each question names one function and asks about something that only this
// function's documentation names: its result's method, the type of an
// argument, the error it speaks of, what it is a wrapper around. The answer
// stands in the second passage. Passages, questions and their order depend on
// GOROOT alone.
//
//	go run ./cmd/multihop -to internal/library/search/eval/testdata/multihop
package main

import (
	"flag"
	"fmt"
	"go/build"
	"os"
)

func main() {
	to := flag.String("to", "", "folder to write corpus.jsonl.gz, queries.jsonl and qrels.tsv to")
	flag.Parse()
	if err := run(*to); err != nil {
		fmt.Fprintln(os.Stderr, "multihop:", err)
		os.Exit(1)
	}
}

func run(to string) error {
	if to == "" {
		return fmt.Errorf("say with -to where the collection goes")
	}
	library, err := readLibrary(build.Default.GOROOT)
	if err != nil {
		return err
	}
	questions := ask(library)
	if err := write(to, library, questions); err != nil {
		return err
	}
	fmt.Printf("%d passages, %d questions\n", len(library.passages), len(questions))
	return nil
}
