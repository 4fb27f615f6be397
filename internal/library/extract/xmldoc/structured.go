package xmldoc

import (
	"fmt"
	"strconv"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

// place is what encloses a run of text.
type place struct {
	kind  document.BlockKind
	level int // of list items
	depth int // of sections
}

// emitter walks a tree and writes its blocks.
type emitter struct {
	w      *document.Writer
	roles  map[string]role
	run    strings.Builder
	marker string // waits for the first words of its list item
	titled bool   // the document's own title is written
}

// structured reads articles, books, manuals and patents.
func structured(w *document.Writer, root *xmlread.Node) {
	e := &emitter{w: w, roles: roles()}
	if w.Language == "" {
		w.Language = root.Get("lang")
	}
	e.titled = e.frontOf(root)
	base := 0
	if e.titled {
		base = 1
	}
	e.children(root, place{depth: base})
	e.flush(place{})
}

func (e *emitter) flush(p place) {
	text := e.run.String()
	e.run.Reset()
	var kept []string
	for line := range strings.SplitSeq(text, "\n\n") {
		if line = words(line); line != "" {
			kept = append(kept, line)
		}
	}
	text = strings.Join(kept, "\n")
	if text == "" {
		return
	}
	if p.kind == document.ListItem {
		text = strings.Repeat("  ", max(p.level-1, 0)) + e.marker + text
		e.w.Item(p.level, text)
	} else {
		e.w.Block(p.kind, p.level, e.marker+text)
	}
	e.marker = ""
}

func (e *emitter) children(n *xmlread.Node, p place) {
	for _, c := range n.Children {
		if e.w.Err() != nil {
			return
		}
		e.node(c, n, p)
	}
}

func (e *emitter) node(n, parent *xmlread.Node, p place) {
	if n.Name == "" {
		e.run.WriteString(n.Text)
		return
	}
	name := xmlread.Local(n.Name)
	r := e.roles[name]
	switch {
	case name == "label" && e.roles[xmlread.Local(parent.Name)] == section: // stands in the heading
	case r == inline:
		e.inline(n, name, p)
	case r == skipped || r == front:
	case r == formula:
		e.formula(n, name, p)
	case r == citation:
		e.run.WriteString(" " + cite(n))
	case name == "note" && (n.Get("place") != "" || n.Get("type") == "footnote"):
		e.asBlock(n, p, place{kind: document.Footnote, depth: p.depth})
	default:
		e.flush(p)
		e.block(n, parent, r, p)
	}
}

func (e *emitter) inline(n *xmlread.Node, name string, p place) {
	switch name {
	case "br", "break", "lb", "l", "verse-line":
		e.run.WriteString("\n\n")
	case "label":
		defer e.run.WriteString(" ")
	}
	e.children(n, p)
}

func (e *emitter) block(n, parent *xmlread.Node, r role, p place) {
	within := place{depth: p.depth, kind: p.kind, level: p.level}
	switch r {
	case section, abstract:
		e.section(n, r, p)
		return
	case heading:
		e.heading(n, parent, p)
		return
	case list:
		e.list(n, p)
		return
	case item: // outside of a list
		within = place{kind: document.ListItem, level: 1, depth: p.depth}
		if e.marker = "- "; childOf(n, "label") != nil {
			e.marker = ""
		}
	case table:
		if e.table(n) {
			return
		}
	case caption:
		within = place{kind: document.Caption, depth: p.depth}
	case code:
		e.w.Block(document.Code, 0, strings.Trim(n.Words(), "\n"))
		return
	case footnote:
		within = place{kind: document.Footnote, depth: p.depth}
	case quote:
		within = place{kind: document.Quote, depth: p.depth}
	case verses:
		e.verses(n, p)
		return
	case claim:
		e.w.Block(document.Paragraph, 0, words(n.Words()))
		return
	default:
		if name := xmlread.Local(n.Name); name == "fig" || name == "table-wrap" || name == "figure" || name == "tables" {
			e.figure(n, p)
			return
		}
	}
	e.asBlock(n, p, within)
}

func (e *emitter) asBlock(n *xmlread.Node, p, within place) {
	e.flush(p)
	e.children(n, within)
	e.flush(within)
	e.marker = ""
}

// section writes a chapter of any depth, with a heading where the vocabulary
// gives it a name of its own.
func (e *emitter) section(n *xmlread.Node, r role, p place) {
	within := place{depth: p.depth + 1}
	if childOf(n, "title", "head", "info", "heading", "H") == nil {
		name := textOf(n, "label")
		switch local := xmlread.Local(n.Name); {
		case r == abstract:
			name = "Abstract"
		case strings.HasSuffix(local, "claims") || local == "SDOCL":
			name = "Claims"
		case local == "ref-list" || local == "bibliography":
			name = "References"
		case local == "ack":
			name = "Acknowledgements"
		}
		e.w.Block(document.Heading, min(within.depth, 6), name)
	}
	if xmlread.Local(n.Name) == "SDOCL" && childOf(n, "H") != nil {
		e.w.Block(document.Heading, min(within.depth, 6), "Claims")
	}
	e.children(n, within)
	e.flush(within)
}

func (e *emitter) heading(n, parent *xmlread.Node, p place) {
	if len(parent.Children) == 0 {
		return
	}
	switch e.roles[xmlread.Local(parent.Name)] {
	case section, abstract, inline, front, block, heading:
		switch xmlread.Local(parent.Name) {
		case "SDOCL", "note", "warning", "tip", "caution", "important", "example", "boxed-text", "sidebar":
			e.asBlock(n, p, place{depth: p.depth}) // a line, and no chapter
			return
		}
	default: // of a caption, a list
		e.children(n, p)
		e.run.WriteString(" ")
		if e.roles[xmlread.Local(parent.Name)] != caption {
			e.flush(p)
		}
		return
	}
	level := p.depth
	if v, err := strconv.Atoi(n.Get("level") + n.Get("LVL") + n.Get("lvl")); err == nil {
		level = p.depth + v
	}
	e.children(n, p)
	label := ""
	if l := childOf(parent, "label"); l != nil && e.roles[xmlread.Local(parent.Name)] == section {
		label = words(l.Words()) + " "
	}
	text := words(label + e.run.String())
	e.run.Reset()
	e.w.Block(document.Heading, min(max(level, 1), 6), text)
}

func (e *emitter) list(n *xmlread.Node, p place) {
	level := 1
	if p.kind == document.ListItem {
		level = p.level + 1
	}
	numbered := n.Get("list-type") == "order" || xmlread.Local(n.Name) == "orderedlist" || xmlread.Local(n.Name) == "ol" || xmlread.Local(n.Name) == "steps"
	number := 0
	within := place{kind: document.ListItem, level: level, depth: p.depth}
	for _, c := range n.Children {
		if c.Name == "" {
			continue
		}
		if e.roles[xmlread.Local(c.Name)] != item {
			e.node(c, n, within)
			e.flush(within)
			continue
		}
		number++
		e.marker = "- "
		if numbered {
			e.marker = fmt.Sprintf("%d. ", number)
		}
		if childOf(c, "label") != nil {
			e.marker = ""
		}
		e.children(c, within)
		e.flush(within)
		e.marker = ""
	}
}

// verses writes the lines of a poem or an address as they stand.
func (e *emitter) verses(n *xmlread.Node, p place) {
	var kept []string
	for _, c := range n.Children {
		if c.Name == "" {
			for line := range strings.SplitSeq(c.Text, "\n") {
				kept = append(kept, words(line))
			}
			continue
		}
		if e.roles[xmlread.Local(c.Name)] == heading {
			e.heading(c, n, p)
			continue
		}
		kept = append(kept, words(c.Words()))
	}
	var filled []string
	for _, k := range kept {
		if k != "" {
			filled = append(filled, k)
		}
	}
	e.w.Block(document.Paragraph, 0, strings.Join(filled, "\n"))
}

// figure writes what belongs to a picture or table: its label and caption
// together, then the rest.
func (e *emitter) figure(n *xmlread.Node, p place) {
	var about []string
	for _, name := range []string{"label", "title", "head", "caption", "figDesc"} {
		if c := childOf(n, name); c != nil {
			about = append(about, spaced(c))
		}
	}
	e.w.Block(document.Caption, 0, words(strings.Join(about, " ")))
	for _, c := range n.Children {
		switch xmlread.Local(c.Name) {
		case "", "label", "title", "head", "caption", "figDesc":
		default:
			e.node(c, n, p)
		}
	}
	e.flush(p)
}

// spaced gives an element's words with its parts apart.
func spaced(n *xmlread.Node) string {
	var sb strings.Builder
	for _, c := range n.Children {
		if name := xmlread.Local(c.Name); name == "title" || name == "p" || name == "para" || name == "simpara" {
			sb.WriteString(" " + c.Words() + " ")
			continue
		}
		if c.Name == "" {
			sb.WriteString(c.Text)
		} else {
			sb.WriteString(c.Words())
		}
	}
	return sb.String()
}
