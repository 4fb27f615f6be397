// Package rtf reads Rich Text Format, of any edition: text, headings, lists,
// tables, notes. It runs nothing that is embedded, and fetches nothing.
package rtf

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

const (
	maxDepth  = 2000
	maxStyles = 10_000
	maxFonts  = 10_000
	// A row has so many cells, and a paragraph so many bytes, at most.
	maxCells     = 1000
	maxParagraph = 16 << 20
)

// destination is what the text of a group is for.
type destination uint8

const (
	body destination = iota
	skipped
	fonts
	stylesheet
	infoTitle
	infoAuthor
	listText // the mark that is printed before an item
	footnote
	annotation
	commentAuthor
)

// group is the state that a brace saves.
type group struct {
	dest      destination
	hidden    bool
	font      int
	unicode   int // bytes that stand for a character of \u
	paragraph paragraph
	// starred: the group began with \*, so an unknown word skips it.
	starred bool
	begins  bool // nothing but \* was seen in the group
	shape   bool // within a shape, where only text of boxes counts
	opens   destination
}

// paragraph is what is known of the paragraph so far.
type paragraph struct {
	style, outline, level int
	table, list           bool
}

type styleRule struct {
	name    string
	outline int
}

// reader is how far the reading is.
type reader struct {
	w     *document.Writer
	in    *bufio.Reader
	stack []group
	now   group

	codePage int
	charsets map[int]int // of fonts, by number
	styles   map[int]styleRule
	style    int // that is being defined

	bytes   []byte // text in an 8-bit encoding, not decoded yet
	pending int    // bytes to leave out after \u
	high    rune   // the first half of a pair

	text   strings.Builder // of the paragraph
	mark   strings.Builder // of its list item
	note   strings.Builder
	name   strings.Builder // of a style, title, author
	notes  []string
	author string
	count  int

	row  []string
	cell strings.Builder
	defs []cellRule
	def  cellRule
	rows [][]string
}

// cellRule says that a cell continues the one above or before it.
type cellRule struct{ above, before bool }

// Read reads a file.
func Read(w *document.Writer, in document.Input) error {
	f, err := os.Open(in.Path)
	if err != nil {
		return fmt.Errorf("open the file: %w", err)
	}
	defer f.Close()
	return From(w, f)
}

// From reads what another file holds.
func From(w *document.Writer, src io.Reader) error {
	r := &reader{
		w: w, in: bufio.NewReaderSize(src, 64<<10), codePage: 1252,
		charsets: map[int]int{}, styles: map[int]styleRule{},
		now: group{unicode: 1, paragraph: noParagraph()},
	}
	if err := r.read(); err != nil {
		return err
	}
	r.endParagraph()
	r.endTable()
	return w.Err()
}

func noParagraph() paragraph { return paragraph{outline: -1} }

// read goes over the file, token by token.
func (r *reader) read() error {
	for r.w.Err() == nil {
		c, err := r.in.ReadByte()
		if errors.Is(err, io.EOF) {
			r.decode()
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the file: %w", err)
		}
		switch c {
		case '{':
			err = r.open()
		case '}':
			r.close()
		case '\\':
			err = r.control()
		case '\r', '\n', 0:
		default:
			r.char(c)
		}
		if err != nil {
			return err
		}
	}
	return r.w.Err()
}

func (r *reader) open() error {
	r.decode()
	if len(r.stack) >= maxDepth {
		return document.Fault(document.CodeCorrupt, "The document nests too deeply; open it in its program and save it again.")
	}
	r.pending = 0
	r.stack = append(r.stack, r.now)
	r.now.starred, r.now.begins, r.now.opens = false, true, body
	return nil
}

func (r *reader) close() {
	r.decode()
	r.pending = 0
	if len(r.stack) == 0 {
		return
	}
	ended := r.now
	r.now = r.stack[len(r.stack)-1]
	r.stack = r.stack[:len(r.stack)-1]
	if ended.dest == body || ended.dest == listText {
		r.now.paragraph = ended.paragraph // properties of paragraphs outlive groups
	}
	if ended.opens != body {
		r.ended(ended.opens)
	}
}

// ended keeps what a group of its own held.
func (r *reader) ended(d destination) {
	name := document.OneLine(r.name.String())
	switch d {
	case infoTitle:
		r.w.Title = name
	case infoAuthor:
		r.w.Meta("author", name)
	case commentAuthor:
		r.author = name
	case stylesheet:
		r.endStyle()
	case footnote:
		if text := strings.TrimSpace(r.note.String()); text != "" {
			r.count++
			fmt.Fprintf(&r.text, "[^%d]", r.count)
			r.notes = append(r.notes, fmt.Sprintf("[^%d]: %s", r.count, text))
		}
		r.note.Reset()
	case annotation:
		if text := document.OneLine(r.note.String()); text != "" {
			mark := "[Comment"
			if r.author != "" {
				mark += " by " + r.author
			}
			r.notes = append(r.notes, mark+"] "+text)
		}
		r.author = ""
		r.note.Reset()
	case body, skipped, fonts, listText:
	}
	r.name.Reset()
}

func (r *reader) endStyle() {
	name := strings.TrimSuffix(strings.ToLower(document.OneLine(r.name.String())), ";")
	r.name.Reset()
	if s, ok := r.styles[r.style]; (ok || len(r.styles) < maxStyles) && name != "" {
		if s.outline == 0 {
			s.outline = document.HeadingLevel(name)
		}
		s.name = name
		r.styles[r.style] = s
	}
}

// out is where text goes, nil for nowhere.
func (r *reader) out() *strings.Builder {
	if r.now.hidden {
		return nil
	}
	var sb *strings.Builder
	switch r.now.dest {
	case body:
		sb = &r.text
	case listText:
		sb = &r.mark
	case footnote, annotation:
		sb = &r.note
	case stylesheet, infoTitle, infoAuthor, commentAuthor:
		sb = &r.name
	case skipped, fonts:
		return nil
	}
	if r.now.shape || sb.Len() > maxParagraph {
		return nil
	}
	return sb
}

func (r *reader) write(s string) {
	r.decode()
	if sb := r.out(); sb != nil {
		sb.WriteString(s)
	}
}

// char takes a byte of text.
func (r *reader) char(c byte) {
	r.now.begins = false
	if r.pending > 0 {
		r.pending--
		return
	}
	if r.now.dest == stylesheet && c == ';' {
		r.decode()
		r.endStyle()
		return
	}
	if r.out() != nil {
		r.bytes = append(r.bytes, c)
	}
}
