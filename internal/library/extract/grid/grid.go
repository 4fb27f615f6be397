// Package grid writes the cells of spreadsheets as tables.
//
// It owns how a sheet is cut into the tables that stand on it, and what of
// them is header, title or plain text. It knows no format of files.
package grid

import (
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

const (
	// maxBand is how many cells without an empty row between them are looked
	// at together; a longer table is written as it comes.
	maxBand = 50_000
	// longText is the mean length from which a column of texts is prose.
	longText = 120
)

// Cell is a filled cell; columns count from 0.
type Cell struct {
	Column int
	Text   string
}

// Sheet takes the rows of one sheet, from the top, and writes its tables.
type Sheet struct {
	w     *document.Writer
	last  int // number of the last row
	band  []row
	cells int

	stream  *document.TableWriter // of a table too long to look at
	columns map[int]int           // its columns' places, nil where it is sparse
}

// row is the filled cells of a row, by column.
type row []Cell

// NewSheet begins a sheet.
func NewSheet(w *document.Writer) *Sheet { return &Sheet{w: w, last: -2} }

// Row adds a row of that number; rows ascend. Cells ascend by column; those
// without text are as if they were not there.
func (s *Sheet) Row(number int, cells []Cell) {
	filled := make(row, 0, len(cells))
	for _, c := range cells {
		if strings.TrimSpace(c.Text) != "" && (len(filled) == 0 || c.Column > filled[len(filled)-1].Column) {
			filled = append(filled, c)
		}
	}
	if len(filled) == 0 {
		return
	}
	apart := number == s.last+2 && s.stream == nil && isHeader(s.band) && isData(filled) // a head, and a row between
	if number != s.last+1 && !apart {
		s.flush()
	}
	s.last = number
	if s.stream != nil {
		s.stream.Row(s.place(filled))
		return
	}
	s.band = append(s.band, filled)
	if s.cells += len(filled); s.cells > maxBand {
		s.openStream()
	}
}

// Close writes what is left.
func (s *Sheet) Close() { s.flush() }

func (s *Sheet) flush() {
	if s.stream != nil {
		s.stream.Close()
		s.stream = nil
	}
	for _, side := range sideBySide(s.band) {
		for _, part := range apart(side) {
			s.table(part)
		}
	}
	s.band, s.cells = nil, 0
}

// openStream writes what there is of a long table, and what follows as it
// comes.
func (s *Sheet) openStream() {
	rows := s.titles(s.band)
	columns := usedColumns(rows)
	s.columns = places(rows, columns)
	s.stream = s.w.OpenTable(len(s.columns))
	for _, r := range rows {
		s.stream.Row(s.place(r))
	}
	s.band, s.cells = nil, 0
}

// places gives each column its place in a table; nil for cells so far apart
// that a table of them would be all but empty.
func places(rows []row, columns []int) map[int]int {
	const emptiest, small = 20, 10_000
	cells := 0
	for _, r := range rows {
		cells += len(r)
	}
	if len(columns)*len(rows) > emptiest*cells+small {
		return nil
	}
	at := make(map[int]int, len(columns))
	for i, c := range columns {
		at[c] = i
	}
	return at
}

// place puts cells into their columns, those of no known column at the end.
func (s *Sheet) place(r row) []string { return placed(r, s.columns) }

func placed(r row, columns map[int]int) []string {
	var out, rest []string
	for _, c := range r {
		i, ok := columns[c.Column]
		if !ok {
			rest = append(rest, c.Text)
			continue
		}
		for len(out) < i {
			out = append(out, "")
		}
		out = append(out, c.Text)
	}
	if len(rest) > 0 {
		for len(out) < len(columns) {
			out = append(out, "")
		}
	}
	return append(out, rest...)
}

// usedColumns lists the columns that hold anything, ascending.
func usedColumns(rows []row) []int {
	used := map[int]bool{}
	for _, r := range rows {
		for _, c := range r {
			used[c.Column] = true
		}
	}
	out := make([]int, 0, len(used))
	for c := range used {
		out = append(out, c)
	}
	slices.Sort(out)
	return out
}

// sideBySide cuts rows where an empty column parts two tables. A part of one
// column, such as labels apart from their values, stays with its neighbour.
func sideBySide(rows []row) [][]row {
	columns := usedColumns(rows)
	var cuts []int // first columns of parts
	for i, c := range columns {
		if i == 0 || c > columns[i-1]+1 {
			cuts = append(cuts, c)
		}
	}
	var parts [][]row
	for i := 0; i < len(cuts); {
		j := i + 1
		for ; j < len(cuts); j++ {
			end := 1 << 30
			if j+1 < len(cuts) {
				end = cuts[j+1]
			}
			left, right := between(rows, cuts[i], cuts[j]), between(rows, cuts[j], end)
			if isTable(left) && isTable(right) && (isLabelled(right) || !isLabelled(left)) {
				break
			}
		}
		end := 1 << 30
		if j < len(cuts) {
			end = cuts[j]
		}
		parts = append(parts, between(rows, cuts[i], end))
		i = j
	}
	return parts
}

// between gives the rows within columns [from, to); rows may be empty.
func between(rows []row, from, to int) []row {
	out := make([]row, len(rows))
	for i, r := range rows {
		a, _ := slices.BinarySearchFunc(r, from, func(c Cell, col int) int { return c.Column - col })
		b, _ := slices.BinarySearchFunc(r, to, func(c Cell, col int) int { return c.Column - col })
		out[i] = r[a:b]
	}
	return out
}

// isTable reports whether cells look like a table of its own: a header of two
// names or more, and rows of as many values below it.
func isTable(rows []row) bool {
	full := 0
	for _, r := range rows {
		if len(r) < 2 {
			continue
		}
		if full == 0 && numbers(r) > 0 {
			return false // values that belong to labels elsewhere
		}
		full++
	}
	return full >= 2 && full*2 >= len(rows)
}

// isLabelled reports whether most rows of a table begin with a name.
func isLabelled(rows []row) bool {
	named, full := 0, 0
	for _, r := range rows {
		if len(r) >= 2 {
			full++
			named += 1 - numbers(r[:1])
		}
	}
	return (named-1)*2 > full-1 // the header is no row
}

// isHeader reports whether rows are a header alone, which an empty row may part
// from its table.
func isHeader(rows []row) bool {
	const most = 4
	widest, found := 0, 0
	for _, r := range rows {
		widest = max(widest, len(r))
		found += numbers(r)
	}
	return len(rows) <= most && widest >= 2 && found == 0
}

func isData(r row) bool { return len(r) >= 2 && numbers(r)*2 >= len(r) }

// numbers counts the cells that hold a number, however it is written.
func numbers(r row) int {
	n := 0
	for _, c := range r {
		digits := strings.TrimLeft(c.Text, "0123456789.,'()-+−–%€$£¥ \u00a0\u202f")
		if digits == "" && strings.ContainsAny(c.Text, "0123456789") {
			n++
		}
	}
	return n
}

// apart cuts rows at those that are empty.
func apart(rows []row) [][]row {
	var parts [][]row
	start := 0
	for i := 0; i <= len(rows); i++ {
		if i == len(rows) || len(rows[i]) == 0 {
			if i > start {
				parts = append(parts, rows[start:i])
			}
			start = i + 1
		}
	}
	return parts
}

// titles writes the rows above a table that hold a single text, and gives the
// rest.
func (s *Sheet) titles(rows []row) []row {
	n := 0
	for n < len(rows) && len(rows[n]) == 1 {
		n++
	}
	if n == len(rows) {
		return rows
	}
	for _, r := range rows[:n] {
		s.w.Block(document.Paragraph, 0, r[0].Text)
	}
	return rows[n:]
}

func (s *Sheet) table(rows []row) {
	rows = s.titles(rows)
	columns := usedColumns(rows)
	widest := 0
	for _, r := range rows {
		widest = max(widest, len(r))
	}
	if widest == 1 && (len(rows) == 1 || len(columns) > 1 || meanLength(rows) > longText) {
		for _, r := range rows {
			s.w.Block(document.Paragraph, 0, r[0].Text)
		}
		return
	}
	at := places(rows, columns)
	t := s.w.OpenTable(len(at))
	for _, r := range rows {
		t.Row(placed(r, at))
	}
	t.Close()
}

func meanLength(rows []row) int {
	n := 0
	for _, r := range rows {
		n += len(r[0].Text)
	}
	return n / len(rows)
}
