package office

import (
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

// inlineText is what a paragraph says and what hangs on it.
type inlineText struct {
	text           strings.Builder
	runs, monoRuns int // that hold words
	drawings       []*xmlread.Node
	notes          []string
}

// inline reads what is within a paragraph.
func (d *docx) inline(p *xmlread.Node) *inlineText {
	in := &inlineText{}
	for _, c := range p.Children {
		d.inlinePart(in, c)
	}
	return in
}

func (d *docx) inlinePart(in *inlineText, n *xmlread.Node) {
	switch n.Name {
	case "w:r":
		d.run(in, n)
		return
	case "w:sdt":
		if d.control(in, n) {
			return
		}
	case "mc:AlternateContent":
		d.alternative(in, n)
		return
	case "m:oMath":
		in.formula(n, "$")
		return
	case "m:oMathPara":
		for f := range n.All("m:oMath") {
			in.formula(f, "$$")
		}
		return
	case "w:ruby":
		d.children(in, orEmpty(n.Child("w:rubyBase")))
		return
	case "w:del", "w:moveFrom", "w:pPr", "w:sdtPr", "w:sdtEndPr":
		return
	case "w:drawing", "w:pict", "w:object":
		in.drawings = append(in.drawings, n)
		return
	}
	d.children(in, n)
}

func (d *docx) children(in *inlineText, n *xmlread.Node) {
	for _, c := range n.Children {
		d.inlinePart(in, c)
	}
}

func (in *inlineText) formula(n *xmlread.Node, mark string) {
	if f := strings.TrimSpace(formula(n)); f != "" {
		if mark == "$$" && in.text.Len() > 0 {
			in.text.WriteString("\n")
		}
		in.text.WriteString(mark + f + mark)
	}
}

// alternative reads the first form of what a document gives in several, or the
// other where that holds nothing that can be read.
func (d *docx) alternative(in *inlineText, n *xmlread.Node) {
	before, drawn := in.text.Len(), len(in.drawings)
	d.children(in, orEmpty(n.Child("mc:Choice")))
	if in.text.Len() == before && len(in.drawings) == drawn {
		d.children(in, orEmpty(n.Child("mc:Fallback")))
	}
}

// control reads a form's field; done says that nothing else is to be read.
func (d *docx) control(in *inlineText, n *xmlread.Node) (done bool) {
	properties := n.Child("w:sdtPr")
	if isSet(properties.Child("w:showingPlcHdr")) {
		return true
	}
	if box := properties.Child("w14:checkbox"); box != nil {
		in.checkbox(isSet(box.Child("w14:checked")))
		return true
	}
	return false
}

func (in *inlineText) checkbox(checked bool) {
	if checked {
		in.text.WriteString("[x]")
	} else {
		in.text.WriteString("[ ]")
	}
}

// run reads a run of characters of one look.
func (d *docx) run(in *inlineText, r *xmlread.Node) {
	properties := r.Child("w:rPr")
	if isSet(properties.Child("w:vanish")) {
		return
	}
	style := docxStyle{}
	if id := properties.Child("w:rStyle").Get("val"); id != "" {
		if style = d.resolve(id); style.hidden {
			return
		}
	}
	before := in.text.Len()
	for _, c := range r.Children {
		d.runPart(in, c)
	}
	if strings.TrimSpace(in.text.String()[before:]) != "" {
		in.runs++
		if style.mono || isMono(fontOf(properties)) {
			in.monoRuns++
		}
	}
}

func (d *docx) runPart(in *inlineText, c *xmlread.Node) {
	switch c.Name {
	case "w:t":
		in.text.WriteString(c.Words())
	case "w:tab", "w:ptab":
		in.text.WriteByte('\t')
	case "w:br", "w:cr":
		in.text.WriteByte('\n')
	case "w:noBreakHyphen":
		in.text.WriteByte('-')
	case "w:sym":
		in.text.WriteString(symbol(c.Get("font"), c.Get("char")))
	case "w:footnoteReference":
		d.refer(in, "", c.Get("id"))
	case "w:endnoteReference":
		d.refer(in, "e", c.Get("id"))
	case "w:commentReference":
		d.refer(in, "comment ", c.Get("id"))
	case "w:fldChar":
		if box := c.Child("w:ffData", "w:checkBox"); box != nil {
			checked := box.Child("w:checked")
			if checked == nil {
				checked = box.Child("w:default")
			}
			in.checkbox(isSet(checked))
		}
	case "w:instrText", "w:delText", "w:rPr", "w:softHyphen", "w:lastRenderedPageBreak":
	default:
		d.inlinePart(in, c)
	}
}

// refer notes that a paragraph refers to a note or comment.
func (d *docx) refer(in *inlineText, kind, id string) {
	key := kind + id
	note, ok := d.notes[key]
	if kind != "comment " && (ok || len(d.notes) > 0) {
		in.text.WriteString("[^" + key + "]")
	}
	if ok && note != "" {
		in.notes = append(in.notes, note)
		d.notes[key] = ""
	}
}

// symbol gives a character of a font of symbols, those that forms and lists
// use.
func symbol(font, char string) string {
	code := strings.ToUpper(char)
	if len(code) == 4 && code[0] == 'F' {
		code = code[2:]
	}
	switch strings.ToLower(font) {
	case "symbol":
		switch code {
		case "B7":
			return "•"
		case "AE":
			return "→"
		case "B0":
			return "°"
		case "B1":
			return "±"
		case "B4":
			return "×"
		case "A3":
			return "≤"
		case "B3":
			return "≥"
		case "6D":
			return "μ"
		case "61", "62", "64", "70", "73", "77":
			return map[string]string{"61": "α", "62": "β", "64": "δ", "70": "π", "73": "σ", "77": "ω"}[code]
		}
	case "wingdings":
		switch code {
		case "FC":
			return "✓"
		case "FB":
			return "✗"
		case "FE", "FD":
			return "[x]"
		case "A8", "6F":
			return "[ ]"
		case "E0":
			return "→"
		}
	}
	return ""
}

// readNotes reads footnotes, endnotes and comments, to be written where the
// text refers to them.
func (d *docx) readNotes() error {
	for _, p := range []struct{ kind, file, prefix string }{
		{"footnotes", "footnotes.xml", ""}, {"endnotes", "endnotes.xml", "e"}, {"comments", "comments.xml", "comment "},
	} {
		root, err := d.extra(d.part(p.kind, p.file))
		if err != nil {
			return err
		}
		for _, n := range orEmpty(root).Children {
			kind := n.Get("type")
			if n.Name == "" || kind != "" && kind != "normal" || len(d.notes) >= maxEntries {
				continue
			}
			text := d.noteText(n)
			if text == "" {
				continue
			}
			key := p.prefix + n.Get("id")
			if p.kind == "comments" {
				d.notes[key] = commentMark(document.OneLine(n.Get("author")), "", n.Get("date")) + text
			} else {
				d.notes[key] = "[^" + key + "]: " + text
			}
		}
	}
	return nil
}

// noteText joins the paragraphs of a note.
func (d *docx) noteText(n *xmlread.Node) string {
	var parts []string
	for p := range n.Descendants("w:p") {
		if text := strings.TrimSpace(d.inline(p).text.String()); text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, "\n")
}

// hanging writes the drawings of a paragraph.
func (d *docx) hanging(in *inlineText) {
	for _, n := range in.drawings {
		d.drawn(n)
	}
}

// drawn writes what is in a drawing: text boxes, charts, diagrams, and what
// its pictures are said to show.
func (d *docx) drawn(n *xmlread.Node) {
	for _, c := range n.Children {
		switch c.Name {
		case "mc:AlternateContent":
			if choice := c.Child("mc:Choice"); choice != nil {
				d.drawn(choice)
			} else {
				d.drawn(orEmpty(c.Child("mc:Fallback")))
			}
		case "w:txbxContent":
			d.endCode()
			d.blocks(c)
		case "wp:docPr":
			d.endCode()
			writeImage(d.w, c)
		case "v:textpath":
			d.block(document.Paragraph, 0, c.Get("string"))
		case "a:graphicData":
			if err := d.drawing(d.w, c, d.relations); err != nil {
				d.w.Fail(err)
			}
			d.drawn(c)
		default:
			d.drawn(c)
		}
	}
}
