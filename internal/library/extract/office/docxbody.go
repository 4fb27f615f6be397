package office

import (
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

// read walks the text of a document. A paragraph or a row of a table is looked
// at whole; what encloses them is passed through.
func (d *docx) read(s *xmlread.Scanner) error {
	var table *docxTable
	for d.w.Err() == nil {
		t, err := s.Next()
		if err != nil {
			d.endTable(table)
			return endOfPart(err)
		}
		if t.Kind == xmlread.End && t.Name == "w:tbl" {
			d.endTable(table)
			table = nil
		}
		if t.Kind != xmlread.Start {
			continue
		}
		switch t.Name {
		case "w:p", "w:tr":
			if err := s.Tree(t.Node); err != nil {
				return err //nolint:wrapcheck // a fault, or told by scan
			}
			if t.Name == "w:p" {
				d.paragraph(t.Node)
			} else if table != nil {
				table.row(d, t.Node)
			}
		case "w:tbl":
			d.endTable(table)
			table = &docxTable{}
		case "w:del", "w:moveFrom", "mc:Fallback", "w:sectPr", "w:sdtPr", "w:tblPr", "w:tblGrid", "w:background":
			if err := s.Skip(); err != nil {
				return endOfPart(err)
			}
		}
	}
	return d.w.Err()
}

// blocks writes the blocks below n.
func (d *docx) blocks(n *xmlread.Node) {
	for _, c := range n.Children {
		switch c.Name {
		case "w:p":
			d.paragraph(c)
		case "w:tbl":
			t := &docxTable{}
			for tr := range c.Descendants("w:tr") {
				t.row(d, tr)
			}
			d.endTable(t)
		case "w:sdt", "w:sdtContent", "w:ins", "w:moveTo", "w:customXml", "mc:AlternateContent", "mc:Choice":
			d.blocks(c)
		}
	}
}

// paragraph writes a paragraph as what its style says it is, then what hangs
// on it: drawings and text boxes.
func (d *docx) paragraph(p *xmlread.Node) {
	in := d.inline(p)
	style := d.styleOf(p)
	text := strings.TrimRight(in.text.String(), " \t\n")
	switch {
	case style.hidden:
	case strings.TrimSpace(text) == "":
		if len(d.code) > 0 && style.block() == document.Code {
			d.code = append(d.code, "")
		}
	case d.isCode(in, style, text):
		d.code = append(d.code, text)
	default:
		d.endCode()
		d.emit(strings.TrimSpace(text), style)
	}
	d.pending = append(d.pending, in.notes...)
	d.hanging(in)
	if d.w.LastKind() != document.ListItem {
		d.flushNotes()
	}
}

// styleOf gives a paragraph's style with its own properties.
func (d *docx) styleOf(p *xmlread.Node) docxStyle {
	own := p.Child("w:pPr")
	style := d.resolve(own.Child("w:pStyle").Get("val"))
	if _, ok := own.Child("w:outlineLvl").Lookup("val"); ok {
		style.outline = outlineLevel(own)
	}
	if num := own.Child("w:numPr"); num != nil {
		if id := num.Child("w:numId").Get("val"); id != "" {
			style.numID = id
		}
		if level, ok := num.Child("w:ilvl").Lookup("val"); ok {
			style.numLevel = atoi(level)
		}
	}
	style.numLevel = min(style.numLevel, 8)
	style.hidden = style.hidden || isSet(own.Child("w:rPr", "w:specVanish"))
	return style
}

// isCode tells code by its style, or by a font of one width where there are
// signs that prose does not have.
func (d *docx) isCode(in *inlineText, style docxStyle, text string) bool {
	if style.outline > 0 || style.numID != "" && style.numID != "0" {
		return false
	}
	if style.block() == document.Code {
		return true
	}
	mono := in.runs > 0 && (in.monoRuns == in.runs || style.mono)
	return mono && (len(d.code) > 0 || strings.ContainsAny(text, "{}[]();=<>"))
}

func (d *docx) emit(text string, style docxStyle) {
	switch {
	case style.outline > 0:
		text = d.number(style) + text
		if d.w.Title == "" && style.outline == 1 {
			d.w.Title = text
		}
		d.block(document.Heading, min(style.outline, 6), text)
	case style.listed():
		depth, marker := d.marker(style)
		if d.w.LastKind() != document.ListItem {
			d.flushNotes()
		}
		d.w.Item(depth+1, strings.Repeat("  ", depth)+marker+text)
	default:
		d.block(style.block(), 0, text)
	}
}

// block writes a block that is no item, after the notes of the list before it.
func (d *docx) block(kind document.BlockKind, level int, text string) {
	d.flushNotes()
	d.w.Block(kind, level, text)
}

// listed reports whether paragraphs of the style are items of a list.
func (s *docxStyle) listed() bool {
	return s.numID != "" && s.numID != "0" || strings.HasPrefix(s.name, "list bullet") || strings.HasPrefix(s.name, "list number")
}

// marker gives the depth of a list's item and what stands before it.
func (d *docx) marker(style docxStyle) (int, string) {
	if style.numID == "" || style.numID == "0" {
		return 0, "- "
	}
	if m := d.number(style); m != "" {
		return style.numLevel, m
	}
	return style.numLevel, "- "
}

// block gives the kind of paragraphs that are neither headings nor lists.
func (s *docxStyle) block() document.BlockKind {
	switch {
	case s.name == "caption":
		return document.Caption
	case strings.Contains(s.name, "quote"):
		return document.Quote
	case strings.HasPrefix(s.name, "html preformatted"):
		return document.Code
	}
	for word := range strings.FieldsSeq(strings.ReplaceAll(s.name, "-", " ")) {
		switch word {
		case "code", "sourcecode", "codeblock", "preformatted":
			return document.Code
		}
	}
	return document.Paragraph
}

// flush writes what is held back.
func (d *docx) flush() {
	d.endCode()
	d.flushNotes()
}

func (d *docx) endCode() {
	if len(d.code) == 0 {
		return
	}
	lines := d.code
	d.code = nil
	d.block(document.Code, 0, strings.Join(lines, "\n"))
}

func (d *docx) flushNotes() {
	notes := d.pending
	d.pending = nil
	for _, n := range notes {
		d.w.Block(document.Footnote, 0, n)
	}
}
