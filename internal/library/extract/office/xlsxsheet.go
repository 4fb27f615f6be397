package office

import (
	"cmp"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/archive"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/grid"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

const (
	maxColumns = 16_384
	maxRows    = 1 << 20
	maxMerges  = 100_000
	// A merged cell is repeated in so many columns at most.
	maxSpread = 100
)

// endOfPart makes the end of a part no error.
func endOfPart(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// sheet writes what is on a sheet: cells, then drawings, then comments.
func (b *workbook) sheet(ref sheetRef) error {
	relations, err := b.relations(ref.part)
	if err != nil {
		return err
	}
	if empty, err := b.isEmpty(ref, relations); err != nil || empty {
		return err
	}
	b.w.Block(document.Heading, 1, ref.name)
	if ref.hidden {
		b.w.Block(document.Paragraph, 0, "[Hidden sheet]")
	}
	if ref.kind == "worksheet" {
		merges, err := b.merges(ref.part)
		if err != nil {
			return err
		}
		r := &sheetReader{workbook: b, merges: merges, out: grid.NewSheet(b.w), row: -1}
		if err := b.scan(ref.part, r.read); err != nil {
			return err
		}
		r.out.Close()
	}
	if err := b.drawings(related(relations, "drawing")); err != nil {
		return err
	}
	return b.comments(relations)
}

// sheetReader reads the cells of a sheet.
type sheetReader struct {
	*workbook
	merges []merge // not reached or left yet, by first row
	open   []merge
	out    *grid.Sheet
	row    int
}

func (r *sheetReader) read(s *xmlread.Scanner) error {
	var cells []grid.Cell
	for r.w.Err() == nil {
		t, err := s.Next()
		if err != nil {
			if len(cells) > 0 {
				r.emit(cells) // a file that ends within a row
			}
			return endOfPart(err)
		}
		switch {
		case t.Kind == xmlread.Start && t.Name == "x:row":
			cells = cells[:0]
			if n := atoi(t.Node.Get("r")); n > 0 {
				r.row = max(r.row+1, min(n-1, maxRows))
			} else {
				r.row++
			}
		case t.Kind == xmlread.Start && t.Name == "x:c":
			if err := s.Tree(t.Node); err != nil {
				return err //nolint:wrapcheck // a fault, or told by scan
			}
			column := 0
			if n := len(cells); n > 0 {
				column = cells[n-1].Column + 1
			}
			if c, _, ok := cellAt(t.Node.Get("r")); ok {
				column = c
			}
			cells = append(cells, grid.Cell{Column: column, Text: r.text(t.Node)})
		case t.Kind == xmlread.End && t.Name == "x:row":
			r.emit(cells)
			cells = cells[:0]
		}
	}
	return r.w.Err()
}

func (r *sheetReader) emit(cells []grid.Cell) {
	if !slices.IsSortedFunc(cells, func(a, b grid.Cell) int { return a.Column - b.Column }) {
		slices.SortStableFunc(cells, func(a, b grid.Cell) int { return a.Column - b.Column })
	}
	r.out.Row(r.row, r.spread(cells))
}

// text gives a cell's value as it is shown.
func (r *sheetReader) text(c *xmlread.Node) string {
	v := c.Child("x:v").Words()
	switch c.Get("t") {
	case "s":
		if i, err := strconv.Atoi(strings.TrimSpace(v)); err == nil && i >= 0 && i < len(r.shared) {
			return r.shared[i]
		}
		return ""
	case "inlineStr":
		return richText(orEmpty(c.Child("x:is")))
	case "str", "e", "d":
		return v
	case "b":
		if isOn(v) {
			return "TRUE"
		}
		return "FALSE"
	}
	if v == "" {
		return ""
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
	if err != nil {
		return v
	}
	var f *numberFormat
	if style := atoi(c.Get("s")); style < len(r.formats) {
		f = r.formats[style]
	}
	return f.format(n, r.epoch1904)
}

// cellAt reads a reference such as AB12, from 0.
func cellAt(ref string) (column, row int, ok bool) {
	i := 0
	for ; i < len(ref) && ref[i]|0x20 >= 'a' && ref[i]|0x20 <= 'z' && column < maxColumns; i++ {
		column = column*26 + int(ref[i]|0x20-'a') + 1
	}
	row = atoi(ref[i:])
	if i == 0 || column > maxColumns || row < 1 || row > maxRows {
		return 0, 0, false
	}
	return column - 1, row - 1, true
}

// merge is a merged area; its text stands in its first cell.
type merge struct {
	left, right, top, bottom int
	text                     string
}

var mergedCells = regexp.MustCompile(`<(?:\w+:)?mergeCell [^>]*?ref="([A-Z]+[0-9]+):([A-Z]+[0-9]+)"`)

// merges finds the merged areas, which stand behind the cells in a sheet.
func (b *workbook) merges(part string) ([]merge, error) {
	rc, err := b.archive.Open(part)
	if errors.Is(err, archive.ErrMissing) {
		return nil, nil
	}
	if err != nil {
		return nil, err //nolint:wrapcheck // a fault of the file's own
	}
	defer rc.Close()
	const overlap = 512
	buf := make([]byte, 256<<10)
	kept := 0
	var out []merge
	for len(out) < maxMerges {
		n, err := io.ReadFull(rc, buf[kept:])
		window, done := buf[:kept+n], 0
		for _, m := range mergedCells.FindAllSubmatchIndex(window, -1) {
			done = m[1]
			left, top, ok1 := cellAt(string(window[m[2]:m[3]]))
			right, bottom, ok2 := cellAt(string(window[m[4]:m[5]]))
			if ok1 && ok2 && right >= left && bottom >= top {
				out = append(out, merge{left: left, right: right, top: top, bottom: bottom})
			}
		}
		if err != nil {
			if document.AsError(err) != nil {
				return nil, err //nolint:wrapcheck // a fault of the file's own
			}
			break
		}
		kept = copy(buf, window[max(done, len(window)-overlap):])
	}
	slices.SortStableFunc(out, func(a, b merge) int {
		return cmp.Or(a.top-b.top, a.left-b.left)
	})
	return out, nil
}

// spread repeats what is in merged cells in each cell that they cover, so that
// a row can be read alone. A row that is one merged cell stays one.
func (r *sheetReader) spread(cells []grid.Cell) []grid.Cell {
	for len(r.merges) > 0 && r.merges[0].top <= r.row {
		m := r.merges[0]
		r.merges = r.merges[1:]
		if i, ok := find(cells, m.left); ok && m.top == r.row && len(r.open) < maxSpread*10 {
			if m.text = cells[i].Text; strings.TrimSpace(m.text) != "" {
				r.open = append(r.open, m)
			}
		}
	}
	r.open = slices.DeleteFunc(r.open, func(m merge) bool { return m.bottom < r.row })
	if len(r.open) == 0 {
		return cells
	}
	filled := map[int]string{}
	for _, c := range cells {
		if strings.TrimSpace(c.Text) != "" {
			filled[c.Column] = c.Text
		}
	}
	if len(filled) < 2 && len(r.open) == 1 && r.open[0].top == r.row || len(filled) == 0 {
		return cells
	}
	for _, m := range r.open {
		for c := m.left; c <= min(m.right, m.left+maxSpread); c++ {
			if filled[c] == "" {
				filled[c] = m.text
			}
		}
	}
	out := make([]grid.Cell, 0, len(filled))
	for c, text := range filled {
		out = append(out, grid.Cell{Column: c, Text: text})
	}
	slices.SortFunc(out, func(a, b grid.Cell) int { return a.Column - b.Column })
	return out
}

func find(cells []grid.Cell, column int) (int, bool) {
	return slices.BinarySearchFunc(cells, column, func(c grid.Cell, col int) int { return c.Column - col })
}

// drawings writes the charts, texts and pictures that lie on a sheet.
func (b *workbook) drawings(part string) error {
	if part == "" {
		return nil
	}
	root, err := b.extra(part)
	if err != nil {
		return err
	}
	relations, err := b.relations(part)
	if err != nil {
		return err
	}
	for _, anchor := range orEmpty(root).Children {
		for n := range anchor.Descendants("xdr:graphicFrame") {
			if err := b.drawing(b.w, n, relations); err != nil {
				return err
			}
		}
		for n := range anchor.Descendants("xdr:sp") {
			b.w.Block(document.Paragraph, 0, drawnText(n.Child("xdr:txBody")))
		}
		for n := range anchor.Descendants("xdr:pic") {
			writeImage(b.w, n.Child("xdr:nvPicPr", "xdr:cNvPr"))
		}
	}
	return nil
}

// isEmpty reports whether nothing is on a sheet.
func (b *workbook) isEmpty(ref sheetRef, relations map[string]relation) (bool, error) {
	if related(relations, "drawing") != "" || related(relations, "comments") != "" {
		return false, nil
	}
	empty := true
	err := b.scan(ref.part, func(s *xmlread.Scanner) error {
		for {
			t, err := s.Next()
			if err != nil {
				return endOfPart(err)
			}
			if t.Kind == xmlread.Start && t.Name == "x:v" || t.Name == "x:is" {
				empty = false
				return nil
			}
		}
	})
	return empty, err
}

// comments writes the comments on cells: threads, and older ones, among which
// newer programs leave a note that a thread is there.
func (b *workbook) comments(relations map[string]relation) error {
	for _, part := range relatedAll(relations, "threadedComment") {
		root, err := b.extra(part)
		if err != nil {
			return err
		}
		for _, c := range orEmpty(root).Children {
			if text := childLocal(c, "text"); text != nil {
				b.comment(c.Get("ref"), b.people[c.Get("personId")], c.Get("dT"), text.Words())
			}
		}
	}
	root, err := b.extra(related(relations, "comments"))
	if err != nil {
		return err
	}
	var authors []string
	for a := range root.Child("x:authors").All("x:author") {
		authors = append(authors, document.OneLine(a.Words()))
	}
	for c := range root.Child("x:commentList").All("x:comment") {
		author := ""
		if i := atoi(c.Get("authorId")); i < len(authors) {
			author = authors[i]
		}
		text := strings.TrimSpace(richText(orEmpty(c.Child("x:text"))))
		if !strings.HasPrefix(text, "[Threaded comment]") && !strings.HasPrefix(author, "tc={") {
			b.comment(c.Get("ref"), author, "", strings.TrimPrefix(text, author+":"))
		}
	}
	return nil
}

func (b *workbook) comment(cell, author, when, text string) {
	if text = document.OneLine(text); text == "" {
		return
	}
	if cell = document.OneLine(cell); cell != "" {
		cell = " on " + cell
	}
	b.w.Block(document.Footnote, 0, commentMark(author, cell, when)+text)
}
