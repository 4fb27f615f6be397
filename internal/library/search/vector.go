package search

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
)

// spaceError says that the index is in another embedding space than the
// process embeds in.
type spaceError struct{ error }

func (e spaceError) Unwrap() error { return e.error }

func (e *Engine) nearest(ctx context.Context, q question) ([]library.Scored, error) {
	spaces, err := e.opt.Graph.Spaces(ctx, q.uids)
	if len(spaces) == 0 {
		return nil, err
	}
	space, askErr := embedding.KnownSpace(ctx, e.opt.Embedder)
	if askErr != nil {
		return nil, fmt.Errorf("ask the embedder for its space: %w", askErr)
	}
	ours := space.ID()
	if !slices.Contains(spaces, ours) {
		return nil, spaceError{errs.Newf(errs.Unavailable, "The index is in the embedding space %s and searches are embedded in %s. "+
			"Set the embedder that the index was made with, or ingest the documents again.", strings.Join(spaces, ", "), ours)}
	}
	hits, findErr := e.nearestOfAll(ctx, q, ours)
	if err == nil && findErr == nil && len(spaces) > 1 {
		findErr = fmt.Errorf("some chunks are in another embedding space than %s: %s", ours, strings.Join(spaces, ", "))
	}
	return hits, errors.Join(err, findErr)
}

// nearestOfAll asks for the nearest chunks of each kind of library with the
// query's vector for that kind. The vectors of chunks are of one space, so
// that the cosines make one list.
func (e *Engine) nearestOfAll(ctx context.Context, q question, space string) ([]library.Scored, error) {
	groups := e.byInstruction(q)
	found := make([][]library.Scored, len(groups))
	faults := make([]error, len(groups))
	limit := max(e.opt.VectorTopK, q.limit)
	ask := func(i int) {
		vector, err := e.opt.Embedder.EmbedQuery(ctx, embedding.Query{Text: q.text, Instruction: groups[i].instruction})
		if err != nil {
			faults[i] = fmt.Errorf("embed the query: %w", err)
			return
		}
		found[i], faults[i] = e.opt.Graph.Nearest(ctx, library.VectorQuery{
			Libraries: groups[i].uids, Space: space, Vector: vector, Filter: q.filter, Limit: limit,
		})
	}
	var group sync.WaitGroup
	for i := 1; i < len(groups); i++ {
		group.Go(func() { ask(i) })
	}
	ask(0)
	group.Wait()
	hits := found[0]
	if len(groups) > 1 {
		hits = slices.Concat(found...)
		slices.SortFunc(hits, inOrder)
		hits = hits[:min(limit, len(hits))]
	}
	return hits, errors.Join(faults...)
}

// instructed are libraries whose searches have one instruction.
type instructed struct {
	instruction string
	uids        []string
}

// byInstruction parts the libraries asked by what the embedder is told of
// them. There is always one group: an embedder that is told nothing embeds
// the query once.
func (e *Engine) byInstruction(q question) []instructed {
	if !e.opt.Embedder.TakesInstructions() {
		return []instructed{{uids: q.uids}}
	}
	var groups []instructed
	for _, uid := range q.uids {
		t, _ := library.TypeNamed(q.libraries[uid].Type)
		at := slices.IndexFunc(groups, func(g instructed) bool { return g.instruction == t.QueryInstruction })
		if at < 0 {
			at = len(groups)
			groups = append(groups, instructed{instruction: t.QueryInstruction})
		}
		groups[at].uids = append(groups[at].uids, uid)
	}
	return groups
}
