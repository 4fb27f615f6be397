package search

import (
	"cmp"
	"slices"

	"git.helu.ca/r/mnemosyne/internal/library"
)

// The vector leg's share. Both beat plain BM25 with room on each of the
// collections that they were tried on, German ones with an English embedder
// included.
const (
	DefaultAlpha         = 0.45 // of a Weighted fusion
	DefaultAdaptiveAlpha = 0.4  // of an Adaptive one, where a question's nearest passage stands out as usual
)

// key names a chunk whichever leg found it. Two legs may see an item in two
// generations when one is published between them: these are two chunks.
type key struct {
	library, item string
	generation    int64
	ordinal       int
}

func keyOf(s library.Scored) key {
	return key{s.LibraryUID, s.ItemUID, s.Generation, s.Ordinal}
}

// List is what a leg found, and its share of a weighted or adaptive fusion.
type List struct {
	Weight float64
	Hits   []library.Scored
	// Floor is the score that an Adaptive fusion takes for nothing found; 1 is
	// the best that a leg can say.
	Floor float64
}

// Fuse makes one list of those of the legs, best first. Equal scores come in
// the order of library, item and ordinal, so that the same answers give the
// same list.
func Fuse(how Fusion, rrfK int, lists ...List) []library.Scored {
	sum := map[key]library.Scored{}
	for _, list := range lists {
		score := scorer(how, rrfK, list)
		for rank, hit := range list.Hits {
			s, known := sum[keyOf(hit)]
			if !known {
				s = hit
				s.Score = 0
			}
			s.Score += score(rank)
			sum[keyOf(hit)] = s
		}
	}
	out := make([]library.Scored, 0, len(sum))
	for _, s := range sum {
		out = append(out, s)
	}
	slices.SortFunc(out, inOrder)
	return out
}

// scorer tells what a hit's place in a list adds to its score.
func scorer(how Fusion, rrfK int, list List) func(rank int) float64 {
	switch how {
	case RRF:
		return func(rank int) float64 { return 1 / float64(rrfK+rank+1) }
	case Weighted:
		return scaled(list.Hits, list.Weight)
	case Adaptive:
	}
	return list.above
}

// above is a hit's score between the floor and the best there can be. Unlike
// scaled it leaves a list low that says little: where the words of a question
// are hardly in the library, or where the embedder does not know its language
// and finds everything alike, the other leg decides.
func (l List) above(rank int) float64 {
	if l.Floor >= 1 {
		return 0
	}
	return l.Weight * max(l.Hits[rank].Score-l.Floor, 0) / (1 - l.Floor)
}

// scaled spreads a list's scores over [0, share]: its best gets share, its
// last nothing, as what is not in it does. A list of equals is all best.
func scaled(list []library.Scored, share float64) func(rank int) float64 {
	if len(list) == 0 {
		return nil
	}
	best, last := list[0].Score, list[len(list)-1].Score
	return func(rank int) float64 {
		if best == last {
			return share
		}
		return share * (list[rank].Score - last) / (best - last)
	}
}

func inOrder(a, b library.Scored) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.LibraryUID, b.LibraryUID),
		cmp.Compare(a.ItemUID, b.ItemUID), cmp.Compare(b.Generation, a.Generation), cmp.Compare(a.Ordinal, b.Ordinal))
}
