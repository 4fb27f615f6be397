package extract

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
// structure.jsonl is JSON lines: the first is a header (version, title,
// content_type, language, metadata), each further one a block or a page, in
// ascending order of their start:
//
//	{"version":1,"title":"Report","content_type":"application/pdf"}
//	{"page":1,"s":0,"e":1980}
//	{"k":"heading","l":1,"s":0,"e":12,"t":"Introduction"}
//	{"k":"table","s":14,"e":420,"hs":14,"he":60}
//
// s and e are byte offsets, hs and he those of Block.Header, l Level, t Title,
// y Symbol. Readers ignore keys that they do not know; a change that they
// cannot ignore raises the version.
const (
	TextFile      = "text.txt"
	StructureFile = "structure.jsonl"

	storeVersion = 1
)

type header struct {
	Version     int               `json:"version"`
	Title       string            `json:"title,omitempty"`
	ContentType string            `json:"content_type,omitempty"`
	Language    string            `json:"language,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
}

type entry struct {
	Page        int    `json:"page,omitempty"`
	Kind        string `json:"k,omitempty"`
	Level       int    `json:"l,omitempty"`
	Start       int    `json:"s"`
	End         int    `json:"e"`
	HeaderStart int    `json:"hs,omitempty"`
	HeaderEnd   int    `json:"he,omitempty"`
	Title       string `json:"t,omitempty"`
	Symbol      string `json:"y,omitempty"`
}

// Load reads back a document that was written under dir.
func Load(dir string) (*Document, error) {
	text, err := os.Open(filepath.Join(dir, TextFile))
	if err != nil {
		return nil, fmt.Errorf("open extracted text: %w", err)
	}
	defer text.Close()
	structure, err := os.Open(filepath.Join(dir, StructureFile))
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
	dec := json.NewDecoder(bufio.NewReader(structure))
	var head header
	if err := dec.Decode(&head); err != nil {
		return nil, fmt.Errorf("read the header of the extracted structure: %w", err)
	}
	if head.Version != storeVersion {
		return nil, fmt.Errorf("extracted structure has version %d, this program reads %d: extract the file again", head.Version, storeVersion)
	}
	doc.Title, doc.ContentType, doc.Language, doc.Metadata = head.Title, head.ContentType, head.Language, head.Metadata
	for {
		var e entry
		if err := dec.Decode(&e); errors.Is(err, io.EOF) {
			return doc, nil
		} else if err != nil {
			return nil, fmt.Errorf("read the extracted structure: %w", err)
		}
		if err := doc.add(e); err != nil {
			return nil, err
		}
	}
}

func (d *Document) add(e entry) error {
	if e.Start < 0 || e.End < e.Start || e.End > len(d.Text) || e.HeaderEnd > len(d.Text) || e.HeaderStart > e.HeaderEnd {
		return fmt.Errorf("extracted structure points outside its text: %d to %d of %d", e.Start, e.End, len(d.Text))
	}
	if e.Page > 0 {
		d.Pages = append(d.Pages, Page{Number: e.Page, Start: e.Start, End: e.End})
		return nil
	}
	d.Blocks = append(d.Blocks, Block{
		Kind: kindOf(e.Kind), Level: e.Level, Start: e.Start, End: e.End,
		Header: Span{e.HeaderStart, e.HeaderEnd}, Title: e.Title, Symbol: e.Symbol,
	})
	return nil
}

// Encode writes the stored form of a document's structure.
func (d *Document) Encode(structure io.Writer) error {
	w := bufio.NewWriter(structure)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	head := header{storeVersion, d.Title, d.ContentType, d.Language, d.Metadata}
	if err := enc.Encode(head); err != nil {
		return fmt.Errorf("write the header of the extracted structure: %w", err)
	}
	pages := d.Pages
	for _, b := range d.Blocks {
		for len(pages) > 0 && pages[0].Start <= b.Start {
			if err := enc.Encode(pageEntry(pages[0])); err != nil {
				return fmt.Errorf("write the extracted structure: %w", err)
			}
			pages = pages[1:]
		}
		if err := enc.Encode(blockEntry(b)); err != nil {
			return fmt.Errorf("write the extracted structure: %w", err)
		}
	}
	for _, p := range pages {
		if err := enc.Encode(pageEntry(p)); err != nil {
			return fmt.Errorf("write the extracted structure: %w", err)
		}
	}
	return w.Flush()
}

func pageEntry(p Page) entry { return entry{Page: p.Number, Start: p.Start, End: p.End} }

func blockEntry(b Block) entry {
	return entry{
		Kind: b.Kind.String(), Level: b.Level, Start: b.Start, End: b.End,
		HeaderStart: b.Header.Start, HeaderEnd: b.Header.End, Title: b.Title, Symbol: b.Symbol,
	}
}
