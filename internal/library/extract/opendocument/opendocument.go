// Package opendocument reads texts, spreadsheets and presentations in the
// OpenDocument format, as LibreOffice and others write it, packed or flat.
package opendocument

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/archive"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

const family = "application/vnd.oasis.opendocument."

// Identify gives the media type of an archive that is an OpenDocument, "" for
// others.
func Identify(a *archive.Archive) string {
	declared, _ := a.ReadFile("mimetype", 200) // none is none
	if s := strings.TrimSpace(string(declared)); strings.HasPrefix(s, family) {
		return s
	}
	if a.Has("content.xml") && a.Has("META-INF/manifest.xml") {
		return family + "text"
	}
	return ""
}

// IdentifyFlat gives the media type of a text that begins as an OpenDocument
// in one piece, "" for others.
func IdentifyFlat(head []byte) string {
	if !bytes.Contains(head, []byte("<office:document")) {
		return ""
	}
	_, rest, ok := bytes.Cut(head, []byte(`office:mimetype="`))
	if !ok || !bytes.HasPrefix(rest, []byte(family)) {
		return ""
	}
	declared, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(declared)
}

// reader is how far the reading of a document is.
type reader struct {
	w       *document.Writer
	archive *archive.Archive // nil for a flat document
	styles  map[string]style
	lists   map[string]*listStyle
	outline *listStyle // of headings
	counts  map[string]*counter
	pending []string // notes that the last block refers to
	code    []string // paragraphs of code that belong together
	slides  int
	copied  int // cells that were written again because the file says so
}

// Read reads headings, paragraphs, lists and tables of a text, the sheets of a
// spreadsheet, the slides of a presentation. Changes count as accepted.
func Read(w *document.Writer, in document.Input) error {
	r := &reader{w: w, styles: map[string]style{}, lists: map[string]*listStyle{}, counts: map[string]*counter{}}
	a, err := archive.Open(in.Path)
	if err != nil {
		return r.flat(in.Path)
	}
	defer a.Close()
	r.archive = a
	if err := r.refuseEncrypted(); err != nil {
		return err
	}
	for _, part := range []string{"meta.xml", "styles.xml"} {
		if err := r.part(part, r.read); err != nil && isHostile(err) {
			return err
		}
	}
	if !a.Has("content.xml") {
		return document.Fault(document.CodeCorrupt, "The document is damaged: content.xml is missing; open it in its program and save it again.")
	}
	if err := r.part("content.xml", r.read); err != nil {
		return err
	}
	r.flush()
	return w.Err()
}

func isHostile(err error) bool {
	e := document.AsError(err)
	return e == nil || e.Code != document.CodeCorrupt
}

func (r *reader) flat(path string) error {
	f, err := os.Open(path) //nolint:gosec // reading the caller's file is the task
	if err != nil {
		return fmt.Errorf("open the file: %w", err)
	}
	defer f.Close()
	if err := partError("the file", r.read(xmlread.NewScanner(f))); err != nil {
		return err
	}
	r.flush()
	return r.w.Err()
}

func (r *reader) refuseEncrypted() error {
	const most = 16 << 20
	manifest, err := r.archive.ReadFile("META-INF/manifest.xml", most)
	if err == nil && bytes.Contains(manifest, []byte("encryption-data")) {
		return document.Fault(document.CodePasswordRequired, "The document is protected by a password; save it without one and submit it again.")
	}
	return nil
}

// part reads a part as XML. A missing part is none.
func (r *reader) part(name string, read func(*xmlread.Scanner) error) error {
	rc, err := r.archive.Open(name)
	if errors.Is(err, archive.ErrMissing) {
		return nil
	}
	if err != nil {
		return err //nolint:wrapcheck // a fault of the file's own
	}
	defer rc.Close()
	return partError(name, read(xmlread.NewScanner(rc)))
}

func partError(name string, err error) error {
	if err == nil || document.AsError(err) != nil {
		return err
	}
	return document.Fault(document.CodeCorrupt, fmt.Sprintf("The document is damaged: %.100s cannot be read; open it in its program and save it again.", name))
}

func endOfPart(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// read walks a part. What encloses blocks is passed through; the blocks are
// looked at whole, sheets row by row.
func (r *reader) read(s *xmlread.Scanner) error {
	for r.w.Err() == nil {
		t, err := s.Next()
		if err != nil {
			return endOfPart(err)
		}
		if t.Kind != xmlread.Start {
			continue
		}
		switch t.Name {
		case "office:spreadsheet":
			err = r.spreadsheet(s)
		case "office:meta", "office:styles", "office:automatic-styles",
			"text:p", "text:h", "text:list", "table:table", "draw:page", "draw:frame", "draw:g", "draw:custom-shape":
			if err = s.Tree(t.Node); err == nil {
				r.block(t.Node)
			}
		case "text:tracked-changes", "text:table-of-content", "text:alphabetical-index", "text:sequence-decls", "text:variable-decls",
			"office:master-styles", "office:forms", "office:scripts", "office:settings", "office:font-face-decls":
			err = s.Skip()
		}
		if err != nil {
			return endOfPart(err)
		}
	}
	return r.w.Err()
}

// block writes a block, or learns what a part says of the document.
func (r *reader) block(n *xmlread.Node) {
	switch n.Name {
	case "office:meta":
		r.meta(n)
	case "office:styles", "office:automatic-styles":
		r.learn(n)
	case "draw:page":
		r.slide(n)
	case "text:list":
		r.list(n, "", 0)
		r.flushNotes()
	case "text:p", "text:h":
		r.paragraph(n)
	case "table:table":
		r.table(n)
	case "text:section", "text:list-item", "text:list-header", "table:table-cell", "draw:text-box", "text:index-body":
		for _, c := range n.Children {
			r.block(c)
		}
	default:
		if strings.HasPrefix(n.Name, "draw:") {
			r.drawing(n)
		}
	}
}

func (r *reader) meta(n *xmlread.Node) {
	for _, c := range n.Children {
		text := strings.TrimSpace(c.Words())
		switch c.Name {
		case "dc:title":
			r.w.Title = text
		case "meta:initial-creator":
			r.w.Meta("author", text)
		case "meta:creation-date":
			r.w.Meta("created", text)
		case "dc:date":
			r.w.Meta("modified", text)
		case "dc:subject", "dc:description":
			r.w.Meta(strings.TrimPrefix(c.Name, "dc:"), text)
		case "meta:keyword":
			r.w.Meta("keywords", text)
		case "dc:language":
			r.w.Language = text
		}
	}
}

// flush writes what is held back.
func (r *reader) flush() {
	r.endCode()
	r.flushNotes()
}

func (r *reader) endCode() {
	lines := r.code
	r.code = nil
	if len(lines) > 0 {
		r.w.Block(document.Code, 0, strings.Join(lines, "\n"))
	}
}

func (r *reader) flushNotes() {
	notes := r.pending
	r.pending = nil
	for _, n := range notes {
		r.w.Block(document.Footnote, 0, n)
	}
}
