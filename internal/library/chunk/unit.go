package chunk

import (
	"iter"
	"strings"
	"unicode"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// unit is a run of text that is kept together where it fits. It begins and
// ends with something other than white space.
type unit struct {
	start, end int
	kind       document.BlockKind
	level      int
	title      string        // of a heading
	header     document.Span // what a piece of it needs beside it
	tokens     int           // 0 until counted
}

// units yields the blocks of a document and, as paragraphs, the text between
// them.
func units(doc *document.Document) iter.Seq[unit] {
	return func(yield func(unit) bool) {
		at := 0
		for _, b := range doc.Blocks {
			if u, ok := trimmed(doc.Text, unit{start: at, end: b.Start}); ok && !yield(u) {
				return
			}
			at = b.End
			u := unit{start: b.Start, end: b.End, kind: b.Kind, level: b.Level, title: b.Title, header: b.Header}
			if u, ok := trimmed(doc.Text, u); ok && !yield(u) {
				return
			}
		}
		if u, ok := trimmed(doc.Text, unit{start: at, end: len(doc.Text)}); ok {
			yield(u)
		}
	}
}

// trimmed takes white space off both ends; ok is false when nothing is left.
func trimmed(text string, u unit) (unit, bool) {
	s := strings.TrimRightFunc(text[u.start:u.end], unicode.IsSpace)
	u.end = u.start + len(s)
	u.start = u.end - len(strings.TrimLeftFunc(s, unicode.IsSpace))
	return u, u.start < u.end
}
