package search

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"git.helu.ca/r/mnemosyne/internal/errs"
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
	switch {
	case l.err == nil && len(l.hits) == 0:
		l.status = Empty
	case l.err == nil:
		l.status = OK
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		l.status = Timeout
	default:
		l.status = Failed
	}
}

// legs asks the vector and the full-text leg side by side.
func (e *Engine) legs(ctx context.Context, q question) (vector, fullText *leg) {
	vector = &leg{name: "vector", timeout: e.opt.VectorTimeout, status: Skipped, find: func(ctx context.Context) ([]library.Scored, error) {
		return e.nearest(ctx, q)
	}}
	fullText = &leg{name: "fulltext", timeout: e.opt.FullTextTimeout, find: func(ctx context.Context) ([]library.Scored, error) {
		return e.opt.Graph.FullText(ctx, library.FullTextQuery{
			Libraries: q.uids, Text: q.text, Filter: q.filter, Limit: max(e.opt.FullTextTopK, q.limit),
		})
	}}
	var group sync.WaitGroup
	if e.opt.Embedder != nil {
		group.Go(func() { vector.run(ctx) })
	}
	fullText.run(ctx)
	group.Wait()
	return vector, fullText
}

// spaceError says that the index is in another embedding space than the
// process embeds in.
type spaceError struct{ error }

func (e spaceError) Unwrap() error { return e.error }

func (e *Engine) nearest(ctx context.Context, q question) ([]library.Scored, error) {
	ours := e.opt.Embedder.Space().ID()
	spaces, err := e.opt.Graph.Spaces(ctx, q.uids)
	if len(spaces) == 0 {
		return nil, err
	}
	if !slices.Contains(spaces, ours) {
		return nil, spaceError{errs.Newf(errs.Unavailable, "The index is in the embedding space %s and searches are embedded in %s. "+
			"Set the embedder that the index was made with, or ingest the documents again.", strings.Join(spaces, ", "), ours)}
	}
	vector, embedErr := e.opt.Embedder.EmbedQuery(ctx, q.text)
	if embedErr != nil {
		return nil, fmt.Errorf("embed the query: %w", embedErr)
	}
	hits, findErr := e.opt.Graph.Nearest(ctx, library.VectorQuery{
		Libraries: q.uids, Space: ours, Vector: vector, Filter: q.filter, Limit: max(e.opt.VectorTopK, q.limit),
	})
	if err == nil && findErr == nil && len(spaces) > 1 {
		findErr = fmt.Errorf("some chunks are in another embedding space than %s: %s", ours, strings.Join(spaces, ", "))
	}
	return hits, errors.Join(err, findErr)
}
