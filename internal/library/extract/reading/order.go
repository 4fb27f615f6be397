// Package reading puts what stands on a slide into the order in which it is
// read.
package reading

import (
	"cmp"
	"slices"
)

// Box is where something stands, in units of 1/914400 inch.
type Box struct {
	X, Y, W, H int
	// Known says that the place is; without it a box follows the one before.
	Known bool
	// First is for titles, which come before everything.
	First bool
}

type placed struct {
	Box
	index int
}

// Order gives the boxes' indexes: titles, then what stands above, and of what
// stands side by side, the left column before the right.
func Order(boxes []Box) []int {
	var first, rest []placed
	last := Box{}
	for i, b := range boxes {
		if b.First {
			first = append(first, placed{b, i})
			continue
		}
		if !b.Known {
			b = last
		}
		last = b
		rest = append(rest, placed{b, i})
	}
	var out []int
	for _, p := range append(first, cutApart(rest, 0)...) {
		out = append(out, p.index)
	}
	return out
}

// cutApart orders boxes by cutting the area between them, across first, then
// down, as long as there is an empty strip.
func cutApart(boxes []placed, depth int) []placed {
	if len(boxes) < 2 || depth > 20 {
		return boxes
	}
	vertical := func(b placed) (int, int) { return b.Y, b.Y + b.H }
	horizontal := func(b placed) (int, int) { return b.X, b.X + b.W }
	for _, extent := range []func(placed) (int, int){vertical, horizontal} {
		groups := strips(boxes, extent)
		if len(groups) < 2 {
			continue
		}
		var out []placed
		for _, g := range groups {
			out = append(out, cutApart(g, depth+1)...)
		}
		return out
	}
	slices.SortStableFunc(boxes, func(a, b placed) int {
		return cmp.Or(a.Y-b.Y, a.X-b.X)
	})
	return boxes
}

// strips puts boxes that overlap along one axis together. A twelfth of an inch
// of overlap is none.
func strips(boxes []placed, extent func(placed) (int, int)) [][]placed {
	const tolerance = 76_200
	sorted := slices.Clone(boxes)
	slices.SortStableFunc(sorted, func(a, b placed) int {
		x, _ := extent(a)
		y, _ := extent(b)
		return x - y
	})
	var groups [][]placed
	end := 0
	for i, b := range sorted {
		from, to := extent(b)
		if i == 0 || from >= end-tolerance {
			groups = append(groups, nil)
			end = to
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], b)
		end = max(end, to)
	}
	return groups
}
