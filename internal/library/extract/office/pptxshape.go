package office

import (
	"slices"
	"strconv"

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

// shapes lists what is on a slide, groups taken apart. within is where the
// group lies, with no size for the slide itself.
func (s *slide) shapes(tree *xmlread.Node, within frame) []shape {
	var out []shape
	for _, n := range orEmpty(tree).Children {
		switch n.Name {
		case "p:grpSp":
			out = append(out, s.group(n)...)
		case "mc:AlternateContent":
			choice := s.shapes(n.Child("mc:Choice"), within)
			if len(choice) == 0 {
				choice = s.shapes(n.Child("mc:Fallback"), within)
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
	members := readingOrder(s.shapes(n, at))
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

// readingOrder puts the title first, then what stands above, and of what
// stands side by side, the left column before the right. Where a shape's place
// is not known, it follows the one before it in the file.
func readingOrder(shapes []shape) []shape {
	var titles, rest []shape
	last := frame{}
	for _, s := range shapes {
		if s.title {
			titles = append(titles, s)
			continue
		}
		if !s.known {
			s.frame = last
		}
		last = s.frame
		rest = append(rest, s)
	}
	return append(titles, cutApart(rest, 0)...)
}

// cutApart orders shapes by cutting the area between them, across first, then
// down, as long as there is an empty strip.
func cutApart(shapes []shape, depth int) []shape {
	if len(shapes) < 2 || depth > 20 {
		return shapes
	}
	vertical := func(s shape) (int, int) { return s.frame.y, s.frame.y + s.frame.h }
	horizontal := func(s shape) (int, int) { return s.frame.x, s.frame.x + s.frame.w }
	for _, extent := range []func(shape) (int, int){vertical, horizontal} {
		groups := strips(shapes, extent)
		if len(groups) < 2 {
			continue
		}
		var out []shape
		for _, g := range groups {
			out = append(out, cutApart(g, depth+1)...)
		}
		return out
	}
	slices.SortStableFunc(shapes, func(a, b shape) int {
		if d := a.frame.y - b.frame.y; d != 0 {
			return d
		}
		return a.frame.x - b.frame.x
	})
	return shapes
}

// strips puts shapes that overlap along one axis together. A twelfth of an
// inch of overlap is none.
func strips(shapes []shape, extent func(shape) (int, int)) [][]shape {
	const tolerance = 76_200
	sorted := slices.Clone(shapes)
	slices.SortStableFunc(sorted, func(a, b shape) int {
		x, _ := extent(a)
		y, _ := extent(b)
		return x - y
	})
	var groups [][]shape
	end := 0
	for i, s := range sorted {
		from, to := extent(s)
		if i == 0 || from >= end-tolerance {
			groups = append(groups, nil)
			end = to
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], s)
		end = max(end, to)
	}
	return groups
}
