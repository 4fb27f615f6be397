package office

import (
	"strconv"

	"git.helu.ca/r/mnemosyne/internal/library/extract/reading"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

// frame is where something stands on a slide, in English Metric Units.
type frame struct{ x, y, w, h int }

// shape is something on a slide that can be read.
type shape struct {
	node  *xmlread.Node
	frame frame
	known bool // where it stands
	title bool
}

// layout is what a slide inherits from its layout, and that from its master.
type layout struct {
	parent *layout
	shapes []*xmlread.Node // placeholders
	styles *xmlread.Node   // text styles of a master
}

// layoutOf reads the layout or master that relations name, each once.
func (d *deck) layoutOf(relations map[string]relation, kind string) (*layout, error) {
	part := related(relations, kind)
	if part == "" {
		return nil, nil //nolint:nilnil // nothing to inherit
	}
	if l, ok := d.layouts[part]; ok {
		return l, nil
	}
	root, err := d.extra(part)
	if err != nil {
		return nil, err
	}
	l := &layout{styles: root.Child("p:txStyles")}
	d.layouts[part] = l
	for sp := range root.Child("p:cSld", "p:spTree").All("p:sp") {
		if placeholder(sp) != nil {
			l.shapes = append(l.shapes, sp)
		}
	}
	if kind == "slideLayout" {
		own, err := d.relations(part)
		if err != nil {
			return nil, err
		}
		if l.parent, err = d.layoutOf(own, "slideMaster"); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// placeholder gives the role that the layout gives to a shape, nil for none.
func placeholder(n *xmlread.Node) *xmlread.Node {
	for _, c := range n.Children {
		if ph := c.Child("p:nvPr", "p:ph"); ph != nil {
			return ph
		}
	}
	return nil
}

// inherited gives the shapes of the layout and its master that a placeholder
// takes after, nearest first.
func (l *layout) inherited(ph *xmlread.Node) []*xmlread.Node {
	var out []*xmlread.Node
	for ; l != nil && ph != nil; l = l.parent {
		for _, sp := range l.shapes {
			if samePlace(placeholder(sp), ph) {
				out = append(out, sp)
				ph = placeholder(sp)
				break
			}
		}
	}
	return out
}

func samePlace(a, b *xmlread.Node) bool {
	if idx, ok := b.Lookup("idx"); ok && idx != "0" && a.Get("idx") == idx {
		return true
	}
	kind := func(n *xmlread.Node) string {
		switch t := n.Get("type"); t {
		case "", "obj", "body", "subTitle":
			return "body"
		case "ctrTitle", "title":
			return "title"
		default:
			return t
		}
	}
	return kind(a) == kind(b) && (kind(a) != "body" || a.Get("idx") == b.Get("idx") || a.Get("type") == "body")
}

// shapes lists what is on a slide, groups taken apart.
func (s *slide) shapes(tree *xmlread.Node) []shape {
	var out []shape
	for _, n := range orEmpty(tree).Children {
		switch n.Name {
		case "p:grpSp":
			out = append(out, s.group(n)...)
		case "mc:AlternateContent":
			choice := s.shapes(n.Child("mc:Choice"))
			if len(choice) == 0 {
				choice = s.shapes(n.Child("mc:Fallback"))
			}
			out = append(out, choice...)
		case "p:sp", "p:graphicFrame", "p:pic", "p:cxnSp", "p:contentPart":
			ph := placeholder(n)
			switch kind := ph.Get("type"); kind {
			case "dt", "ftr", "sldNum", "hdr":
				continue
			default:
				sh := shape{node: n, title: kind == "title" || kind == "ctrTitle"}
				sh.frame, sh.known = s.frameOf(n, ph)
				out = append(out, sh)
			}
		}
	}
	return out
}

// group gives the shapes of a group in their own order, at the group's place,
// so that nothing else comes between them.
func (s *slide) group(n *xmlread.Node) []shape {
	at, known := frameAt(n.Child("p:grpSpPr", "a:xfrm"))
	members := readingOrder(s.shapes(n))
	for i := range members {
		members[i].frame, members[i].known = at, known
	}
	return members
}

func (s *slide) frameOf(n, ph *xmlread.Node) (frame, bool) {
	if f, ok := frameAt(firstXfrm(n)); ok {
		return f, true
	}
	for _, from := range s.layout.inherited(ph) {
		if f, ok := frameAt(firstXfrm(from)); ok {
			return f, true
		}
	}
	return frame{}, false
}

func firstXfrm(n *xmlread.Node) *xmlread.Node {
	if x := n.Child("p:xfrm"); x != nil {
		return x
	}
	return n.Child("p:spPr", "a:xfrm")
}

func frameAt(xfrm *xmlread.Node) (frame, bool) {
	off, ext := xfrm.Child("a:off"), xfrm.Child("a:ext")
	if off == nil {
		return frame{}, false
	}
	return frame{number(off.Get("x")), number(off.Get("y")), number(ext.Get("cx")), number(ext.Get("cy"))}, true
}

// number reads a number that may be negative, within what a slide may be.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return min(max(n, -1<<40), 1<<40)
}

// readingOrder puts shapes into the order in which a slide is looked at.
func readingOrder(shapes []shape) []shape {
	boxes := make([]reading.Box, len(shapes))
	for i, s := range shapes {
		boxes[i] = reading.Box{X: s.frame.x, Y: s.frame.y, W: s.frame.w, H: s.frame.h, Known: s.known, First: s.title}
	}
	out := make([]shape, 0, len(shapes))
	for _, i := range reading.Order(boxes) {
		out = append(out, shapes[i])
	}
	return out
}
