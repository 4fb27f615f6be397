package hostile_test

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// samples are small whole files of each format, by name.
func samples(t *testing.T) map[string]string {
	t.Helper()
	pptx := archiveOf(
		entry{name: "[Content_Types].xml", content: "<Types/>"},
		entry{name: "ppt/presentation.xml", content: `<p:presentation xmlns:p="p" xmlns:r="r"><p:sldIdLst><p:sldId id="1" r:id="r1"/></p:sldIdLst></p:presentation>`},
		entry{name: "ppt/_rels/presentation.xml.rels", content: `<Relationships><Relationship Id="r1" Type="x/slide" Target="slides/slide1.xml"/></Relationships>`},
		entry{name: "ppt/slides/slide1.xml", content: `<p:sld xmlns:p="p" xmlns:a="a"><p:cSld><p:spTree><p:sp><p:txBody><a:p><a:r><a:t>Said.</a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:sld>`},
	)
	found := map[string]string{
		"a.docx": docxOf(wordBody(strings.Repeat(wordParagraph, 20) + "<w:tbl><w:tr><w:tc>" + wordParagraph + "</w:tc></w:tr></w:tbl>")),
		"a.xlsx": xlsxOf(`<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1"><v>5</v></c></row></sheetData><mergeCells><mergeCell ref="A1:B2"/></mergeCells></worksheet>`, entry{name: "xl/sharedStrings.xml", content: "<sst><si><t>Words</t></si></sst>"}),
		"a.pptx": pptx,
		"a.odt":  odfOf("text", odfHead+`<office:text><text:h text:outline-level="1">T</text:h><text:p>Words <text:s text:c="3"/>here.</text:p></office:text></office:body></office:document-content>`),
		"a.ods":  odfOf("spreadsheet", odfHead+`<office:spreadsheet><table:table><table:table-row table:number-rows-repeated="3"><table:table-cell table:number-columns-repeated="2"><text:p>x</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>`),
		"a.epub": epubOf(`<html xmlns="http://www.w3.org/1999/xhtml"><body><h1>T</h1><p>Words.</p></body></html>`),
		"b.pdf":  pageWith(stream("/Filter /FlateDecode", zlibbed(strings.Repeat(pdfText, 5)))),
		"a.html": `<!doctype html><title>T</title><h1>A</h1><table><tr><td rowspan=2 colspan=3>x<td>y</table><ul><li>a<li>b</ul><pre>c</pre><p>W&auml;rter.`,
		"a.md":   "---\ntitle: x\n---\n# a\n\n- b\n  - c\n\n```go\nd\n```\n\n| a |\n|---|\n| b |\n\n> q\n\n[^1]: x\n",
		"a.rtf":  `{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 A;}}{\stylesheet{\s1 heading 1;}}\s1 T\par\pard Words\'e4\u228?\trowd\cellx1\intbl x\cell\row{\footnote n}\par}`,
		"a.tex":  "\\documentclass{article}\\newcommand{\\x}[1]{#1!}\\begin{document}\\section{A}\\x{b}\\begin{tabular}{cc}a&b\\\\c&d\\end{tabular}$x^2$\\footnote{n}\\end{document}",
		"a.rst":  "T\n=\n\n.. note:: n\n\n+---+\n| a |\n+---+\n\n* b\n\n|s|\n\n.. |s| replace:: t\n",
		"a.adoc": "= T\n:a: b\n\n== H\n\n* x\n** y\n\n|===\n|a|b\n|===\n\n----\nc\n----\n{a}\n",
		"a.xml":  `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "y">]><article><front><article-meta><title-group><article-title>T</article-title></title-group></article-meta></front><body><sec><title>S</title><p>Words &x; <![CDATA[<]]>.</p></sec></body></article>`,
		"a.vtt":  "WEBVTT\n\n1\n00:00.000 --> 00:01.000\n<v A>Words.\n",
		"a.csv":  "a,b\n\"c\nd\",e\n", "a.ipynb": `{"nbformat":4,"metadata":{"language_info":{"name":"python"}},"cells":[{"cell_type":"markdown","source":["# A"]},{"cell_type":"code","source":"x","outputs":[{"output_type":"stream","text":"y"}]}]}`,
		"a.eml": "From: a@b\r\nTo: c@d\r\nSubject: =?utf-8?q?s=C3=A4?=\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>W=E4rter\r\n--b\r\nContent-Type: text/plain; name=a.txt\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD\r\n--b--\r\n",
		"a.txt": "\xff\xfeW\x00o\x00r\x00d\x00s\x00 \x00\x3d\xd8\x8a\xde", "a.go": "package p\n\n// T\ntype T struct{}\n\nfunc (T) M() {}\n", "a.py": "def f():\n  '''d'''\n\nclass C:\n  pass\n",
	}
	for _, name := range []string{"sample.docx", "sample.pdf"} {
		data, err := os.ReadFile(filepath.Join("..", "testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		found[name] = string(data)
	}
	return found
}

// folder adds the files of the folder that MNEMOSYNE_TEST_HOSTILE names.
func folder(t *testing.T, found map[string]string) {
	t.Helper()
	root := os.Getenv("MNEMOSYNE_TEST_HOSTILE")
	if root == "" {
		return
	}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if len(data) > 0 && len(data) < 4<<20 {
			found[strings.ReplaceAll(strings.TrimPrefix(path, root), "/", "_")] = string(data)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestBrokenFilesEndWithinBounds(t *testing.T) { //nolint:tparallel // one at a time: what each takes is counted
	t.Parallel()
	b := newBench(t)
	files := samples(t)
	folder(t, files)
	for name, whole := range files { //nolint:paralleltest // as above
		t.Run(name, func(t *testing.T) {
			b.measured(t, name, whole)
			for what, content := range broken(whole) {
				if b.measured(t, name, content); t.Failed() {
					keep := filepath.Join(os.TempDir(), "mnemosyne-hostile-"+filepath.Base(name))
					t.Fatalf("%s; the file is kept as %s: %v", what, keep, os.WriteFile(keep, []byte(content), 0o600))
				}
			}
		})
	}
}

// broken gives a file cut short and with wrong bits in many ways, the same in
// each run.
func broken(whole string) map[string]string {
	const cuts, flips = 8, 16
	found := map[string]string{"twice": whole + whole, "without its beginning": whole[min(len(whole), 512):]}
	for i := range cuts {
		at := len(whole) * (i + 1) / (cuts + 1)
		found[fmt.Sprintf("cut at %d", at)] = whole[:at]
	}
	random := rand.New(rand.NewPCG(1, uint64(len(whole))))
	for i := range flips {
		wrong := []byte(whole)
		for range 1 << (i % 6) {
			wrong[random.IntN(len(wrong))] ^= 1 << random.IntN(8)
		}
		found[fmt.Sprintf("with wrong bits, %d", i)] = string(wrong)
	}
	return found
}
