package plain_test

import (
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document/documenttest"
	"git.helu.ca/r/mnemosyne/internal/library/extract/plain"
)

func TestRecordsBecomeATableWhateverSeparatesTheirFields(t *testing.T) {
	t.Parallel()
	const want = "| name | value |\n| --- | --- |\n| x, y | 1 |\n| z | 2,5 |"
	for _, src := range []string{
		"name,value\n\"x, y\",1\nz,\"2,5\"\n",
		"name;value;\r\nx, y;1;\r\nz;2,5;\r\n",
		"name\tvalue\nx, y\t1\nz\t2,5",
		"name|value\nx, y|1\n\nz|2,5",
		"sep=;\nname;value\nx, y;1\nz;2,5",
	} {
		doc := documenttest.Read(t, plain.Table, "a.csv", src)
		b := doc.Blocks[0]
		if doc.Text != want || b.Kind != document.Table || doc.Text[b.Header.Start:b.Header.End] != "| name | value |\n| --- | --- |" {
			t.Errorf("%q: text = %q, block %+v", src, doc.Text, b)
		}
	}
}

func TestUnevenRecordsAreKept(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		"a,b,c\n1,2\n1,2,3,4\n":            "| a | b | c |  |\n| --- | --- | --- | --- |\n| 1 | 2 |  |  |\n| 1 | 2 | 3 | 4 |",
		"Lorem, ipsum\ndolor sit\namet\n":  "| Lorem, ipsum |\n| --- |\n| dolor sit |\n| amet |",
		"a,b\n\"two\nlines\",\"q\"\"q\"\n": "| a | b |\n| --- | --- |\n| two lines | q\"q |",
		"a,b\n\"stray,1\nx,2\n":            "| a | b |\n| --- | --- |\n| \"stray | 1 |\n| x | 2 |",
		"Cups,,\nTeam,Place\nx|y,2\n":      "Cups\n\n| Team | Place |\n| --- | --- |\n| x\\|y | 2 |",
	} {
		if doc := documenttest.Read(t, plain.Table, "a.csv", src); doc.Text != want {
			t.Errorf("%q: text = %q, want %q", src, doc.Text, want)
		}
	}
}

func TestALongTableIsOneBlock(t *testing.T) {
	t.Parallel()
	doc := documenttest.Read(t, plain.Table, "a.csv", "a,b\n"+strings.Repeat("1,2\n", 100_000))
	if len(doc.Blocks) != 1 || strings.Count(doc.Text, "\n") != 100_001 {
		t.Errorf("%d blocks, %d lines", len(doc.Blocks), strings.Count(doc.Text, "\n"))
	}
}

func FuzzTable(f *testing.F) {
	documenttest.Fuzz(f, plain.Table, "a.csv", "a,b\n1,\"2\n3\"\n", "sep=;\na;b", "\xff\xfea\x00,\x00b\x00", "a\tb\n\n\"")
}
