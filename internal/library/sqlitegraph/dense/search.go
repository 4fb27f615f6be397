package dense

import (
	"context"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"
)

const (
	blockRows   = 256     // rows between two looks at the clock
	parallelMin = 8 << 20 // bytes below which one goroutine is faster
	gatherShare = 8       // where fewer than one row in so many is asked for, each is looked up
)

// Nearest gives rows that hold the k with the highest dot products and few
// others, those that rounding leaves no telling of. Their scores are nearly
// what the vectors themselves give. With groups set, only rows of these are
// looked at.
func (m *Matrix) Nearest(ctx context.Context, query []float32, k int, groups []int64) ([]Match, error) {
	if len(query) != m.dim {
		return nil, fmt.Errorf("%w: %d, not %d", ErrDimensions, len(query), m.dim)
	}
	if k <= 0 || m.Len() == 0 {
		return nil, nil
	}
	s := scan{Matrix: m, query: roundQuery(query, m.stride), k: k}
	s.room = m.slack(s.query)
	var best *few
	var err error
	if groups == nil {
		best, err = s.everywhere(ctx)
	} else if places, rows := m.find(groups); rows*gatherShare < len(m.rows) {
		best, err = s.gather(ctx, places)
	} else {
		s.only = make([]bool, len(m.groups))
		for _, place := range places {
			s.only[place] = true
		}
		best, err = s.everywhere(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("compare vectors: %w", err)
	}
	found := best.finish()
	out := make([]Match, len(found))
	for i, f := range found {
		out[i] = Match{Key: m.key(f.row), Score: f.score}
	}
	return out, nil
}

// find gives the places of groups that are there, and how many rows they have.
func (m *Matrix) find(groups []int64) (places []int32, rows int) {
	for _, id := range groups {
		if place, ok := m.places[id]; ok {
			places = append(places, place)
			rows += int(m.groups[place].size)
		}
	}
	return places, rows
}

// scan is one search.
type scan struct {
	*Matrix

	query asked
	k     int
	room  float32
	only  []bool // groups that are looked at; nil: all
}

func (s scan) gather(ctx context.Context, places []int32) (*few, error) {
	best := newFew(s.k, s.room)
	var product [1]int32
	for i, place := range places {
		if i%blockRows == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		for at := s.groups[place].first; at != none; at = s.rows[at].next {
			dotBytes(s.query.shorts, s.bytes(at), product[:])
			best.offer(at, s.score(at, product[0]))
		}
	}
	return best, nil
}

func (s scan) score(at, product int32) float32 {
	return float32(product) * (s.query.factor * s.rows[at].factor)
}

func (s scan) everywhere(ctx context.Context) (*few, error) {
	workers := 1
	if len(s.rows)*s.stride >= parallelMin {
		workers = runtime.GOMAXPROCS(0)
	}
	// Whole slabs to each, so that none shares a cache line with another.
	share := (len(s.slabs) + workers - 1) / workers * slabRows
	parts := make([]*few, workers)
	group, ctx := errgroup.WithContext(ctx)
	for w := range workers {
		parts[w] = newFew(s.k, s.room)
		from := min(w*share, len(s.rows))
		to := min(from+share, len(s.rows))
		group.Go(func() error { return s.part(ctx, from, to, parts[w]) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, p := range parts[1:] {
		for _, f := range p.found {
			parts[0].offer(f.row, f.score)
		}
	}
	return parts[0], nil
}

func (s scan) part(ctx context.Context, from, to int, best *few) error {
	var products [blockRows]int32
	for at := from; at < to; at += blockRows {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(blockRows, to-at)
		if !s.any(at, n) {
			continue
		}
		first := at % slabRows * s.stride
		dotBytes(s.query.shorts, s.slabs[at/slabRows][first:first+n*s.stride], products[:n])
		for i, product := range products[:n] {
			r := &s.rows[at+i]
			score := float32(product) * (s.query.factor * r.factor)
			if score >= best.least && r.group != none && (s.only == nil || s.only[r.group]) {
				best.offer(int32(at+i), score) //nolint:gosec // a row
			}
		}
	}
	return nil
}

// any tells whether any of n rows is looked at.
func (s scan) any(from, n int) bool {
	if s.only == nil {
		return true
	}
	for _, r := range s.rows[from : from+n] {
		if r.group != none && s.only[r.group] {
			return true
		}
	}
	return false
}
