package search

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
)

// attempts is how often a search starts over because a document was
// published between finding its chunks and reading them.
const attempts = 3

// Search answers a request within what the caller may read.
func (e *Engine) Search(ctx context.Context, p accounts.Principal, r Request) (Result, error) {
	start := time.Now()
	q, err := e.ask(ctx, p, r)
	if err != nil {
		return Result{}, err
	}
	result, err := e.answer(embedding.ForUser(ctx, p.UserID), q)
	took := time.Since(start)
	result.TookMS, result.Understood = took.Milliseconds(), q.understood
	e.record(p, r, q, result, err, took)
	return result, err
}

func (e *Engine) answer(ctx context.Context, q question) (Result, error) {
	if len(q.uids) == 0 {
		return Result{Hits: []Hit{}, Status: Status{Vector: Empty, FullText: Empty, Graph: Skipped, Rerank: Skipped}}, nil
	}
	for attempt := 1; ; attempt++ {
		result, stale, err := e.once(ctx, q)
		switch {
		case err != nil:
			return result, err
		case !stale || attempt == attempts:
			return e.rerank(ctx, q, result)
		}
	}
}

// once searches one time, for the hits asked for or those that the reranker
// judges, whichever are more. stale tells that a hit was gone when it was read.
func (e *Engine) once(ctx context.Context, q question) (_ Result, stale bool, err error) {
	vector, fullText := e.legs(ctx, q)
	if err := ctx.Err(); err != nil {
		return Result{}, false, fmt.Errorf("search: %w", err)
	}
	if len(vector.hits)+len(fullText.hits) == 0 && vector.err == nil && fullText.err == nil && e.lost(ctx, q) {
		for _, l := range []*leg{vector, fullText} {
			l.status, l.err = Failed, errLost
		}
	}
	if err := e.report(ctx, vector, fullText); err != nil {
		return Result{}, false, err
	}
	fused := Fuse(e.opt.Fusion, e.opt.RRFK, e.weigh(q, vector, fullText)...)
	graph := e.graphLeg(ctx, q, fused)
	if err := ctx.Err(); err != nil {
		return Result{}, false, fmt.Errorf("search: %w", err)
	}
	result := Result{
		Legs:     []Leg{vector.done(), fullText.done()},
		Status:   Status{Vector: vector.status, FullText: fullText.status, Graph: graph.status, Rerank: Skipped},
		Degraded: vector.err != nil || fullText.err != nil || graph.err != nil,
	}
	if graph.status != Skipped {
		if err := e.report(ctx, graph); err != nil {
			return Result{}, false, err
		}
		result.Legs = append(result.Legs, graph.done())
		fused = associate(fused, graph)
	}
	n := q.limit
	if e.opt.Reranker != nil {
		n = max(n, e.opt.Candidates)
	}
	q.found = findings(vector, fullText, graph)
	cited, err := e.cite(ctx, q, fused, n)
	result.Hits, result.Degraded = cited.hits, result.Degraded || cited.unread
	return result, cited.stale, err
}

// errLost says that the index has nothing of a library that has documents.
var errLost = errors.New("the index of a library is gone; it is made again by itself, or by `mnemosyne reindex`")

// lost tells whether nothing was found because the index is gone. Of many
// libraries only the first few are asked: it is a hint, and must cost little.
func (e *Engine) lost(ctx context.Context, q question) bool {
	const most = 8
	for _, uid := range q.uids[:min(most, len(q.uids))] {
		if q.libraries[uid].ChunkCount == 0 {
			continue
		}
		if stats, err := e.opt.Graph.Stats(ctx, uid); err == nil && stats.Visible == 0 {
			return true
		}
	}
	return false
}

// report logs and counts what the legs did. An index in another embedding
// space refuses the search: half an answer would hide it.
func (e *Engine) report(ctx context.Context, legs ...*leg) error {
	for _, l := range legs {
		e.metrics.leg(l)
		if l.err == nil {
			continue
		}
		e.opt.Log.WarnContext(ctx, "a leg of a search did not answer whole",
			slog.String("leg", l.name), slog.String("status", string(l.status)), slog.Any("error", l.err))
		if wrong, ok := errors.AsType[spaceError](l.err); ok {
			return wrong.error
		}
	}
	return nil
}

// cited is what became of the hits.
type cited struct {
	hits   []Hit
	stale  bool // some were gone when they were read
	unread bool // some could not be read
}

// cite reads the n best hits, and further ones in the place of those whose
// item has been deleted.
func (e *Engine) cite(ctx context.Context, q question, fused []library.Scored, n int) (cited, error) {
	out := cited{hits: []Hit{}}
	for len(out.hits) < n && len(fused) > 0 {
		next := min(n-len(out.hits), len(fused))
		chunks, items, err := e.read(ctx, fused[:next])
		switch {
		case ctx.Err() != nil:
			return cited{}, fmt.Errorf("search: %w", ctx.Err())
		case err != nil && len(chunks) == 0:
			return cited{}, errs.Wrap(errs.Unavailable, err, "The passages that were found cannot be read. Try again.")
		case err != nil:
			e.opt.Log.WarnContext(ctx, "some passages that were found cannot be read", slog.Any("error", err))
			out.unread = true
		case len(chunks) < next:
			out.stale = true
		}
		out.hits = append(out.hits, describe(q, chunks, items, fused[:next])...)
		fused = fused[next:]
	}
	return out, nil
}

// read asks the index for the chunks that were found and, beside it, the
// catalog for their items.
func (e *Engine) read(ctx context.Context, found []library.Scored) ([]library.Chunk, map[string]catalogItem, error) {
	var uids []string
	seen := map[string]bool{}
	for _, f := range found {
		if !seen[f.ItemUID] {
			seen[f.ItemUID] = true
			uids = append(uids, f.ItemUID)
		}
	}
	var (
		group   sync.WaitGroup
		items   map[string]catalogItem
		unknown error
	)
	group.Go(func() { items, unknown = e.opt.Catalog.items(ctx, uids) })
	chunks, err := e.opt.Graph.Hydrate(ctx, found)
	group.Wait()
	if unknown != nil {
		return nil, nil, unknown
	}
	return chunks, items, err
}

// describe makes hits of chunks whose items are still there, and still in the
// collection asked for: the catalog knows of a move before the index does. Of
// generations the index runs ahead of the catalog, and never behind.
func describe(q question, chunks []library.Chunk, items map[string]catalogItem, found []library.Scored) []Hit {
	scores := map[key]float64{}
	for _, f := range found {
		scores[keyOf(f)] = f.Score
	}
	var out []Hit
	for _, c := range chunks {
		it, there := items[c.ItemUID]
		if !there || it.libraryUID != c.LibraryUID || c.Generation < it.generation || !q.within(it) {
			continue
		}
		k := key{c.LibraryUID, c.ItemUID, c.Generation, c.Ordinal}
		out = append(out, Hit{
			ChunkUID: c.UID, ItemUID: c.ItemUID, LibraryUID: c.LibraryUID, LibraryName: q.libraries[c.LibraryUID].Name,
			Title: it.title, Source: it.source, HeadingPath: c.HeadingPath, Page: c.Page, Start: c.Start, End: c.End, Text: c.Text,
			Score: scores[k], Found: q.found[k],
		})
	}
	return out
}
