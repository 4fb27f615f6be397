package document

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// A document is kept as two files. text.txt is Document.Text, byte for byte.
// structure.jsonl is JSON lines: one a block or page, blocks and pages each in
// ascending order, and a last line that describes the document. Where that
// line is missing, the rest is incomplete.
//
//	{"page":1,"s":0,"e":1980}
//	{"k":"heading","l":1,"s":0,"e":12,"t":"Introduction"}
//	{"k":"table","s":14,"e":420,"hs":14,"he":60}
//	{"version":1,"title":"Report","content_type":"application/pdf","text_bytes":1980}
//
// s and e are byte offsets, hs and he those of Block.Header, l Level, t Title,
// y Symbol. Readers ignore keys that they do not know; a change that they
// cannot ignore raises the version.
const (
	TextFile      = "text.txt"
	StructureFile = "structure.jsonl"

	storeVersion = 1
)

// line is one line of structure.jsonl: a page, a block or, with a version, the
// description of the document.
type line struct {
	Page        int    `json:"page,omitempty"`
	Kind        string `json:"k,omitempty"`
	Level       int    `json:"l,omitempty"`
	Start       int    `json:"s"`
	End         int    `json:"e"`
	HeaderStart int    `json:"hs,omitempty"`
	HeaderEnd   int    `json:"he,omitempty"`
	Title       string `json:"t,omitempty"`
	Symbol      string `json:"y,omitempty"`
	trailer
}

type trailer struct {
	Version     int               `json:"version,omitempty"`
	DocTitle    string            `json:"title,omitempty"`
	ContentType string            `json:"content_type,omitempty"`
	Language    string            `json:"language,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
	TextBytes   int               `json:"text_bytes,omitempty"`
}

// Load reads back a document that was written under dir.
func Load(dir string) (*Document, error) {
	text, err := os.Open(filepath.Join(dir, TextFile)) //nolint:gosec // the caller names the folder
	if err != nil {
		return nil, fmt.Errorf("open extracted text: %w", err)
	}
	defer text.Close()
	structure, err := os.Open(filepath.Join(dir, StructureFile)) //nolint:gosec // the caller names the folder
	if err != nil {
		return nil, fmt.Errorf("open extracted structure: %w", err)
	}
	defer structure.Close()
	return Decode(text, structure)
}

// Decode reads a document from its two stored forms.
func Decode(text, structure io.Reader) (*Document, error) {
	var sb strings.Builder
	if f, ok := text.(*os.File); ok {
		if info, err := f.Stat(); err == nil {
			sb.Grow(int(info.Size()))
		}
	}
	if _, err := io.Copy(&sb, text); err != nil {
		return nil, fmt.Errorf("read extracted text: %w", err)
	}
	doc := &Document{Text: sb.String()}
	if err := doc.decode(structure); err != nil {
		return nil, err
	}
	return doc, nil
}

// decode reads the structure of a text that is there.
func (d *Document) decode(structure io.Reader) error {
	dec := json.NewDecoder(bufio.NewReader(structure))
	for {
		var l line
		if err := dec.Decode(&l); errors.Is(err, io.EOF) {
			return fmt.Errorf("the extracted structure is incomplete: %w", io.ErrUnexpectedEOF)
		} else if err != nil {
			return fmt.Errorf("read the extracted structure: %w", err)
		}
		if l.Version != 0 {
			return d.describe(&l.trailer)
		}
		if err := d.add(l); err != nil {
			return err
		}
	}
}

func (d *Document) describe(t *trailer) error {
	if t.Version != storeVersion {
		return fmt.Errorf("the extracted structure has version %d and this program reads %d: extract the file again", t.Version, storeVersion)
	}
	if t.TextBytes != len(d.Text) {
		return fmt.Errorf("the extracted text has %d bytes and its structure was made for %d", len(d.Text), t.TextBytes)
	}
	d.Title, d.ContentType, d.Language, d.Metadata = t.DocTitle, t.ContentType, t.Language, t.Metadata
	bound(&d.Title, &d.ContentType, &d.Language, d.Metadata)
	return nil
}

func (d *Document) add(l line) error {
	if l.Start < 0 || l.End < l.Start || l.End > len(d.Text) || l.HeaderStart < 0 || l.HeaderEnd > len(d.Text) || l.HeaderStart > l.HeaderEnd {
		return fmt.Errorf("the extracted structure points outside its text: %d to %d of %d", l.Start, l.End, len(d.Text))
	}
	if l.Page > 0 {
		d.Pages = append(d.Pages, Page{Number: l.Page, Start: l.Start, End: l.End})
		return nil
	}
	d.Blocks = append(d.Blocks, Block{
		Kind: kindOf(l.Kind), Level: l.Level, Start: l.Start, End: l.End,
		Header: Span{l.HeaderStart, l.HeaderEnd}, Title: l.Title, Symbol: l.Symbol,
	})
	return nil
}

// Encode writes the stored form of a document's structure.
func (d *Document) Encode(structure io.Writer) error {
	w := newStructureWriter(structure)
	for _, p := range d.Pages {
		w.page(p)
	}
	for _, b := range d.Blocks {
		w.block(b)
	}
	return w.close(&trailer{storeVersion, d.Title, d.ContentType, d.Language, d.Metadata, len(d.Text)})
}

// structureWriter writes lines and keeps the first error.
type structureWriter struct {
	buf *bufio.Writer
	enc *json.Encoder
	err error
}

func newStructureWriter(w io.Writer) *structureWriter {
	buf := bufio.NewWriterSize(w, 64<<10)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	return &structureWriter{buf: buf, enc: enc}
}

func (w *structureWriter) write(v any) {
	if w.err == nil {
		w.err = w.enc.Encode(v)
	}
}

func (w *structureWriter) page(p Page) { w.write(&line{Page: p.Number, Start: p.Start, End: p.End}) }

func (w *structureWriter) block(b Block) {
	w.write(&line{
		Kind: b.Kind.String(), Level: b.Level, Start: b.Start, End: b.End,
		HeaderStart: b.Header.Start, HeaderEnd: b.Header.End, Title: b.Title, Symbol: b.Symbol,
	})
}

func (w *structureWriter) close(t *trailer) error {
	w.write(t)
	if err := w.buf.Flush(); w.err == nil {
		w.err = err
	}
	if w.err != nil {
		return fmt.Errorf("write the extracted structure: %w", w.err)
	}
	return nil
}
