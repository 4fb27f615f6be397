package neo4jgraph_test

import (
	"context"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/graphtest"
	"git.helu.ca/r/mnemosyne/internal/library/neo4jgraph"
	"git.helu.ca/r/mnemosyne/internal/testkit"
)

// options reads a server's address with its credentials.
func options(t testing.TB, address string) neo4jgraph.Options {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal("the address of Neo4j is no URL")
	}
	password, _ := u.User.Password()
	return neo4jgraph.Options{URL: u.Scheme + "://" + u.Host, User: u.User.Username(), Password: password}
}

func open(t testing.TB, opts neo4jgraph.Options) *neo4jgraph.Graph {
	t.Helper()
	g, err := neo4jgraph.Open(opts)
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

// suite runs on a server that others use too: what a test put there goes with
// its library.
func suite(t *testing.T, address string) {
	t.Helper()
	opts := options(t, address)
	keeper := open(t, opts)
	if _, err := keeper.Setup(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Run("suite", func(t *testing.T) {
		t.Parallel()
		graphtest.Run(t, func(t *testing.T) graphtest.Fixture {
			t.Helper()
			g := open(t, opts)
			return graphtest.Fixture{
				Graph: g, SharedStatistics: true,
				Reopen: func(t *testing.T) library.Graph {
					t.Helper()
					if err := g.Close(); err != nil {
						t.Fatal(err)
					}
					return open(t, opts)
				},
				Forget: func(libraryUID string) {
					ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
					defer cancel()
					if err := keeper.DeleteLibrary(ctx, libraryUID); err != nil {
						t.Error(err)
					}
				},
			}
		})
	})
}

func TestGraph(t *testing.T) {
	t.Parallel()
	suite(t, testkit.Need(t, "MNEMOSYNE_TEST_NEO4J_URL", "Neo4j"))
}

func TestGraphOnAServerWithoutFiltersInItsIndexes(t *testing.T) {
	t.Parallel()
	suite(t, testkit.Need(t, "MNEMOSYNE_TEST_NEO4J5_URL", "Neo4j 5.26"))
}

func TestInstallationsOnOneServerListTheirOwnLibraries(t *testing.T) {
	t.Parallel()
	opts := options(t, testkit.Need(t, "MNEMOSYNE_TEST_NEO4J_URL", "Neo4j"))
	ours, theirs := opts, opts
	ours.Store, theirs.Store = uuid.NewString(), uuid.NewString()
	g, other := open(t, ours), open(t, theirs)
	ref := library.GenerationRef{LibraryUID: uuid.NewString(), ItemUID: uuid.NewString(), Generation: 1}
	if err := g.Stage(t.Context(), ref, []library.IndexChunk{{Text: "a", End: 1, Hash: "h"}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := open(t, ours).DeleteLibrary(context.WithoutCancel(t.Context()), ref.LibraryUID); err != nil {
			t.Error(err)
		}
	})
	mine, err := g.Libraries(t.Context())
	if err != nil || !slices.Contains(mine, ref.LibraryUID) {
		t.Errorf("its own installation lists %v, %v", mine, err)
	}
	others, err := other.Libraries(t.Context())
	if err != nil || slices.Contains(others, ref.LibraryUID) {
		t.Errorf("another installation lists %v, %v", others, err)
	}
}
