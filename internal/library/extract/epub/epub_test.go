package epub_test

import (
	"slices"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document/documenttest"
	"git.helu.ca/r/mnemosyne/internal/library/extract/epub"
)

const container = `<container><rootfiles><rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>`

const description = `<package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>The Sea</dc:title><dc:creator>Al Bo</dc:creator><dc:creator>Cy Do</dc:creator><dc:language>en-GB</dc:language></metadata>
<manifest><item id="cover" href="cover.xhtml" media-type="application/xhtml+xml"/><item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>
<item id="two" href="text/ch%202.xhtml" media-type="application/xhtml+xml"/><item id="one" href="text/one.xhtml" media-type="application/xhtml+xml"/><item id="notes" href="text/notes.xhtml" media-type="application/xhtml+xml"/></manifest>
<spine><itemref idref="cover"/><itemref idref="notes" linear="no"/><itemref idref="nav"/><itemref idref="one"/><itemref idref="two"/><itemref idref="missing"/></spine></package>`

func bookOf(t testing.TB, more ...string) string {
	t.Helper()
	return documenttest.Zip(t, append(append([]string{}, more...),
		"mimetype", "application/epub+zip", "META-INF/container.xml", container, "OPS/book.opf", description,
		"OPS/cover.xhtml", "<html><body><img alt='Cover'/></body></html>",
		"OPS/nav.xhtml", `<html><body><nav><ol><li><a href="text/one.xhtml">One: Departure</a></li><li><a href="text/ch%202.xhtml#x">Two: Storm</a></li></ol></nav></body></html>`,
		"OPS/text/one.xhtml", `<?xml version="1.0"?><html><head><title/></head><body><h1>One</h1><p>We <a id="p"/>sailed.<a href="notes.xhtml#n">1</a></p></body></html>`,
		"OPS/text/ch 2.xhtml", `<html><body><p>It <i>blew</i>.</p></body></html>`,
		"OPS/text/notes.xhtml", `<html xmlns:epub="o"><body><aside epub:type="footnote">1. In May.</aside></body></html>`,
	)...)
}

func TestABookIsReadInTheOrderOfItsSpine(t *testing.T) {
	t.Parallel()
	doc := documenttest.Read(t, epub.Read, "a.epub", bookOf(t))
	if doc.Title != "The Sea" || doc.Language != "en-GB" || doc.Metadata["author"] != "Al Bo, Cy Do" {
		t.Errorf("title %q, language %q, metadata %v", doc.Title, doc.Language, doc.Metadata)
	}
	if got, want := documenttest.Headings(doc), []string{"1 One", "1 Two: Storm"}; !slices.Equal(got, want) {
		t.Errorf("headings = %q, want %q", got, want)
	}
	if want := "One\n\nWe sailed.1\n\nTwo: Storm\n\nIt blew.\n\n1. In May."; doc.Text != want {
		t.Errorf("text = %q, want %q", doc.Text, want)
	}
	documenttest.WantTexts(t, doc, document.Footnote, "1. In May.")
}

func TestABookThatIsLockedSaysSo(t *testing.T) {
	t.Parallel()
	lock := func(uri string) string {
		return `<encryption><EncryptedData><CipherData><CipherReference URI="` + uri + `"/></CipherData></EncryptedData></encryption>`
	}
	_, err := documenttest.Try(t, epub.Read, "a.epub", bookOf(t, "META-INF/encryption.xml", lock("OPS/text/one.xhtml")))
	if e := document.AsError(err); e == nil || e.Code != document.CodePasswordRequired || !strings.Contains(e.Detail, "DRM") {
		t.Errorf("error = %v, want that the book is locked", err)
	}
	documenttest.Read(t, epub.Read, "a.epub", bookOf(t, "META-INF/encryption.xml", lock("OPS/fonts/a.otf")))
}

func TestABookThatUnpacksToTooMuchIsRefused(t *testing.T) {
	t.Parallel()
	_, err := documenttest.Try(t, epub.Read, "a.epub", bookOf(t, "OPS/text/one.xhtml", strings.Repeat("<p>a</p>", 9<<20)))
	if e := document.AsError(err); e == nil || e.Code != document.CodeTooLarge {
		t.Errorf("error = %v, want %s", err, document.CodeTooLarge)
	}
}

func TestABookWithoutDescriptionIsDamaged(t *testing.T) {
	t.Parallel()
	_, err := documenttest.Try(t, epub.Read, "a.epub", documenttest.Zip(t, "mimetype", "application/epub+zip"))
	if e := document.AsError(err); e == nil || e.Code != document.CodeCorrupt {
		t.Errorf("error = %v, want %s", err, document.CodeCorrupt)
	}
}

func FuzzEPUB(f *testing.F) { documenttest.Fuzz(f, epub.Read, "a.epub", bookOf(f)) }

// FuzzDescription mutates what stands in the archive.
func FuzzDescription(f *testing.F) {
	f.Add(description, `<html><body><h1>x</h1><title/><p/>y</body></html>`)
	f.Fuzz(func(t *testing.T, opf, page string) {
		content := documenttest.Zip(t, "META-INF/container.xml", container, "OPS/book.opf", opf, "OPS/text/one.xhtml", page)
		if _, err := documenttest.Try(t, epub.Read, "a.epub", content); err != nil && document.AsError(err) == nil {
			t.Fatalf("not the file's fault: %v", err)
		}
	})
}
