package office_test

import (
	"slices"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document/documenttest"
	"git.helu.ca/r/mnemosyne/internal/library/extract/office"
)

// word packs a document around the content of its body.
func word(t testing.TB, body string) string {
	t.Helper()
	return documenttest.Zip(
		t, "_rels/.rels", rels("rId1", "officeDocument", "word/document2.xml"),
		"word/_rels/document2.xml.rels", rels("rId1", "styles", "styles.xml", "rId2", "numbering", "numbering.xml", "rId3", "chart", "c.xml", "rId4", "comments", "comments.xml"),
		"word/styles.xml", `<w:styles xmlns:w="w"><w:docDefaults><w:rPrDefault><w:rPr><w:lang w:val="de-DE"/></w:rPr></w:rPrDefault></w:docDefaults>
<w:style w:styleId="berschrift2"><w:name w:val="Überschrift 2"/></w:style><w:style w:styleId="Source"><w:name w:val="Source Code"/></w:style><w:style w:styleId="Trap"><w:name w:val="Source Reference"/></w:style></w:styles>`,
		"word/numbering.xml", `<w:numbering xmlns:w="w"><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="3"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl></w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="3"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num></w:numbering>`,
		"word/comments.xml", `<w:comments xmlns:w="w"><w:comment w:id="0" w:author="Ann" w:date="2024-05-06T07:08:09Z"><w:p><w:r><w:t>Why?</w:t></w:r></w:p></w:comment></w:comments>`,
		"word/document2.xml", `<w:document xmlns:w="http://purl.oclc.org/ooxml/wordprocessingml/main"><w:body>`+body+`<w:sectPr/></w:body></w:document>`,
	)
}

func wp(properties, content string) string {
	return `<w:p><w:pPr>` + properties + `</w:pPr>` + content + `</w:p>`
}

func wr(text string) string { return `<w:r><w:t>` + text + `</w:t></w:r>` }

func TestDOCXKeepsWhatAReaderSees(t *testing.T) {
	t.Parallel()
	item := func(num string) string { return `<w:numPr><w:numId w:val="` + num + `"/></w:numPr>` }
	boxes := `<w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val="1"/></w14:checkbox></w:sdtPr><w:sdtContent>` + wr("☒") + `</w:sdtContent></w:sdt>` + wr(" done")
	textBox := func(text string) string {
		return `<w:r><mc:AlternateContent><mc:Choice><w:drawing><wp:docPr descr="A map of the town"/><wps:txbx><w:txbxContent>` + wp("", wr(text)) + `</w:txbxContent></wps:txbx></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox><w:txbxContent>` + wp("", wr(text)) + `</w:txbxContent></v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>`
	}
	for name, c := range map[string]struct{ body, want string }{
		"a heading in German":       {wp(`<w:pStyle w:val="berschrift2"/>`, wr("Ziele")), "Ziele"},
		"lists that count on":       {wp(item("1"), wr("a")) + wp(item("2"), wr("b")) + wp(item("3"), wr("c")) + wp(item("3"), wr("d")), "3. a\n4. b\n1. c\n2. d"},
		"hidden text and fields":    {wp("", `<w:r><w:rPr><w:vanish/></w:rPr><w:t>no</w:t></w:r>`+wr("seen")+`<w:r><w:instrText>PAGE</w:instrText></w:r>`), "seen"},
		"a checkbox":                {wp("", boxes), "[x] done"},
		"a placeholder":             {wp("", wr("Name: ")+`<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>`+wr("Click here")+`</w:sdtContent></w:sdt>`), "Name:"},
		"a text box, once":          {wp("", wr("before")+textBox("within")), "before\n\n[A map of the town]\n\nwithin"},
		"a comment":                 {wp("", wr("text")+`<w:r><w:commentReference w:id="0"/></w:r>`) + wp("", wr("next")), "text\n\n[Comment by Ann, 2024-05-06] Why?\n\nnext"},
		"a formula":                 {wp("", wr("It is ")+`<m:oMath><m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>π</m:t></m:r></m:den></m:f></m:oMath>`), `It is $\frac{1}{\pi}$`},
		"code of several lines":     {wp(`<w:pStyle w:val="Source"/>`, wr("a {")) + wp(`<w:pStyle w:val="Source"/>`, "") + wp(`<w:pStyle w:val="Source"/>`, wr("}")) + wp(`<w:pStyle w:val="Trap"/>`, wr("prose")), "a {\n\n}\n\nprose"},
		"a table of one cell":       {`<w:tbl><w:tr><w:tc>` + wp("", wr("one")) + wp("", wr("two")) + `</w:tc></w:tr></w:tbl>`, "one\n\ntwo"},
		"a table within a table":    {`<w:tbl><w:tr><w:tc>` + wp("", wr("a")) + `</w:tc><w:tc><w:tbl><w:tr><w:tc>` + wp("", wr("b")) + `</w:tc><w:tc>` + wp("", wr("c")) + `</w:tc></w:tr></w:tbl></w:tc></w:tr></w:tbl>`, "| a | b c |\n| --- | --- |"},
		"a table with a title":      {`<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr>` + wp("", wr("Title")) + `</w:tc></w:tr><w:tr><w:tc>` + wp("", wr("a")) + `</w:tc><w:tc>` + wp("", wr("b")) + `</w:tc></w:tr></w:tbl>`, "Title\n\n| a | b |\n| --- | --- |"},
		"what was moved or deleted": {wp("", `<w:moveFrom>`+wr("old")+`</w:moveFrom><w:del>`+wr("gone")+`</w:del><w:moveTo>`+wr("new")+`</w:moveTo>`), "new"},
	} {
		doc, err := documenttest.Try(t, office.DOCX, "a.docx", word(t, c.body))
		if err != nil || doc.Text != c.want || doc.Language != "de-DE" {
			t.Errorf("%s: document = %+v, want %q, error %v", name, doc, c.want, err)
		}
	}
	doc := documenttest.Read(t, office.DOCX, "a.docx", word(t, wp(`<w:pStyle w:val="berschrift2"/>`, wr("Ziele"))+wp(`<w:pStyle w:val="Source"/>`, wr("x"))))
	if got := documenttest.Headings(doc); !slices.Equal(got, []string{"2 Ziele"}) {
		t.Errorf("headings = %q", got)
	}
	documenttest.WantTexts(t, doc, document.Code, "x")
}
