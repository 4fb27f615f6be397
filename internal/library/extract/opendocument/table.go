package opendocument

import (
	"cmp"
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/grid"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

const (
	// A file may say that a cell or row is there a thousand million times.
	// with something in it; so many copies are written of each, and of all
	// together.
	maxRepeat  = 1000
	maxCopies  = 100_000
	maxColumns = 16_384
	maxRow     = 1 << 30
	// A merged cell is repeated in so many columns at most.
	maxSpread = 200
	maxSpans  = 10_000
)

// span is a merged cell that reaches into later rows.
type span struct {
	left, right, rows int
	text              string
}

// rowReader gives the cells of rows, with merged ones in each place.
type rowReader struct {
	r     *reader
	spans []span
	notes []string
}

// cells reads a row.
func (t *rowReader) cells(row *xmlread.Node) []grid.Cell {
	var out []grid.Cell
	column, own := 0, 0
	var next []span
	for _, c := range row.Children {
		if c.Name != "table:table-cell" && c.Name != "table:covered-table-cell" {
			continue
		}
		repeat := max(number(c.Get("table:number-columns-repeated")), 1)
		text := ""
		if c.Name == "table:table-cell" {
			text = t.text(c)
		} else if i := slices.IndexFunc(t.spans, func(s span) bool { return column >= s.left && column <= s.right }); i >= 0 {
			text = t.spans[i].text
		} else if n := len(next); n > 0 && column <= next[n-1].right {
			text = next[n-1].text
		}
		if text != "" {
			for i := range t.r.copies(repeat, 1) {
				out = append(out, grid.Cell{Column: column + i, Text: text})
			}
		}
		if c.Name == "table:table-cell" {
			if text != "" {
				own++
			}
			wide, high := number(c.Get("table:number-columns-spanned")), number(c.Get("table:number-rows-spanned"))
			if text != "" && (wide > 1 || high > 1) && len(next) < maxSpans {
				next = append(next, span{column, column + min(max(wide, 1), maxSpread) - 1, max(high, 1), text})
			}
		}
		if column = min(column+repeat, maxColumns); column >= maxColumns {
			break
		}
	}
	t.advance(next)
	if own == 1 && len(next) == 1 && next[0].rows == 1 && len(out) == next[0].right-next[0].left+1 {
		out = out[:1] // a row that is one merged cell stays one
	}
	return out
}

// advance ends spans that reach no further.
func (t *rowReader) advance(next []span) {
	all := append(t.spans, next...)
	t.spans = t.spans[:0:0]
	for _, s := range all {
		if s.rows--; s.rows > 0 && len(t.spans) < maxSpans {
			t.spans = append(t.spans, s)
		}
	}
}

// copies says how often something of so many cells that a file repeats is
// written.
func (r *reader) copies(repeat, cells int) int {
	n := min(repeat, maxRepeat)
	if n > 1 {
		if r.copied += (n - 1) * cells; r.copied > maxCopies {
			return 1
		}
	}
	return n
}

// text gives a cell's words in one line; items of lists keep their marks.
func (t *rowReader) text(c *xmlread.Node) string {
	var parts []string
	t.parts(c, &parts)
	return document.OneLine(strings.Join(parts, " "))
}

func (t *rowReader) parts(n *xmlread.Node, out *[]string) {
	for _, c := range n.Children {
		switch c.Name {
		case "text:p", "text:h":
			in := t.r.inline(c)
			*out = append(*out, in.text())
			t.notes = append(t.notes, in.notes...)
			for _, d := range in.drawings {
				t.parts(d, out)
			}
		case "text:list":
			t.items(c, out)
		case "office:annotation":
			in := &inlineText{}
			t.r.inlinePart(in, c)
			t.notes = append(t.notes, in.notes...)
		case "svg:desc":
			*out = append(*out, c.Words())
		default:
			t.parts(c, out)
		}
	}
}

func (t *rowReader) items(n *xmlread.Node, out *[]string) {
	style, count := t.r.lists[n.Get("text:style-name")], &counter{}
	items := slices.Collect(n.All("text:list-item"))
	for _, item := range items {
		var parts []string
		t.parts(item, &parts)
		if text := strings.TrimSpace(strings.Join(parts, " ")); text != "" {
			mark := cmp.Or(count.next(style, 0), "- ")
			if len(items) == 1 && mark == "- " {
				mark = "" // a list of one is how cells of slides are written
			}
			*out = append(*out, mark+text)
		}
	}
}

// rowsOf gives the rows of a table, which may lie in groups.
func rowsOf(n *xmlread.Node) []*xmlread.Node {
	var out []*xmlread.Node
	for _, c := range n.Children {
		switch c.Name {
		case "table:table-row":
			out = append(out, c)
		case "table:table-header-rows", "table:table-rows", "table:table-row-group":
			out = append(out, rowsOf(c)...)
		}
	}
	return out
}

// table writes a table of a text. One of a single cell is a frame around text.
func (r *reader) table(n *xmlread.Node) {
	r.endCode()
	rows := rowsOf(n)
	if len(rows) == 1 {
		if cells := slices.Collect(rows[0].All("table:table-cell")); len(cells) == 1 {
			r.block(cells[0])
			return
		}
	}
	t := &rowReader{r: r}
	var out [][]string
	for _, row := range rows {
		cells := t.cells(row)
		var line []string
		for _, c := range cells {
			for len(line) < min(c.Column, maxRepeat) {
				line = append(line, "")
			}
			line = append(line, c.Text)
		}
		for range r.copies(max(number(row.Get("table:number-rows-repeated")), 1), len(line)) {
			out = append(out, line)
		}
	}
	for len(out) > 1 && len(out[0]) == 1 && len(out[1]) > 1 { // a title above the header
		r.w.Block(document.Paragraph, 0, out[0][0])
		out = out[1:]
	}
	r.w.Table(out)
	r.pending = append(r.pending, t.notes...)
	r.flushNotes()
}

// spreadsheet writes the sheets: a sheet is a heading and its tables.
func (r *reader) spreadsheet(s *xmlread.Scanner) error {
	for r.w.Err() == nil {
		t, err := s.Next()
		if err != nil {
			return err //nolint:wrapcheck // io.EOF, a fault, or told by part
		}
		if t.Kind == xmlread.End && t.Name == "office:spreadsheet" {
			return nil
		}
		if t.Kind != xmlread.Start {
			continue
		}
		switch t.Name {
		case "table:table":
			err = r.sheet(s, t.Node)
		case "table:tracked-changes", "table:content-validations", "table:calculation-settings", "table:named-expressions", "table:database-ranges":
			err = s.Skip()
		}
		if err != nil {
			return err //nolint:wrapcheck // io.EOF, a fault, or told by part
		}
	}
	return r.w.Err()
}

func (r *reader) sheet(s *xmlread.Scanner, table *xmlread.Node) error {
	out := &lazySheet{r: r, name: table.Get("table:name"), hidden: r.styles[table.Get("table:style-name")].hidden}
	t := &rowReader{r: r}
	row := 0
	var err error
	for r.w.Err() == nil {
		var token xmlread.Token
		if token, err = s.Next(); err != nil || token.Kind == xmlread.End && token.Name == "table:table" {
			break
		}
		if token.Kind != xmlread.Start {
			continue
		}
		switch token.Name {
		case "table:table-row":
			if err = s.Tree(token.Node); err != nil {
				return err //nolint:wrapcheck // a fault, or told by part
			}
			repeat := max(number(token.Node.Get("table:number-rows-repeated")), 1)
			if cells := t.cells(token.Node); len(cells) > 0 {
				for i := range r.copies(repeat, len(cells)) {
					out.open().Row(row+i, cells)
				}
			}
			row = min(row+min(repeat, maxRow), maxRow)
		case "table:shapes", "office:forms":
			if err = s.Tree(token.Node); err != nil {
				return err //nolint:wrapcheck // a fault, or told by part
			}
			out.shapes = append(out.shapes, token.Node)
		}
	}
	out.close(t.notes)
	return err
}

// lazySheet writes a sheet's heading once there is something on it.
type lazySheet struct {
	r      *reader
	name   string
	hidden bool
	grid   *grid.Sheet
	shapes []*xmlread.Node
}

func (s *lazySheet) open() *grid.Sheet {
	if s.grid == nil {
		s.r.w.Block(document.Heading, 1, s.name)
		if s.hidden {
			s.r.w.Block(document.Paragraph, 0, "[Hidden sheet]")
		}
		s.grid = grid.NewSheet(s.r.w)
	}
	return s.grid
}

func (s *lazySheet) close(notes []string) {
	if s.grid != nil {
		s.grid.Close()
	}
	for _, n := range s.shapes {
		for _, c := range n.Children {
			if strings.HasPrefix(c.Name, "draw:") {
				s.open().Close()
				s.r.drawing(c)
			}
		}
	}
	s.r.pending = append(s.r.pending, notes...)
	s.r.flushNotes()
}
