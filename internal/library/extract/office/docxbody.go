package office

import (
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"

	"encoding/xml"
	"fmt"
	"strings"
)

// docxBody writes the paragraphs and tables of a part.
type docxBody struct {
	w        *document.Writer
	docx     *docx
	counters map[string]*[9]int // of numbered lists
	notes    bool               // the part holds footnotes
	noteID   string

	paragraphs []*docxParagraph // open ones: text boxes nest
	tables     []*docxTable     // open ones
	skip       int              // depth within what is not read
	words      bool             // within a run's text; other character data is layout of the XML
	sawTitle   bool
}

type docxParagraph struct {
	text    strings.Builder
	style   string
	outline int
	numID   string
	level   int
}

type docxTable struct {
	rows [][]string
	row  []string
	cell strings.Builder
	span int
	held bool // the cell continues the one above it
}

const maxNesting = 200

// read walks a part. Elements are told apart by their local names: the
// namespaces of strict and transitional documents differ.
func (b *docxBody) read(dec *xml.Decoder) error {
	for b.w.Err() == nil {
		t, err := dec.RawToken()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if b.skip > 0 || skippedElement(t.Name.Local) {
				b.skip++
				continue
			}
			if err := b.start(t); err != nil {
				return err
			}
		case xml.EndElement:
			if b.skip > 0 {
				b.skip--
				continue
			}
			b.end(t.Name.Local)
		case xml.CharData:
			b.chars(t)
		}
	}
	return b.w.Err()
}

// skippedElement names what is not part of the text: deletions, the fallback
// of what was read already, field instructions, change marks.
func skippedElement(local string) bool {
	switch local {
	case "del", "moveFrom", "Fallback", "instrText", "delText", "rPrChange", "pPrChange", "sectPr", "rPr", "tblPr", "posOffset", "numberingChange":
		return true
	}
	return false
}

func (b *docxBody) start(t xml.StartElement) error {
	switch t.Name.Local {
	case "t":
		b.words = true
	case "p":
		if len(b.paragraphs) >= maxNesting {
			return document.Fault(document.CodeCorrupt, "The document nests too deeply; open it in its program and save it again.")
		}
		b.paragraphs = append(b.paragraphs, &docxParagraph{})
	case "tbl":
		if len(b.tables) >= maxNesting {
			return document.Fault(document.CodeCorrupt, "The document nests too deeply; open it in its program and save it again.")
		}
		b.tables = append(b.tables, &docxTable{})
	case "footnote", "endnote":
		b.noteID = xmlAttr(t, "id")
		if kind := xmlAttr(t, "type"); kind != "" && kind != "normal" {
			b.skip++
		}
	default:
		if p := b.paragraph(); p != nil {
			p.element(t)
		}
		b.cellProperty(t)
	}
	return nil
}

func (p *docxParagraph) element(t xml.StartElement) {
	switch t.Name.Local {
	case "pStyle":
		p.style = xmlAttr(t, "val")
	case "outlineLvl":
		if n := atoi(xmlAttr(t, "val")); n < 9 {
			p.outline = n + 1
		}
	case "numId":
		p.numID = xmlAttr(t, "val")
	case "ilvl":
		p.level = atoi(xmlAttr(t, "val"))
	case "tab":
		p.text.WriteByte('\t')
	case "br", "cr":
		p.text.WriteByte('\n')
	case "noBreakHyphen":
		p.text.WriteByte('-')
	case "footnoteReference", "endnoteReference":
		p.text.WriteString("[^" + xmlAttr(t, "id") + "]")
	}
}

func (b *docxBody) cellProperty(t xml.StartElement) {
	if len(b.tables) == 0 {
		return
	}
	tbl := b.tables[len(b.tables)-1]
	switch t.Name.Local {
	case "tr":
		tbl.row = nil
	case "tc":
		tbl.cell.Reset()
		tbl.span, tbl.held = 1, false
	case "gridSpan":
		tbl.span = min(max(atoi(xmlAttr(t, "val")), 1), 100)
	case "vMerge":
		tbl.held = xmlAttr(t, "val") != "restart"
	}
}

func (b *docxBody) end(local string) {
	switch local {
	case "t":
		b.words = false
	case "p":
		if n := len(b.paragraphs); n > 0 {
			p := b.paragraphs[n-1]
			b.paragraphs = b.paragraphs[:n-1]
			b.emit(p)
		}
	case "tc":
		if n := len(b.tables); n > 0 {
			b.tables[n-1].endCell()
		}
	case "tr":
		if n := len(b.tables); n > 0 && b.tables[n-1].row != nil {
			b.tables[n-1].rows = append(b.tables[n-1].rows, b.tables[n-1].row)
			b.tables[n-1].row = nil
		}
	case "tbl":
		b.endTable()
	}
}

func (t *docxTable) endCell() {
	text := document.OneLine(t.cell.String())
	if t.held && text == "" && len(t.rows) > 0 {
		if above := t.rows[len(t.rows)-1]; len(t.row) < len(above) {
			text = above[len(t.row)]
		}
	}
	t.row = append(t.row, text)
	for range t.span - 1 {
		t.row = append(t.row, "")
	}
	t.cell.Reset()
}

func (b *docxBody) endTable() {
	n := len(b.tables)
	if n == 0 {
		return
	}
	t := b.tables[n-1]
	b.tables = b.tables[:n-1]
	if n > 1 {
		for _, r := range t.rows {
			b.tables[n-2].cell.WriteString(strings.Join(r, " ") + " ")
		}
		return
	}
	wide := 0
	for _, r := range t.rows {
		wide = max(wide, len(r))
	}
	if wide == 1 { // a frame around text
		for _, r := range t.rows {
			b.w.Block(document.Paragraph, 0, r[0])
		}
		return
	}
	b.w.Table(t.rows)
}

func (b *docxBody) paragraph() *docxParagraph {
	if n := len(b.paragraphs); n > 0 {
		return b.paragraphs[n-1]
	}
	return nil
}

func (b *docxBody) chars(t xml.CharData) {
	if p := b.paragraph(); p != nil && b.words && b.skip == 0 {
		p.text.Write(t)
	}
}

// emit writes a paragraph as what its style says it is.
func (b *docxBody) emit(p *docxParagraph) {
	text := strings.TrimSpace(p.text.String())
	if text == "" {
		return
	}
	if n := len(b.tables); n > 0 {
		b.tables[n-1].cell.WriteString(text + " ")
		return
	}
	if b.notes {
		b.w.Block(document.Footnote, 0, "[^"+b.noteID+"]: "+text)
		return
	}
	style := b.docx.resolve(p.style)
	if p.outline > 0 {
		style.outline = p.outline
	}
	if p.numID != "" {
		style.numID, style.numLevel = p.numID, p.level
	}
	style.numLevel = min(style.numLevel, 8)
	b.emitStyled(text, style)
}

func (b *docxBody) emitStyled(text string, style docxStyle) {
	switch {
	case style.outline > 0:
		if b.w.Title == "" && style.outline == 1 && !b.sawTitle {
			b.w.Title = text
		}
		b.sawTitle = true
		b.w.Block(document.Heading, min(style.outline, 6), b.number(style.numID, style.numLevel)+text)
	case style.numID != "" && style.numID != "0":
		marker := b.number(style.numID, style.numLevel)
		if marker == "" {
			marker = "- "
		}
		b.w.Item(style.numLevel+1, strings.Repeat("  ", style.numLevel)+marker+text)
	case strings.HasPrefix(style.name, "list bullet"), strings.HasPrefix(style.name, "list number"):
		b.w.Item(1, "- "+text)
	default:
		b.w.Block(style.block(), 0, text)
	}
}

// block gives the kind of paragraphs that are neither headings nor lists.
func (s *docxStyle) block() document.BlockKind {
	switch {
	case s.name == "caption":
		return document.Caption
	case strings.Contains(s.name, "quote"):
		return document.Quote
	case strings.Contains(s.name, "code"), strings.HasPrefix(s.name, "html preformatted"), s.name == "plain text":
		return document.Code
	}
	return document.Paragraph
}

// number gives the next number of a list such as "2.1. ", "" for bullets.
func (b *docxBody) number(numID string, depth int) string {
	if numID == "" || numID == "0" {
		return ""
	}
	abstract := b.docx.numbering.abstractOf[numID]
	formats := b.docx.numbering.levels[abstract]
	c := b.counters[numID]
	if c == nil {
		if len(b.counters) > maxEntries {
			return ""
		}
		c = &[9]int{}
		b.counters[numID] = c
	}
	c[depth]++
	for i := depth + 1; i < len(c); i++ {
		c[i] = 0
	}
	level, ok := formats[depth]
	if !ok || level.bullet {
		return ""
	}
	if level.text == "" {
		return fmt.Sprintf("%d. ", c[depth])
	}
	out := level.text
	for i := range depth + 1 {
		n := max(c[i], 1)
		out = strings.ReplaceAll(out, fmt.Sprintf("%%%d", i+1), formats[i].spell(n))
	}
	return out + " "
}
