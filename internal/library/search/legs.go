package search

import (
	"context"
	"errors"
	"sync"
	"time"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/library"
)

// leg is one way of finding, and what came of it.
type leg struct {
	name    string
	timeout time.Duration
	find    func(ctx context.Context) ([]library.Scored, error)

	hits   []library.Scored
	status LegStatus
	err    error
	took   time.Duration
}

// run asks the leg within its time. Hits that come with an error are kept.
func (l *leg) run(ctx context.Context) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	l.hits, l.err = l.find(ctx)
	l.took = time.Since(start)
	l.status = statusOf(ctx, l.err)
	if l.err == nil && len(l.hits) == 0 {
		l.status = Empty
	}
}

// statusOf is what an error within a leg's time came to.
func statusOf(ctx context.Context, err error) LegStatus {
	switch {
	case err == nil:
		return OK
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return Timeout
	default:
		return Failed
	}
}

func (l *leg) done() Leg { return Leg{Name: l.name, Status: l.status, Took: l.took, Hits: len(l.hits)} }

// findings tells where legs have the chunks that they found.
func findings(legs ...*leg) map[key][]Finding {
	out := map[key][]Finding{}
	for _, l := range legs {
		for i, hit := range l.hits {
			k := keyOf(hit)
			out[k] = append(out[k], Finding{Leg: l.name, Rank: i + 1, Score: hit.Score})
		}
	}
	return out
}

// legs asks the vector and the full-text leg side by side.
func (e *Engine) legs(ctx context.Context, q question) (vector, fullText *leg) {
	vector = &leg{name: "vector", timeout: e.opt.VectorTimeout, status: Skipped, find: func(ctx context.Context) ([]library.Scored, error) {
		return e.nearest(ctx, q)
	}}
	fullText = &leg{name: "fulltext", timeout: e.opt.FullTextTimeout, find: func(ctx context.Context) ([]library.Scored, error) {
		return e.opt.Graph.FullText(ctx, library.FullTextQuery{
			Libraries: q.uids, Text: q.words, Begins: q.read.Begins, Filter: q.filter, Limit: q.deep(e.opt.FullTextTopK),
		})
	}}
	var group sync.WaitGroup
	if e.opt.Embedder != nil {
		group.Go(func() {
			// The first search of a process waits for its model; the leg's time is
			// for searching. What goes wrong, embedding meets again and tells.
			_ = embedding.Load(ctx, e.opt.Embedder)
			vector.run(ctx)
		})
	}
	fullText.run(ctx)
	group.Wait()
	return vector, fullText
}
