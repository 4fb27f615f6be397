package markup

import (
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"

	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// tableRows reads a table of data. A table that only lays out the page (one
// column, or with headings, lists or tables within) is none.
func tableRows(n *html.Node) (rows [][]string, caption string, ok bool) {
	t := &tableReader{spans: map[int]spanned{}}
	t.walk(n)
	if t.layout || t.width < 2 || len(t.rows) == 0 {
		return nil, "", false
	}
	return t.rows, t.caption, true
}

// spanned is a cell that reaches down into later rows.
type spanned struct {
	rows int
	text string
}

type tableReader struct {
	rows    [][]string
	spans   map[int]spanned
	width   int
	caption string
	layout  bool
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

func (t *tableReader) row(tr *html.Node) {
	const widest = 1000
	var row []string
	fill := func() {
		for {
			s, ok := t.spans[len(row)]
			if !ok {
				return
			}
			if s.rows--; s.rows == 0 {
				delete(t.spans, len(row))
			} else {
				t.spans[len(row)] = s
			}
			row = append(row, s.text)
		}
	}
	for c := tr.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom != atom.Td && c.DataAtom != atom.Th {
			continue
		}
		if !t.layout && isLayout(c) {
			t.layout = true
		}
		fill()
		text := cellText(c)
		down := spanOf(c, "rowspan")
		for i := range spanOf(c, "colspan") {
			if i > 0 {
				text = ""
			}
			if len(row) >= widest {
				break
			}
			if down > 1 {
				t.spans[len(row)] = spanned{down - 1, text}
			}
			row = append(row, text)
		}
	}
	fill()
	if len(row) > 0 {
		t.width = max(t.width, len(row))
		t.rows = append(t.rows, row)
	}
}

func spanOf(n *html.Node, name string) int {
	v, err := strconv.Atoi(strings.TrimSpace(attr(n, name)))
	if err != nil {
		return 1
	}
	return min(max(v, 1), 1000)
}

func isLayout(cell *html.Node) bool {
	for _, a := range []atom.Atom{atom.Table, atom.H1, atom.H2, atom.H3, atom.Pre, atom.Section, atom.Article} {
		if findElement(cell, a) != nil {
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
		if n.Type == html.TextNode {
			sb.WriteString(n.Data)
			return
		}
		apart := n.DataAtom == atom.Br || isBlockElement(n.DataAtom)
		if apart {
			sb.WriteByte(' ')
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
