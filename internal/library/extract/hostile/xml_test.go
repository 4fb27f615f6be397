package hostile_test

import (
	"fmt"
	"strings"
)

// laughs declares entities that unfold to a billion and more.
func laughs(root string) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0"?><!DOCTYPE ` + root + ` [<!ENTITY a0 "ha">`)
	for i := range 40 {
		fmt.Fprintf(&b, `<!ENTITY a%d "%s">`, i+1, strings.Repeat(fmt.Sprintf("&a%d;", i), 10))
	}
	b.WriteString(`<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY y PUBLIC "p" "http://127.0.0.1:9/"><!ENTITY % p SYSTEM "file:///etc/passwd">%p;<!ENTITY a "&a;&a;">]>`)
	return b.String()
}

const unfold = "Before &a40; &x; &y; &a; after."

// tangles are ways to make a reader of XML busy, with the text of an element.
func tangles() map[string]string {
	return map[string]string{
		"entities":        unfold,
		"one long entity": strings.Repeat("&big;", 50_000),
		"deep":            strings.Repeat("<x>", 200_000) + "deep",
		"closed":          strings.Repeat("</x>", 200_000),
		"attributes":      "<x" + manyAttributes(50_000) + ">text</x>",
		"long attribute":  `<x a="` + strings.Repeat("v", 4<<20) + `">text</x>`,
		"namespaces":      strings.Repeat(`<x xmlns:a="a" xmlns:b="b">`, 50_000) + "text",
		"open comment":    "text<!--" + strings.Repeat("-", 2<<20),
		"open data":       "text<![CDATA[" + strings.Repeat("]]", 2<<20),
		"open tag":        "text<" + strings.Repeat("x", 2<<20),
		"instructions":    strings.Repeat("<?x y?>", 300_000) + "text",
		"empty elements":  strings.Repeat("<x/>", 300_000) + "text",
	}
}

func manyAttributes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ` a%d="b"`, i)
	}
	return b.String()
}

func xmlFiles() []hostileFile {
	var files []hostileFile
	for name, tangle := range tangles() {
		dtd := func(root string) string {
			if name != "entities" && name != "one long entity" {
				return ""
			}
			return strings.Replace(laughs(root), "[", `[<!ENTITY big "`+strings.Repeat("A", 50_000)+`">`, 1)
		}
		add := func(file string, content func() string) {
			files = append(files, hostileFile{name: name + " in " + file, file: file, content: content})
		}
		add("a.xml", func() string {
			return dtd("article") + "<article><body><sec><title>T</title><p>" + tangle + "</p></sec></body></article>"
		})
		add("a.svg", func() string {
			return dtd("svg") + `<svg xmlns="http://www.w3.org/2000/svg"><text>` + tangle + "</text></svg>"
		})
		add("a.docx", func() string {
			return docxOf(dtd("w:document") + wordBody(wordParagraph+"<w:p><w:r><w:t>"+tangle+"</w:t></w:r></w:p>"))
		})
		add("styles.docx", func() string {
			return docxOf(wordBody(wordParagraph), entry{name: "word/styles.xml", content: dtd("w:styles") + `<w:styles xmlns:w="w"><w:style>` + tangle + "</w:style></w:styles>"})
		})
		add("a.xlsx", func() string {
			return xlsxOf(dtd("worksheet") + `<worksheet><sheetData><row><c t="inlineStr"><is><t>` + tangle + "</t></is></c></row></sheetData></worksheet>")
		})
		add("strings.xlsx", func() string {
			return xlsxOf(`<worksheet><sheetData><row><c t="s"><v>0</v></c></row></sheetData></worksheet>`, entry{name: "xl/sharedStrings.xml", content: dtd("sst") + "<sst><si><t>" + tangle + "</t></si></sst>"})
		})
		add("a.odt", func() string {
			return odfOf("text", dtd("a")+odfHead+"<office:text><text:p>"+tangle+"</text:p></office:text></office:body></office:document-content>")
		})
		add("a.epub", func() string {
			return epubOf(dtd("html") + `<html xmlns="http://www.w3.org/1999/xhtml"><body><p>` + tangle + "</p></body></html>")
		})
		add("a.html", func() string { return dtd("html") + "<html><body><p>" + tangle + "</p></body></html>" })
	}
	return files
}

// sheets are workbooks that say little and claim much.
func sheets() []hostileFile {
	repeat := func(attributes string) string {
		return odfOf("spreadsheet", odfHead+`<office:spreadsheet><table:table><table:table-row table:number-rows-repeated="2000000000"><table:table-cell `+attributes+`><text:p>x</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>`)
	}
	return []hostileFile{
		{"a row far down", "a.xlsx", func() string {
			return xlsxOf(`<worksheet><sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row></sheetData></worksheet>`)
		}, nil},
		{"a row beyond all", "a.xlsx", func() string {
			return xlsxOf(`<worksheet><sheetData><row r="99999999999999999999"><c r="ZZZZZZZZZZZZ9999999999"><v>1</v></c></row></sheetData></worksheet>`)
		}, nil},
		{"cells merged over all", "a.xlsx", func() string {
			return xlsxOf(`<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>x</t></is></c></row><row r="2"><c r="B2"><v>1</v></c></row></sheetData><mergeCells>` + strings.Repeat(`<mergeCell ref="A1:XFD1048576"/>`, 1000) + `</mergeCells></worksheet>`)
		}, nil},
		{"far apart cells", "a.xlsx", func() string {
			var b strings.Builder
			for i := range 20_000 {
				fmt.Fprintf(&b, `<row r="%d"><c r="A%d"><v>1</v></c><c r="XFD%d"><v>2</v></c></row>`, i*50+1, i*50+1, i*50+1)
			}
			return xlsxOf(`<worksheet><sheetData>` + b.String() + `</sheetData></worksheet>`)
		}, nil},
		{"a string for each cell", "a.xlsx", func() string {
			return xlsxOf(`<worksheet><sheetData>`+strings.Repeat(`<row><c t="s"><v>0</v></c><c t="s"><v>0</v></c></row>`, 2000)+`</sheetData></worksheet>`,
				entry{name: "xl/sharedStrings.xml", content: "<sst><si><t>" + strings.Repeat("long ", 40_000) + "</t></si></sst>"})
		}, nil},
		{"rows that repeat", "a.ods", func() string { return repeat(`table:number-columns-repeated="2000000000"`) }, nil},
		{"cells that reach over all", "a.ods", func() string {
			return repeat(`table:number-columns-spanned="2000000000" table:number-rows-spanned="2000000000"`)
		}, nil},
		{"styles that build on themselves", "a.docx", func() string {
			return docxOf(wordBody(`<w:p><w:pPr><w:pStyle w:val="a"/></w:pPr><w:r><w:t>x</w:t></w:r></w:p>`), entry{name: "word/styles.xml", content: `<w:styles xmlns:w="w"><w:style w:type="paragraph" w:styleId="a"><w:basedOn w:val="b"/></w:style><w:style w:type="paragraph" w:styleId="b"><w:basedOn w:val="a"/></w:style></w:styles>`})
		}, nil},
		{"tables within tables", "a.docx", func() string { return docxOf(wordBody(strings.Repeat("<w:tbl><w:tr><w:tc>", 20_000) + wordParagraph)) }, nil},
		{"cells merged far", "a.docx", func() string {
			return docxOf(wordBody("<w:tbl>" + strings.Repeat(`<w:tr><w:tc><w:tcPr><w:gridSpan w:val="2000000000"/><w:vMerge/></w:tcPr>`+wordParagraph+`</w:tc></w:tr>`, 2000) + "</w:tbl>"))
		}, nil},
		{"notes that refer to themselves", "a.docx", func() string {
			return docxOf(wordBody(`<w:p><w:r><w:t>x</w:t><w:footnoteReference w:id="2"/></w:r></w:p>`), entry{name: "word/footnotes.xml", content: `<w:footnotes xmlns:w="w"><w:footnote w:id="2"><w:p><w:r><w:t>y</w:t><w:footnoteReference w:id="2"/></w:r></w:p></w:footnote></w:footnotes>`})
		}, nil},
	}
}
