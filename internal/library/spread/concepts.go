package spread

import (
	"cmp"
	"math"
	"slices"

	"git.helu.ca/r/mnemosyne/internal/library"
)

const (
	// ReadFor is how many concepts, those with the most chunks, are rated for
	// one that is listed.
	ReadFor = 4
	// MostLinked is how many concepts' links are told.
	MostLinked = 64
	// MostOfLinked is how many chunks of each are looked at.
	MostOfLinked = 1000
)

// Rated is a concept with what orders it in a list.
type Rated struct {
	library.Concept

	Size   int     // of its library, in published chunks
	Weight float64 // in the chunk asked for; 1 where none was
}

// ByTelling makes the answer to a query for concepts, the most telling first.
func ByTelling(all []Rated, q library.ConceptQuery) []library.Concept {
	rate := func(c Rated) float64 {
		if q.Chunk != nil {
			return c.Weight * IDF(c.Size, c.Chunks)
		}
		return telling(c.Size, c.Chunks)
	}
	slices.SortFunc(all, func(a, b Rated) int {
		return cmp.Or(cmp.Compare(rate(b), rate(a)), cmp.Compare(a.Key, b.Key), cmp.Compare(a.LibraryUID, b.LibraryUID))
	})
	var out []library.Concept
	for _, c := range all[:min(len(all), q.Limit)] {
		out = append(out, c.Concept)
	}
	return out
}

// telling rates a concept of a library: highest where a seventh of its chunks
// mention it, and nothing where all do.
func telling(size, chunks int) float64 {
	if chunks < 1 || chunks > size {
		return 0
	}
	rare := math.Log(float64(size+1) / float64(chunks))
	return float64(chunks) * rare * rare
}

// Together are keys, in order, that stand in one chunk, and in how many such.
type Together struct {
	Keys   []string
	Chunks int
}

// Links counts pairs of keys, the most frequent first.
func Links(sets []Together) []library.ConceptLink {
	count := map[[2]string]int{}
	for _, set := range sets {
		for i, a := range set.Keys {
			for _, b := range set.Keys[i+1:] {
				count[[2]string{a, b}] += set.Chunks
			}
		}
	}
	out := make([]library.ConceptLink, 0, len(count))
	for pair, n := range count {
		out = append(out, library.ConceptLink{From: pair[0], To: pair[1], Chunks: n})
	}
	slices.SortFunc(out, func(a, b library.ConceptLink) int {
		return cmp.Or(cmp.Compare(b.Chunks, a.Chunks), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return out
}
