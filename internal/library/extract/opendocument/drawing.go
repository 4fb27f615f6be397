package opendocument

import (
	"path"
	"strconv"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/reading"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

// slide writes a slide as a page.
func (r *reader) slide(page *xmlread.Node) {
	r.slides++
	if r.slides > r.w.Limits.MaxPages {
		r.w.Fail(document.Fault(document.CodeTooLarge, "The presentation has too many slides; split it and submit the parts."))
		return
	}
	r.w.Page(r.slides)
	if r.styles[page.Get("draw:style-name")].hidden {
		r.w.Block(document.Paragraph, 0, "[Hidden slide]")
	}
	r.shapes(page)
	var notes []string
	for frame := range page.Child("presentation:notes").All("draw:frame") {
		if frame.Get("presentation:class") != "notes" {
			continue
		}
		for p := range frame.Descendants("text:p") {
			if text := r.inline(p).text(); text != "" {
				notes = append(notes, text)
			}
		}
	}
	if len(notes) > 0 {
		r.w.Block(document.Footnote, 0, "Notes: "+strings.Join(notes, "\n"))
	}
	for a := range page.All("office:annotation") {
		in := &inlineText{}
		r.inlinePart(in, a)
		r.pending = append(r.pending, in.notes...)
	}
	r.flushNotes()
}

// shapes writes what is on a slide or in a group, in the order in which it is
// looked at.
func (r *reader) shapes(n *xmlread.Node) {
	var shapes []*xmlread.Node
	var boxes []reading.Box
	for _, c := range n.Children {
		if !strings.HasPrefix(c.Name, "draw:") {
			continue
		}
		switch c.Get("presentation:class") {
		case "footer", "date-time", "page-number", "header":
			continue
		}
		shapes, boxes = append(shapes, c), append(boxes, boxOf(c))
	}
	for _, i := range reading.Order(boxes) {
		r.drawing(shapes[i])
	}
}

func boxOf(n *xmlread.Node) reading.Box {
	if n.Name == "draw:g" { // at the place of its first member
		for _, c := range n.Children {
			if b := boxOf(c); b.Known {
				return b
			}
		}
	}
	x, ok := n.Lookup("svg:x")
	return reading.Box{
		X: length(x), Y: length(n.Get("svg:y")), W: length(n.Get("svg:width")), H: length(n.Get("svg:height")),
		Known: ok, First: n.Get("presentation:class") == "title",
	}
}

// length reads a length such as 2.5cm, in 1/914400 inch.
func length(s string) int {
	units := map[string]float64{"cm": 914_400 / 2.54, "mm": 914_400 / 25.4, "in": 914_400, "pt": 12_700, "pc": 152_400, "px": 9525}
	if len(s) < 3 {
		return 0
	}
	v, err := strconv.ParseFloat(s[:len(s)-2], 64)
	if err != nil || v > 1e6 || v < -1e6 {
		return 0
	}
	return int(v * units[s[len(s)-2:]])
}

// drawing writes what is in a frame or shape.
func (r *reader) drawing(n *xmlread.Node) {
	if n.Name == "draw:g" {
		r.shapes(n)
		return
	}
	if n.Get("presentation:placeholder") == "true" {
		return
	}
	if class := n.Get("presentation:class"); class == "title" {
		var parts []string
		for p := range n.Descendants("text:p") {
			parts = append(parts, r.inline(p).text())
		}
		if title := document.OneLine(strings.Join(parts, " ")); title != "" {
			r.heading(1, title, false)
		}
		return
	}
	for _, c := range n.Children {
		switch c.Name {
		case "draw:text-box", "draw:g":
			for _, b := range c.Children {
				r.block(b)
			}
		case "draw:object":
			if r.object(c) {
				return // the picture beside it shows the same
			}
		case "text:p", "text:h", "text:list", "table:table":
			r.block(c)
		case "svg:desc":
			r.image(c.Words())
		case "svg:title":
			if n.Child("svg:desc") == nil {
				r.image(c.Words())
			}
		}
	}
}

// image writes what a picture is said to show.
func (r *reader) image(alt string) {
	r.w.Block(document.Caption, 0, document.Picture(alt))
}

// object writes an embedded chart or formula and reports whether it was one.
func (r *reader) object(n *xmlread.Node) bool {
	root := firstElement(n)
	if href := n.Get("xlink:href"); root == nil && r.archive != nil && !strings.Contains(href, ":") {
		err := r.part(path.Join(href, "content.xml"), func(s *xmlread.Scanner) (err error) {
			root, err = s.Root()
			return err
		})
		if err != nil && isHostile(err) {
			r.w.Fail(err)
		}
	}
	if root == nil {
		return false
	}
	if root.Name == "math:math" || root.Name == "math" {
		return r.formula(root)
	}
	chart := root.Find("chart:chart")
	if chart == nil {
		return false
	}
	if title := document.OneLine(chart.Child("chart:title").Words()); title != "" {
		r.w.Block(document.Caption, 0, title)
	}
	if table := chart.Child("table:table"); table != nil {
		r.table(table)
	}
	return true
}

func firstElement(n *xmlread.Node) *xmlread.Node {
	for _, c := range n.Children {
		if c.Name != "" {
			return c
		}
	}
	return nil
}

// formula writes a formula as its author wrote it, or its signs.
func (r *reader) formula(root *xmlread.Node) bool {
	for _, name := range []string{"math:annotation", "annotation"} {
		if a := root.Find(name); a != nil {
			r.w.Block(document.Paragraph, 0, "$"+document.OneLine(a.Words())+"$")
			return true
		}
	}
	if text := document.OneLine(root.Words()); text != "" {
		r.w.Block(document.Paragraph, 0, "$"+text+"$")
	}
	return true
}
