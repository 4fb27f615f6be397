package extract_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"

	"git.helu.ca/r/mnemosyne/internal/library/extract"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// headings lists headings as "level title".
func headings(doc *document.Document) []string {
	var out []string
	for _, b := range doc.Blocks {
		if b.Kind == document.Heading {
			out = append(out, string(rune('0'+b.Level))+" "+b.Title)
		}
	}
	return out
}

func wantTexts(t *testing.T, doc *document.Document, kind document.BlockKind, want ...string) {
	t.Helper()
	if got := texts(doc, kind); !slices.Equal(got, want) {
		t.Errorf("%s blocks = %q, want %q", kind, got, want)
	}
}

func TestTextIsReadInAnyEncoding(t *testing.T) {
	t.Parallel()
	pool := newPool(t, nil)
	german := "Grüße aus Köln, schöne Straßen und Brücken über dem Fluß. Außerdem: Äpfel für fünf Mäuse, möglichst süß."
	latin, _ := charmap.Windows1252.NewEncoder().String(german)
	utf16, _ := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(german)
	bare, _ := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder().String(german)
	nihongo := strings.Repeat("これは日本語の文章です。文字コードを調べるために、少し長く書いています。", 4)
	sjis, _ := japanese.ShiftJIS.NewEncoder().String(nihongo)
	russian := strings.Repeat("Это предложение написано по-русски, чтобы проверить кодировку. ", 4)
	koi, _ := charmap.KOI8R.NewEncoder().String(russian)
	for name, c := range map[string]struct{ content, want string }{
		"utf-8":        {german, german},
		"utf-8 mark":   {"\ufeff" + german, german},
		"windows-1252": {latin, german},
		"utf-16 mark":  {utf16, german},
		"utf-16":       {bare, german},
		"shift-jis":    {sjis, nihongo},
		"koi8-r":       {koi, russian},
		"one bad byte": {german + "\xff", german + "\uFFFD"},
	} {
		if doc := read(t, pool, file(t, "a.txt", c.content)); doc.Text != c.want {
			t.Errorf("%s: text = %q", name, doc.Text)
		}
	}
}

func TestCharactersThatCarryNoTextAreLeftOut(t *testing.T) {
	t.Parallel()
	doc := read(t, newPool(t, nil), file(t, "a.txt", "one\x0ctwo\r\nthree\rfo\x1bur\x02"))
	if want := "one\ntwo\nthree\nfour"; doc.Text != want {
		t.Errorf("text = %q, want %q", doc.Text, want)
	}
}

func TestLongLinesKeepTheirCharactersWhole(t *testing.T) {
	t.Parallel()
	long := "x" + strings.Repeat("é€🦊", 400_000)
	if doc := read(t, newPool(t, nil), file(t, "a.txt", long)); doc.Text != long {
		t.Error("a line of 3.6 MB changed")
	}
}

func TestMarkdownKeepsItsSourceAndFindsBlocks(t *testing.T) {
	t.Parallel()
	src := "---\ntitle: \"The guide\"\nauthor: Me\n---\n# Guide to *it*\n\nPara one\nwraps.\n\nSetext\n------\n\n- a\n  - b\n- c\n\n" +
		"```go\nfunc main() {}\n```\n\n> quote\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
	doc := read(t, newPool(t, nil), file(t, "a.md", src))
	if doc.Text != src || doc.Title != "The guide" || doc.Metadata["author"] != "Me" {
		t.Errorf("title %q, metadata %v, text %q", doc.Title, doc.Metadata, doc.Text)
	}
	if got, want := headings(doc), []string{"1 Guide to it", "2 Setext"}; !slices.Equal(got, want) {
		t.Errorf("headings = %q, want %q", got, want)
	}
	wantTexts(t, doc, document.Paragraph, "Para one\nwraps.")
	wantTexts(t, doc, document.ListItem, "- a", "  - b", "- c")
	wantTexts(t, doc, document.Code, "---\ntitle: \"The guide\"\nauthor: Me\n---", "```go\nfunc main() {}\n```")
	wantTexts(t, doc, document.Quote, "> quote")
	wantTexts(t, doc, document.Table, "| a | b |\n|---|---|\n| 1 | 2 |")
	table := doc.Blocks[len(doc.Blocks)-1]
	if got := doc.Text[table.Header.Start:table.Header.End]; got != "| a | b |\n|---|---|" {
		t.Errorf("table header = %q", got)
	}
}

func TestLongMarkdownIsReadInPartsAtHeadings(t *testing.T) {
	t.Parallel()
	src := strings.Repeat("# Heading\n\n"+strings.Repeat("word ", 2000)+"\n\n```\n# no heading\n```\n\n", 900)
	doc := read(t, newPool(t, nil), file(t, "a.md", src))
	if got := len(headings(doc)); doc.Text != src || got != 900 {
		t.Errorf("%d headings of 900, text unchanged: %v", got, doc.Text == src)
	}
}

func TestReStructuredTextIsKnownByItsWords(t *testing.T) {
	t.Parallel()
	pool := newPool(t, nil)
	for name, want := range map[string]string{"a.rst": "text/x-rst", "README": "text/x-rst", "a.md": "text/markdown", "a.txt": "text/x-rst"} {
		doc := read(t, pool, file(t, name, "Title\n=====\n\n.. note:: Mind it.\n"))
		if doc.ContentType != want {
			t.Errorf("%s is %s, want %s", name, doc.ContentType, want)
		}
	}
}

func TestHTMLGivesWhatAReaderReads(t *testing.T) {
	t.Parallel()
	doc := read(t, newPool(t, nil), file(t, "a.html", `<!doctype html><html lang="de"><head><meta charset="utf-8"><title>A page</title>
<style>p{}</style></head><body><nav><a href="/">Home</a></nav><h1>Top &amp; first</h1><p>One <b>bold</b>
<a href="http://x/">link</a>.<br>New line.</p><script>var x = "no"</script>
<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul><ol><li>d</li></ol>
<table><tr><th>k</th><th>v</th></tr><tr><td rowspan=2>x</td><td>1|2</td></tr><tr><td>3</td></tr></table>
<pre>  code
    more</pre><blockquote>said</blockquote><p hidden>secret</p><footer>imprint</footer></body></html>`))
	if doc.Title != "A page" || doc.Language != "de" || doc.ContentType != "text/html" {
		t.Errorf("title %q, language %q, type %q", doc.Title, doc.Language, doc.ContentType)
	}
	want := "Top & first\n\nOne bold link.\nNew line.\n\n- a\n  - b\n- c\n1. d\n\n" +
		"| k | v |\n| --- | --- |\n| x | 1\\|2 |\n| x | 3 |\n\n  code\n    more\n\nsaid"
	if doc.Text != want {
		t.Errorf("text = %q, want %q", doc.Text, want)
	}
}

func TestHTMLCharsetComesFromThePage(t *testing.T) {
	t.Parallel()
	doc := read(t, newPool(t, nil), file(t, "a.html", "<html><head><meta charset=iso-8859-2></head><body><p>\xb3\xf3d\xbc</p></body></html>"))
	if doc.Text != "łódź" {
		t.Errorf("text = %q", doc.Text)
	}
}

func TestDOCXGivesHeadingsListsTablesAndNotes(t *testing.T) {
	t.Parallel()
	num := func(id, level string) string {
		return `<w:numPr><w:ilvl w:val="` + level + `"/><w:numId w:val="` + id + `"/></w:numPr>`
	}
	cell := func(properties, text string) string {
		return `<w:tc><w:tcPr>` + properties + `</w:tcPr>` + docxP("", text) + `</w:tc>`
	}
	doc := read(t, newPool(t, nil), file(t, "a.docx", makeDOCX(
		t, docxP(`<w:pStyle w:val="Titre1"/>`, "First")+
			`<w:p><w:r><w:t>Kept</w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:ins><w:r><w:t> added</w:t></w:r></w:ins><w:r><w:footnoteReference w:id="2"/></w:r></w:p>`+
			docxP(`<w:pStyle w:val="Sub"/>`, "Second")+
			docxP(num("1", "0"), "one")+docxP(num("1", "1"), "deep")+docxP(num("1", "0"), "two")+docxP(num("2", "0"), "dot")+
			`<w:tbl><w:tr>`+cell("", "k")+cell(`<w:gridSpan w:val="2"/>`, "v")+`</w:tr><w:tr>`+cell(`<w:vMerge w:val="restart"/>`, "x")+cell("", "1")+cell("", "2")+`</w:tr><w:tr>`+cell(`<w:vMerge/>`, "")+cell("", "3")+cell("", "4")+`</w:tr></w:tbl>`,
	)))
	want := "First\n\nKept added[^2]\n\n[^2]: The note.\n\nSecond\n\n1. one\n  1.a) deep\n2. two\n- dot\n\n" +
		"| k | v | v |\n| --- | --- | --- |\n| x | 1 | 2 |\n| x | 3 | 4 |"
	if doc.Text != want {
		t.Errorf("text = %q, want %q", doc.Text, want)
	}
	if got, want := headings(doc), []string{"1 First", "2 Second"}; !slices.Equal(got, want) {
		t.Errorf("headings = %q, want %q", got, want)
	}
	if doc.Title != "Annual report" || doc.Metadata["author"] != "A. Author" || len(doc.Pages) != 0 {
		t.Errorf("title %q, metadata %v, pages %v", doc.Title, doc.Metadata, doc.Pages)
	}
}

func TestDOCXThatUnpacksToTooMuchIsRefused(t *testing.T) {
	t.Parallel()
	bomb := makeDOCX(t, strings.Repeat(docxP("", strings.Repeat("a", 1<<20)), 60))
	_, err := newPool(t, nil).Extract(t.Context(), file(t, "a.docx", bomb), t.TempDir(), nil)
	if codeOf(err) != document.CodeTooLarge {
		t.Errorf("error = %v, want %s", err, document.CodeTooLarge)
	}
}

func TestPDFGivesPagesHeadingsAndWholeParagraphs(t *testing.T) {
	t.Parallel()
	page := func(n string, rest ...pdfText) []pdfText {
		return append([]pdfText{{72, 760, 9, false, "Running title"}, {300, 30, 9, false, n}}, rest...)
	}
	first := append([]pdfText{{72, 700, 20, true, "The great report"}, {72, 660, 14, true, "1 Introduction"}},
		pdfLines(630, "This is the first line of a paragraph that is long enough to be", "broken over lines, with a hyphen-", "ated word and so on, until it goes over to")...)
	second := append(pdfLines(700, "the next page, where the sentence ends at last."),
		append([]pdfText{{72, 640, 11, true, "1.1 Details"}}, pdfLines(615, "Another paragraph stands here.")...)...)
	third := pdfLines(700, "The third page.")
	doc := read(t, newPool(t, nil), file(t, "a.pdf", makePDF("/Title (untitled) /Author (Ann) /CreationDate (D:20240131120000Z)",
		page("1", first...), page("2", second...), page("3", third...), page("4", pdfLines(700, "The fourth page.")...))))
	want := "The great report\n\n1 Introduction\n\n" +
		"This is the first line of a paragraph that is long enough to be broken over lines, with a hyphenated word and so on, until it goes over to " +
		"the next page, where the sentence ends at last.\n\n1.1 Details\n\nAnother paragraph stands here.\n\nThe third page.\n\nThe fourth page."
	if doc.Text != want {
		t.Fatalf("text = %q, want %q", doc.Text, want)
	}
	if got, want := headings(doc), []string{"1 The great report", "2 1 Introduction", "3 1.1 Details"}; !slices.Equal(got, want) {
		t.Errorf("headings = %q, want %q", got, want)
	}
	if len(doc.Pages) != 4 || !strings.HasPrefix(doc.Text[doc.Pages[1].Start:], "the next page") || !strings.HasPrefix(strings.TrimSpace(doc.Text[doc.Pages[2].Start:]), "The third") {
		t.Errorf("pages = %+v", doc.Pages)
	}
	if doc.Title != "The great report" || doc.Metadata["author"] != "Ann" || doc.Metadata["created"] != "2024-01-31" {
		t.Errorf("title %q, metadata %v", doc.Title, doc.Metadata)
	}
}

func TestPDFTitleOverSeveralLinesIsOneHeading(t *testing.T) {
	t.Parallel()
	body := pdfLines(560, "This is the first line of a paragraph that is long enough to be", "broken over lines.")
	doc := read(t, newPool(t, nil), file(t, "a.pdf", makePDF("", append([]pdfText{
		{190, 700, 20, false, "A Reader of Documents:"},
		{150, 676, 20, true, "One Way for Many Kinds of Files"},
		{220, 652, 20, false, "and Their Pages"},
		{72, 610, 14, true, "1 Beginnings"},
		{72, 593, 14, true, "2 Ends"},
	}, body...))))
	want := []string{"1 A Reader of Documents: One Way for Many Kinds of Files and Their Pages", "2 1 Beginnings", "2 2 Ends"}
	if got := headings(doc); !slices.Equal(got, want) {
		t.Errorf("headings = %q, want %q", got, want)
	}
	if want := "A Reader of Documents: One Way for Many Kinds of Files and Their Pages"; doc.Title != want {
		t.Errorf("title = %q, want %q", doc.Title, want)
	}
}

func TestPDFWithoutTextSaysSo(t *testing.T) {
	t.Parallel()
	_, err := newPool(t, nil).Extract(t.Context(), file(t, "a.pdf", makePDF("", nil, nil)), t.TempDir(), nil)
	if codeOf(err) != document.CodeNoText || !strings.Contains(err.Error(), "Tesseract") {
		t.Errorf("error = %v, want %s and what to do", err, document.CodeNoText)
	}
}

func TestPDFOfTooManyPagesIsRefused(t *testing.T) {
	t.Parallel()
	pool := newPool(t, func(o *extract.Options) { o.Limits.MaxPages = 2 })
	_, err := pool.Extract(t.Context(), file(t, "a.pdf", makePDF("", nil, nil, nil)), t.TempDir(), nil)
	if codeOf(err) != document.CodeTooLarge {
		t.Errorf("error = %v, want %s", err, document.CodeTooLarge)
	}
}

func TestProgressCountsPages(t *testing.T) {
	t.Parallel()
	var seen []int
	pages := make([][]pdfText, 25)
	for i := range pages {
		pages[i] = pdfLines(700, "Words on a page.")
	}
	in := file(t, "a.pdf", makePDF("", pages...))
	_, err := newPool(t, nil).Extract(t.Context(), in, t.TempDir(), func(done, total int, unit string) {
		if total != 25 || unit != "pages" {
			t.Errorf("progress of %d %s", total, unit)
		}
		seen = append(seen, done)
	})
	if want := []int{10, 20, 25}; err != nil || !slices.Equal(seen, want) {
		t.Errorf("progress = %v, want %v, error %v", seen, want, err)
	}
}

func TestCodeIsCutIntoFunctionsAndTypes(t *testing.T) {
	t.Parallel()
	pool := newPool(t, nil)
	for name, c := range map[string]struct {
		src  string
		want []string
	}{
		"a.go": {
			"package p\n\nimport \"fmt\"\n\n// T is one.\ntype T[K any] struct{}\n\n// Do does.\nfunc (t *T[K]) Do() {\n\tfmt.Println()\n}\n\nfunc main() {\n\tx := func() {}\n\tx()\n}\n",
			[]string{"", "T", "T.Do", "main"},
		},
		"a.py": {
			"import os\n\n@wrap\ndef f(a):\n    def inner():\n        pass\n    return 1\n\nclass C(B):\n    x = 1\n\n    async def m(self):\n        return 2\n\n    def n(self): pass\n\nf(1)\n",
			[]string{"", "f", "C", "C.m", "C.n", ""},
		},
		"a.ts": {
			"import x from 'y'\n\nexport class A extends B {\n  private async run(a: string): Promise<void> {\n    if (a) {\n      go()\n    }\n  }\n}\n\nexport const f = (a) => {\n  return a\n}\n\nfunction g() {\n}\n",
			[]string{"", "A", "A.run", "f", "g"},
		},
		"a.java": {
			"package p;\n\npublic class A {\n    /** Adds. */\n    public int add(int a, int b) {\n        return a + b;\n    }\n\n    interface I {\n        void x();\n    }\n}\n",
			[]string{"", "A", "A.add", "A.I"},
		},
		"a.c": {
			"#include <stdio.h>\n\nstruct s {\n  int a;\n};\n\nstatic int add(int a,\n               int b)\n{\n  return a + b;\n}\n\nint main(void) {\n  return add(1, 2);\n}\n",
			[]string{"", "s", "add", "main"},
		},
		"a.rs": {
			"use std::io;\n\n#[derive(Debug)]\npub struct P { x: i32 }\n\nimpl P {\n    pub fn new() -> Self {\n        P { x: 1 }\n    }\n}\n\nfn main() {\n}\n",
			[]string{"", "P", "P", "P.new", "main"},
		},
	} {
		doc := read(t, pool, file(t, name, c.src))
		var got []string
		for _, b := range doc.Blocks {
			got = append(got, b.Symbol)
		}
		if !slices.Equal(got, c.want) || doc.Text != c.src {
			t.Errorf("%s: symbols = %q, want %q", name, got, c.want)
		}
	}
}

func TestDocumentSurvivesItsStoredForm(t *testing.T) {
	t.Parallel()
	doc := read(t, newPool(t, nil), file(t, "a.md", "# Ü <b>\n\n| a |\n|---|\n| 1 |\n"))
	doc.Pages = []document.Page{{Number: 1, Start: 0, End: 5}, {Number: 2, Start: 5, End: 20}}
	var sb strings.Builder
	if err := doc.Encode(&sb); err != nil {
		t.Fatal(err)
	}
	again, err := document.Decode(strings.NewReader(doc.Text), strings.NewReader(sb.String()))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(again.Blocks, doc.Blocks) || !slices.Equal(again.Pages, doc.Pages) || again.Title != doc.Title {
		t.Errorf("document = %+v, want %+v", again, doc)
	}
	for name, structure := range map[string]string{
		"cut short":     sb.String()[:len(sb.String())/2],
		"other text":    strings.Replace(sb.String(), `"text_bytes":`, `"text_bytes":1`, 1),
		"later version": strings.Replace(sb.String(), `"version":1`, `"version":99`, 1),
		"outside":       `{"k":"heading","s":3,"e":4000}` + "\n" + sb.String(),
	} {
		if _, err := document.Decode(strings.NewReader(doc.Text), strings.NewReader(structure)); err == nil {
			t.Errorf("structure that is %s was read", name)
		}
	}
}
