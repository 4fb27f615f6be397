package office

import (
	"strconv"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

// slide writes the shapes of one slide.
type slide struct {
	*deck
	relations map[string]relation
	layout    *layout
}

func (s *slide) write(shapes []shape) error {
	for _, sh := range shapes {
		var err error
		switch {
		case sh.title:
			s.heading(sh.node)
		case sh.node.Name == "p:graphicFrame":
			err = s.graphic(sh.node)
		case sh.node.Name == "p:pic":
			writeImage(s.w, sh.node.Child("p:nvPicPr", "p:cNvPr"))
		default:
			s.text(sh.node)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *slide) heading(n *xmlread.Node) {
	title := document.OneLine(drawnText(n.Child("p:txBody")))
	if title == "" {
		return
	}
	if s.w.Title == "" {
		s.w.Title = title
	}
	s.w.Block(document.Heading, 1, title)
}

// graphic writes a table, chart or diagram.
func (s *slide) graphic(n *xmlread.Node) error {
	if tbl := n.Find("a:tbl"); tbl != nil {
		s.w.Table(drawnTable(tbl))
		return nil
	}
	return s.drawing(s.w, n, s.relations)
}

// drawing writes the chart or diagram that n refers to.
func (c *container) drawing(w *document.Writer, n *xmlread.Node, relations map[string]relation) error {
	if ref := n.Find("c:chart"); ref != nil {
		root, err := c.extra(relations[ref.Get("r:id")].target)
		if root != nil {
			writeChart(w, root)
		}
		return err
	}
	if ref := n.Find("dgm:relIds"); ref != nil {
		root, err := c.extra(relations[ref.Get("r:dm")].target)
		if root != nil {
			writeDiagram(w, root)
		}
		return err
	}
	return nil
}

// text writes a shape's paragraphs: those with a bullet or number as a list.
func (s *slide) text(n *xmlread.Node) {
	body := n.Child("p:txBody")
	styles := s.stylesFor(n, body)
	var counts [9]int
	for p := range body.All("a:p") {
		text := strings.TrimSpace(paragraphText(p))
		if text == "" {
			continue
		}
		level := min(atoi(p.Child("a:pPr").Get("lvl")), 8)
		for i := level + 1; i < len(counts); i++ {
			counts[i] = 0
		}
		marker := ""
		switch b := bullet(p.Child("a:pPr"), styles, level); b.Get("type") {
		case "":
			if b != nil && b.Name != "a:buNone" {
				marker = "- "
			}
		default:
			counts[level]++
			marker = strconv.Itoa(max(atoi(b.Get("startAt")), 1)+counts[level]-1) + ". "
		}
		if marker == "" {
			counts[level] = 0
			s.w.Block(document.Paragraph, 0, text)
			continue
		}
		s.w.Item(level+1, strings.Repeat("  ", level)+marker+text)
	}
}

// stylesFor gives the lists of styles by level that a shape's text takes after,
// nearest first.
func (s *slide) stylesFor(n, body *xmlread.Node) []*xmlread.Node {
	out := []*xmlread.Node{body.Child("a:lstStyle")}
	ph := placeholder(n)
	if ph == nil {
		return out
	}
	for _, from := range s.layout.inherited(ph) {
		out = append(out, from.Child("p:txBody", "a:lstStyle"))
	}
	for l := s.layout; l != nil; l = l.parent {
		if l.styles != nil {
			out = append(out, l.styles.Child("p:bodyStyle"))
		}
	}
	return out
}

// bullet gives what marks a paragraph as an item; nil for nothing.
func bullet(own *xmlread.Node, styles []*xmlread.Node, level int) *xmlread.Node {
	if b := bulletIn(own); b != nil {
		return b
	}
	for _, s := range styles {
		if b := bulletIn(s.Child("a:lvl" + strconv.Itoa(level+1) + "pPr")); b != nil {
			return b
		}
	}
	return nil
}

func bulletIn(properties *xmlread.Node) *xmlread.Node {
	return firstOf(properties, "a:buNone", "a:buChar", "a:buAutoNum", "a:buBlip")
}
