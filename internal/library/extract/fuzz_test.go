package extract

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"
)

// fuzz reads mutated files within the test's own process: whatever they hold,
// a reader gives a document or a fault, and never panics.
func fuzz(f *testing.F, name string, seeds ...string) {
	f.Helper()
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	r := &reader{
		limits: Limits{MaxTextBytes: 4 << 20}.withDefaults(),
		pdf:    pdfReader{cacheDir: filepath.Join(os.TempDir(), "mnemosyne-test-pdfium")},
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		path := filepath.Join(dir, "content")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := r.extract(Input{Path: path, Filename: name}, dir, nil)
		if err != nil {
			if asError(err) == nil {
				t.Fatalf("not the file's fault: %v", err)
			}
			return
		}
		doc, err := Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		checkFuzzed(t, doc)
	})
}

func checkFuzzed(t *testing.T, doc *Document) {
	t.Helper()
	if !utf8.ValidString(doc.Text) || !isClean(doc.Text) {
		t.Fatalf("text holds what it must not: %q", doc.Text)
	}
	whole := func(at int) bool { return at == len(doc.Text) || utf8.RuneStart(doc.Text[at]) }
	end := 0
	for _, b := range doc.Blocks {
		if b.Start < end || b.End <= b.Start || !whole(b.Start) || !whole(b.End) || !whole(b.Header.Start) || !whole(b.Header.End) {
			t.Fatalf("block %+v overlaps, is empty or cuts a character", b)
		}
		end = b.End
	}
	for _, p := range doc.Pages {
		if !whole(p.Start) || !whole(p.End) {
			t.Fatalf("page %+v cuts a character", p)
		}
	}
}

func FuzzText(f *testing.F) {
	fuzz(f, "a.txt", "one\r\n\r\ntwo", "\xff\xfea\x00b\x00", "gr\xfc\xdfe", "\ufeffé€🦊")
}

func FuzzMarkdown(f *testing.F) {
	fuzz(f, "a.md", "---\ntitle: x\n---\n# a\n\n- b\n  - c\n\n```\nd\n```\n\n| a |\n|---|\n| b |\n\n[^1]: x\n", "> a\n> - b\n>   1. c\n", "a\n==\n<div>\n\n***\n")
}

func FuzzHTML(f *testing.F) {
	fuzz(f, "a.html", "<title>a</title><h1>b</h1><ul><li>c<table><tr><td rowspan=3>d<td colspan=9>e</table><pre>f", "<meta charset=utf-16><p>a<br>b", "<table><tr><td><table><tr><td>x")
}

func FuzzCode(f *testing.F) {
	fuzz(f, "a.py", "@x\ndef f():\n  pass\nclass C:\n  def m(self): pass\n", "class A {\n int f(int a) {\n }\n};\n")
}

func FuzzGo(f *testing.F) {
	fuzz(f, "a.go", "package p\n\n// T\ntype T[K any] struct{}\nfunc (t *T[K]) M() {}\n", "package p\nvar (\n a, b = 1, 2\n)\nfunc (")
}

func FuzzDOCX(f *testing.F) {
	fuzzTestdata(f, "sample.docx")
}

func FuzzPDF(f *testing.F) {
	fuzzTestdata(f, "sample.pdf")
}

// FuzzDOCXBody mutates the document within the archive.
func FuzzDOCXBody(f *testing.F) {
	f.Add([]byte(`<w:p><w:pPr><w:pStyle w:val="a"/><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>x</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>y</w:t></w:r></w:p></w:tc></w:tr></w:tbl>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var text, structure bytes.Buffer
		w := newWriter(&text, &structure, Limits{}.withDefaults(), nil)
		b := &docxBody{w: w, docx: &docx{}, counters: map[string]*[9]int{}}
		if err := b.read(newXML(bytes.NewReader(body))); asError(err) != nil {
			return
		}
		if _, err := w.close(); err != nil {
			return
		}
		doc, err := Decode(&text, &structure)
		if err != nil {
			t.Fatal(err)
		}
		checkFuzzed(t, doc)
	})
}

func fuzzTestdata(f *testing.F, name string) {
	f.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		f.Fatal(err)
	}
	fuzz(f, name, string(data))
}
