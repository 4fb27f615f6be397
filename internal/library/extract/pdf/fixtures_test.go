package pdf_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document/documenttest"
	"git.helu.ca/r/mnemosyne/internal/library/extract/pdf"
)

// sheet is a page of a PDF: entries of its dictionary and a content stream.
type sheet struct{ entries, content string }

// makePDF writes a PDF. F1 is Helvetica, F2 its bold, F3 Courier; extra are
// further objects, which take the numbers from 6 on, and catalog further
// entries of the document's catalog.
func makePDF(catalog string, extra []string, pages ...sheet) string {
	var b bytes.Buffer
	var offsets []int
	object := func(body string) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(offsets), body)
	}
	b.WriteString("%PDF-1.7\n")
	first := 6 + len(extra)
	var kids strings.Builder
	for i := range pages {
		fmt.Fprintf(&kids, "%d 0 R ", first+2*i)
	}
	object("<< /Type /Catalog /Pages 2 0 R " + catalog + " >>")
	object(fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", kids.String(), len(pages)))
	for _, font := range []string{"Helvetica", "Helvetica-Bold", "Courier"} {
		object("<< /Type /Font /Subtype /Type1 /BaseFont /" + font + " /Encoding /WinAnsiEncoding >>")
	}
	for _, e := range extra {
		object(e)
	}
	for i, p := range pages {
		entries := p.entries
		if !strings.Contains(entries, "/MediaBox") {
			entries += " /MediaBox [0 0 612 792]"
		}
		if !strings.Contains(entries, "/Resources") {
			entries += " /Resources << /Font << /F1 3 0 R /F2 4 0 R /F3 5 0 R >> >>"
		}
		object(fmt.Sprintf("<< /Type /Page /Parent 2 0 R /Contents %d 0 R %s >>", first+2*i+1, entries))
		object(fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(p.content), p.content))
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, start)
	return b.String()
}

// show is a run of text; y counts from the bottom.
func show(font string, size, x, y float64, text string) string {
	return fmt.Sprintf("BT /%s %g Tf %g %g Td (%s) Tj ET\n", font, size, x, y, strings.NewReplacer("(", "\\(", ")", "\\)").Replace(text))
}

// lines sets lines of text below each other from y.
func lines(x, y float64, text ...string) string {
	var s strings.Builder
	for i, l := range text {
		s.WriteString(show("F1", 11, x, y-13*float64(i), l))
	}
	return s.String()
}

// newEngine is a PDFium whose compiled code is shared by all tests.
func newEngine() *pdf.Engine {
	return &pdf.Engine{CacheDir: filepath.Join(os.TempDir(), "mnemosyne-test-pdfium")}
}

// read gives what a PDF says.
func read(t *testing.T, content string) *document.Document {
	t.Helper()
	return documenttest.Read(t, newEngine().Read, "a.pdf", content)
}

// located reads a PDF and where its words stand.
func located(t *testing.T, content string) (*document.Document, *document.Regions) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "content")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	var text, structure, regions bytes.Buffer
	w := document.NewWriter(&text, &structure, document.Limits{}, nil)
	w.KeepRegions(&regions)
	if err := newEngine().Read(w, document.Input{Path: path}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	doc, err := document.Decode(&text, &structure)
	if err != nil {
		t.Fatal(err)
	}
	documenttest.Check(t, doc)
	g, err := document.OpenRegions(bytes.NewReader(regions.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return doc, g
}
