package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/embedding/minilm"
	"git.helu.ca/r/mnemosyne/internal/library/neo4jgraph"
)

// pythonVariable names a Python that has neo4j-graphrag. Without it nothing is
// compared.
const pythonVariable = "MNEMOSYNE_BENCH_PYTHON"

// neo4jREST asks a library whose index is on a Neo4j server, through REST, and
// asks neo4j-graphrag the same on the same server, question by question in
// turn. As in search, documents' vectors are made up and each question was
// embedded before.
func (b *bench) neo4jREST(ctx context.Context) (rows []row, err error) {
	address, err := neo4jAddress()
	if err != nil {
		return nil, err
	}
	dir, err := b.folder("neo4j")
	if err != nil {
		return nil, err
	}
	s, err := b.upMadeUp(ctx, filepath.Join(dir, "data"), "NEOMODEL_NEO4J_BOLT_URL="+address.String(), "SECRET_KEY="+strings.Repeat("bench", 10))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	begin := time.Now()
	large, err := s.fillLibrary(ctx, b.words.seeded(21), "Large", b.chunks, fillBytes)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, dropShelf(context.WithoutCancel(ctx), address, large.UID)) }()
	rate := float64(large.ChunkCount) / time.Since(begin).Seconds()
	b.log.InfoContext(ctx, "filled", "chunks", large.ChunkCount)
	asked := b.questions(questions)
	if err := s.warm(ctx, asked, large.UID); err != nil {
		return nil, err
	}
	other, err := b.graphRAG(ctx, address)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, other.close()) }()
	times, err := race(ctx, s, other, asked, large.UID)
	if err != nil {
		return nil, err
	}
	return []row{
		{
			what:     fmt.Sprintf("ingest of %d chunks × %d into Neo4j by a worker, through REST, vectors made up", large.ChunkCount, neo4jDimensions),
			measured: fmt.Sprintf("%.0f chunks/s", rate), target: "≥ 1,500 chunks/s", missed: rate < leastIngest,
		},
		times.row(large.ChunkCount),
	}, nil
}

// leastIngest is in chunks a second.
const leastIngest = 1500

// raced is how long each question took: the program, and HybridRetriever for
// as many hits as are shown and for as many as the program's vector leg finds.
type raced struct{ ours, shown, deep []time.Duration }

const (
	shownHits = 10
	deepHits  = 50
)

func (t raced) row(chunks int) row {
	p50 := milliseconds(percentile(t.ours, .5))
	r := row{
		what:     fmt.Sprintf("hybrid search through REST on Neo4j, %d chunks, %d questions, each embedded before (so not counted)", chunks, len(t.ours)),
		measured: spread50(t.ours), target: "p50 ≤ 30 ms, and ≤ half of HybridRetriever's", missed: p50 > 30, beside: pythonVariable + " is not set",
	}
	if len(t.shown) > 0 {
		ratio := p50 / milliseconds(percentile(t.shown, .5))
		r.beside = fmt.Sprintf("neo4j-graphrag's HybridRetriever, the same questions in turn: top %d %s, ours is %.2f of it; top %d, as deep as ours looks, %s, ours is %.2f of it",
			shownHits, spread50(t.shown), ratio, deepHits, spread50(t.deep), p50/milliseconds(percentile(t.deep, .5)))
		r.missed = r.missed || ratio > .5
	}
	return r
}

func spread50(times []time.Duration) string {
	return fmt.Sprintf("p50 %.1f ms, p95 %.1f ms", milliseconds(percentile(times, .5)), milliseconds(percentile(times, .95)))
}

// race asks each question of all, one after the other.
func race(ctx context.Context, s *server, other *graphRAG, asked []string, library string) (t raced, err error) {
	warm := min(20, len(asked)) // the first of them warm all up
	for i, q := range slices.Concat(asked[:warm], asked) {
		begin := time.Now()
		found, err := s.ask(ctx, q, library)
		if err != nil {
			return t, err
		}
		took := []time.Duration{time.Since(begin), 0, 0}
		if found.Degraded || len(found.Hits) == 0 {
			return t, fmt.Errorf("the answer to %q is not whole: %v", q, found.Status)
		}
		for n, top := range []int{shownHits, deepHits} {
			if other == nil {
				break
			}
			if took[n+1], err = other.ask(ctx, q, top); err != nil {
				return t, err
			}
		}
		if i < warm {
			continue
		}
		t.ours = append(t.ours, took[0])
		if other != nil {
			t.shown, t.deep = append(t.shown, took[1]), append(t.deep, took[2])
		}
	}
	return t, nil
}

// dropShelf empties the server of a library.
func dropShelf(ctx context.Context, address *url.URL, uid string) error {
	g, err := openNeo4j(address)
	if err != nil {
		return err
	}
	return errors.Join(g.DeleteLibrary(ctx, uid), g.Close()) //nolint:contextcheck // closing takes none
}

func openNeo4j(address *url.URL) (*neo4jgraph.Graph, error) {
	password, _ := address.User.Password()
	return neo4jgraph.Open(neo4jgraph.Options{URL: address.Scheme + "://" + address.Host, User: address.User.Username(), Password: password})
}

//go:embed graphrag.py
var graphRAGScript string

// graphRAG is neo4j-graphrag in a process of its own.
type graphRAG struct {
	model *minilm.Model
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Scanner
}

// graphRAG starts it, or gives nil where no Python is named.
func (b *bench) graphRAG(ctx context.Context, address *url.URL) (*graphRAG, error) {
	python := os.Getenv(pythonVariable)
	if python == "" {
		return nil, nil //nolint:nilnil // nothing to compare with
	}
	g := &graphRAG{model: minilm.New(minilm.Options{}), cmd: exec.CommandContext(ctx, python, "-c", graphRAGScript)}
	password, _ := address.User.Password()
	g.cmd.Env = append(environment(),
		"BENCH_URL="+address.Scheme+"://"+address.Host, "BENCH_USER="+address.User.Username(), "BENCH_PASSWORD="+password,
		"BENCH_SPACE="+g.model.Space().ID())
	g.cmd.Stderr = os.Stderr
	var err error
	if g.in, err = g.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := g.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	g.out = bufio.NewScanner(out)
	return g, g.cmd.Start()
}

// ask tells how long it took for an answer, by its own clock: what this process
// does beside is not counted.
func (g *graphRAG) ask(ctx context.Context, question string, top int) (time.Duration, error) {
	vector, err := g.model.EmbedQuery(ctx, embedding.Query{Text: question})
	if err != nil {
		return 0, err
	}
	// A question mark is a wildcard in Lucene's syntax, which it does not escape.
	err = json.NewEncoder(g.in).Encode(map[string]any{"text": strings.TrimSuffix(question, "?"), "vector": vector, "top": top})
	if err != nil {
		return 0, fmt.Errorf("ask neo4j-graphrag: %w", err)
	}
	if !g.out.Scan() {
		return 0, errors.Join(errors.New("neo4j-graphrag ended"), g.out.Err())
	}
	var answer struct{ Took float64 }
	if err := json.Unmarshal(g.out.Bytes(), &answer); err != nil {
		return 0, fmt.Errorf("neo4j-graphrag says %q: %w", g.out.Text(), err)
	}
	return time.Duration(answer.Took * float64(time.Millisecond)), nil
}

func (g *graphRAG) close() error {
	if g == nil {
		return nil
	}
	return errors.Join(g.in.Close(), g.cmd.Wait())
}
