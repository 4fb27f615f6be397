package dense

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
)

const (
	blockRows   = 128     // rows between two looks at the heap
	parallelMin = 8 << 20 // floats below which one goroutine is faster
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

// Nearest gives the k rows with the highest dot product, best first. With
// groups set, only rows of these are looked at.
func (m *Matrix) Nearest(ctx context.Context, query []float32, k int, groups []int64) ([]Match, error) {
	if len(query) != m.dim {
		return nil, fmt.Errorf("%w: %d, not %d", ErrDimensions, len(query), m.dim)
	}
	if k <= 0 || m.Len() == 0 {
		return nil, nil
	}
	padded := make([]float32, m.stride)
	copy(padded, query)
	if groups != nil {
		return m.within(ctx, padded, k, groups)
	}
	return m.everywhere(ctx, padded, k)
}

func (m *Matrix) within(ctx context.Context, query []float32, k int, groups []int64) ([]Match, error) {
	best := newTop(k)
	for _, g := range groups {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("compare vectors: %w", err)
		}
		for _, row := range m.groups[g] {
			best.offer(Match{Key: m.keys[row], Score: m.dot(query, row)})
		}
	}
	return best.sorted(), nil
}

func (m *Matrix) dot(query []float32, row int32) float32 {
	var out [1]float32
	at := int(row%slabRows) * m.stride
	dotRows(query, m.slabs[row/slabRows][at:at+m.stride], out[:])
	return out[0]
}

func (m *Matrix) everywhere(ctx context.Context, query []float32, k int) ([]Match, error) {
	workers := 1
	if len(m.keys)*m.stride >= parallelMin {
		workers = runtime.GOMAXPROCS(0)
	}
	// Whole slabs to each, so that none shares a cache line with another.
	share := (len(m.slabs) + workers - 1) / workers * slabRows
	tops := make([]*top, workers)
	group, ctx := errgroup.WithContext(ctx)
	for w := range workers {
		tops[w] = newTop(k)
		from := min(w*share, len(m.keys))
		to := min(from+share, len(m.keys))
		group.Go(func() error { return m.scan(ctx, query, from, to, tops[w]) })
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("compare vectors: %w", err)
	}
	for _, t := range tops[1:] {
		for _, match := range t.heap {
			tops[0].offer(match)
		}
	}
	return tops[0].sorted(), nil
}

func (m *Matrix) scan(ctx context.Context, query []float32, from, to int, best *top) error {
	var scores [blockRows]float32
	for at := from; at < to; at += blockRows {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(blockRows, to-at)
		first := at % slabRows * m.stride
		dotRows(query, m.slabs[at/slabRows][first:first+n*m.stride], scores[:n])
		for i, s := range scores[:n] {
			if s >= best.worst && m.keys[at+i].Group != free {
				best.offer(Match{Key: m.keys[at+i], Score: s})
			}
		}
	}
	return nil
}

// top keeps the k best matches in a heap whose root is the worst of them.
type top struct {
	k     int
	heap  []Match
	worst float32 // what a match must reach to be kept
}

func newTop(k int) *top { return &top{k: k, worst: float32(math.Inf(-1))} }

func (t *top) offer(m Match) {
	if m.Score != m.Score { // not a number: no place in any order
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

func (t *top) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if better(t.heap[i], t.heap[parent]) <= 0 {
			return
		}
		t.heap[i], t.heap[parent] = t.heap[parent], t.heap[i]
		i = parent
	}
}

func (t *top) down() {
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

func (t *top) sorted() []Match {
	slices.SortFunc(t.heap, better)
	return t.heap
}

// Top collects the k best of matches that are scored one at a time, for
// vectors that are not held in memory.
type Top struct{ top }

// NewTop makes a Top for k matches.
func NewTop(k int) *Top { return &Top{*newTop(k)} }

// Offer takes a match.
func (t *Top) Offer(m Match) { t.offer(m) }

// Sorted gives the best, best first, and ends the collecting.
func (t *Top) Sorted() []Match { return t.sorted() }

// Dot is the dot product of two vectors of one length.
func Dot(a, b []float32) float32 {
	var out [1]float32
	whole := len(a) / lane * lane
	if whole > 0 {
		dotRows(a[:whole], b[:whole], out[:])
	}
	for i := whole; i < len(a); i++ {
		out[0] += a[i] * b[i]
	}
	return out[0]
}
