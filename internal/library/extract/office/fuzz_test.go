package office

import (
	"bytes"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document/documenttest"
)

// FuzzDOCXBody mutates the document within the archive.
func FuzzDOCXBody(f *testing.F) {
	f.Add([]byte(`<w:p><w:pPr><w:pStyle w:val="a"/><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>x</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>y</w:t></w:r></w:p></w:tc></w:tr></w:tbl>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var text, structure bytes.Buffer
		w := document.NewWriter(&text, &structure, document.Limits{}, nil)
		b := &docxBody{w: w, docx: &docx{}, counters: map[string]*[9]int{}}
		if err := b.read(newXML(bytes.NewReader(body))); document.AsError(err) != nil {
			return
		}
		if _, err := w.Close(); err != nil {
			return
		}
		doc, err := document.Decode(&text, &structure)
		if err != nil {
			t.Fatal(err)
		}
		documenttest.Check(t, doc)
	})
}
