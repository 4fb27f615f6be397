package office_test

import (
	"os"
	"path/filepath"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/archive"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document/documenttest"
	"git.helu.ca/r/mnemosyne/internal/library/extract/office"
)

func TestDocumentsAreWhatTheyDeclareToBe(t *testing.T) {
	t.Parallel()
	types := func(main string) string {
		return `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/x.xml" ContentType="` + main + `"/></Types>`
	}
	for name, c := range map[string]struct {
		files  []string
		family office.Family
		media  string
	}{
		"a presentation":   {[]string{"[Content_Types].xml", types("application/vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml")}, office.PowerPoint, "application/vnd.openxmlformats-officedocument.presentationml.slideshow"},
		"with macros":      {[]string{"[Content_Types].xml", types("application/vnd.ms-word.document.macroEnabled.main+xml")}, office.Word, "application/vnd.ms-word.document.macroEnabled.12"},
		"a template":       {[]string{"[Content_Types].xml", types("application/vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml")}, office.Excel, "application/vnd.openxmlformats-officedocument.spreadsheetml.template"},
		"declares nothing": {[]string{"xl/workbook.xml", "<workbook/>"}, office.Excel, office.XLSXType},
		"damaged types":    {[]string{"[Content_Types].xml", "<Types", "word/document.xml", ""}, office.Word, office.DOCXType},
		"binary":           {[]string{"xl/workbook.bin", ""}, office.BinaryExcel, ""},
		"no document":      {[]string{"a.txt", "word/document.xml"}, office.None, ""},
	} {
		path := filepath.Join(t.TempDir(), "content")
		if err := os.WriteFile(path, []byte(documenttest.Zip(t, c.files...)), 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := archive.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if family, media := office.Identify(a); family != c.family || media != c.media {
			t.Errorf("%s: is %d, %q, want %d, %q", name, family, media, c.family, c.media)
		}
		a.Close()
	}
}
