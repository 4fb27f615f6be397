package hostile_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// entry is a file in an archive as it is, or as it claims to be.
type entry struct {
	name    string
	content string
	// claims is the size that the archive tells of it, 0 for the true one.
	claims uint32
	stored bool
	flags  uint16
	method uint16 // 0: what suits
}

// archiveOf packs entries as they are told, true or not.
func archiveOf(entries ...entry) string {
	var b, directory bytes.Buffer
	for _, e := range entries {
		data, method := []byte(e.content), e.method
		if !e.stored && method == 0 {
			data, method = deflated(e.content), zip.Deflate
		}
		size := uint32(len(e.content))
		if e.claims != 0 {
			size = e.claims
		}
		offset := b.Len()
		head := func(w *bytes.Buffer) {
			for _, v := range []any{uint16(20), e.flags, method, uint32(0), crc32.ChecksumIEEE([]byte(e.content)), uint32(len(data)), size, uint16(len(e.name)), uint16(0)} {
				_ = binary.Write(w, binary.LittleEndian, v)
			}
		}
		b.WriteString("PK\x03\x04")
		head(&b)
		b.WriteString(e.name)
		b.Write(data)
		directory.WriteString("PK\x01\x02\x14\x00")
		head(&directory)
		directory.Write(make([]byte, 10))
		_ = binary.Write(&directory, binary.LittleEndian, uint32(offset))
		directory.WriteString(e.name)
	}
	return b.String() + directory.String() + endOf(len(entries), directory.Len(), b.Len())
}

func endOf(entries, size, offset int) string {
	var b bytes.Buffer
	b.WriteString("PK\x05\x06\x00\x00\x00\x00")
	for _, v := range []any{uint16(entries), uint16(entries), uint32(size), uint32(offset), uint16(0)} {
		_ = binary.Write(&b, binary.LittleEndian, v)
	}
	return b.String()
}

func deflated(s string) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, 6)
	if err != nil {
		panic(err)
	}
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.Bytes()
}

// overlapping packs one content that many entries share.
func overlapping(names []string, content string) string {
	one := archiveOf(entry{name: names[0], content: content})
	at := strings.Index(one, "PK\x01\x02")
	record := one[at : at+46]
	var b strings.Builder
	for _, name := range names {
		r := []byte(record)
		binary.LittleEndian.PutUint16(r[28:], uint16(len(name)))
		b.Write(r)
		b.WriteString(name)
	}
	return one[:at] + b.String() + endOf(len(names), b.Len(), at)
}

// docxOf packs a Word document around its main part.
func docxOf(body string, more ...entry) string {
	return archiveOf(append([]entry{
		{name: "[Content_Types].xml", content: "<Types/>"},
		{name: "word/document.xml", content: body},
	}, more...)...)
}

func wordBody(s string) string {
	return `<w:document xmlns:w="w"><w:body>` + s + `</w:body></w:document>`
}

const (
	wordParagraph = `<w:p><w:r><w:t>A sentence like any other.</w:t></w:r></w:p>`
	workbook      = `<workbook xmlns:r="r"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>`
	workbookRels  = `<Relationships><Relationship Id="r1" Type="x/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`
)

func xlsxOf(sheet string, more ...entry) string {
	return archiveOf(append([]entry{
		{name: "[Content_Types].xml", content: "<Types/>"},
		{name: "xl/workbook.xml", content: workbook},
		{name: "xl/_rels/workbook.xml.rels", content: workbookRels},
		{name: "xl/worksheets/sheet1.xml", content: sheet},
	}, more...)...)
}

func odfOf(kind, content string) string {
	return archiveOf(
		entry{name: "mimetype", content: "application/vnd.oasis.opendocument." + kind, stored: true},
		entry{name: "content.xml", content: content},
	)
}

const odfHead = `<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body>`

func epubOf(chapter string, more ...entry) string {
	return archiveOf(append([]entry{
		{name: "mimetype", content: "application/epub+zip", stored: true},
		{name: "META-INF/container.xml", content: `<container><rootfiles><rootfile full-path="a.opf"/></rootfiles></container>`},
		{name: "a.opf", content: `<package><manifest><item id="c" href="c.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="c"/></spine></package>`},
		{name: "c.xhtml", content: chapter},
	}, more...)...)
}

func archives() []hostileFile {
	bomb := []string{document.CodeTooLarge}
	long := func() string { return strings.Repeat(wordParagraph, 4<<20/len(wordParagraph)) }
	sheets := func() string {
		names := []string{"xl/worksheets/sheet1.xml", "[Content_Types].xml", "xl/workbook.xml"}
		for i := range 1000 {
			names = append(names, fmt.Sprintf("xl/worksheets/sheet%d.xml", i+2))
		}
		return overlapping(names, strings.Repeat(" ", 1<<20))
	}
	nested := func() string {
		in := strings.Repeat("\x00", 4<<20)
		for range 8 {
			in = archiveOf(entry{name: "a.zip", content: in}, entry{name: "b.zip", content: in})
		}
		return in
	}
	climbing := func() string {
		return docxOf(wordBody(wordParagraph), entry{name: "../../../../etc/cron.d/x", content: "x"}, entry{name: "/etc/passwd", content: "x"},
			entry{name: `..\..\x`, content: "x"}, entry{name: "word/_rels/document.xml.rels", content: `<Relationships>
<Relationship Id="a" Type="x/footnotes" Target="../../../../../../etc/passwd"/><Relationship Id="b" Type="x/styles" Target="file:///etc/passwd" TargetMode="External"/>
<Relationship Id="c" Type="x/attachedTemplate" Target="http://127.0.0.1/x.dotm" TargetMode="External"/></Relationships>`})
	}
	return []hostileFile{
		{"word of 10 GB by declaration", "a.docx", func() string {
			return archiveOf(entry{name: "[Content_Types].xml", content: "<Types/>"}, entry{name: "word/document.xml", content: wordBody(wordParagraph), claims: 0xfffffff0})
		}, nil},
		{"word that unpacks to much", "a.docx", func() string { return docxOf(wordBody(strings.Repeat(" ", 64<<20))) }, bomb},
		{"word that unpacks to more than it claims", "a.docx", func() string {
			return archiveOf(entry{name: "[Content_Types].xml", content: "<Types/>"}, entry{name: "word/document.xml", content: wordBody(strings.Repeat(" ", 20<<20)), claims: 10})
		}, nil},
		{"word of many paragraphs", "a.docx", func() string { return docxOf(wordBody(long())) }, nil},
		{"sheets that share their content", "a.xlsx", sheets, bomb},
		{"archives within archives", "a.zip", nested, nil},
		{"archives named as a document", "a.docx", nested, nil},
		{"names that climb", "a.docx", climbing, nil},
		{"many entries", "a.docx", func() string {
			entries := []entry{{name: "[Content_Types].xml", content: "<Types/>"}, {name: "word/document.xml", content: wordBody(wordParagraph)}}
			for i := range 60_000 {
				entries = append(entries, entry{name: fmt.Sprintf("word/media/%d", i), stored: true})
			}
			return archiveOf(entries...)
		}, nil},
		{"one name many times", "a.docx", func() string {
			var entries []entry
			for range 10_000 {
				entries = append(entries, entry{name: "word/document.xml", content: wordBody(wordParagraph)}, entry{name: "[Content_Types].xml", content: "<Types/>"})
			}
			return archiveOf(entries...)
		}, nil},
		{"encrypted entries", "a.docx", func() string {
			return archiveOf(entry{name: "[Content_Types].xml", content: "<Types/>"}, entry{name: "word/document.xml", content: wordBody(wordParagraph), flags: 1})
		}, nil},
		{"an unknown method", "a.docx", func() string {
			return archiveOf(entry{name: "[Content_Types].xml", content: "<Types/>"}, entry{name: "word/document.xml", content: wordBody(wordParagraph), method: 99})
		}, nil},
		{"a directory of a million by declaration", "a.xlsx", func() string { return "PK\x03\x04" + strings.Repeat("\x00", 100) + endOf(65535, 1<<31, 4) }, nil},
		{"macros and embedded objects", "a.docm", func() string {
			return docxOf(wordBody(`<w:p><w:r><w:object><o:OLEObject xmlns:o="o" Type="Embed" ProgID="Package" r:id="r9" xmlns:r="r"/></w:object><w:t>Text.</w:t></w:r></w:p>`),
				entry{name: "word/vbaProject.bin", content: strings.Repeat("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 1000)}, entry{name: "word/embeddings/oleObject1.bin", content: "MZ"})
		}, nil},
		{"an archive before a PDF", "a.pdf", func() string { return docxOf(wordBody(wordParagraph)) + "\n%PDF-1.4\n" }, nil},
		{"a PDF before an archive", "a.docx", func() string { return "%PDF-1.4\n%%EOF\n" + docxOf(wordBody(wordParagraph)) }, nil},
		{"a picture that is a page", "a.html", func() string { return "GIF89a/*" + strings.Repeat("<script>", 1000) + "*/=1;<p>Text." }, nil},
		{"a page that is a picture", "a.gif", func() string { return "<p>Text.</p>GIF89a" }, nil},
	}
}
