package opendocument_test

import (
	"slices"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document/documenttest"
	"git.helu.ca/r/mnemosyne/internal/library/extract/opendocument"
)

const styles = `<office:automatic-styles><style:style style:name="P1" style:parent-style-name="Title"/><style:style style:name="T1"><style:text-properties text:display="none"/></style:style>
<style:style style:name="ta2"><style:table-properties table:display="false"/></style:style><style:style style:name="dp2"><style:drawing-page-properties presentation:visibility="hidden"/></style:style>
<text:list-style style:name="L1"><text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/><text:list-level-style-number text:level="2" style:num-format="a" style:num-suffix=")" text:display-levels="2"/></text:list-style></office:automatic-styles>`

// flat is a document in one piece.
func flat(kind, body string) string {
	return `<?xml version="1.0"?><office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" office:mimetype="application/vnd.oasis.opendocument.` + kind + `">` +
		styles + `<office:body><office:` + kind + `>` + body + `</office:` + kind + `></office:body></office:document>`
}

// packed is a document in parts.
func packed(t testing.TB, kind, body string) string {
	t.Helper()
	return documenttest.Zip(
		t, "mimetype", "application/vnd.oasis.opendocument."+kind,
		"content.xml", flat(kind, body),
		"meta.xml", `<office:document-meta><office:meta><dc:title>Report</dc:title><meta:initial-creator>Ann</meta:initial-creator><dc:language>fr-CH</dc:language></office:meta></office:document-meta>`,
		"Object 1/content.xml", `<office:document-content><office:chart><chart:chart><chart:title><text:p>Growth</text:p></chart:title><table:table><table:table-header-rows><table:table-row><table:table-cell/><table:table-cell><text:p>Sales</text:p></table:table-cell></table:table-row></table:table-header-rows><table:table-rows><table:table-row><table:table-cell><text:p>2020</text:p></table:table-cell><table:table-cell><text:p>4</text:p></table:table-cell></table:table-row></table:table-rows></table:table></chart:chart></office:chart></office:document-content>`,
	)
}

func cell(properties, text string) string {
	return `<table:table-cell ` + properties + `><text:p>` + text + `</text:p></table:table-cell>`
}

func TestTextsKeepTheirStructure(t *testing.T) {
	t.Parallel()
	body := `<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes><text:p text:style-name="P1">The title</text:p><text:h text:outline-level="2">Aims</text:h>
<text:p>Two   words<text:s text:c="2"/>and<text:span text:style-name="T1">hidden</text:span><text:note text:note-class="footnote"><text:note-citation>1</text:note-citation><text:note-body><text:p>A note.</text:p></text:note-body></text:note></text:p>
<text:list text:style-name="L1"><text:list-item><text:p>one</text:p><text:list><text:list-item><text:p>deep</text:p></text:list-item></text:list></text:list-item><text:list-item><text:p>two</text:p></text:list-item></text:list>
<table:table><table:table-row>` + cell(`table:number-columns-spanned="2"`, "Both") + `<table:covered-table-cell/>` + cell("", "c") + `</table:table-row><table:table-row>` + cell(`table:number-rows-spanned="2"`, "x") + cell("", "1") + cell("", "2") + `</table:table-row><table:table-row><table:covered-table-cell/>` + cell("", "3") + `</table:table-row></table:table>
<text:p><draw:frame><draw:object xlink:href="./Object 1"/><draw:image/></draw:frame><draw:frame><draw:image/><svg:desc>A duck on a lake</svg:desc></draw:frame></text:p>
<text:p>Said<office:annotation><dc:creator>Ann</dc:creator><dc:date>2024-05-06T07:08:09</dc:date><text:p>Why?</text:p></office:annotation></text:p>`
	want := "The title\n\nAims\n\nTwo words  and[^1]\n\n[^1]: A note.\n\n1. one\n  1.a) deep\n2. two\n\n| Both | Both | c |\n| --- | --- | --- |\n| x | 1 | 2 |\n| x | 3 |  |\n\n" +
		"Growth\n\n|  | Sales |\n| --- | --- |\n| 2020 | 4 |\n\n[A duck on a lake]\n\nSaid\n\n[Comment by Ann, 2024-05-06] Why?"
	doc := documenttest.Read(t, opendocument.Read, "a.odt", packed(t, "text", body))
	if doc.Text != want {
		t.Errorf("text = %q, want %q", doc.Text, want)
	}
	if got := documenttest.Headings(doc); !slices.Equal(got, []string{"1 The title", "2 Aims"}) {
		t.Errorf("headings = %q", got)
	}
	if doc.Title != "Report" || doc.Language != "fr-CH" || doc.Metadata["author"] != "Ann" {
		t.Errorf("title %q, language %q, metadata %v", doc.Title, doc.Language, doc.Metadata)
	}
}

func TestSheetsDeclaredEndlessAreReadToTheirEnd(t *testing.T) {
	t.Parallel()
	body := `<table:table table:name="Sums"><table:table-row>` + cell("", "k") + cell("", "v") + `<table:table-cell table:number-columns-repeated="1000000000"/></table:table-row>
<table:table-row table:number-rows-repeated="2">` + cell("", "a") + cell("", "1") + `</table:table-row>
<table:table-row table:number-rows-repeated="1000000000"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>
<table:table-row>` + cell("", "end") + `</table:table-row></table:table><table:table table:name="Old" table:style-name="ta2"><table:table-row>` + cell("", "old") + `</table:table-row></table:table><table:table table:name="Empty"/>`
	want := "Sums\n\n| k | v |\n| --- | --- |\n| a | 1 |\n| a | 1 |\n\nend\n\nOld\n\n[Hidden sheet]\n\nold"
	for _, content := range []string{packed(t, "spreadsheet", body), flat("spreadsheet", body)} {
		if doc := documenttest.Read(t, opendocument.Read, "a.ods", content); doc.Text != want {
			t.Errorf("text = %q, want %q", doc.Text, want)
		}
	}
	bomb := `<table:table>` + strings.Repeat(`<table:table-row table:number-rows-repeated="1000000000">`+cell(`table:number-columns-repeated="1000000000"`, "x")+`</table:table-row>`, 100) + `</table:table>`
	if doc := documenttest.Read(t, opendocument.Read, "a.ods", flat("spreadsheet", bomb)); len(doc.Text) > 2<<20 {
		t.Errorf("cells without end gave %d bytes", len(doc.Text))
	}
}

func TestSlidesArePages(t *testing.T) {
	t.Parallel()
	frame := func(class, y, content string) string {
		return `<draw:frame presentation:class="` + class + `" svg:x="1cm" svg:y="` + y + `cm" svg:width="9cm" svg:height="1cm"><draw:text-box>` + content + `</draw:text-box></draw:frame>`
	}
	body := `<draw:page>` + frame("", "9", `<text:p>below</text:p>`) + frame("outline", "5", `<text:list><text:list-item><text:p>point</text:p></text:list-item></text:list>`) + frame("title", "20", `<text:p>Aims</text:p>`) + frame("footer", "1", `<text:p>foot</text:p>`) +
		`<presentation:notes>` + frame("notes", "1", `<text:p>Say this.</text:p>`) + `</presentation:notes></draw:page><draw:page draw:style-name="dp2">` + frame("title", "1", `<text:p>Unseen</text:p>`) + `</draw:page>`
	doc := documenttest.Read(t, opendocument.Read, "a.odp", packed(t, "presentation", body))
	if want := "Aims\n\n- point\n\nbelow\n\nNotes: Say this.\n\n[Hidden slide]\n\nUnseen"; doc.Text != want || len(doc.Pages) != 2 {
		t.Errorf("text = %q, want %q, pages %+v", doc.Text, want, doc.Pages)
	}
}

func TestEncryptedDocumentsAskForThePassword(t *testing.T) {
	t.Parallel()
	_, err := documenttest.Try(t, opendocument.Read, "a.odt", documenttest.Zip(t, "mimetype", "application/vnd.oasis.opendocument.text", "META-INF/manifest.xml", `<manifest:encryption-data/>`, "content.xml", "\x01\x02"))
	if e := document.AsError(err); e == nil || e.Code != document.CodePasswordRequired {
		t.Errorf("error = %v, want %s", err, document.CodePasswordRequired)
	}
}

func FuzzFlat(f *testing.F) {
	documenttest.Fuzz(f, opendocument.Read, "a.fodt",
		flat("text", `<text:list text:style-name="L1"><text:list-item text:start-value="3"><text:p>x</text:p></text:list-item></text:list><table:table><table:table-row table:number-rows-repeated="9">`+cell(`table:number-columns-repeated="3"`, "x")+`</table:table-row></table:table>`),
		flat("spreadsheet", `<table:table><table:table-row>`+cell(`table:number-columns-spanned="3" table:number-rows-spanned="2"`, "x")+`<table:covered-table-cell/></table:table-row></table:table>`),
		flat("presentation", `<draw:page><draw:g><draw:frame svg:x="1cm"><draw:text-box><text:p>x</text:p></draw:text-box></draw:frame></draw:g></draw:page>`))
}
