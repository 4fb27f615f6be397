package office_test

import (
	"slices"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document/documenttest"
	"git.helu.ca/r/mnemosyne/internal/library/extract/office"
)

const sheetNS = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`

// workbook packs a workbook whose first sheet holds that, and a hidden one.
func workbook(t testing.TB, sheet string) string {
	t.Helper()
	return documenttest.Zip(
		t, "_rels/.rels", rels("rId1", "officeDocument", "xl/workbook.xml"),
		"xl/workbook.xml", `<workbook `+sheetNS+`><sheets><sheet name="Sales" r:id="rId1"/><sheet name="Old" state="hidden" r:id="rId2"/><sheet name="Nothing" r:id="rId5"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels", rels("rId1", "worksheet", "worksheets/s1.xml", "rId2", "worksheet", "worksheets/s2.xml", "rId3", "sharedStrings", "/xl/shared.xml", "rId4", "styles", "styles.xml", "rId5", "worksheet", "worksheets/s3.xml"),
		"xl/worksheets/s1.xml", `<worksheet `+sheetNS+`>`+sheet+`</worksheet>`,
		"xl/worksheets/s2.xml", `<worksheet `+sheetNS+`><sheetData><row><c t="inlineStr"><is><t>old</t></is></c></row></sheetData></worksheet>`,
		"xl/worksheets/s3.xml", `<worksheet `+sheetNS+`><sheetData/></worksheet>`,
		"xl/worksheets/_rels/s1.xml.rels", rels("rId1", "comments", "../comments1.xml"),
		"xl/comments1.xml", `<comments `+sheetNS+`><authors><author>Ann</author></authors><commentList><comment ref="B2" authorId="0"><text><r><t>Ann:</t></r><r><t> check</t></r></text></comment></commentList></comments>`,
		"xl/shared.xml", `<sst `+sheetNS+`><si><t>Region</t></si><si><r><t>No</t></r><r><t>rth</t></r><rPh><t>x</t></rPh></si><si><t>Total</t></si></sst>`,
		"xl/styles.xml", `<styleSheet `+sheetNS+`><numFmts><numFmt numFmtId="164" formatCode="0.0%"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/></cellXfs></styleSheet>`,
	)
}

func TestXLSXGivesSheetsAsTablesOfShownValues(t *testing.T) {
	t.Parallel()
	doc := documenttest.Read(t, office.XLSX, "a.xlsx", workbook(t, `<dimension ref="A1:XFD1048576"/><sheetData>
<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>When</t></is></c><c r="C1" t="str"><v>Share</v></c></row>
<row r="2"><c r="A2" t="s"><v>1</v></c><c r="B2" s="1"><v>45292</v></c><c r="C2" s="2"><v>0.125</v></c></row>
<row r="3"><c r="B3" s="1"><v>45293</v></c><c r="C3" t="b"><v>1</v></c></row>
<row r="1048576"><c r="A1048576" t="s"><v>2</v></c><c r="XFD1048576" t="e"><v>#N/A</v></c></row>
</sheetData><mergeCells><mergeCell ref="A2:A3"/></mergeCells>`))
	want := "Sales\n\n| Region | When | Share |\n| --- | --- | --- |\n| North | 2024-01-01 | 12.5% |\n| North | 2024-01-02 | TRUE |\n\n" +
		"| Total | #N/A |\n| --- | --- |\n\n[Comment by Ann on B2] check\n\nOld\n\n[Hidden sheet]\n\nold"
	if doc.Text != want {
		t.Errorf("text = %q, want %q", doc.Text, want)
	}
	if got := documenttest.Headings(doc); !slices.Equal(got, []string{"1 Sales", "1 Old"}) {
		t.Errorf("headings = %q", got)
	}
}

func TestXLSXWithMergesOverEverythingIsRead(t *testing.T) {
	t.Parallel()
	var merges strings.Builder
	for range 5000 {
		merges.WriteString(`<mergeCell ref="A1:XFD1048576"/>`)
	}
	doc := documenttest.Read(t, office.XLSX, "a.xlsx", workbook(t, `<sheetData><row r="1"><c r="A1" t="str"><v>x</v></c></row><row r="1000"><c r="C1000"><v>1</v></c></row></sheetData><mergeCells>`+merges.String()+`</mergeCells>`))
	if len(doc.Text) > 10_000 {
		t.Errorf("text of %d bytes", len(doc.Text))
	}
}

func FuzzXLSXSheet(f *testing.F) {
	f.Add([]byte(`<sheetData><row r="2"><c r="B2" s="2"><v>1</v></c><c t="s"><v>1</v></c></row></sheetData><mergeCells><mergeCell ref="B2:D9"/></mergeCells>`))
	f.Fuzz(func(t *testing.T, sheet []byte) {
		if _, err := documenttest.Try(t, office.XLSX, "a.xlsx", workbook(t, string(sheet))); err != nil && document.AsError(err) == nil {
			t.Fatal(err)
		}
	})
}
