package sqlitegraph_test

import (
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/graphtest"
	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph"
)

func open(t *testing.T, dir string, opts sqlitegraph.Options) *sqlitegraph.Graph {
	t.Helper()
	g, err := sqlitegraph.Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

func suite(t *testing.T, opts sqlitegraph.Options) {
	t.Helper()
	graphtest.Run(t, func(t *testing.T) graphtest.Fixture {
		dir := t.TempDir()
		g := open(t, dir, opts)
		return graphtest.Fixture{Graph: g, Reopen: func(t *testing.T) library.Graph {
			t.Helper()
			if err := g.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, dir, opts)
		}}
	})
}

func TestGraph(t *testing.T) {
	t.Parallel()
	suite(t, sqlitegraph.Options{})
}

// One open file and no memory for vectors: everything still holds.
func TestGraphWithTheLeastOfEverything(t *testing.T) {
	t.Parallel()
	suite(t, sqlitegraph.Options{OpenFiles: 1, VectorBytes: 1})
}
