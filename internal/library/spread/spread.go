// Package spread finds chunks that concepts lead to, by spreading activation:
// what is sought is put on chunks and concepts, and flows from each to its
// neighbours, less with every hop and the more a concept's chunks are.
//
// The engines of the graph share it, so that they find the same in the same
// order. It owns the arithmetic and its bounds: however big a library is, and
// whatever is mentioned everywhere in it, a search reads so many concepts and
// so many chunks of each. What may be read is for the engine to see to.
package spread

import (
	"cmp"
	"context"
	"math"
	"slices"

	"git.helu.ca/r/mnemosyne/internal/library"
)

// The bounds of one search.
const (
	MostSeeds    = 32  // chunks to start from
	MostKeys     = 256 // that are looked up
	MostConcepts = 32  // that are walked through on one hop
	MostChunks   = 200 // that are read of one concept
	mostOnward   = 12  // chunks that a further hop starts from
)

// A concept is a hub, which leads nowhere, where more than a twentieth of the
// library's chunks mention it, and more than this many.
const (
	hubShare = 20
	hubFloor = 20
)

// decay is what is left of the activation after each further hop. What is two
// passages away is related to almost everything: with a half it crowds out what
// is one away.
const decay = 0.1

// Concept is a concept of a library.
type Concept struct {
	LibraryUID string
	Key        string
}

// Found is a concept, with how many published chunks mention it.
type Found struct {
	Concept

	Chunks int
}

// Edge tells that a published chunk mentions a concept. The chunk's score has
// no meaning.
type Edge struct {
	Chunk   library.Scored
	Concept Found
	Weight  float64
}

// Graph is what an engine reads, within the scope of one search.
type Graph interface {
	// Mentions gives what chunks mention.
	Mentions(ctx context.Context, chunks []library.Scored) ([]Edge, error)
	// Named gives the concepts of these keys.
	Named(ctx context.Context, keys []string) ([]Found, error)
	// Mentioning gives chunks that mention concepts, at most MostChunks of each.
	Mentioning(ctx context.Context, concepts []Found) ([]Edge, error)
	// Size is how many chunks a library has published.
	Size(ctx context.Context, libraryUID string) (int, error)
}

// IDF tells how much it says of a chunk that it mentions a concept which
// chunks of size mention: 1 where it is the only one, near 0 where all do.
func IDF(size, chunks int) float64 {
	if size < 1 || chunks < 1 {
		return 0
	}
	return math.Min(math.Log(1+float64(size)/float64(chunks))/math.Log(1+float64(size)), 1)
}

// Hub tells whether a concept leads nowhere.
func Hub(size, chunks int) bool {
	return chunks > min(max(size/hubShare, hubFloor), MostChunks)
}

// Related answers a query. Depth and Limit are of the query; Libraries and
// Filter are the engine's to keep.
func Related(ctx context.Context, g Graph, q library.RelatedQuery) ([]library.Scored, error) {
	if q.Depth < 1 || q.Limit < 1 {
		return nil, nil
	}
	w := walk{g: g, sizes: map[string]int{}, walked: map[Concept]bool{}, scores: map[library.Scored]float64{}, seeds: map[library.Scored]bool{}}
	from := w.start(q.Seeds)
	named, err := w.named(ctx, q.Keys)
	if err != nil {
		return nil, err
	}
	share := 1.0
	for hop := 1; hop <= q.Depth && (len(from) > 0 || len(named) > 0); hop++ {
		concepts, err := w.concepts(ctx, from, named)
		if err != nil {
			return nil, err
		}
		if from, err = w.chunks(ctx, concepts, from, share); err != nil {
			return nil, err
		}
		named = nil
		share *= decay
	}
	return w.result(q.Limit), nil
}

// walk is one search on its way.
type walk struct {
	g      Graph
	sizes  map[string]int
	walked map[Concept]bool
	scores map[library.Scored]float64 // by chunk
	seeds  map[library.Scored]bool
}

// active is a concept with its activation.
type active struct {
	Found

	gain float64
}

// chunkOf is a chunk without a score.
func chunkOf(s library.Scored) library.Scored {
	s.Score = 0
	return s
}

// start gives the best seeds, scaled so that the best counts 1. Seeds that do
// not count are only left out of the answer.
func (w *walk) start(seeds []library.Scored) []library.Scored {
	var out []library.Scored
	for _, s := range seeds {
		if c := chunkOf(s); !w.seeds[c] {
			w.seeds[c] = true
			if s.Score > 0 {
				out = append(out, s)
			}
		}
	}
	return best(out, MostSeeds)
}

// best cuts a list to its best and scales their scores to (0, 1].
func best(list []library.Scored, most int) []library.Scored {
	slices.SortFunc(list, InOrder)
	list = list[:min(len(list), most)]
	for i := len(list) - 1; i >= 0; i-- {
		list[i].Score /= list[0].Score
	}
	return list
}

// InOrder puts the best first, and equal ones in the order of library, item
// and ordinal.
func InOrder(a, b library.Scored) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.LibraryUID, b.LibraryUID),
		cmp.Compare(a.ItemUID, b.ItemUID), cmp.Compare(b.Generation, a.Generation), cmp.Compare(a.Ordinal, b.Ordinal))
}

// named gives the concepts of the keys. Hubs are among them only where there
// is nothing else to start from.
func (w *walk) named(ctx context.Context, keys []string) ([]active, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	found, err := w.g.Named(ctx, keys[:min(len(keys), MostKeys)])
	if err != nil {
		return nil, err
	}
	out, hubs := make([]active, 0, len(found)), 0
	for _, c := range found {
		size, err := w.size(ctx, c.LibraryUID)
		if err != nil {
			return nil, err
		}
		out = append(out, active{c, IDF(size, c.Chunks)})
		if Hub(size, c.Chunks) {
			hubs++
		}
	}
	if len(w.seeds) > 0 || hubs < len(out) {
		out = slices.DeleteFunc(out, func(a active) bool { return Hub(w.sizes[a.LibraryUID], a.Chunks) })
	}
	return out, nil
}

func (w *walk) size(ctx context.Context, libraryUID string) (int, error) {
	if n, known := w.sizes[libraryUID]; known {
		return n, nil
	}
	n, err := w.g.Size(ctx, libraryUID)
	if err == nil {
		w.sizes[libraryUID] = n
	}
	return n, err
}

// concepts gives the concepts that the activation flows to: those named, and
// what the chunks mention. Each is walked once.
func (w *walk) concepts(ctx context.Context, from []library.Scored, named []active) ([]active, error) {
	gains := map[Concept]active{}
	for _, c := range named {
		gains[c.Concept] = c
	}
	if len(from) > 0 {
		edges, err := w.g.Mentions(ctx, from)
		if err != nil {
			return nil, err
		}
		sortEdges(edges)
		of := map[library.Scored]float64{}
		for _, s := range from {
			of[chunkOf(s)] = s.Score
		}
		for _, e := range edges {
			size, err := w.size(ctx, e.Concept.LibraryUID)
			if err != nil {
				return nil, err
			}
			if w.walked[e.Concept.Concept] || Hub(size, e.Concept.Chunks) {
				continue
			}
			a := gains[e.Concept.Concept]
			a.Found = e.Concept
			a.gain += of[chunkOf(e.Chunk)] * e.Weight * IDF(size, e.Concept.Chunks)
			gains[e.Concept.Concept] = a
		}
	}
	out := make([]active, 0, len(gains))
	for _, a := range gains {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b active) int {
		return cmp.Or(cmp.Compare(b.gain, a.gain), cmp.Compare(a.LibraryUID, b.LibraryUID), cmp.Compare(a.Key, b.Key))
	})
	out = out[:min(len(out), MostConcepts)]
	for _, a := range out {
		w.walked[a.Concept] = true
	}
	return out, nil
}

// chunks lets the activation flow from concepts to the chunks that mention
// them, but not back to those that it came from, and gives the best of those
// that were not met before, to go on from.
func (w *walk) chunks(ctx context.Context, concepts []active, from []library.Scored, share float64) ([]library.Scored, error) {
	if len(concepts) == 0 {
		return nil, nil
	}
	asked, gains := make([]Found, len(concepts)), map[Concept]float64{}
	for i, c := range concepts {
		asked[i], gains[c.Concept] = c.Found, c.gain
	}
	edges, err := w.g.Mentioning(ctx, asked)
	if err != nil {
		return nil, err
	}
	sortEdges(edges)
	flow, source := map[library.Scored]float64{}, map[library.Scored]bool{}
	for _, c := range from {
		source[chunkOf(c)] = true
	}
	for _, e := range edges {
		flow[chunkOf(e.Chunk)] += gains[e.Concept.Concept] * e.Weight
	}
	var onward []library.Scored
	for c, gain := range flow {
		_, met := w.scores[c]
		if w.seeds[c] || source[c] || gain <= 0 {
			continue
		}
		w.scores[c] += share * gain
		if !met {
			onward = append(onward, library.Scored{
				LibraryUID: c.LibraryUID, ItemUID: c.ItemUID, Generation: c.Generation, Ordinal: c.Ordinal, Score: gain,
			})
		}
	}
	return best(onward, mostOnward), nil
}

// sortEdges makes the order in which numbers are added up the same each time.
func sortEdges(edges []Edge) {
	slices.SortFunc(edges, func(a, b Edge) int {
		return cmp.Or(InOrder(chunkOf(a.Chunk), chunkOf(b.Chunk)), cmp.Compare(a.Concept.Key, b.Concept.Key))
	})
}

func (w *walk) result(limit int) []library.Scored {
	out := make([]library.Scored, 0, len(w.scores))
	for c, score := range w.scores {
		c.Score = score / (1 + score)
		out = append(out, c)
	}
	slices.SortFunc(out, InOrder)
	return out[:min(len(out), limit)]
}
