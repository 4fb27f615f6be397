package office

import (
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

// docxTable gathers the rows of a table.
type docxTable struct {
	rows [][]string
	// whole says for each row that one cell is all there is of it.
	whole []bool
	// frames are the cells of a table of one column, as long as it may be a
	// frame around text.
	frames []*xmlread.Node
	wide   bool
	notes  []string
}

const (
	maxFrames  = 50
	widestSpan = 200
)

func (t *docxTable) row(d *docx, tr *xmlread.Node) {
	if tr.Child("w:trPr", "w:del") != nil {
		return
	}
	var row []string
	for range min(atoi(tr.Child("w:trPr", "w:gridBefore").Get("val")), widestSpan) {
		row = append(row, "")
	}
	cells, skipped := 0, len(row)
	for _, tc := range cellsOf(tr) {
		cells++
		properties := tc.Child("w:tcPr")
		text := ""
		if merge := properties.Child("w:vMerge"); merge != nil && merge.Get("val") != "restart" && len(t.rows) > 0 {
			if above := t.rows[len(t.rows)-1]; len(row) < len(above) {
				text = above[len(row)]
			}
		} else {
			text = t.cell(d, tc)
		}
		for range min(max(atoi(properties.Child("w:gridSpan").Get("val")), 1), widestSpan) {
			row = append(row, text)
		}
		if !t.wide {
			t.frames = append(t.frames, tc)
		}
	}
	if cells == 0 {
		return
	}
	if cells > 1 || len(t.frames) > maxFrames {
		t.wide, t.frames = true, nil
	}
	t.rows, t.whole = append(t.rows, row), append(t.whole, cells == 1 && skipped == 0)
}

// cellsOf gives the cells of a row, also those within controls of a form.
func cellsOf(n *xmlread.Node) []*xmlread.Node {
	var out []*xmlread.Node
	for _, c := range n.Children {
		switch c.Name {
		case "w:tc":
			out = append(out, c)
		case "w:sdt", "w:sdtContent", "w:customXml", "w:ins":
			out = append(out, cellsOf(c)...)
		}
	}
	return out
}

// cell gives a cell's text in one line; items of lists keep their marks.
func (t *docxTable) cell(d *docx, n *xmlread.Node) string {
	var parts []string
	for _, c := range n.Children {
		switch c.Name {
		case "w:p":
			in := d.inline(c)
			text := strings.TrimSpace(in.text.String())
			if style := d.styleOf(c); text != "" && style.outline == 0 && style.listed() {
				_, marker := d.marker(style)
				text = marker + text
			}
			parts = append(parts, text)
			for _, drawing := range in.drawings {
				parts = append(parts, t.drawing(d, drawing))
			}
			t.notes = append(t.notes, in.notes...)
		case "w:tbl", "w:tr", "w:tc", "w:sdt", "w:sdtContent", "w:ins", "w:customXml":
			if c.Name != "w:sdt" || !isSet(c.Child("w:sdtPr", "w:showingPlcHdr")) {
				parts = append(parts, t.cell(d, c))
			}
		}
	}
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}

// drawing gives the text of the boxes of a drawing in a cell.
func (t *docxTable) drawing(d *docx, n *xmlread.Node) string {
	for box := range n.Descendants("w:txbxContent") {
		return t.cell(d, box)
	}
	for properties := range n.Descendants("wp:docPr") {
		if alt := altText(properties); alt != "" {
			return alt
		}
	}
	return ""
}

// endTable writes a table. One of a single cell, or of one column with more
// than values in it, is a frame around text.
func (d *docx) endTable(t *docxTable) {
	if t == nil || len(t.rows) == 0 {
		return
	}
	d.endCode()
	d.flushNotes()
	if !t.wide && (len(t.rows) == 1 || t.holdsText()) {
		t.notes = nil
		for _, c := range t.frames {
			d.blocks(c)
		}
		return
	}
	rows := t.rows
	for len(rows) > 1 && t.wide && t.whole[0] { // a title above the header
		d.w.Block(document.Paragraph, 0, rows[0][0])
		rows, t.whole = rows[1:], t.whole[1:]
	}
	for i, r := range rows {
		if t.wide && t.whole[i] {
			rows[i] = r[:1]
		}
	}
	d.w.Table(rows)
	d.pending = append(d.pending, t.notes...)
	d.flushNotes()
}

// holdsText reports whether cells hold tables, or more than a line or two.
func (t *docxTable) holdsText() bool {
	const long = 400
	for i, c := range t.frames {
		if len(t.rows[i][0]) > long || c.Find("w:tbl") != nil {
			return true
		}
	}
	return false
}
