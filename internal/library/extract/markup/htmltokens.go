package markup

import (
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"

	"errors"
	"io"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// htmlTokens writes a page tag by tag, in bounded memory.
type htmlTokens struct {
	w       *document.Writer
	words   strings.Builder
	context htmlContext
	skip    int // depth within what a reader does not read
}

// readHTMLTokens reads a page too long for a tree: headings, paragraphs, and
// the cells of tables side by side.
func readHTMLTokens(w *document.Writer, r io.Reader) error {
	z := html.NewTokenizer(r)
	z.SetMaxBuf(16 << 20)
	t := &htmlTokens{w: w}
	for w.Err() == nil {
		switch z.Next() {
		case html.ErrorToken:
			t.flush()
			if !errors.Is(z.Err(), io.EOF) && w.Err() == nil {
				return document.Fault(document.CodeCorrupt, "The HTML cannot be parsed; save the page again.")
			}
			return w.Err()
		case html.TextToken:
			if t.skip == 0 {
				t.words.Write(z.Text())
			}
		case html.StartTagToken:
			name, _ := z.TagName()
			t.start(atom.Lookup(name))
		case html.EndTagToken:
			name, _ := z.TagName()
			t.end(atom.Lookup(name))
		default:
		}
	}
	return w.Err()
}

func (t *htmlTokens) flush() {
	t.w.Block(t.context.kind, t.context.level, collapse(t.words.String()))
	t.words.Reset()
	t.context = htmlContext{}
}

func (t *htmlTokens) start(a atom.Atom) {
	switch {
	case unreadToken(a):
		t.skip++
	case a == atom.Td || a == atom.Th:
		t.words.WriteString(" | ")
	case isBlockElement(a):
		t.flush()
		t.context = tokenContext(a)
	}
}

func (t *htmlTokens) end(a atom.Atom) {
	switch {
	case unreadToken(a):
		t.skip = max(t.skip-1, 0)
	case a != atom.Td && a != atom.Th && isBlockElement(a):
		t.flush()
	}
}

func unreadToken(a atom.Atom) bool {
	return a == atom.Script || a == atom.Style || a == atom.Title || a == atom.Nav
}

func tokenContext(a atom.Atom) htmlContext {
	switch a {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return htmlContext{kind: document.Heading, level: int(a.String()[1] - '0')}
	case atom.Pre:
		return htmlContext{kind: document.Code}
	case atom.Li:
		return htmlContext{kind: document.ListItem, level: 1}
	default:
		return htmlContext{}
	}
}
