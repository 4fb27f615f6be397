// Package doors_test meets the program as its clients do: a whole `up` on
// either relational engine, asked over HTTP. It owns what holds across the
// surfaces: who sees what at every route and tool (the isolation matrix), what
// a wrong request gets, and the rows of the integration contract. It refuses to
// prove again what a package proves of itself.
package doors_test

import (
	"os"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract"
)

// TestMain makes the test binary its own extraction process.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "extract-worker" {
		os.Exit(extract.ChildMain(os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}
