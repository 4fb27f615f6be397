package dashboard_test

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
