package document

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Writer gathers a document and writes it as it comes, so that memory does not
// grow with the file. Readers of formats fill it. The first error is kept and
// ends the extraction; methods may be called after it without harm.
type Writer struct {
	// Title, ContentType and Language are those of the Document.
	Title       string
	ContentType string
	Language    string
	// Limits are what the file may cost; a reader minds those that Writer
	// cannot see.
	Limits Limits
	// Attachments takes in what the file carries; nil where nobody asked for it.
	Attachments *Attachments

	text      *bufio.Writer
	structure *structureWriter
	regions   *regionsWriter // nil: none are kept
	progress  Progress
	metadata  map[string]string

	offset, blocks, pages int
	runes                 int64
	letters               bool // something other than white space was written
	sample                []byte
	lastKind              BlockKind
	openPage              *Page
	err                   error
}

// NewWriter makes a writer that puts a document's text and the stored form of
// its structure into two streams. progress may be nil.
func NewWriter(text, structure io.Writer, limits Limits, progress Progress) *Writer {
	return &Writer{
		text: bufio.NewWriterSize(text, 64<<10), structure: newStructureWriter(structure),
		Limits: limits.WithDefaults(), progress: progress, metadata: map[string]string{},
	}
}

// Err gives the first error, after which nothing is written.
func (w *Writer) Err() error { return w.err }

// Fail keeps an error unless there is one already.
func (w *Writer) Fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// Offset is the length of the text so far, in bytes.
func (w *Writer) Offset() int { return w.offset }

// LastKind is the kind of the last block, Paragraph before the first.
func (w *Writer) LastKind() BlockKind { return w.lastKind }

// Raw appends text that is clean already and returns where it stands.
func (w *Writer) Raw(s string) Span {
	start := w.offset
	if w.err != nil || s == "" {
		return Span{start, start}
	}
	if int64(w.offset+len(s)) > w.Limits.MaxTextBytes {
		w.err = &Error{CodeTooLarge, fmt.Sprintf("The file holds more than %s of text; split it and submit the parts.", Size(w.Limits.MaxTextBytes))}
		return Span{start, start}
	}
	if _, err := w.text.WriteString(s); err != nil {
		w.err = fmt.Errorf("write the extracted text: %w", err)
		return Span{start, start}
	}
	if room := sampleBytes - len(w.sample); room > 0 {
		w.sample = append(w.sample, s[:min(len(s), room)]...)
	}
	w.offset += len(s)
	w.runes += int64(utf8.RuneCountInString(s))
	if !w.letters {
		w.letters = strings.TrimSpace(s) != ""
	}
	return Span{start, w.offset}
}

// sampleBytes is how much of the text's start is at hand.
const sampleBytes = 16 << 10

// Sample gives the start of the text.
func (w *Writer) Sample() string { return strings.ToValidUTF8(string(w.sample), "") }

// Mark records a block of text that was appended before.
func (w *Writer) Mark(b Block) {
	if w.err != nil || b.End <= b.Start {
		return
	}
	w.blocks++
	w.lastKind = b.Kind
	w.structure.block(b)
}

// Separate makes room for the next block: an empty line, or a line end alone
// between the items of a list.
func (w *Writer) Separate(kind BlockKind) {
	if w.offset == 0 {
		return
	}
	if kind == ListItem && w.lastKind == ListItem && w.blocks > 0 {
		w.Raw("\n")
		return
	}
	w.Raw("\n\n")
}

// Block appends text as a block of its own. Text of white space alone is left
// out.
func (w *Writer) Block(kind BlockKind, level int, text string) {
	text = strings.TrimRight(Clean(text), " \t\n")
	if kind != Code {
		text = strings.TrimLeft(text, " \t\n")
	}
	if text == "" {
		return
	}
	w.Separate(kind)
	s := w.Raw(text)
	b := Block{Kind: kind, Level: level, Start: s.Start, End: s.End}
	if kind == Heading {
		b.Title = OneLine(text)
	}
	w.Mark(b)
}

// Item appends a list item, whose text may begin with its indentation.
func (w *Writer) Item(level int, text string) {
	text = strings.TrimRight(Clean(text), " \t\n")
	if strings.TrimSpace(text) == "" {
		return
	}
	w.Separate(ListItem)
	s := w.Raw(text)
	w.Mark(Block{Kind: ListItem, Level: level, Start: s.Start, End: s.End})
}

// Page begins the next page, which ends the one before.
func (w *Writer) Page(number int) {
	w.endPage()
	w.openPage = &Page{Number: number, Start: w.offset}
}

func (w *Writer) endPage() {
	if w.openPage == nil || w.err != nil {
		return
	}
	w.openPage.End = w.offset
	w.structure.page(*w.openPage)
	w.pages++
	w.openPage = nil
}

// Report says how far the reading is; unit is "pages" or "bytes".
func (w *Writer) Report(done, total int, unit string) {
	if w.progress != nil {
		w.progress(done, total, unit)
	}
}

// Meta keeps a small piece of metadata; empty and endless values are left out.
func (w *Writer) Meta(key, value string) {
	value = OneLine(Clean(value))
	if value != "" && len(value) <= maxMetadatum {
		w.metadata[key] = value
	}
}

// Close writes what is left and says what was written.
func (w *Writer) Close() (Result, error) {
	w.endPage()
	if w.err == nil && !w.letters {
		w.err = &Error{CodeNoText, "The file holds no text."}
	}
	if err := w.text.Flush(); w.err == nil && err != nil {
		w.err = fmt.Errorf("write the extracted text: %w", err)
	}
	w.Title = OneLine(Clean(w.Title))
	bound(&w.Title, &w.ContentType, &w.Language, w.metadata)
	if w.regions != nil {
		if err := w.regions.close(); w.err == nil && err != nil {
			w.err = fmt.Errorf("write the places of words: %w", err)
		}
	}
	t := &trailer{storeVersion, w.Title, w.ContentType, w.Language, w.metadata, w.offset}
	if err := w.structure.close(t); w.err == nil {
		w.err = err
	}
	if w.err != nil {
		return Result{}, w.err
	}
	return Result{
		Title: w.Title, ContentType: w.ContentType, Language: w.Language, Metadata: w.metadata,
		TextBytes: int64(w.offset), Runes: w.runes, Pages: w.pages, Blocks: w.blocks,
	}, nil
}

// AsError gives the file's own fault in an error, nil when there is none.
func AsError(err error) *Error {
	e, _ := errors.AsType[*Error](err)
	return e
}

// Size tells a length in bytes as a person reads it.
func Size(n int64) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%d MB", n>>20)
	}
	return fmt.Sprintf("%d KB", max(n>>10, 1))
}
