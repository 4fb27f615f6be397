package opendocument

import (
	"cmp"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

// inlineText is what a paragraph says and what hangs on it.
type inlineText struct {
	sb       strings.Builder
	drawings []*xmlread.Node
	notes    []string
}

func (in *inlineText) text() string { return strings.TrimSpace(in.sb.String()) }

// inline reads what is within a paragraph.
func (r *reader) inline(n *xmlread.Node) *inlineText {
	in := &inlineText{}
	r.children(in, n)
	return in
}

func (r *reader) children(in *inlineText, n *xmlread.Node) {
	for _, c := range n.Children {
		r.inlinePart(in, c)
	}
}

func (r *reader) inlinePart(in *inlineText, n *xmlread.Node) {
	switch n.Name {
	case "":
		in.words(n.Text)
	case "text:s":
		in.sb.WriteString(strings.Repeat(" ", min(max(number(n.Get("text:c")), 1), 100)))
	case "text:tab":
		in.sb.WriteByte('\t')
	case "text:line-break":
		in.sb.WriteByte('\n')
	case "text:note":
		r.note(in, n)
	case "office:annotation":
		var parts []string
		for p := range n.Descendants("text:p") {
			parts = append(parts, r.inline(p).text())
		}
		in.comment(document.OneLine(n.Child("dc:creator").Words()), n.Child("dc:date").Words(), document.OneLine(strings.Join(parts, " ")))
	case "text:ruby":
		if base := n.Child("text:ruby-base"); base != nil {
			r.children(in, base)
		}
	case "text:span":
		if !r.styles[n.Get("text:style-name")].hidden {
			r.children(in, n)
		}
	case "text:hidden-text", "text:hidden-paragraph", "office:annotation-end", "text:bibliography-mark-configuration":
	default:
		if strings.HasPrefix(n.Name, "draw:") {
			in.drawings = append(in.drawings, n)
			return
		}
		r.children(in, n)
	}
}

// words writes text, in which white space of any length is one space; spaces
// that do not break lines are none.
func (in *inlineText) words(s string) {
	const white = " \t\r\n"
	if s == "" {
		return
	}
	fields := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(white, r) })
	written := in.sb.String()
	if strings.Contains(white, s[:1]) && written != "" && !strings.HasSuffix(written, " ") && !strings.HasSuffix(written, "\n") {
		in.sb.WriteByte(' ')
	}
	in.sb.WriteString(strings.Join(fields, " "))
	if len(fields) > 0 && strings.Contains(white, s[len(s)-1:]) {
		in.sb.WriteByte(' ')
	}
}

func (r *reader) note(in *inlineText, n *xmlread.Node) {
	mark := strings.TrimSpace(n.Child("text:note-citation").Words())
	if n.Get("text:note-class") == "endnote" {
		mark = "e" + mark
	}
	var parts []string
	for p := range n.Child("text:note-body").Descendants("text:p") {
		parts = append(parts, r.inline(p).text())
	}
	in.sb.WriteString("[^" + mark + "]")
	if text := strings.TrimSpace(strings.Join(parts, "\n")); text != "" {
		in.notes = append(in.notes, "[^"+mark+"]: "+text)
	}
}

func (in *inlineText) comment(author, when, text string) {
	if text == "" {
		return
	}
	mark := "[Comment"
	if author != "" {
		mark += " by " + author
	}
	if day, _, _ := strings.Cut(when, "T"); len(day) == len("2006-01-02") {
		mark += ", " + day
	}
	in.notes = append(in.notes, mark+"] "+text)
}

// paragraph writes a paragraph or heading, then what hangs on it.
func (r *reader) paragraph(n *xmlread.Node) {
	styleName := n.Get("text:style-name")
	if r.styles[styleName].hidden {
		return
	}
	in := r.inline(n)
	text := in.text()
	name := r.named(styleName)
	switch level, kind := r.headingLevel(n, name), kindOf(name); {
	case level > 0 && text != "":
		r.heading(level, text, n.Name == "text:h" && n.Get("text:is-list-header") != "true")
	case kind == document.Code:
		r.code = append(r.code, strings.TrimRight(in.sb.String(), " \n"))
	default:
		r.endCode()
		r.w.Block(kind, 0, text)
	}
	r.hanging(in)
	r.flushNotes()
}

// hanging writes drawings, and keeps notes for the end of the block.
func (r *reader) hanging(in *inlineText) {
	r.pending = append(r.pending, in.notes...)
	for _, d := range in.drawings {
		r.endCode()
		r.drawing(d)
	}
}

func (r *reader) heading(level int, text string, numbered bool) {
	r.endCode()
	if numbered {
		c := r.counts[""]
		if c == nil {
			c = &counter{}
			r.counts[""] = c
		}
		text = c.next(r.outline, level-1) + text
	}
	if r.w.Title == "" && level == 1 {
		r.w.Title = text
	}
	r.w.Block(document.Heading, min(level, 6), text)
}

func (r *reader) headingLevel(n *xmlread.Node, name string) int {
	switch {
	case n.Name == "text:h":
		return max(number(n.Get("text:outline-level")), 1)
	case name == "Title":
		return 1
	case name == "Subtitle":
		return 2
	}
	return 0
}

func kindOf(name string) document.BlockKind {
	switch name {
	case "Quotations", "Quote":
		return document.Quote
	case "Preformatted Text", "Source Code", "Code":
		return document.Code
	case "Caption", "Illustration", "Figure", "Drawing":
		return document.Caption
	}
	return document.Paragraph
}

// list writes a list's items; a list within an item is one level deeper.
func (r *reader) list(n *xmlread.Node, styleName string, depth int) {
	r.endCode()
	if depth > 50 {
		return
	}
	styleName = cmp.Or(n.Get("text:style-name"), styleName)
	c := r.counts[styleName]
	if c == nil || depth == 0 && n.Get("text:continue-numbering") != "true" && n.Get("text:continue-list") == "" {
		c = &counter{}
		r.counts[styleName] = c
	}
	for _, item := range n.Children {
		if item.Name != "text:list-item" && item.Name != "text:list-header" {
			continue
		}
		if v := number(item.Get("text:start-value")); v > 0 && depth < len(c.at) {
			c.at[depth], c.set[depth] = v-1, true
		}
		marked := item.Name == "text:list-header"
		for _, b := range item.Children {
			switch b.Name {
			case "text:list":
				r.list(b, styleName, depth+1)
			case "text:h":
				r.paragraph(b)
			case "text:p":
				marked = r.item(b, styleName, depth, marked) || marked
			default:
				r.block(b)
			}
		}
	}
}

// item writes a paragraph of an item; the first bears the mark.
func (r *reader) item(n *xmlread.Node, styleName string, depth int, marked bool) bool {
	in := r.inline(n)
	text := in.text()
	if text != "" {
		indent := strings.Repeat("  ", min(depth, 20))
		mark := "  "
		if !marked {
			mark = cmp.Or(r.counts[styleName].next(r.lists[styleName], depth), "- ")
		}
		r.w.Item(depth+1, indent+mark+text)
	}
	r.hanging(in)
	return text != ""
}
