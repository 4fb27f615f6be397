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
	large, err := s.fillLibrary(ctx, b.words.seeded(21), "Large", b.chunks, fillBytes)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, dropShelf(context.WithoutCancel(ctx), address, large.UID)) }()
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
	ours, theirs, err := race(ctx, s, other, asked, large.UID)
	if err != nil {
		return nil, err
	}
	p50 := milliseconds(percentile(ours, .5))
	r := row{
		what:     fmt.Sprintf("hybrid search through REST on Neo4j, %d chunks, %d questions, each embedded before (so not counted)", large.ChunkCount, len(ours)),
		measured: spread50(ours), target: "p50 ≤ 30 ms, and ≤ half of HybridRetriever's", missed: p50 > 30, beside: pythonVariable + " is not set",
	}
	if other != nil {
		ratio := p50 / milliseconds(percentile(theirs, .5))
		r.beside = fmt.Sprintf("neo4j-graphrag's HybridRetriever, the same questions in turn: %s; ours is %.2f of it", spread50(theirs), ratio)
		r.missed = r.missed || ratio > .5
	}
	return []row{r}, nil
}

func spread50(times []time.Duration) string {
	return fmt.Sprintf("p50 %.1f ms, p95 %.1f ms", milliseconds(percentile(times, .5)), milliseconds(percentile(times, .95)))
}

// race asks each question of both, one after the other.
func race(ctx context.Context, s *server, other *graphRAG, asked []string, library string) (ours, theirs []time.Duration, err error) {
	for _, q := range slices.Concat(asked[:min(20, len(asked))], asked) { // the first of them warm both up
		begin := time.Now()
		found, err := s.ask(ctx, q, library)
		if err != nil {
			return nil, nil, err
		}
		ours = append(ours, time.Since(begin))
		if found.Degraded || len(found.Hits) == 0 {
			return nil, nil, fmt.Errorf("the answer to %q is not whole: %v", q, found.Status)
		}
		if other == nil {
			continue
		}
		took, err := other.ask(ctx, q)
		if err != nil {
			return nil, nil, err
		}
		theirs = append(theirs, took)
	}
	warm := len(ours) - len(asked)
	return ours[warm:], theirs[min(warm, len(theirs)):], nil
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
func (g *graphRAG) ask(ctx context.Context, question string) (time.Duration, error) {
	vector, err := g.model.EmbedQuery(ctx, embedding.Query{Text: question})
	if err != nil {
		return 0, err
	}
	// A question mark is a wildcard in Lucene's syntax, which it does not escape.
	err = json.NewEncoder(g.in).Encode(map[string]any{"text": strings.TrimSuffix(question, "?"), "vector": vector})
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
