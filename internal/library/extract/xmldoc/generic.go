package xmldoc

import (
	"errors"
	"io"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/plain"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

// longLeaf is the length, in bytes, from which the text of an element is a
// paragraph of its own.
const longLeaf = 200

// flow writes the text of elements as it comes. Elements that stand within
// text run on in it; the short texts of siblings are the lines of a paragraph.
type flow struct {
	w     *document.Writer
	open  []bool // for each open element, whether it holds text of its own
	run   strings.Builder
	lines []string
	size  int
}

// generic reads XML of any vocabulary, in bounded memory.
func generic(w *document.Writer, in document.Input, s *xmlread.Scanner, root *xmlread.Node) error {
	f := &flow{w: w}
	f.start()
	w.Language = root.Get("xml:lang")
	for w.Err() == nil {
		t, err := s.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return lines(w, in, err)
		}
		switch t.Kind {
		case xmlread.Start:
			f.start()
		case xmlread.End:
			f.end()
		case xmlread.Chars:
			f.text(t.Text)
		}
	}
	f.line()
	f.paragraph()
	if w.Offset() == 0 && w.Err() == nil {
		return plain.Records(w, in) //nolint:wrapcheck // it names what it did
	}
	return w.Err()
}

// mixed reports whether the current place is within text.
func (f *flow) mixed() bool { return len(f.open) > 0 && f.open[len(f.open)-1] }

func (f *flow) start() {
	if !f.mixed() {
		f.line()
	}
	f.open = append(f.open, f.mixed())
}

func (f *flow) end() {
	if len(f.open) == 0 {
		return
	}
	within := len(f.open) > 1 && f.open[len(f.open)-2]
	leaf := f.run.Len() > 0
	f.open = f.open[:len(f.open)-1]
	if within {
		return
	}
	f.line()
	if !leaf {
		f.paragraph()
	}
}

func (f *flow) text(s string) {
	const longest = 1 << 20
	if strings.TrimSpace(s) != "" && len(f.open) > 0 {
		f.open[len(f.open)-1] = true
	}
	if f.mixed() {
		f.run.WriteString(s)
	}
	if f.run.Len() > longest {
		f.line()
	}
}

// line ends a run of text.
func (f *flow) line() {
	text := words(f.run.String())
	f.run.Reset()
	if text == "" {
		return
	}
	if len(text) >= longLeaf || f.size > 64<<10 {
		f.paragraph()
		f.w.Block(document.Paragraph, 0, text)
		return
	}
	f.lines = append(f.lines, text)
	f.size += len(text)
}

func (f *flow) paragraph() {
	if len(f.lines) > 0 {
		f.w.Block(document.Paragraph, 0, strings.Join(f.lines, "\n"))
	}
	f.lines, f.size = f.lines[:0], 0
}
