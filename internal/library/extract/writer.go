package extract

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// writer gathers a document and writes it as it comes, so that memory does not
// grow with the file. The first error is kept and ends the extraction; methods
// may be called after it without harm.
type writer struct {
	text      *bufio.Writer
	structure *structureWriter
	limits    Limits
	progress  Progress

	title       string
	contentType string
	language    string
	metadata    map[string]string

	offset, blocks, pages int
	runes                 int64
	letters               bool // something other than white space was written
	lastKind              BlockKind
	openPage              *Page
	err                   error
}

func newWriter(text, structure io.Writer, limits Limits, progress Progress) *writer {
	return &writer{
		text: bufio.NewWriterSize(text, 64<<10), structure: newStructureWriter(structure),
		limits: limits, progress: progress, metadata: map[string]string{},
	}
}

// raw appends text that is clean already and returns where it stands.
func (w *writer) raw(s string) Span {
	start := w.offset
	if w.err != nil || s == "" {
		return Span{start, start}
	}
	if int64(w.offset+len(s)) > w.limits.MaxTextBytes {
		w.err = &Error{CodeTooLarge, fmt.Sprintf("The file holds more than %s of text; split it and submit the parts.", size(w.limits.MaxTextBytes))}
		return Span{start, start}
	}
	if _, err := w.text.WriteString(s); err != nil {
		w.err = fmt.Errorf("write the extracted text: %w", err)
		return Span{start, start}
	}
	w.offset += len(s)
	w.runes += int64(utf8.RuneCountInString(s))
	if !w.letters {
		w.letters = strings.TrimSpace(s) != ""
	}
	return Span{start, w.offset}
}

// mark records a block of text that was appended before.
func (w *writer) mark(b Block) {
	if w.err != nil || b.End <= b.Start {
		return
	}
	w.blocks++
	w.lastKind = b.Kind
	w.structure.block(b)
}

// separate makes room for the next block: an empty line, or a line end alone
// between the items of a list.
func (w *writer) separate(kind BlockKind) {
	if w.offset == 0 {
		return
	}
	if kind == ListItem && w.lastKind == ListItem && w.blocks > 0 {
		w.raw("\n")
		return
	}
	w.raw("\n\n")
}

// block appends text as a block of its own. Text of white space alone is left
// out.
func (w *writer) block(kind BlockKind, level int, text string) {
	text = strings.TrimRight(clean(text), " \t\n")
	if kind != Code {
		text = strings.TrimLeft(text, " \t\n")
	}
	if text == "" {
		return
	}
	w.separate(kind)
	s := w.raw(text)
	b := Block{Kind: kind, Level: level, Start: s.Start, End: s.End}
	if kind == Heading {
		b.Title = oneLine(text)
	}
	w.mark(b)
}

// item appends a list item, whose text may begin with its indentation.
func (w *writer) item(level int, text string) {
	text = strings.TrimRight(clean(text), " \t\n")
	if strings.TrimSpace(text) == "" {
		return
	}
	w.separate(ListItem)
	s := w.raw(text)
	w.mark(Block{Kind: ListItem, Level: level, Start: s.Start, End: s.End})
}

// table appends a table in Markdown's form; its first row is the header.
func (w *writer) table(rows [][]string) {
	text, header := markdownTable(rows)
	if text == "" {
		return
	}
	w.separate(Table)
	s := w.raw(text)
	w.mark(Block{Kind: Table, Start: s.Start, End: s.End, Header: Span{s.Start, s.Start + header}})
}

// page begins the next page, which ends the one before.
func (w *writer) page(number int) {
	w.endPage()
	w.openPage = &Page{Number: number, Start: w.offset}
}

func (w *writer) endPage() {
	if w.openPage == nil || w.err != nil {
		return
	}
	w.openPage.End = w.offset
	w.structure.page(*w.openPage)
	w.pages++
	w.openPage = nil
}

func (w *writer) report(done, total int, unit string) {
	if w.progress != nil {
		w.progress(done, total, unit)
	}
}

// meta keeps a small piece of metadata; empty and endless values are left out.
func (w *writer) meta(key, value string) {
	value = oneLine(clean(value))
	if value != "" && len(value) <= 1000 {
		w.metadata[key] = value
	}
}

// close writes what is left and says what was written.
func (w *writer) close() (Result, error) {
	w.endPage()
	if w.err == nil && !w.letters {
		w.err = &Error{CodeNoText, "The file holds no text."}
	}
	if err := w.text.Flush(); w.err == nil && err != nil {
		w.err = fmt.Errorf("write the extracted text: %w", err)
	}
	w.title = oneLine(clean(w.title))
	if len(w.title) > 500 {
		w.title = ""
	}
	t := &trailer{storeVersion, w.title, w.contentType, w.language, w.metadata, w.offset}
	if err := w.structure.close(t); w.err == nil {
		w.err = err
	}
	if w.err != nil {
		return Result{}, w.err
	}
	return Result{
		Title: w.title, ContentType: w.contentType, Language: w.language, Metadata: w.metadata,
		TextBytes: int64(w.offset), Runes: w.runes, Pages: w.pages, Blocks: w.blocks,
	}, nil
}

func asError(err error) *Error {
	e, _ := errors.AsType[*Error](err)
	return e
}

func size(n int64) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%d MB", n>>20)
	}
	return fmt.Sprintf("%d KB", max(n>>10, 1))
}
