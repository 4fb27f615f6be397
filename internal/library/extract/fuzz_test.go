package extract

import (
	"os"
	"path/filepath"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document/documenttest"
	"git.helu.ca/r/mnemosyne/internal/library/extract/pdf"
)

// fuzz reads mutated files within the test's own process: whatever they hold,
// a reader gives a document or a fault, and never panics.
func fuzz(f *testing.F, name string, seeds ...string) {
	f.Helper()
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	r := &reader{
		limits: document.Limits{MaxTextBytes: 4 << 20}.WithDefaults(),
		pdf:    pdf.Engine{CacheDir: filepath.Join(os.TempDir(), "mnemosyne-test-pdfium")},
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		path := filepath.Join(dir, "content")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := r.extract(document.Input{Path: path, Filename: name}, dir, nil)
		if err != nil {
			if document.AsError(err) == nil {
				t.Fatalf("not the file's fault: %v", err)
			}
			return
		}
		doc, err := document.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		documenttest.Check(t, doc)
	})
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

func fuzzTestdata(f *testing.F, name string) {
	f.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		f.Fatal(err)
	}
	fuzz(f, name, string(data))
}
