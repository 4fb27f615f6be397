package rst

import (
	"regexp"
	"slices"
	"strings"

	eastasian "golang.org/x/text/width"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

var (
	gridBorder   = regexp.MustCompile(`^\+(?:[-=]+\+)+$`)
	simpleBorder = regexp.MustCompile(`^=+(?: +=+)+$`)
	spanLine     = regexp.MustCompile(`^-+(?: +-+)*$`)
)

// largestGrid bounds the characters of a table's rectangle; what is larger is
// kept as it was drawn.
const largestGrid = 8 << 20

// longestRepeated is the longest text of a cell, in bytes, that is repeated
// where the cell reaches.
const longestRepeated = 2000

// columnsOf gives a line by the columns that its characters take: a wide one
// is followed by a zero.
func columnsOf(l string) []rune {
	out := make([]rune, 0, len(l))
	for _, c := range l {
		out = append(out, c)
		if k := eastasian.LookupRune(c).Kind(); c >= 0x80 && (k == eastasian.EastAsianWide || k == eastasian.EastAsianFullwidth) {
			out = append(out, 0)
		}
	}
	return out
}

func textOf(columns []rune) string {
	return strings.ReplaceAll(string(columns), "\x00", "")
}

// grid is a table that is drawn with lines around its cells.
type grid struct {
	lines  [][]rune
	xs, ys []int // where lines between cells may stand
	cells  [][]string
	taken  [][]bool
	width  int
}

// at gives a character, a space where a line has ended.
func (g *grid) at(x, y int) rune {
	if y < len(g.lines) && x < len(g.lines[y]) {
		return g.lines[y][x]
	}
	return ' '
}

// gridTable reads a table with lines around its cells. A cell that reaches
// across others is repeated in each.
func (r *reader) gridTable(lines []string, i int) int {
	end := i
	g := &grid{}
	for ; end < len(lines) && lines[end] != "" && (lines[end][0] == '+' || lines[end][0] == '|'); end++ {
		g.lines = append(g.lines, columnsOf(lines[end]))
		g.width = max(g.width, len(g.lines[end-i]))
	}
	if len(g.lines) < 3 || g.width*len(g.lines) > largestGrid {
		r.code(lines[i:end])
		return end
	}
	g.ruler()
	if len(g.xs) < 2 || len(g.ys) < 2 || len(g.xs)*len(g.ys) > largestGrid/8 {
		r.code(lines[i:end])
		return end
	}
	g.fill()
	for _, row := range g.cells {
		for c := range row {
			row[c] = r.inline(row[c])
		}
	}
	r.w.Table(g.cells)
	return end
}

// ruler finds where lines between cells stand.
func (g *grid) ruler() {
	columns := make([]bool, g.width)
	for y, l := range g.lines {
		rule := false
		for x, c := range l {
			if c != '+' {
				continue
			}
			beside := isRule(g.at(x+1, y)) || x > 0 && isRule(g.at(x-1, y))
			columns[x] = columns[x] || beside
			rule = rule || beside
		}
		if rule {
			g.ys = append(g.ys, y)
		}
	}
	for x, is := range columns {
		if is {
			g.xs = append(g.xs, x)
		}
	}
}

func isRule(c rune) bool { return c == '-' || c == '=' || c == '+' }

// fill reads the cells.
func (g *grid) fill() {
	rows, columns := len(g.ys)-1, len(g.xs)-1
	g.cells, g.taken = make([][]string, rows), make([][]bool, rows)
	for y := range rows {
		g.cells[y], g.taken[y] = make([]string, columns), make([]bool, columns)
	}
	for y := range rows {
		for x := range columns {
			if !g.taken[y][x] {
				g.cell(x, y)
			}
		}
	}
	g.cells = slices.DeleteFunc(g.cells, func(row []string) bool {
		return !slices.ContainsFunc(row, func(c string) bool { return c != "" })
	})
}

// cell reads the cell whose first corner that is, across those without a line
// between.
func (g *grid) cell(x, y int) {
	right, below := x+1, y+1
	for right < len(g.xs)-1 && !g.taken[y][right] && !g.wall(g.xs[right], g.ys[y], g.ys[y+1]) {
		right++
	}
	for below < len(g.ys)-1 && !g.floor(g.ys[below], g.xs[x], g.xs[right]) {
		below++
	}
	var words []string
	for line := g.ys[y] + 1; line < g.ys[below]; line++ {
		from, to := g.xs[x]+1, g.xs[right]
		if l := g.lines[line]; from < len(l) {
			words = append(words, textOf(l[from:min(to, len(l))]))
		}
	}
	text := document.OneLine(strings.Join(words, " "))
	for cy := y; cy < below; cy++ {
		for cx := x; cx < right; cx++ {
			g.taken[cy][cx] = true
			if len(text) <= longestRepeated || cy == y && cx == x {
				g.cells[cy][cx] = text
			}
		}
	}
}

// wall reports a line down column x between two rules.
func (g *grid) wall(x, from, to int) bool {
	for y := from + 1; y < to; y++ {
		if c := g.at(x, y); c != '|' && c != '+' {
			return false
		}
	}
	return to > from+1
}

// floor reports a rule along line y between two columns.
func (g *grid) floor(y, from, to int) bool {
	for x := from + 1; x < to; x++ {
		if !isRule(g.at(x, y)) {
			return false
		}
	}
	return true
}

// simpleTable reads a table whose columns are underlined.
func (r *reader) simpleTable(lines []string, i int, at place) int {
	end := simpleEnd(lines, i)
	if end == 0 {
		r.paragraph(lines[i], at)
		return i + 1
	}
	starts := columnStarts(lines[i])
	var rows [][]string
	for _, l := range lines[i+1 : end-1] {
		switch {
		case l == "" || simpleBorder.MatchString(l):
		case spanLine.MatchString(l):
			rows = spanned(rows, starts, columnStarts(l))
		default:
			rows = appendLine(rows, cut(l, starts))
		}
	}
	for _, row := range rows {
		for c, cell := range row {
			if cell == `\` {
				cell = ""
			}
			row[c] = r.inline(document.OneLine(cell))
		}
	}
	r.w.Table(rows)
	return end
}

// simpleEnd gives the line after the border that ends a table: one that an
// empty line follows. 0 where there is none.
func simpleEnd(lines []string, i int) int {
	borders := 1
	for k := i + 1; k < len(lines); k++ {
		if !simpleBorder.MatchString(lines[k]) {
			continue
		}
		if borders++; borders == 3 || k+1 == len(lines) || lines[k+1] == "" {
			return k + 1
		}
	}
	return 0
}

// columnStarts gives where the pieces of a border begin.
func columnStarts(border string) []int {
	var starts []int
	for x := range len(border) {
		if border[x] != ' ' && (x == 0 || border[x-1] == ' ') {
			starts = append(starts, x)
		}
	}
	return starts
}

// cut parts a line at columns. A word that stands across the start of a column
// is that column's.
func cut(l string, starts []int) []string {
	columns := columnsOf(l)
	cells := make([]string, len(starts))
	from := 0
	for c := range starts {
		to := len(columns)
		if c+1 < len(starts) {
			to = min(starts[c+1], len(columns))
		}
		for to > from && to < len(columns) && columns[to-1] != ' ' {
			to--
		}
		if from < to {
			cells[c] = strings.TrimSpace(textOf(columns[from:to]))
		}
		from = max(to, from)
	}
	return cells
}

// appendLine adds a line's cells as a row, or to the row before where the
// first is empty.
func appendLine(rows [][]string, cells []string) [][]string {
	if cells[0] != "" || len(rows) == 0 {
		return append(rows, cells)
	}
	last := rows[len(rows)-1]
	for c, text := range cells {
		if text != "" && len(last[c]) < 10_000 {
			last[c] = strings.TrimSpace(last[c] + " " + text)
		}
	}
	return rows
}

// spanned joins the last row's cells that a line below it underlines as one,
// and repeats them.
func spanned(rows [][]string, starts, joined []int) [][]string {
	if len(rows) == 0 {
		return rows
	}
	row := rows[len(rows)-1]
	for j, from := range joined {
		first, next := slices.Index(starts, from), len(starts)
		if j+1 < len(joined) {
			next = slices.Index(starts, joined[j+1])
		}
		if first < 0 || next <= first {
			return rows
		}
		text := strings.TrimSpace(strings.Join(row[first:next], " "))
		for c := first; c < next; c++ {
			row[c] = text
		}
	}
	return rows
}
