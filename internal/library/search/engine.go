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
	q.times = 1
	for attempt := 1; ; attempt++ {
		f, err := e.once(ctx, q)
		switch {
		case err != nil:
			return Result{}, err
		case f.stale && attempt < attempts:
		case f.short && q.times < deepest:
			q.times *= deeper
			attempt--
		default:
			return e.finish(ctx, q, f)
		}
	}
}

// found is what the legs gave.
type found struct {
	Result

	candidates []candidate
	gaps       map[key]string
	why        *why
	stale      bool // a hit was gone when it was read
	short      bool // looking deeper would give more hits
}

const (
	// deeper is how many times as much the legs are asked for where too few
	// hits are left of what they gave, up to deepest.
	deeper, deepest = 4, 16
	mostDeep        = 1000 // hits of a leg
)

// deep is how many hits a leg is asked for.
func (q question) deep(topK int) int {
	return min(max(topK, q.limit)*max(q.times, 1), max(mostDeep, topK))
}

// once searches one time, for as many passages as are asked for or as the
// reranker judges, whichever are more.
func (e *Engine) once(ctx context.Context, q question) (found, error) {
	vector, fullText := e.legs(ctx, q)
	if err := ctx.Err(); err != nil {
		return found{}, fmt.Errorf("search: %w", err)
	}
	if len(vector.hits)+len(fullText.hits) == 0 && vector.err == nil && fullText.err == nil && e.lost(ctx, q) {
		for _, l := range []*leg{vector, fullText} {
			l.status, l.err = Failed, errLost
		}
	}
	if err := e.report(ctx, vector, fullText); err != nil {
		return found{}, err
	}
	lists := e.weigh(q, vector, fullText)
	fused := Fuse(e.opt.Fusion, e.opt.RRFK, lists...)
	graph := e.graphLeg(ctx, q, fused)
	if err := ctx.Err(); err != nil {
		return found{}, fmt.Errorf("search: %w", err)
	}
	f := found{Result: Result{
		Legs:     []Leg{vector.done(), fullText.done()},
		Status:   Status{Vector: vector.status, FullText: fullText.status, Graph: graph.status, Rerank: Skipped},
		Degraded: vector.err != nil || fullText.err != nil || graph.err != nil,
	}}
	f.why = e.whyOf(q, lists, vector, fullText)
	if graph.status != Skipped {
		if err := e.report(ctx, graph); err != nil {
			return found{}, err
		}
		f.Legs = append(f.Legs, graph.done())
		fused = associate(fused, graph)
	}
	f.why.sum(fused, graph.name)
	if !q.oneItem {
		fused, f.why.shares = spreadFused(fused)
	}
	q.found = findings(vector, fullText, graph)
	full := len(vector.hits) >= q.deep(e.opt.VectorTopK) || len(fullText.hits) >= q.deep(e.opt.FullTextTopK)
	return f, e.fill(ctx, q, fused, full, &f)
}

// fill reads what was found, best first, until it makes as many hits as are
// asked for. full tells that a leg may have more than it gave.
func (e *Engine) fill(ctx context.Context, q question, fused []library.Scored, full bool, f *found) error {
	n := q.limit + q.limit/2
	if e.opt.Reranker != nil {
		n = max(n, e.opt.Candidates)
	}
	for {
		next := min(n, len(fused))
		cited, err := e.cite(ctx, q, fused[:next], next)
		if err != nil {
			return err
		}
		fused = fused[next:]
		for _, c := range cited.hits {
			c.wording = e.wordings.of(c.Text)
			f.candidates = append(f.candidates, c)
		}
		f.stale, f.Degraded = f.stale || cited.stale, f.Degraded || cited.unread
		f.gaps = e.gaps(ctx, f.candidates)
		made := passagesOf(f.candidates, f.gaps, q.limit)
		if len(made.made) == q.limit || len(fused) == 0 {
			f.short = full && len(made.made) < q.limit
			return nil
		}
	}
}

// finish has the best judged and makes the answer.
func (e *Engine) finish(ctx context.Context, q question, f found) (Result, error) {
	if err := e.rerank(ctx, q, &f); err != nil {
		return Result{}, err
	}
	result := f.Result
	made := passagesOf(f.candidates, f.gaps, q.limit)
	result.Hits = made.hits()
	all := len(result.Hits)
	result.Hits = within(result.Hits, q.maxChars)
	result.Omitted = all - len(result.Hits)
	if q.explain {
		for i := range result.Hits {
			result.Hits[i].Explanation = f.why.explain(made.made[i])
		}
	}
	return result, nil
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
	hits   []candidate
	stale  bool // some were gone when they were read
	unread bool // some could not be read
}

// cite reads the n best hits, and further ones in the place of those whose
// item has been deleted.
func (e *Engine) cite(ctx context.Context, q question, fused []library.Scored, n int) (cited, error) {
	out := cited{}
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

// describe makes candidates of chunks whose items are still there, and still in the
// collection asked for: the catalog knows of a move before the index does. Of
// generations the index runs ahead of the catalog, and never behind.
func describe(q question, chunks []library.Chunk, items map[string]catalogItem, found []library.Scored) []candidate {
	scores := map[key]float64{}
	for _, f := range found {
		scores[keyOf(f)] = f.Score
	}
	var out []candidate
	for _, c := range chunks {
		it, there := items[c.ItemUID]
		if !there || it.libraryUID != c.LibraryUID || c.Generation < it.generation || !q.within(it) {
			continue
		}
		k := key{c.LibraryUID, c.ItemUID, c.Generation, c.Ordinal}
		out = append(out, candidate{key: k, Hit: Hit{
			ChunkUID: c.UID, ItemUID: c.ItemUID, LibraryUID: c.LibraryUID, LibraryName: q.libraries[c.LibraryUID].Name,
			Title: it.title, Source: it.source, HeadingPath: c.HeadingPath, Page: c.Page, Start: c.Start, End: c.End, Text: c.Text,
			Score: scores[k], ScoreKind: ScoreFused, Found: q.found[k],
		}})
	}
	return out
}
