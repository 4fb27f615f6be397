package search

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/concept"
)

// MaxConcepts is how many concepts an answer about what is related names.
const MaxConcepts = 20

// RelatedRequest asks what shares concepts with a passage, or speaks of a
// concept. Exactly one of ChunkUID and Concept is given.
type RelatedRequest struct {
	ChunkUID  string
	Concept   string   // as somebody writes it
	Libraries []string // uids or names; none: all that the caller may read
	Limit     int      // 1 to MaxLimit; 0: the default
}

// RelatedResult is what was found, best first.
type RelatedResult struct {
	Hits []Hit
	// Concepts are those of the passage, or the concept asked for and what its
	// best passages speak of besides.
	Concepts []RelatedConcept
}

// RelatedConcept is a concept, over the libraries that the caller may read.
type RelatedConcept struct {
	Name   string
	Chunks int // that mention it
}

// Related follows concepts within what the caller may read.
func (e *Engine) Related(ctx context.Context, p accounts.Principal, r RelatedRequest) (RelatedResult, error) {
	q, from, err := e.askRelated(ctx, p, r)
	if err != nil || len(q.uids) == 0 {
		return RelatedResult{Hits: []Hit{}, Concepts: []RelatedConcept{}}, err
	}
	l := &leg{name: "related", timeout: e.opt.GraphTimeout, find: func(ctx context.Context) ([]library.Scored, error) {
		return e.opt.Graph.Related(ctx, from)
	}}
	l.run(ctx)
	if ctx.Err() != nil {
		return RelatedResult{}, fmt.Errorf("related: %w", ctx.Err())
	}
	if err := e.report(ctx, l); err != nil {
		return RelatedResult{}, err
	}
	if l.err != nil && len(l.hits) == 0 {
		return RelatedResult{}, errs.Wrap(errs.Unavailable, l.err, "What is related cannot be told at the moment. Try again.")
	}
	cited, err := e.cite(ctx, q, l.hits, q.limit)
	if err != nil {
		return RelatedResult{}, err
	}
	concepts, err := e.conceptsNear(ctx, q, from, l.hits)
	return RelatedResult{Hits: hitsOf(cited.hits), Concepts: concepts}, err
}

var errMissingChunk = errs.New(errs.NotFound, "No such chunk.")

// askRelated checks a request and says where to start and where to look.
func (e *Engine) askRelated(ctx context.Context, p accounts.Principal, r RelatedRequest) (q question, from library.RelatedQuery, err error) {
	q = question{limit: cmp.Or(r.Limit, e.opt.DefaultLimit), libraries: map[string]library.Library{}}
	if q.limit < 1 || q.limit > MaxLimit {
		return q, from, errs.Field("limit", fmt.Sprintf("Ensure this value is between 1 and %d.", MaxLimit))
	}
	name := strings.TrimSpace(r.Concept)
	if (name == "") == (r.ChunkUID == "") {
		return q, from, errs.Field("chunk_uid", "Give either a chunk_uid or a concept.")
	}
	found, err := e.opt.Access.Resolve(ctx, p, r.Libraries)
	if err != nil {
		return q, from, err
	}
	for _, l := range found {
		q.libraries[l.UID] = l
	}
	from = library.RelatedQuery{Depth: max(e.opt.GraphDepth, 1), Limit: q.limit}
	if r.ChunkUID != "" {
		seed, err := e.seed(ctx, p, r.ChunkUID)
		if err != nil {
			return q, from, err
		}
		l, within := q.libraries[seed.LibraryUID]
		if !within {
			return q, from, errMissingChunk
		}
		q.libraries = map[string]library.Library{l.UID: l}
		from.Seeds = []library.Scored{seed}
	} else if key := concept.Key(name); key != "" {
		from.Keys = []string{key}
	}
	q.uids = sortedUIDs(q.libraries)
	from.Libraries = q.uids
	return q, from, nil
}

// seed finds a passage that the caller may read.
func (e *Engine) seed(ctx context.Context, p accounts.Principal, chunkUID string) (library.Scored, error) {
	item, _, ref, err := e.opt.Access.ItemOfChunk(ctx, p, chunkUID)
	if err != nil {
		return library.Scored{}, err
	}
	gen := library.GenerationRef{LibraryUID: item.LibraryUID, ItemUID: item.UID, Generation: ref.Generation}
	chunks, err := e.opt.Graph.Chunks(ctx, gen, ref.Ordinal, ref.Ordinal+1)
	if err != nil {
		return library.Scored{}, fmt.Errorf("read the chunk: %w", err)
	}
	if len(chunks) == 0 {
		return library.Scored{}, errMissingChunk
	}
	return library.Scored{LibraryUID: item.LibraryUID, ItemUID: item.UID, Generation: ref.Generation, Ordinal: ref.Ordinal, Score: 1}, nil
}

// conceptHits is of how many hits the concepts are named.
const conceptHits = 4

// conceptsNear names the concepts of the passage, or the concept asked for and
// those of its best passages.
func (e *Engine) conceptsNear(ctx context.Context, q question, from library.RelatedQuery, hits []library.Scored) ([]RelatedConcept, error) {
	var all []library.Concept
	var faults []error
	ask := func(cq library.ConceptQuery) {
		cq.Libraries, cq.Limit = q.uids, max(MaxConcepts, len(q.uids))
		found, err := e.opt.Graph.Concepts(ctx, cq)
		all, faults = append(all, found...), append(faults, err)
	}
	chunks := from.Seeds
	if len(from.Keys) > 0 {
		ask(library.ConceptQuery{Keys: from.Keys})
		if chunks = hits[:min(len(hits), conceptHits)]; len(all) == 0 {
			chunks = nil
		}
	}
	for _, c := range chunks {
		ask(library.ConceptQuery{Chunk: &c})
	}
	if err := errors.Join(faults...); err != nil && len(all) == 0 {
		return nil, errs.Wrap(errs.Unavailable, err, "The concepts cannot be read. Try again.")
	}
	return summed(all), nil
}

// summed adds up the libraries' concepts by key, in the order in which each
// came first. What came twice of one library counts once.
func summed(all []library.Concept) []RelatedConcept {
	type place struct{ library, key string }
	seen, at := map[place]bool{}, map[string]int{}
	out := []RelatedConcept{}
	for _, c := range all {
		if seen[place{c.LibraryUID, c.Key}] {
			continue
		}
		seen[place{c.LibraryUID, c.Key}] = true
		if i, known := at[c.Key]; known {
			out[i].Chunks += c.Chunks
			continue
		}
		at[c.Key] = len(out)
		out = append(out, RelatedConcept{Name: c.Name, Chunks: c.Chunks})
	}
	return slices.Clip(out[:min(len(out), MaxConcepts)])
}
