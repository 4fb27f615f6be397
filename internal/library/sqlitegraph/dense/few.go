package dense

import (
	"cmp"
	"math"
	"slices"
)

// rounded is a row with the product that its bytes give.
type rounded struct {
	row   int32
	score float32
}

// few keeps the k best rows and those within room of the k-th: any of them may
// belong among the k best once the vectors themselves are compared.
type few struct {
	k     int
	room  float32
	least float32 // what a row must reach to be kept
	found []rounded
	limit int // of found, before it is looked through
}

// Where more rows than these are alike, those of the lowest scores go.
const (
	mostTimes = 16
	mostMore  = 1024
)

func newFew(k int, room float32) *few {
	return &few{k: k, room: room, least: float32(math.Inf(-1)), limit: 2*k + 64}
}

func (f *few) offer(row int32, score float32) {
	if !(score >= f.least) { // nor what is not a number
		return
	}
	f.found = append(f.found, rounded{row, score})
	if len(f.found) >= f.limit {
		f.shrink()
		f.limit = max(f.limit, 2*len(f.found))
	}
}

// shrink sorts what was found and drops what cannot be among the best.
func (f *few) shrink() {
	slices.SortFunc(f.found, func(a, b rounded) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.row, b.row))
	})
	if len(f.found) <= f.k {
		return
	}
	f.least = max(f.least, f.found[f.k-1].score-f.room)
	n, _ := slices.BinarySearchFunc(f.found, f.least, func(r rounded, least float32) int {
		if r.score >= least {
			return -1
		}
		return 1
	})
	f.found = f.found[:min(n, f.k*mostTimes+mostMore)]
}

func (f *few) finish() []rounded {
	f.shrink()
	return f.found
}
