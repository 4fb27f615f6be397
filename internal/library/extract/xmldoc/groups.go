package xmldoc

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

// A CALS table may be set of several groups, each with columns of its own: the
// header has three, the figures below it seven. Where the widths of all are
// given and come to the same, they tell which column stands above which.

// sameWidth is how far two widths are apart, in points, that are meant to be
// the same.
const sameWidth = 2

// edgesOf gives where columns end in any group of a table, in points from the
// left; nil where groups need not or cannot be aligned.
func edgesOf(table *xmlread.Node) []float64 {
	groups := collect(table, "tgroup")
	if len(groups) < 2 {
		return nil
	}
	var edges []float64
	total := 0.0
	for i, group := range groups {
		ends := endsOf(group)
		if len(ends) == 0 {
			return nil
		}
		last := ends[len(ends)-1]
		if i == 0 {
			total = last
		}
		if math.Abs(last-total) > sameWidth {
			return nil
		}
		edges = append(edges, ends...)
	}
	slices.Sort(edges)
	edges = slices.CompactFunc(edges, func(a, b float64) bool { return math.Abs(b-a) <= sameWidth })
	if len(edges) > widestTable {
		return nil
	}
	return edges
}

// endsOf gives where a group's own columns end; nil where a width is missing.
func endsOf(group *xmlread.Node) []float64 {
	var ends []float64
	at := 0.0
	for _, spec := range collect(group, "colspec") {
		number, points := strings.CutSuffix(strings.ToLower(strings.TrimSpace(spec.Get("colwidth"))), "pt")
		width, err := strconv.ParseFloat(number, 64)
		if !points || err != nil || !(width > 0 && width < 1e6) || len(ends) >= widestTable {
			return nil
		}
		at += width
		ends = append(ends, at)
	}
	return ends
}

// align spreads a group's rows over the columns that all groups share, and
// notes which cells begin in a column. Words stand in each column that their
// own reaches over, signs in the first.
func (g *grid) align(group *xmlread.Node, from int) {
	if g.edges == nil {
		return
	}
	if g.begun == nil {
		g.begun = make([]bool, len(g.edges))
	}
	ends := endsOf(group)
	for r := from; r < len(g.rows); r++ {
		g.rows[r] = g.alignRow(g.rows[r], ends)
	}
}

// alignRow spreads a row whose columns end there.
func (g *grid) alignRow(row []string, ends []float64) []string {
	var wide []string
	for i, cell := range row {
		begins := len(wide)
		if cell != "" && begins < len(g.begun) && (i == 0 || row[i-1] != cell) {
			g.begun[begins] = true
		}
		for i < len(ends) && len(wide) < len(g.edges) && g.edges[len(wide)] <= ends[i]+sameWidth {
			if len(wide) > begins && (!document.HasLetters(cell) || len(cell) > longRepeat) {
				cell = ""
			}
			wide = append(wide, cell)
		}
		if last := len(wide) - 1; last < begins && last >= 0 && cell != "" { // more cells than columns
			wide[last] = words(wide[last] + " " + cell)
			g.begun[last] = true
		}
	}
	return wide
}

// narrow leaves out the columns in which no cell begins.
func (g *grid) narrow() {
	if g.begun == nil {
		return
	}
	for r, row := range g.rows {
		var kept []string
		for i, cell := range row {
			if i < len(g.begun) && g.begun[i] {
				kept = append(kept, cell)
			}
		}
		g.rows[r] = kept
	}
}
