package ingest_test

import (
	"os"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract"
)

// TestMain makes the test binary be what the tests start: a child that reads
// files, or a worker that is to be killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "extract-worker":
			os.Exit(extract.ChildMain(os.Stdin, os.Stdout))
		case "ingest-worker":
			os.Exit(victimMain())
		}
	}
	os.Exit(m.Run())
}
