package eval

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/concept"
	"git.helu.ca/r/mnemosyne/internal/library/extract/language"
	"git.helu.ca/r/mnemosyne/internal/library/search"
)

// Options say how to measure. Zero values take search's defaults.
type Options struct {
	Graph    library.Graph
	Embedder embedding.Embedder
	// VectorTopK and FullTextTopK are the legs' depths; 100 each, because
	// recall is measured among a hundred.
	VectorTopK, FullTextTopK int
	Alpha                    float64 // the vector leg's share of a weighted fusion
	RRFK                     int
	// Progress is told how many documents are indexed; may be nil.
	Progress func(done, total int)
}

// Report is what was measured on one collection.
type Report struct {
	Name               string
	Documents, Queries int

	FullText, Vector, Adaptive, Weighted, RRF Quality

	IndexTime     time.Duration // embedding included
	EmbedTime     time.Duration // of the documents
	FullTextTimes Times         // of a query
	VectorTimes   Times         // of a query, without its embedding
}

// Run indexes a collection in a library of its own, asks its questions, and
// deletes the library again.
func Run(ctx context.Context, c Collection, opt Options) (r Report, err error) {
	if opt.VectorTopK == 0 {
		opt.VectorTopK = 100
	}
	if opt.FullTextTopK == 0 {
		opt.FullTextTopK = 100
	}
	if opt.Alpha == 0 {
		opt.Alpha = search.DefaultAlpha
	}
	if opt.RRFK == 0 {
		opt.RRFK = 60
	}
	uid := uuid.NewString()
	defer func() {
		if drop := opt.Graph.DeleteLibrary(context.WithoutCancel(ctx), uid); err == nil && drop != nil {
			err = fmt.Errorf("delete the collection's library: %w", drop)
		}
	}()
	r = Report{Name: c.Name, Documents: len(c.Documents), Queries: len(c.Queries)}
	start := time.Now()
	ids, embedTime, err := Index(ctx, uid, c, opt)
	if err != nil {
		return r, err
	}
	r.IndexTime, r.EmbedTime = time.Since(start), embedTime
	return r, ask(ctx, uid, c, ids, opt, &r)
}

const batch = 32 // documents embedded at a time

// Index publishes each document as an item of one chunk, and tells which item
// is which document.
func Index(ctx context.Context, libraryUID string, c Collection, opt Options) (ids map[string]string, embedTime time.Duration, err error) {
	ids = map[string]string{}
	done := 0
	for docs := range slices.Chunk(c.Documents, batch) {
		inputs := make([]embedding.Input, len(docs))
		for i, d := range docs {
			inputs[i] = embedding.Input{Context: d.Title, Text: d.Text}
		}
		start := time.Now()
		vectors, err := opt.Embedder.EmbedDocuments(ctx, inputs)
		if err != nil {
			return nil, 0, fmt.Errorf("embed %s: %w", c.Name, err)
		}
		embedTime += time.Since(start)
		for i, d := range docs {
			item := uuid.NewString()
			ids[item] = d.ID
			ref := library.GenerationRef{LibraryUID: libraryUID, ItemUID: item, Generation: 1}
			if err := opt.Graph.Stage(ctx, ref, []library.IndexChunk{{
				Text: d.Text, End: len([]rune(d.Text)), Hash: d.ID, Space: opt.Embedder.Space().ID(), Vector: vectors[i], Mentions: mentions(d),
			}}); err != nil {
				return nil, 0, fmt.Errorf("stage %s: %w", d.ID, err)
			}
			if err := opt.Graph.Publish(ctx, ref, library.IndexItem{UID: item, Title: d.Title, Language: language.Of("", d.Text)}, 0); err != nil {
				return nil, 0, fmt.Errorf("publish %s: %w", d.ID, err)
			}
		}
		if done += len(docs); opt.Progress != nil {
			opt.Progress(done, len(c.Documents))
		}
	}
	return ids, embedTime, nil
}

func mentions(d Document) []library.Mention {
	concepts := concept.New(d.Title, "")
	concepts.Learn(d.Text)
	return concepts.Mentions(concept.Passage{Text: d.Text, First: true})
}

func ask(ctx context.Context, libraryUID string, c Collection, ids map[string]string, opt Options, r *Report) error {
	var fullText, vector, adaptive, weighted, rrf []Quality
	var fullTextTimes, vectorTimes []time.Duration
	judge := func(hits []library.Scored, q Query) Quality {
		found := make([]string, len(hits))
		for i, h := range hits {
			found[i] = ids[h.ItemUID]
		}
		return Judge(found, q.Relevant)
	}
	for _, q := range c.Queries {
		start := time.Now()
		words, err := opt.Graph.FullText(ctx, library.FullTextQuery{Libraries: []string{libraryUID}, Text: q.Text, Limit: opt.FullTextTopK})
		if err != nil {
			return fmt.Errorf("full-text, question %s: %w", q.ID, err)
		}
		fullTextTimes = append(fullTextTimes, time.Since(start))
		embedded, err := opt.Embedder.EmbedQuery(ctx, embedding.Query{Text: q.Text})
		if err != nil {
			return fmt.Errorf("embed question %s: %w", q.ID, err)
		}
		start = time.Now()
		near, err := opt.Graph.Nearest(ctx, library.VectorQuery{
			Libraries: []string{libraryUID}, Space: opt.Embedder.Space().ID(), Vector: embedded, Limit: opt.VectorTopK,
		})
		if err != nil {
			return fmt.Errorf("vectors, question %s: %w", q.ID, err)
		}
		vectorTimes = append(vectorTimes, time.Since(start))
		fullText, vector = append(fullText, judge(words, q)), append(vector, judge(near, q))
		adaptive = append(adaptive, judge(search.Fuse(search.Adaptive, opt.RRFK, search.Adapt(search.DefaultAdaptiveAlpha, near, words)...), q))
		lists := []search.List{{Weight: opt.Alpha, Hits: near}, {Weight: 1 - opt.Alpha, Hits: words}}
		weighted = append(weighted, judge(search.Fuse(search.Weighted, opt.RRFK, lists...), q))
		rrf = append(rrf, judge(search.Fuse(search.RRF, opt.RRFK, lists...), q))
	}
	r.FullText, r.Vector, r.Adaptive = Mean(fullText), Mean(vector), Mean(adaptive)
	r.Weighted, r.RRF = Mean(weighted), Mean(rrf)
	r.FullTextTimes, r.VectorTimes = timesOf(fullTextTimes), timesOf(vectorTimes)
	return nil
}

// Percentile gives the time that a share p of all do not exceed. It sorts.
func Percentile(times []time.Duration, p float64) time.Duration {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[max(int(math.Ceil(p*float64(len(times))))-1, 0)]
}
