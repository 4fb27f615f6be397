package search

import (
	"cmp"
	"slices"

	"git.helu.ca/r/mnemosyne/internal/library"
)

// DefaultAlpha is the vector leg's share of a weighted fusion. Of .4, .45 and .5
// it is the one that beats plain BM25 with room on each of seven collections,
// German ones with an English embedder included.
const DefaultAlpha = 0.45

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

// List is what a leg found, and its share of a weighted fusion.
type List struct {
	Weight float64
	Hits   []library.Scored
}

// Fuse makes one list of those of the legs, best first. Equal scores come in
// the order of library, item and ordinal, so that the same answers give the
// same list.
func Fuse(how Fusion, rrfK int, lists ...List) []library.Scored {
	sum := map[key]library.Scored{}
	for _, list := range lists {
		score := scaled(list.Hits, list.Weight)
		if how == RRF {
			score = func(rank int) float64 { return 1 / float64(rrfK+rank+1) }
		}
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
