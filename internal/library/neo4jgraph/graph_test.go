package neo4jgraph_test

import (
	"context"
	"net/url"
	"testing"
	"time"

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
