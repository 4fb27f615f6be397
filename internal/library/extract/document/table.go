package document

import "strings"

// Table appends a table in Markdown's form; its first row is the header. One
// whose cells are all empty is left out.
func (w *Writer) Table(rows [][]string) {
	width, filled := 0, false
	for _, r := range rows {
		width = max(width, len(r))
		for _, cell := range r {
			filled = filled || strings.TrimSpace(cell) != ""
		}
	}
	if !filled {
		return
	}
	t := w.OpenTable(width)
	for _, r := range rows {
		t.Row(r)
	}
	t.Close()
}

// TableWriter appends a table row by row, so that one of any length takes no
// memory. Nothing else is written until it is closed.
type TableWriter struct {
	w      *Writer
	width  int
	rows   int
	start  int
	header Span
}

// OpenTable begins a table of at least so many columns. A table without rows
// leaves no trace.
func (w *Writer) OpenTable(width int) *TableWriter { return &TableWriter{w: w, width: width} }

// Row appends a row; the first is the header.
func (t *TableWriter) Row(cells []string) {
	if t.rows == 0 {
		t.w.Separate(Table)
		t.start = t.w.Offset()
		t.width = max(t.width, len(cells), 1)
	} else {
		t.w.Raw("\n")
	}
	line := markdownRow(cells, t.width)
	if t.rows == 0 {
		line += "\n|" + strings.Repeat(" --- |", t.width)
		t.header = t.w.Raw(line)
	} else {
		t.w.Raw(line)
	}
	t.rows++
}

// Rows counts those that were written.
func (t *TableWriter) Rows() int { return t.rows }

// Close ends the table.
func (t *TableWriter) Close() {
	t.w.Mark(Block{Kind: Table, Start: t.start, End: t.w.Offset(), Header: t.header})
}

// markdownRow renders a row, made at least so long.
func markdownRow(cells []string, width int) string {
	var sb strings.Builder
	sb.WriteString("|")
	for c := range max(width, len(cells)) {
		sb.WriteString(" ")
		if c < len(cells) {
			sb.WriteString(strings.ReplaceAll(OneLine(Clean(cells[c])), "|", "\\|"))
		}
		sb.WriteString(" |")
	}
	return sb.String()
}
