package rtf

import (
	"fmt"
	"strings"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// decode turns the bytes of text so far into characters.
func (r *reader) decode() {
	if len(r.bytes) == 0 {
		return
	}
	raw := r.bytes
	r.bytes = r.bytes[:0]
	sb := r.out()
	if sb == nil {
		return
	}
	ascii := true
	for _, c := range raw {
		ascii = ascii && c < 0x80
	}
	if ascii {
		sb.Write(raw)
		return
	}
	text, err := r.encoding().NewDecoder().Bytes(raw)
	if err != nil {
		text, _ = charmap.Windows1252.NewDecoder().Bytes(raw) // any byte is a character of it
	}
	sb.Write(text)
}

// encoding is that of the font, or of the document.
func (r *reader) encoding() encoding.Encoding {
	page := r.codePage
	if n, ok := r.charsets[r.now.font]; ok {
		if p := codePageOf(n); p != 0 {
			page = p
		}
	}
	switch page {
	case 437:
		return charmap.CodePage437
	case 850:
		return charmap.CodePage850
	case 852:
		return charmap.CodePage852
	}
	name := fmt.Sprintf("windows-%d", page)
	switch page {
	case 932:
		name = "shift_jis"
	case 936:
		name = "gbk"
	case 949:
		name = "euc-kr"
	case 950:
		name = "big5"
	case 866:
		name = "ibm866"
	case 10000:
		name = "macintosh"
	case 65001:
		name = "utf-8"
	}
	if e, _ := charset.Lookup(name); e != nil {
		return e
	}
	return charmap.Windows1252
}

// codePageOf gives the code page of a font's character set, 0 for the
// document's.
func codePageOf(set int) int {
	switch set {
	case 77:
		return 10000
	case 128:
		return 932
	case 129:
		return 949
	case 134:
		return 936
	case 136:
		return 950
	case 161:
		return 1253
	case 162:
		return 1254
	case 163:
		return 1258
	case 177:
		return 1255
	case 178:
		return 1256
	case 186:
		return 1257
	case 204:
		return 1251
	case 222:
		return 874
	case 238:
		return 1250
	}
	return 0
}

// endLine ends a paragraph of the text, or a line of a note or cell.
func (r *reader) endLine() {
	switch {
	case r.now.dest == footnote, r.now.dest == annotation:
		r.note.WriteString("\n")
	case r.now.dest != body:
	case r.now.paragraph.table:
		r.toCell()
	default:
		r.endParagraph()
	}
}

// toCell adds the paragraph to the cell, in one line.
func (r *reader) toCell() {
	text := document.OneLine(r.mark.String() + " " + r.text.String())
	r.mark.Reset()
	r.text.Reset()
	if text != "" && r.cell.Len() < maxParagraph {
		r.cell.WriteString(text + " ")
	}
}

// endParagraph writes a paragraph as what its properties say it is.
func (r *reader) endParagraph() {
	text, mark := strings.TrimSpace(r.text.String()), document.OneLine(r.mark.String())
	r.text.Reset()
	r.mark.Reset()
	if text != "" || len(r.notes) > 0 {
		r.endTable()
	}
	p := r.now.paragraph
	style := r.styles[p.style]
	level := style.outline
	if p.outline >= 0 {
		level = p.outline + 1
		if level > 9 {
			level = 0
		}
	}
	switch {
	case text == "":
	case level > 0:
		if mark != "" {
			text = mark + " " + text
		}
		if r.w.Title == "" && level == 1 {
			r.w.Title = text
		}
		r.w.Block(document.Heading, min(level, 6), text)
	case mark != "" || p.list:
		r.w.Item(p.level+1, strings.Repeat("  ", p.level)+listMark(mark)+text)
	case strings.Contains(style.name, "quote"):
		r.w.Block(document.Quote, 0, text)
	case style.name == "caption":
		r.w.Block(document.Caption, 0, text)
	default:
		r.w.Block(document.Paragraph, 0, text)
	}
	r.flushNotes()
}

// listMark gives an item's mark: numbers as they are printed.
func listMark(mark string) string {
	if document.HasLetters(mark) && len(mark) > 1 {
		return mark + " "
	}
	return "- "
}

func (r *reader) flushNotes() {
	for _, n := range r.notes {
		r.w.Block(document.Footnote, 0, n)
	}
	r.notes = nil
}

// tableWord says how a row is made up, or ends a cell or row.
func (r *reader) tableWord(name string) bool {
	switch name {
	case "trowd":
		r.defs, r.def = r.defs[:0], cellRule{}
	case "clvmrg":
		r.def.above = true
	case "clmrg":
		r.def.before = true
	case "cellx":
		if len(r.defs) < maxCells {
			r.defs = append(r.defs, r.def)
		}
		r.def = cellRule{}
	case "cell":
		r.toCell()
		if len(r.row) < maxCells {
			r.row = append(r.row, strings.TrimSpace(r.cell.String()))
		}
		r.cell.Reset()
	case "nestcell", "nestrow":
		r.toCell()
	case "row":
		r.endRow()
	default:
		return false
	}
	return true
}

// endRow keeps a row; merged cells hold the text in each of their places.
func (r *reader) endRow() {
	row := r.row
	r.row = nil
	if len(row) == 0 {
		return
	}
	for i := range row {
		switch {
		case i >= len(r.defs) || row[i] != "":
		case r.defs[i].before && i > 0:
			row[i] = row[i-1]
		case r.defs[i].above && len(r.rows) > 0 && i < len(r.rows[len(r.rows)-1]):
			row[i] = r.rows[len(r.rows)-1][i]
		}
	}
	r.rows = append(r.rows, row)
}

// endTable writes the table before a paragraph. One of a single cell is a
// frame around text.
func (r *reader) endTable() {
	rows := r.rows
	r.rows = nil
	if len(rows) == 1 && len(rows[0]) == 1 {
		r.w.Block(document.Paragraph, 0, rows[0][0])
		return
	}
	r.w.Table(rows)
}
