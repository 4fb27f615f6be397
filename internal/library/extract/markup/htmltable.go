package markup

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

const (
	// widestTable is the most columns of a table, and the farthest a cell
	// reaches.
	widestTable = 1000
	// longRepeat is the longest text that is repeated where its cell reaches.
	longRepeat = 300
	// mostCells bounds a table: cells beyond it are no longer repeated.
	mostCells = 200_000
	// mostPadded is the most cells of a table whose short rows are filled up.
	mostPadded = 1 << 20
)

// tableRows reads a table of data. A table that only lays out the page (one
// column, or whole sections within its cells) is none.
func tableRows(n *html.Node) (rows [][]string, caption string, ok bool) {
	if role := attr(n, "role"); role == "presentation" || role == "none" {
		return nil, "", false
	}
	t := &tableReader{spans: map[int]spanned{}}
	if laysOut(n) {
		return nil, "", false
	}
	t.walk(n)
	if t.width < 2 || len(t.rows) == 0 {
		return nil, "", false
	}
	return t.filled(), t.caption, true
}

// tableCell is what stands in one row and column.
type tableCell struct {
	text string
	// again: it is the cell to its left, which reaches over this column, too.
	again bool
}

// spanned is a cell that reaches down into later rows.
type spanned struct {
	rows int
	cell tableCell
}

type tableReader struct {
	rows    [][]tableCell
	spans   map[int]spanned
	width   int
	cells   int
	caption string
}

// laysOut reports a table that holds parts of the page rather than data, so
// that its cells are read one after the other.
func laysOut(table *html.Node) bool {
	layout := false
	for d := range table.Descendants() {
		switch d.DataAtom {
		case atom.Th, atom.Caption:
			if ownerTable(d) == table {
				return false
			}
		case atom.Td:
			layout = layout || ownerTable(d) == table && isLayout(d)
		default:
		}
	}
	return layout
}

func ownerTable(n *html.Node) *html.Node {
	n = n.Parent
	for n != nil && n.DataAtom != atom.Table {
		n = n.Parent
	}
	return n
}

func (t *tableReader) walk(n *html.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.Type != html.ElementNode || hidden(c):
		case c.DataAtom == atom.Tr:
			t.row(c)
		case c.DataAtom == atom.Caption:
			t.caption = document.OneLine(cellText(c))
		default:
			t.walk(c)
		}
	}
}

// row adds a row, with the cells that reach into it from above and from the
// left.
func (t *tableReader) row(tr *html.Node) {
	var row []tableCell
	own := false
	for c := tr.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom != atom.Td && c.DataAtom != atom.Th || hidden(c) {
			continue
		}
		row = t.fromAbove(row)
		text := document.OneLine(cellText(c))
		down, across := spanOf(c, "rowspan"), spanOf(c, "colspan")
		own = own || down == 1
		alone := firstCell(tr, c) && c.DataAtom == atom.Td && across > 2 && lastCell(c)
		for i := range across {
			if i > 0 && (alone || len(text) > longRepeat || t.cells > mostCells || !document.HasLetters(text)) {
				text = ""
			}
			if len(row) >= widestTable || i > 0 && t.cells > mostCells {
				break
			}
			cell := tableCell{text, i > 0}
			if down > 1 && len(text) <= longRepeat && t.cells <= mostCells {
				t.spans[len(row)] = spanned{down - 1, cell}
			}
			row = append(row, cell)
			t.cells++
		}
	}
	row = t.fromAbove(row)
	// A row that only begins cells of later rows says nothing of its own.
	if len(row) > 0 && (own || len(t.rows) == 0) {
		t.width = max(t.width, len(row))
		t.rows = append(t.rows, row)
	}
}

func (t *tableReader) fromAbove(row []tableCell) []tableCell {
	for {
		s, ok := t.spans[len(row)]
		if !ok || len(row) >= widestTable {
			return row
		}
		if s.rows--; s.rows == 0 {
			delete(t.spans, len(row))
		} else {
			t.spans[len(row)] = s
		}
		row = append(row, s.cell)
		t.cells++
	}
}

func firstCell(tr, cell *html.Node) bool {
	for c := tr.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.ElementNode {
			return c == cell
		}
	}
	return false
}

func lastCell(cell *html.Node) bool {
	for c := cell.NextSibling; c != nil; c = c.NextSibling {
		if c.Type == html.ElementNode {
			return false
		}
	}
	return true
}

func spanOf(n *html.Node, name string) int {
	v, err := strconv.Atoi(strings.TrimSpace(attr(n, name)))
	if err != nil {
		return 1
	}
	return min(max(v, 1), widestTable)
}

// isLayout reports a cell that holds a part of the page rather than a datum.
func isLayout(cell *html.Node) bool {
	const datum = 400 // bytes that a datum may have, with a heading or table in it
	part, text := false, 0
	for d := range cell.Descendants() {
		switch d.DataAtom {
		case atom.Form:
			return true
		case atom.Table, atom.H1, atom.H2, atom.H3, atom.Pre, atom.Section, atom.Article, atom.P:
			part = true
		default:
			if d.Type == html.TextNode {
				text += len(strings.TrimSpace(d.Data))
			}
		}
		if part && text > datum {
			return true
		}
	}
	return false
}

// cellText gives a cell's words, its blocks apart by a space.
func cellText(n *html.Node) string {
	var sb strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		switch {
		case n.Type == html.TextNode:
			sb.WriteString(n.Data)
			return
		case n.DataAtom == atom.Math || n.DataAtom == atom.Script:
			sb.WriteString(Formula(n))
			return
		case n.DataAtom == atom.Img:
			sb.WriteString(pictureWords(n))
			return
		}
		apart := n.DataAtom == atom.Br || isBlockElement(n.DataAtom)
		if apart {
			sb.WriteByte(' ')
		}
		if n.DataAtom == atom.Li {
			sb.WriteString(cellMarker(n))
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if !hidden(c) {
				walk(c)
			}
		}
		if apart {
			sb.WriteByte(' ')
		}
	}
	walk(n)
	return sb.String()
}

// cellMarker is what stands before an item of a list within a cell.
func cellMarker(item *html.Node) string {
	if item.Parent == nil || item.Parent.DataAtom != atom.Ol {
		return "- "
	}
	number := 1
	for s := item.PrevSibling; s != nil && number < widestTable; s = s.PrevSibling {
		if s.DataAtom == atom.Li {
			number++
		}
	}
	return strconv.Itoa(number) + ". "
}
