// Package documenttest tries readers of formats on small files, within the
// test's own process.
package documenttest

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// Try has a reader read a file of that name and content. A document that it
// gives holds what is true of every document, or the test fails.
func Try(t testing.TB, read document.Reader, name, content string) (*document.Document, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "content")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return File(t, read, document.Input{Path: path, Filename: name})
}

// File is Try for a file that is there.
func File(t testing.TB, read document.Reader, in document.Input) (*document.Document, error) {
	t.Helper()
	var text, structure bytes.Buffer
	w := document.NewWriter(&text, &structure, document.Limits{}, nil)
	if err := read(w, in); err != nil {
		return nil, err
	}
	if _, err := w.Close(); err != nil {
		return nil, err
	}
	doc, err := document.Decode(&text, &structure)
	if err != nil {
		t.Fatal(err)
	}
	Check(t, doc)
	return doc, nil
}

// Read is Try for a file that must be readable.
func Read(t testing.TB, read document.Reader, name, content string) *document.Document {
	t.Helper()
	doc, err := Try(t, read, name, content)
	if err != nil {
		t.Fatalf("read %s: %v", name, err)
	}
	return doc
}

// Fuzz has a reader read mutations of the seeds: whatever they hold, it gives
// a document or a fault of the file, and never panics.
func Fuzz(f *testing.F, read document.Reader, name string, seeds ...string) {
	f.Helper()
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := Try(t, read, name, string(data))
		if fault := (*document.Error)(nil); err != nil && !errors.As(err, &fault) {
			t.Fatalf("not the file's fault: %v", err)
		}
	})
}

// Check holds what is true of every document: clean text, and blocks and pages
// that ascend, do not overlap and cut no character.
func Check(t testing.TB, doc *document.Document) {
	t.Helper()
	if !utf8.ValidString(doc.Text) || !document.IsClean(doc.Text) {
		t.Fatalf("the text holds what it must not: %.200q", doc.Text)
	}
	whole := func(at int) bool {
		return at >= 0 && (at == len(doc.Text) || at < len(doc.Text) && utf8.RuneStart(doc.Text[at]))
	}
	end := 0
	for _, b := range doc.Blocks {
		if b.Start < end || b.End <= b.Start || !whole(b.Start) || !whole(b.End) || !whole(b.Header.Start) || !whole(b.Header.End) {
			t.Fatalf("block %+v overlaps, is empty or cuts a character", b)
		}
		end = b.End
	}
	end = 0
	for _, p := range doc.Pages {
		if p.Start < end || p.End < p.Start || !whole(p.Start) || !whole(p.End) {
			t.Fatalf("page %+v overlaps or cuts a character", p)
		}
		end = p.End
	}
}

// Texts lists the text of each block of a kind.
func Texts(doc *document.Document, kind document.BlockKind) []string {
	var out []string
	for _, b := range doc.Blocks {
		if b.Kind == kind {
			out = append(out, doc.Text[b.Start:b.End])
		}
	}
	return out
}

// WantTexts fails the test when the blocks of a kind are not those.
func WantTexts(t testing.TB, doc *document.Document, kind document.BlockKind, want ...string) {
	t.Helper()
	if got := Texts(doc, kind); !slices.Equal(got, want) {
		t.Errorf("%s blocks = %q, want %q", kind, got, want)
	}
}

// Headings lists headings as "level title".
func Headings(doc *document.Document) []string {
	var out []string
	for _, b := range doc.Blocks {
		if b.Kind == document.Heading {
			out = append(out, strconv.Itoa(b.Level)+" "+b.Title)
		}
	}
	return out
}

// Zip packs files, given as name and content in turn.
func Zip(t testing.TB, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create(files[i])
		if err == nil {
			_, err = w.Write([]byte(files[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
