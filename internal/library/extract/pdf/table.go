package pdf

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// pdfTable stands in a page's lines in the place of those that it was made of.
type pdfTable struct{ rows [][]pdfCell }

// pdfCell is the words of a cell, each with its text.
type pdfCell []cellWord

type cellWord struct {
	text string
	box  rect
}

// add puts words of a line into a cell.
func (c *pdfCell) add(l *pdfLine, words []pdfWord) {
	for _, w := range words {
		*c = append(*c, cellWord{strings.ReplaceAll(l.text[w.start:w.end], "|", "\\|"), w.box})
	}
}

// text is the cell's words as they are written, and where each begins and ends
// in it, in code points.
func (c *pdfCell) text() (text string, spans [][2]int) {
	words := *c
	var sb strings.Builder
	at := 0
	for i, w := range words {
		if i > 0 && !strings.HasSuffix(words[i-1].text, string(hyphenated)) {
			sb.WriteByte(' ')
			at++
		}
		word := strings.TrimSuffix(w.text, string(hyphenated))
		if i == len(words)-1 {
			word = strings.ReplaceAll(w.text, string(hyphenated), "-")
		}
		sb.WriteString(word)
		n := utf8.RuneCountInString(word)
		spans = append(spans, [2]int{at, at + n})
		at += n
	}
	return sb.String(), spans
}

// letters counts what a cell says.
func (c *pdfCell) letters() int {
	n := 0
	for _, w := range *c {
		n += len(w.text)
	}
	return n
}

// table writes a table and tells where its words stand.
func (e *pdfEmitter) table(t *pdfTable) {
	e.flush()
	e.startPages()
	width := len(t.rows[0])
	out := e.w.OpenTable(width)
	for i, row := range t.rows {
		texts, places := make([]string, width), make([][][2]int, width)
		length := 1
		for c := range row {
			var plain string
			plain, places[c] = row[c].text()
			texts[c] = strings.ReplaceAll(plain, "\\|", "|")
			length += utf8.RuneCountInString(plain) + len("  |")
		}
		out.Row(texts)
		at := e.w.Runes() - length
		if i == 0 {
			at -= len("\n|") + width*len(" --- |")
		}
		e.placeRow(row, places, at+1)
	}
	out.Close()
}

func (e *pdfEmitter) placeRow(row []pdfCell, places [][][2]int, at int) {
	height := e.layout.pages[e.page].height
	for c, cell := range row {
		at++
		last := 0
		for i, w := range cell {
			span := places[c][i]
			last = span[1]
			e.w.Place(e.page+1, document.Word{Start: at + span[0], End: at + span[1], Box: document.Box{
				float64(w.box.x0), float64(height - w.box.y1), float64(w.box.x1), float64(height - w.box.y0),
			}})
		}
		at += last + 2
	}
}

// tableRow is lines that stand beside each other, cut where there is much room.
type tableRow struct {
	from, to  int // lines of the page
	fragments []fragment
	top       float32
	bottom    float32
	size      float32
}

// fragment is words of a line without much room between them.
type fragment struct {
	line   *pdfLine
	words  []pdfWord
	x0, x1 float32
}

// fragments cuts a line where the room between words is no blank any more.
func (l *pdfLine) fragments() []fragment {
	if l.vertical || len(l.words) == 0 {
		return nil
	}
	var out []fragment
	for i, w := range l.words {
		if i == 0 || w.box.x0-l.words[i-1].box.x1 > 1.1*l.size || w.box.x1 < l.words[i-1].box.x0 {
			out = append(out, fragment{l, nil, w.box.x0, w.box.x1})
		}
		f := &out[len(out)-1]
		f.words = append(f.words, w)
		f.x0, f.x1 = min(f.x0, w.box.x0), max(f.x1, w.box.x1)
	}
	return out
}

// rows puts lines together that PDFium gives one after the other and that
// stand beside each other.
func (p *pdfPage) rows() []tableRow {
	var out []tableRow
	for i := range p.lines {
		l := &p.lines[i]
		fragments := l.fragments()
		if len(out) > 0 && len(fragments) > 0 {
			r := &out[len(out)-1]
			overlap := min(r.top, l.top) - max(r.bottom, l.bottom)
			if len(r.fragments) > 0 && r.fragments[len(r.fragments)-1].x1 <= l.x0+1 && overlap > 0.5*min(r.top-r.bottom, l.top-l.bottom) {
				r.to = i + 1
				r.fragments = append(r.fragments, fragments...)
				continue
			}
		}
		out = append(out, tableRow{i, i + 1, fragments, l.top, l.bottom, l.size})
	}
	return out
}

// interval is a stretch of a page's width.
type interval struct{ from, to float32 }

// columns gives the stretches that the fragments of rows cover, with room
// between them throughout.
func columns(rows []tableRow) []interval {
	var all []interval
	for _, r := range rows {
		for _, f := range r.fragments {
			all = append(all, interval{f.x0, f.x1})
		}
	}
	slices.SortFunc(all, func(a, b interval) int {
		if a.from < b.from {
			return -1
		}
		return 1
	})
	var out []interval
	for _, s := range all {
		if n := len(out); n > 0 && s.from < out[n-1].to+2 {
			out[n-1].to = max(out[n-1].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return out
}

// findTables replaces rows that are set as a table without rules.
func (p *pdfPage) findTables() {
	rows := p.rows()
	var out []pdfLine
	for i := 0; i < len(rows); {
		end := alignedRows(rows, i)
		if table := alignedTable(rows[i:end]); table != nil {
			out = append(out, pdfLine{table: table})
			i = end
			continue
		}
		out = append(out, p.lines[rows[i].from:rows[i].to]...)
		i++
	}
	p.lines = out
}

// alignedRows gives the end of the rows from one on that share columns.
func alignedRows(rows []tableRow, from int) int {
	if len(rows[from].fragments) < 2 {
		return from + 1
	}
	end := from + 1
	for j := from + 1; j < len(rows); j++ {
		r, last := &rows[j], &rows[j-1]
		if len(r.fragments) == 0 || r.bottom >= last.top || last.bottom-r.top > 2.2*max(r.size, last.size) || r.top > last.bottom+0.5*r.size {
			break
		}
		found := columns(rows[from : j+1])
		if len(found) < 2 || 2*len(found) < len(rows[from].fragments) {
			break
		}
		if len(r.fragments) == 1 && (len(last.fragments) == 1 || r.fragments[0].x1-r.fragments[0].x0 > 0.6*(found[len(found)-1].to-found[0].from)) {
			break
		}
		if len(r.fragments) > 1 {
			end = j + 1
		}
	}
	return end
}

// alignedTable makes a table of rows, if they read like one: a wrong table is
// worse than lines.
func alignedTable(rows []tableRow) *pdfTable {
	const fewest = 3
	found := columns(rows)
	if len(rows) < fewest || len(found) < 2 || set(rows, func(l *pdfLine) bool { return l.mono }) {
		return nil
	}
	t := tableOf(rows, found)
	if len(t.rows) < fewest || !t.reads() {
		return nil
	}
	return tableOf(rows, finer(rows, found))
}

// tableOf puts the words of rows into columns.
func tableOf(rows []tableRow, found []interval) *pdfTable {
	t := &pdfTable{}
	for _, r := range rows {
		cells := make([]pdfCell, len(found))
		for _, f := range r.fragments {
			for _, w := range f.words {
				at := nearest(found, (w.box.x0+w.box.x1)/2)
				cells[at].add(f.line, []pdfWord{w})
			}
		}
		if n := len(t.rows); len(r.fragments) == 1 && n > 0 { // the rest of a cell above
			for c := range cells {
				t.rows[n-1][c] = append(t.rows[n-1][c], cells[c]...)
			}
			continue
		}
		t.rows = append(t.rows, cells)
	}
	return t
}

// set tells whether most lines of rows are of a kind.
func set(rows []tableRow, is func(*pdfLine) bool) bool {
	all, those := 0, 0
	for _, r := range rows {
		for _, f := range r.fragments {
			all++
			if is(f.line) {
				those++
			}
		}
	}
	return those*2 > all
}

// finer parts columns of numbers, which stand closer than the words of a
// heading above them: where all rows but the header leave room.
func finer(rows []tableRow, found []interval) []interval {
	const fewest = 4
	if len(rows) < fewest {
		return found
	}
	var words []tableRow
	for _, r := range rows[1:] {
		var parts []fragment
		for _, f := range r.fragments {
			for i, w := range f.words {
				parts = append(parts, fragment{f.line, f.words[i : i+1], w.box.x0, w.box.x1})
			}
		}
		words = append(words, tableRow{fragments: parts})
	}
	var out []interval
	wasNumbers, was := false, -1
	for _, c := range columns(words) {
		in, numbers := nearest(found, (c.from+c.to)/2), ofNumbers(words, c)
		if n := len(out); n > 0 && in == was && (!numbers || !wasNumbers) {
			out[n-1].to, wasNumbers = c.to, false
			continue
		}
		out = append(out, c)
		wasNumbers, was = numbers, in
	}
	if len(out) <= len(found) {
		return found
	}
	return out
}

// ofNumbers tells whether a column holds a number in most rows.
func ofNumbers(words []tableRow, c interval) bool {
	n := 0
	for _, r := range words {
		if slices.ContainsFunc(r.fragments, func(f fragment) bool {
			return f.x0 >= c.from && f.x1 <= c.to && numeric(f.line.text[f.words[0].start:f.words[0].end])
		}) {
			n++
		}
	}
	return n*3 >= len(words)*2
}

// numeric tells a number, or a mark in its place.
func numeric(s string) bool {
	return strings.ContainsAny(s, "0123456789") && strings.IndexFunc(s, unicode.IsLetter) < 0 || utf8.RuneCountInString(s) == 1
}

// nearest gives the column at a place, or the one that it is closest to.
func nearest(found []interval, x float32) int {
	best, room := 0, float32(1<<20)
	for i, c := range found {
		if d := max(c.from-x, x-c.to, 0); d < room {
			best, room = i, d
		}
	}
	return best
}

var equationNumber = regexp.MustCompile(`\(\d+\)$`)

// last counts the rows whose last cell ends so.
func (t *pdfTable) last(so *regexp.Regexp) int {
	n := 0
	for _, row := range t.rows {
		if text, _ := row[len(row)-1].text(); so.MatchString(text) {
			n++
		}
	}
	return n
}

// marks tells whether a cell looks like the mark of a list item or the number
// of a heading.
func (c *pdfCell) marks() bool {
	text, _ := c.text()
	return listMarker.MatchString(text+" ") || numbering.MatchString(text+" x")
}

// reads tells whether cells are filled and short, as those of tables are and
// the lines of columns of text are not.
func (t *pdfTable) reads() bool {
	filled, letters, long, markers := 0, 0, 0, 0
	var first []int
	for _, row := range t.rows {
		for c, cell := range row {
			n := cell.letters()
			if n == 0 {
				continue
			}
			filled++
			letters += n
			if n > 60 {
				long++
			}
			if c == 0 {
				first = append(first, n)
				if cell.marks() {
					markers++
				}
			}
		}
	}
	cells := len(t.rows) * len(t.rows[0])
	if filled*2 < cells || letters > 40*filled || long*8 > filled || t.last(equationNumber)*2 >= len(t.rows) {
		return false
	}
	if len(t.rows[0]) > 2 {
		return true
	}
	slices.Sort(first)
	return len(first) > 0 && first[len(first)/2] <= 30 && markers*2 < len(t.rows) && filled*4 >= cells*3
}
