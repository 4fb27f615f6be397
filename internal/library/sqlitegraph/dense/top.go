package dense

import (
	"cmp"
	"math"
	"slices"
)

// Match is a row that was found and its dot product with the query.
type Match struct {
	Key   Key
	Score float32
}

// better orders matches: the higher score first, then the lower key, so that
// the same vectors always give the same answer, wherever their rows are.
func better(a, b Match) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Key.Group, b.Key.Group), cmp.Compare(a.Key.Ordinal, b.Key.Ordinal))
}

// Top collects the k best of matches that are scored one at a time, in a heap
// whose root is the worst of them.
type Top struct {
	k     int
	heap  []Match
	worst float32 // what a match must reach to be kept
}

// NewTop makes a Top for k matches.
func NewTop(k int) *Top { return &Top{k: k, worst: float32(math.Inf(-1))} }

// Offer takes a match.
func (t *Top) Offer(m Match) {
	if m.Score != m.Score || m.Score < t.worst { // not a number: no place in any order
		return
	}
	if len(t.heap) < t.k {
		t.heap = append(t.heap, m)
		t.up(len(t.heap) - 1)
	} else if better(m, t.heap[0]) < 0 {
		t.heap[0] = m
		t.down()
	}
	if len(t.heap) == t.k {
		t.worst = t.heap[0].Score
	}
}

func (t *Top) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if better(t.heap[i], t.heap[parent]) <= 0 {
			return
		}
		t.heap[i], t.heap[parent] = t.heap[parent], t.heap[i]
		i = parent
	}
}

func (t *Top) down() {
	for i := 0; ; {
		worst := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(t.heap); child++ {
			if better(t.heap[child], t.heap[worst]) > 0 {
				worst = child
			}
		}
		if worst == i {
			return
		}
		t.heap[i], t.heap[worst] = t.heap[worst], t.heap[i]
		i = worst
	}
}

// Sorted gives the best, best first, and ends the collecting.
func (t *Top) Sorted() []Match {
	slices.SortFunc(t.heap, better)
	return t.heap
}
