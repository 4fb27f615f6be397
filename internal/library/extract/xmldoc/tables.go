package xmldoc

import (
	"strconv"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

const (
	widestTable = 500
	longRepeat  = 300
)

// grid gathers the rows of a table, of the models of HTML and of CALS.
type grid struct {
	e       *emitter
	rows    [][]string
	reach   map[int]reaching // cells that reach down, by column
	columns map[string]int   // of CALS, by name
	edges   []float64        // of the columns that the groups of a CALS table share; see edgesOf
	begun   []bool           // a cell begins in that column
}

type reaching struct {
	rows int
	text string
}

// table writes a table and reports whether it was one.
func (e *emitter) table(n *xmlread.Node) bool {
	g := &grid{e: e, reach: map[int]reaching{}, columns: map[string]int{}, edges: edgesOf(n)}
	for _, name := range []string{"caption", "title", "head"} {
		if c := childOf(n, name); c != nil {
			e.w.Block(document.Caption, 0, words(spaced(c)))
		}
	}
	g.walk(n)
	g.narrow()
	if len(g.rows) == 0 {
		return false
	}
	width, cells := 0, 0
	for _, row := range g.rows {
		width, cells = max(width, len(row)), cells+len(row)
	}
	if width*len(g.rows) > 1<<20 && width*len(g.rows) > 4*cells {
		return false // a row that is far wider than the others
	}
	e.w.Table(g.rows)
	return true
}

func (g *grid) walk(n *xmlread.Node) {
	for _, c := range n.Children {
		switch xmlread.Local(c.Name) {
		case "tr", "row", "strow", "sthead":
			g.row(c)
		case "tgroup":
			clear(g.columns)
			clear(g.reach)
			before := len(g.rows)
			g.walk(c)
			g.align(c, before)
		case "colspec":
			number := len(g.columns)
			if v, err := strconv.Atoi(c.Get("colnum")); err == nil && v > 0 && v < widestTable {
				number = v - 1
			}
			if len(g.columns) < widestTable {
				g.columns[c.Get("colname")] = number
			}
		case "", "caption", "title", "head":
		default:
			g.walk(c)
		}
	}
}

func (g *grid) row(n *xmlread.Node) {
	var row []string
	filled := false
	for _, c := range n.Children {
		switch xmlread.Local(c.Name) {
		case "td", "th", "entry", "cell", "stentry":
		default:
			continue
		}
		row = g.above(row)
		text := g.text(c)
		filled = filled || text != ""
		across, down := g.spans(c, len(row))
		for i := range across {
			if i > 0 && len(text) > longRepeat || len(row) >= widestTable {
				break
			}
			if down > 1 && len(text) <= longRepeat {
				g.reach[len(row)] = reaching{down - 1, text}
			}
			row = append(row, text)
		}
	}
	row = g.above(row)
	if filled {
		g.rows = append(g.rows, row)
	}
}

func (g *grid) above(row []string) []string {
	for {
		r, ok := g.reach[len(row)]
		if !ok || len(row) >= widestTable {
			return row
		}
		if r.rows--; r.rows == 0 {
			delete(g.reach, len(row))
		} else {
			g.reach[len(row)] = r
		}
		row = append(row, r.text)
	}
}

// spans gives how far a cell that begins in a column reaches.
func (g *grid) spans(n *xmlread.Node, column int) (across, down int) {
	number := func(name string) int {
		v, err := strconv.Atoi(strings.TrimSpace(n.Get(name)))
		if err != nil {
			return 0
		}
		return min(max(v, 0), widestTable)
	}
	across, down = max(number("colspan"), number("cols"), 1), max(number("rowspan"), number("rows"), number("morerows")+1, 1)
	first, named := g.columns[n.Get("namest")]
	last, ended := g.columns[n.Get("nameend")]
	if named && ended && last >= first {
		across = last - max(first, min(column, last)) + 1
	}
	return across, down
}

// text gives a cell's words, with its formulas.
func (g *grid) text(n *xmlread.Node) string {
	var sb strings.Builder
	var walk func(*xmlread.Node)
	walk = func(n *xmlread.Node) {
		for _, c := range n.Children {
			switch g.e.roles[xmlread.Local(c.Name)] {
			case inline:
				if c.Name == "" {
					sb.WriteString(c.Text)
				} else if xmlread.Local(c.Name) == "br" || xmlread.Local(c.Name) == "break" {
					sb.WriteByte(' ')
				} else {
					walk(c)
				}
			case formula:
				sb.WriteString(" " + formulaText(c) + " ")
			case skipped:
			case citation:
				sb.WriteString(cite(c))
			default:
				sb.WriteByte(' ')
				walk(c)
				sb.WriteByte(' ')
			}
		}
	}
	walk(n)
	return words(sb.String())
}
