package app

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/library/neo4jgraph"
	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph"
	"git.helu.ca/r/mnemosyne/internal/settings"
)

func (e *engines) openGraph(p Program, dir string) (engine, error) {
	if p.Settings.Graph.URL != "" {
		return e.openNeo4j(p.Settings.Graph, storeOf(dir))
	}
	folder := filepath.Join(dir, graphFolder)
	graph, err := sqlitegraph.Open(folder, sqlitegraph.Options{})
	if err != nil {
		return engine{}, err
	}
	e.Graph = graph
	return engine{part: "graph", kind: "SQLite", where: folder, ping: graph.Ping, close: graph.Close}, nil
}

func (e *engines) openNeo4j(set settings.Graph, store string) (engine, error) {
	graph, err := neo4jgraph.Open(neo4jgraph.Options{URL: set.URL, User: set.User, Password: set.Password.Reveal(), Store: store})
	if err != nil {
		return engine{}, err
	}
	e.Graph = graph
	return engine{
		part: "graph", kind: "Neo4j", where: graph.Where(), ping: graph.Ping, close: graph.Close,
		about: func(ctx context.Context) string { return aboutNeo4j(ctx, graph) },
	}, nil
}

// aboutNeo4j tells how the server finds vectors; empty when it does not answer.
func aboutNeo4j(ctx context.Context, graph *neo4jgraph.Graph) string {
	server, err := graph.About(ctx)
	switch {
	case err != nil:
		return ""
	case server.FilterInIndex:
		return "Neo4j " + server.Version + ", which searches vectors in an index within the allowed libraries"
	}
	return "Neo4j " + server.Version + ", which compares the vectors of the allowed libraries one by one; 2026.02 or newer is much faster in large libraries"
}

// Setup makes what a new installation needs beyond its schema and says what
// it did. It is safe to repeat.
func (s *Services) Setup(ctx context.Context, out io.Writer) error {
	switch changed, err := s.adoptFolder(ctx); {
	case err != nil:
		return err
	case changed:
		fmt.Fprintf(out, "The files of this installation are in %s from now on.\n", s.Dir)
	}
	graph, ok := s.Graph.(*neo4jgraph.Graph)
	if !ok {
		if err := s.Graph.Ping(ctx); err != nil {
			return err
		}
		fmt.Fprintf(out, "The index is in %s; the embedded one needs no set-up of its own.\n", s.Dir)
		return nil
	}
	space, err := embedding.KnownSpace(ctx, s.Embedder)
	if err != nil {
		return fmt.Errorf("the index needs to know how long the embedder's vectors are: %w", err)
	}
	return setUpNeo4j(ctx, graph, space, out)
}

func setUpNeo4j(ctx context.Context, graph *neo4jgraph.Graph, space embedding.Space, out io.Writer) error {
	did, err := graph.Setup(ctx)
	if err != nil {
		return err
	}
	if err := graph.EnsureSpace(ctx, space.ID(), space.Dimensions); err != nil {
		return err
	}
	if len(did) == 0 {
		fmt.Fprintf(out, "Neo4j at %s: nothing was to be done; constraints, indexes and library types are there.\n", graph.Where())
	}
	for _, line := range did {
		fmt.Fprintf(out, "Neo4j at %s: %s.\n", graph.Where(), line)
	}
	fmt.Fprintf(out, "Neo4j at %s: ready for the embedding space %s.\n", graph.Where(), space.ID())
	return nil
}
