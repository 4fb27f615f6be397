package office_test

import (
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document/documenttest"
	"git.helu.ca/r/mnemosyne/internal/library/extract/office"
)

// FuzzDOCXBody mutates the document within the archive.
func FuzzDOCXBody(f *testing.F) {
	f.Add([]byte(`<w:p><w:pPr><w:pStyle w:val="a"/><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>x</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>y</w:t></w:r></w:p></w:tc></w:tr></w:tbl>`))
	f.Add([]byte(`<w:p><w:r><w:drawing><w:txbxContent><w:p/></w:txbxContent></w:drawing></w:r><m:oMath><m:f><m:num/></m:f><m:nary/><m:d/></m:oMath><w:sdt><w:sdtPr><w14:checkbox/></w:sdtPr></w:sdt></w:p>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := documenttest.Try(t, office.DOCX, "a.docx", documenttest.Zip(t, "word/document.xml", "<w:document><w:body>"+string(body))); err != nil && document.AsError(err) == nil {
			t.Fatal(err)
		}
	})
}
