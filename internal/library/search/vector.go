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

// nearest asks the libraries of each embedding space with a query embedded in
// it. There are several only while libraries move from one model to another,
// so it looks in the one that is likely while the index says which they are.
func (e *Engine) nearest(ctx context.Context, q question) ([]library.Scored, error) {
	guess := e.guess(ctx, q)
	defer guess.stop()
	spaces, err := e.resolve(ctx, q)
	if _, ok := errors.AsType[spaceError](err); ok {
		return nil, err
	}
	var found [][]library.Scored
	faults := []error{err}
	for _, s := range spaces {
		hits, err := guess.take(s)
		if errors.Is(err, errWrongGuess) {
			hits, err = e.nearestOfAll(ctx, q, s.embedder, s.name, s.uids)
		}
		if len(hits) > 0 {
			found = append(found, hits)
		}
		faults = append(faults, err)
	}
	return merged(found, q.deep(e.opt.VectorTopK)), errors.Join(faults...)
}

var errWrongGuess = errors.New("not what was looked for")

// guess is a search that began before it was known what to look in.
type guess struct {
	name string // of the space; empty: none was begun
	uids int
	done chan struct{}
	hits []library.Scored
	err  error

	cancel context.CancelFunc
}

// guess looks in the space of the main embedder, if every library may be in it.
func (e *Engine) guess(ctx context.Context, q question) *guess {
	space := e.opt.Embedder.Space() // without dimensions: not known yet
	for _, uid := range q.uids {
		if named := q.libraries[uid].Space; space.Dimensions == 0 || named != "" && named != space.ID() {
			return &guess{}
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	g := &guess{name: space.ID(), uids: len(q.uids), done: make(chan struct{}), cancel: cancel}
	go func() {
		defer close(g.done)
		g.hits, g.err = e.nearestOfAll(ctx, q, e.opt.Embedder, g.name, q.uids)
	}()
	return g
}

// take gives what was found if it is what was to be looked for.
func (g *guess) take(s spaced) ([]library.Scored, error) {
	if g.name != s.name || g.uids != len(s.uids) {
		return nil, errWrongGuess
	}
	<-g.done
	return g.hits, g.err
}

// stop ends the search, if it goes on, and waits.
func (g *guess) stop() {
	if g.name != "" {
		g.cancel()
		<-g.done
	}
}

// spaced are libraries whose searches use one embedding space.
type spaced struct {
	name     string // empty until it is resolved: never moved
	uids     []string
	embedder embedding.Embedder // once resolved
}

// resolve finds the embedders of the spaces that the libraries asked are in.
// Libraries that never moved and those that say the same space make one list:
// their cosines compare.
func (e *Engine) resolve(ctx context.Context, q question) ([]spaced, error) {
	var out []spaced
	var faults []error
	for _, s := range spacesOf(q) {
		embedder, err := e.embedderIn(ctx, s.name, s.uids)
		if _, ok := errors.AsType[spaceError](err); ok {
			return nil, err
		}
		faults = append(faults, err)
		if embedder == nil {
			continue
		}
		name := embedder.Space().ID()
		if at := slices.IndexFunc(out, func(o spaced) bool { return o.name == name }); at >= 0 {
			out[at].uids = append(out[at].uids, s.uids...)
			continue
		}
		out = append(out, spaced{name: name, uids: s.uids, embedder: embedder})
	}
	return out, errors.Join(faults...)
}

func spacesOf(q question) []spaced {
	var out []spaced
	for _, uid := range q.uids {
		name := q.libraries[uid].Space
		at := slices.IndexFunc(out, func(s spaced) bool { return s.name == name })
		if at < 0 {
			at = len(out)
			out = append(out, spaced{name: name})
		}
		out[at].uids = append(out[at].uids, uid)
	}
	return out
}

// merged makes one list of those of different spaces. Their cosines mean
// different things, so that only the ranks count.
func merged(found [][]library.Scored, limit int) []library.Scored {
	if len(found) == 1 {
		return found[0]
	}
	var all []library.Scored
	for _, hits := range found {
		for rank, hit := range hits {
			hit.Score = 1 / float64(1+rank)
			all = append(all, hit)
		}
	}
	slices.SortFunc(all, inOrder)
	return all[:min(limit, len(all))]
}

// embedderIn gives the embedder of the space that libraries are in, or nil when
// there is nothing to search. Of libraries that never moved, what the index
// holds says which space it is. Both an embedder and an error: some are in it.
func (e *Engine) embedderIn(ctx context.Context, name string, uids []string) (embedding.Embedder, error) {
	spaces, err := e.opt.Graph.Spaces(ctx, uids)
	if len(spaces) == 0 {
		return nil, err
	}
	wanted := name
	if name == "" && len(spaces) == 1 {
		wanted = spaces[0] // another process may embed new libraries with the next embedder already
	}
	embedder, askErr := embedding.Set{Main: e.opt.Embedder, Next: e.opt.NextEmbedder}.In(ctx, wanted)
	if askErr != nil && !errors.Is(askErr, embedding.ErrOtherSpace) {
		return nil, fmt.Errorf("ask the embedder for its space: %w", askErr)
	}
	if embedder == nil {
		embedder = e.opt.Embedder // to say which space it is in
	}
	space, askErr := embedding.KnownSpace(ctx, embedder)
	if askErr != nil {
		return nil, fmt.Errorf("ask the embedder for its space: %w", askErr)
	}
	ours, theirs := space.ID(), strings.Join(spaces, ", ")
	if name != "" {
		theirs = name
	}
	if !slices.Contains(spaces, ours) || (name != "" && name != ours) {
		return nil, spaceError{errs.Newf(errs.Unavailable, "The index is in the embedding space %s and searches are embedded in %s. "+
			"Set the embedder that the index was made with, or move the index with `mnemosyne reembed`.", theirs, ours)}
	}
	if err == nil && len(spaces) > 1 && name == "" {
		err = fmt.Errorf("some chunks are in another embedding space than %s: %s", ours, theirs)
	}
	return embedder, err
}

// nearestOfAll asks for the nearest chunks of each kind of library with the
// query's vector for that kind. The vectors of chunks are of one space, so
// that the cosines make one list.
func (e *Engine) nearestOfAll(ctx context.Context, q question, embedder embedding.Embedder, space string, uids []string) ([]library.Scored, error) {
	groups := byInstruction(q, embedder, uids)
	found := make([][]library.Scored, len(groups))
	faults := make([]error, len(groups))
	limit := q.deep(e.opt.VectorTopK)
	ask := func(i int) {
		vector, err := embedder.EmbedQuery(ctx, embedding.Query{Text: q.text, Instruction: groups[i].instruction})
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
func byInstruction(q question, embedder embedding.Embedder, uids []string) []instructed {
	if !embedder.TakesInstructions() {
		return []instructed{{uids: uids}}
	}
	var groups []instructed
	for _, uid := range uids {
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
