package pdf

import "slices"

// rules are the straight lines that a page draws.
type rules struct{ across, down []rect }

// How many of them are looked at: a page with more is a drawing.
const (
	mostObjects  = 20_000
	mostSegments = 200 // of one path
	mostRules    = 600
	thin         = 2.5 // points
	touching     = 3   // points
)

// rules reads the lines that a page draws.
func (n *native) rules(page uint64, v view) rules {
	const path = 2
	var r rules
	for i := range min(n.int("FPDFPage_CountObjects", page), mostObjects) {
		object := n.call("FPDFPage_GetObject", page, uint64(i))
		if object == 0 || n.int("FPDFPageObj_GetType", object) != path {
			continue
		}
		if !n.is("FPDFPageObj_GetBounds", object, n.at(0), n.at(1), n.at(2), n.at(3)) {
			continue
		}
		// Left, bottom, right, top, eight bytes apart.
		box := v.place(rect{n.float(0), n.float(2), n.float(4), n.float(6)})
		if !r.add(box) && box.width() > touching && box.height() > touching {
			n.segments(object, v, &r)
		}
		if len(r.across)+len(r.down) > mostRules {
			return rules{}
		}
	}
	return r
}

// add takes a box that is a line.
func (r *rules) add(box rect) bool {
	switch {
	case box.height() <= thin && box.width() > 12:
		r.across = append(r.across, box)
	case box.width() <= thin && box.height() > 5:
		r.down = append(r.down, box)
	default:
		return false
	}
	return true
}

// segments takes the straight lines of a path that is stroked.
func (n *native) segments(object uint64, v view, r *rules) {
	const move = 2
	if !n.is("FPDFPath_GetDrawMode", object, n.at(0), n.at(1)) {
		return
	}
	if stroke, ok := n.module.Memory().ReadUint32Le(n.scratch + 8); !ok || stroke == 0 {
		return
	}
	if !n.is("FPDFPageObj_GetMatrix", object, n.at(0)) {
		return
	}
	a, b, c, d, e, f := n.float(0), n.float(1), n.float(2), n.float(3), n.float(4), n.float(5)
	var last, began [2]float32
	line := func(to [2]float32) {
		r.add(v.place(rect{min(last[0], to[0]), min(last[1], to[1]), max(last[0], to[0]), max(last[1], to[1])}))
	}
	count := n.int("FPDFPath_CountSegments", object)
	for i := range min(count, mostSegments) {
		segment := n.call("FPDFPath_GetPathSegment", object, uint64(i))
		if segment == 0 || !n.is("FPDFPathSegment_GetPoint", segment, n.at(0), n.at(1)) {
			return
		}
		x, y := n.float(0), n.float(2)
		to := [2]float32{a*x + c*y + e, b*x + d*y + f}
		switch n.int("FPDFPathSegment_GetType", segment) {
		case 0:
			line(to)
		case move:
			began = to
		}
		last = to
		if n.is("FPDFPathSegment_GetClose", segment) {
			line(began)
		}
	}
}

// grid is rules that touch each other: the edges of rows, from above, and of
// columns, from the left.
type grid struct {
	rules

	box rect
	xs  []float32
	ys  []float32
}

// grids puts rules together that touch.
func (r *rules) grids() []grid {
	all := slices.Concat(r.across, r.down)
	group := touchingGroups(all)
	found := map[int]*grid{}
	var order []*grid
	for i, box := range all {
		g := found[group[i]]
		if g == nil {
			g = &grid{box: box}
			found[group[i]] = g
			order = append(order, g)
		}
		g.box = g.box.union(box)
		if i < len(r.across) {
			g.across = append(g.across, box)
			g.ys = append(g.ys, (box.y0+box.y1)/2)
		} else {
			g.down = append(g.down, box)
			g.xs = append(g.xs, (box.x0+box.x1)/2)
		}
	}
	var out []grid
	for _, g := range order {
		g.xs = edges(append(g.xs, g.box.x0, g.box.x1))
		g.ys = edges(append(g.ys, g.box.y0, g.box.y1))
		slices.Reverse(g.ys)
		if g.cells() {
			out = append(out, *g)
		}
	}
	return out
}

// cells tells whether a grid has rows and columns, and not too many.
func (g *grid) cells() bool {
	const mostColumns, mostRows = 40, 300
	return len(g.down) > 0 && len(g.across) > 0 && len(g.xs) > 2 && len(g.ys) > 2 && len(g.xs) <= mostColumns && len(g.ys) <= mostRows
}

// touchingGroups gives each box the number of its group.
func touchingGroups(all []rect) []int {
	group := make([]int, len(all))
	find := func(i int) int {
		for group[i] != i {
			group[i] = group[group[i]]
			i = group[i]
		}
		return i
	}
	for i, a := range all {
		group[i] = i
		for j, b := range all[:i] {
			if a.x0 <= b.x1+touching && b.x0 <= a.x1+touching && a.y0 <= b.y1+touching && b.y0 <= a.y1+touching {
				group[find(i)] = find(j)
			}
		}
	}
	for i := range group {
		group[i] = find(i)
	}
	return group
}

// edges puts places together that are as good as one.
func edges(at []float32) []float32 {
	slices.Sort(at)
	out := at[:1]
	for _, v := range at[1:] {
		if v-out[len(out)-1] > touching {
			out = append(out, v)
		}
	}
	return slices.Clone(out)
}

// ruledTables replaces lines that stand in cells which rules enclose.
func (p *pdfPage) ruledTables(r rules) {
	for _, g := range r.grids() {
		p.fill(&g)
	}
}

// fill makes a table of the lines within a grid, if it holds them whole.
func (p *pdfPage) fill(g *grid) {
	rows, cols := len(g.ys)-1, len(g.xs)-1
	cells := make([]pdfCell, rows*cols)
	var taken []int
	for i := range p.lines {
		l := &p.lines[i]
		if l.table != nil || l.vertical {
			continue
		}
		inside := 0
		for _, w := range l.words {
			if c := g.cell(w.box); c >= 0 {
				cells[c].add(l, []pdfWord{w})
				inside++
			}
		}
		if inside > 0 && inside < len(l.words) {
			return // a frame around something else
		}
		if inside > 0 {
			taken = append(taken, i)
		}
	}
	if t := g.table(cells, rows, cols); t != nil && len(taken) > 0 {
		p.lines[taken[0]] = pdfLine{table: t}
		at := -1
		p.lines = slices.DeleteFunc(p.lines, func(pdfLine) bool {
			at++
			_, gone := slices.BinarySearch(taken[1:], at)
			return gone
		})
	}
}

// cell tells in which cell the middle of a box lies, -1 in none. Where no rule
// parts a cell from the one to the left or above, it is the same.
func (g *grid) cell(box rect) int {
	x, y := (box.x0+box.x1)/2, (box.y0+box.y1)/2
	if x < g.box.x0 || x > g.box.x1 || y < g.box.y0 || y > g.box.y1 {
		return -1
	}
	col, row := 0, 0
	for col < len(g.xs)-2 && x > g.xs[col+1] {
		col++
	}
	for row < len(g.ys)-2 && y < g.ys[row+1] {
		row++
	}
	for col > 0 && !g.parted(col, (g.ys[row]+g.ys[row+1])/2) {
		col--
	}
	for row > 0 && !g.topped(row, (g.xs[col]+g.xs[col+1])/2) {
		row--
	}
	return row*(len(g.xs)-1) + col
}

// parted tells whether a rule stands to the left of a column at a height.
func (g *grid) parted(col int, y float32) bool {
	return slices.ContainsFunc(g.down, func(d rect) bool {
		return abs((d.x0+d.x1)/2-g.xs[col]) <= touching && d.y0 <= y && d.y1 >= y
	})
}

// topped tells whether a rule lies above a row at a place.
func (g *grid) topped(row int, x float32) bool {
	return slices.ContainsFunc(g.across, func(a rect) bool {
		return abs((a.y0+a.y1)/2-g.ys[row]) <= touching && a.x0 <= x && a.x1 >= x
	})
}

// table makes a table of cells, without empty rows and columns.
func (g *grid) table(cells []pdfCell, rows, cols int) *pdfTable {
	const longest = 150 // letters a cell, on average
	filled, letters := 0, 0
	var usedCols []int
	for c := range cols {
		for r := range rows {
			if len(cells[r*cols+c]) > 0 {
				usedCols = append(usedCols, c)
				break
			}
		}
	}
	t := &pdfTable{}
	for r := range rows {
		row, some := make([]pdfCell, len(usedCols)), false
		for i, c := range usedCols {
			row[i] = cells[r*cols+c]
			if n := row[i].letters(); n > 0 {
				filled, letters, some = filled+1, letters+n, true
				if n > longest*6 {
					return nil
				}
			}
		}
		if some {
			t.rows = append(t.rows, row)
		}
	}
	if len(t.rows) < 2 || len(usedCols) < 2 || filled*5 < len(t.rows)*len(usedCols)*2 || letters > longest*filled {
		return nil
	}
	return t
}
