package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/search"
)

const (
	neo4jVariable   = "MNEMOSYNE_TEST_NEO4J_URL"
	neo4jDimensions = 384
	neo4jDocument   = 200 // chunks
	neo4jBatch      = 200
	neo4jQuestions  = 100 // a library
	neo4jTop        = 10  // hits whose recall is measured
	neo4jDepth      = 50  // hits that are asked for
)

// neo4j measures the index on a Neo4j server: vectors beside a brute-force
// search of the same chunks, and what a search asks of the graph. Vectors are
// made up, in clusters. It drops what it put there.
func (b *bench) neo4j(ctx context.Context) (rows []row, err error) {
	address, err := neo4jAddress()
	if err != nil {
		return nil, err
	}
	g, err := openNeo4j(address)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, g.Close()) }() //nolint:contextcheck // closing takes none
	if _, err := g.Setup(ctx); err != nil {
		return nil, err
	}
	w := newGraphWorld(g, b.words.seeded(30))
	defer func() {
		if os.Getenv("MNEMOSYNE_BENCH_KEEP") == "" {
			err = errors.Join(err, w.drop(context.WithoutCancel(ctx)))
		}
	}()
	begin := time.Now()
	if err := w.fill(ctx, b.chunks, b.log); err != nil {
		return nil, err
	}
	rate := float64(w.chunks) / time.Since(begin).Seconds()
	rows = append(rows, row{
		what:     fmt.Sprintf("ingest of %d chunks × %d with vectors given, one worker, documents of %d", w.chunks, neo4jDimensions, neo4jDocument),
		measured: fmt.Sprintf("%.0f chunks/s", rate), target: "≥ 1,500 chunks/s", missed: rate < 1500,
	})
	found, err := w.measure(ctx)
	return append(rows, found...), err
}

// neo4jAddress is the server's, with its user and password.
func neo4jAddress() (*url.URL, error) {
	address, err := url.Parse(cmp.Or(os.Getenv(neo4jVariable), os.Getenv("NEOMODEL_NEO4J_BOLT_URL")))
	if err != nil || address.Host == "" {
		return nil, errors.New("set " + neo4jVariable + " to bolt://user:password@host:port of a server with nothing on it")
	}
	return address, nil
}

// graphShelf is a library with what brute force needs.
type graphShelf struct {
	uid     string
	vectors map[library.Scored][]float32 // by place, without score
}

type graphWorld struct {
	g       library.Graph
	words   *writer
	r       *rand.Rand
	centres [][]float32
	shelves []*graphShelf // by size, the smallest first, fillers behind
	chunks  int
}

const graphSpace = "bench/384"

func newGraphWorld(g library.Graph, words *writer) *graphWorld {
	w := &graphWorld{g: g, words: words, r: rand.New(rand.NewPCG(7, 8))} //nolint:gosec // vectors, no secret
	for range centres {
		w.centres = append(w.centres, near(make([]float32, neo4jDimensions), w.r))
	}
	return w
}

// fill makes libraries of 10, 100, 1,000, 10,000 and 48,900 chunks of 100,000,
// and thirty that hold the rest.
func (w *graphWorld) fill(ctx context.Context, chunks int, log *slog.Logger) error {
	sizes := []int{10, 100, chunks / 100, chunks / 10, chunks * 489 / 1000}
	rest := chunks
	for _, n := range sizes {
		rest -= n
	}
	for range 30 {
		sizes = append(sizes, rest/30)
	}
	for _, n := range sizes {
		s := &graphShelf{uid: uuid.NewString(), vectors: map[library.Scored][]float32{}}
		w.shelves = append(w.shelves, s)
		for done := 0; done < n; done += neo4jDocument {
			if err := w.document(ctx, s, min(neo4jDocument, n-done)); err != nil {
				return err
			}
		}
		w.chunks += n
		log.InfoContext(ctx, "filled", slog.Int("library", n), slog.Int("chunks", w.chunks))
	}
	return nil
}

func (w *graphWorld) document(ctx context.Context, s *graphShelf, n int) error {
	ref := library.GenerationRef{LibraryUID: s.uid, ItemUID: uuid.NewString(), Generation: 1}
	chunks := make([]library.IndexChunk, n)
	for i := range chunks {
		text := w.words.sentence(60)
		v := near(w.centres[w.r.IntN(centres)], w.r)
		chunks[i] = library.IndexChunk{Ordinal: i, Text: text, End: len([]rune(text)), Hash: uuid.NewString(), Space: graphSpace, Vector: v}
		s.vectors[library.Scored{LibraryUID: s.uid, ItemUID: ref.ItemUID, Generation: 1, Ordinal: i}] = v
	}
	for part := range slices.Chunk(chunks, neo4jBatch) {
		if err := w.g.Stage(ctx, ref, part); err != nil {
			return err
		}
	}
	return w.g.Publish(ctx, ref, library.IndexItem{UID: ref.ItemUID, Title: w.words.sentence(5)}, 2)
}

func (w *graphWorld) drop(ctx context.Context) error {
	for _, s := range w.shelves {
		if err := w.g.DeleteLibrary(ctx, s.uid); err != nil {
			return err
		}
	}
	return nil
}

// tally is what the questions of one scope found.
type tally struct {
	recall       float64
	short, leaks int
	vector       []time.Duration
	whole        []time.Duration
}

func (w *graphWorld) measure(ctx context.Context) (rows []row, err error) {
	scopes := [][]*graphShelf{}
	for _, s := range w.shelves[:5] {
		scopes = append(scopes, []*graphShelf{s})
	}
	scopes = append(scopes, []*graphShelf{w.shelves[0], w.shelves[2], w.shelves[3], w.shelves[5], w.shelves[6]})
	for _, scope := range scopes {
		var t tally
		for range neo4jQuestions {
			if err := w.question(ctx, scope, &t); err != nil {
				return rows, err
			}
		}
		size := 0
		for _, s := range scope {
			size += len(s.vectors)
		}
		recall, p50, p95 := t.recall/neo4jQuestions, percentile(t.vector, .5), percentile(t.vector, .95)
		whole50, whole95 := percentile(t.whole, .5), percentile(t.whole, .95)
		rows = append(rows, row{
			what: fmt.Sprintf("%d libraries, %d chunks of %d: recall@%d, short answers, leaks; vector leg; whole hybrid search on the graph", len(scope), size, w.chunks, neo4jTop),
			measured: fmt.Sprintf("%.4f, %d, %d; p50 %.1f ms, p95 %.1f ms; p50 %.1f ms, p95 %.1f ms", recall, t.short, t.leaks,
				milliseconds(p50), milliseconds(p95), milliseconds(whole50), milliseconds(whole95)),
			target: "≥ 0.99, 0, 0; ≤ 12 ms, ≤ 25 ms; ≤ 30 ms",
			missed: recall < .99 || t.short+t.leaks > 0 || milliseconds(p50) > 12 || milliseconds(p95) > 25 || milliseconds(whole50) > 30,
		})
	}
	many, err := w.manyClients(ctx)
	return append(rows, many), err
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// question asks the vector leg, compares it with brute force, and asks what a
// whole search asks of the graph.
func (w *graphWorld) question(ctx context.Context, scope []*graphShelf, t *tally) error {
	q := library.VectorQuery{Space: graphSpace, Vector: near(w.centres[w.r.IntN(centres)], w.r), Limit: neo4jDepth}
	var all []float64
	for _, s := range scope {
		q.Libraries = append(q.Libraries, s.uid)
		for _, v := range s.vectors {
			all = append(all, dot(q.Vector, v))
		}
	}
	slices.SortFunc(all, func(a, b float64) int { return cmp.Compare(b, a) })
	begin := time.Now()
	found, err := w.g.Nearest(ctx, q)
	t.vector = append(t.vector, time.Since(begin))
	if err != nil {
		return err
	}
	if len(found) < min(neo4jDepth, len(all)) {
		t.short++
	}
	top := min(neo4jTop, len(all))
	worst, hits := all[top-1]-1e-5, 0
	for i, f := range found {
		if !slices.Contains(q.Libraries, f.LibraryUID) {
			t.leaks++
		}
		if i < top && f.Score >= worst {
			hits++
		}
	}
	t.recall += float64(hits) / float64(top)
	begin = time.Now()
	err = w.hybrid(ctx, q, w.words.sentence(6))
	t.whole = append(t.whole, time.Since(begin))
	return err
}

func dot(a, b []float32) (sum float64) {
	for i, x := range a {
		sum += float64(x) * float64(b[i])
	}
	return sum
}

// hybrid does with the graph what a search does.
func (w *graphWorld) hybrid(ctx context.Context, q library.VectorQuery, text string) error {
	const deep = 100 // hits that an adaptive fusion takes of each leg
	q.Limit = deep
	var near, words []library.Scored
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		if _, err = w.g.Spaces(ctx, q.Libraries); err == nil {
			near, err = w.g.Nearest(ctx, q)
		}
		return err
	})
	group.Go(func() (err error) {
		words, err = w.g.FullText(ctx, library.FullTextQuery{Libraries: q.Libraries, Text: text, Limit: deep})
		return err
	})
	if err := group.Wait(); err != nil {
		return err
	}
	fused := search.Fuse(search.Adaptive, 0, search.Adapt(search.DefaultAdaptiveAlpha, near, words)...)
	_, err := w.g.Hydrate(context.WithoutCancel(ctx), fused[:min(20, len(fused))])
	return err
}

// manyClients lets eight ask at once, each in another library.
func (w *graphWorld) manyClients(ctx context.Context) (row, error) {
	var mu sync.Mutex
	var took []time.Duration
	group, ctx := errgroup.WithContext(ctx)
	for i := range callers {
		r := rand.New(rand.NewPCG(uint64(i), 9)) //nolint:gosec // vectors, no secret
		said := w.words.seeded(uint64(40 + i))
		group.Go(func() error {
			for range neo4jQuestions {
				q := library.VectorQuery{
					Libraries: []string{w.shelves[i%5].uid}, Space: graphSpace, Vector: near(w.centres[r.IntN(centres)], r), Limit: neo4jDepth,
				}
				begin := time.Now()
				if err := w.hybrid(ctx, q, said.sentence(6)); err != nil {
					return err
				}
				mu.Lock()
				took = append(took, time.Since(begin))
				mu.Unlock()
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return row{}, err
	}
	p95 := percentile(took, .95)
	return row{
		what:     fmt.Sprintf("hybrid search on the graph, %d clients", callers),
		measured: fmt.Sprintf("p50 %.1f ms, p95 %.1f ms", milliseconds(percentile(took, .5)), milliseconds(p95)),
		target:   "p95 ≤ 100 ms", missed: milliseconds(p95) > 100,
	}, nil
}
