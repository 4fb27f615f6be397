package rtf_test

import (
	"slices"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document/documenttest"
	"git.helu.ca/r/mnemosyne/internal/library/extract/rtf"
)

const head = `{\rtf1\ansi\ansicpg1252\uc1{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial Cyr;}}{\colortbl;\red0\green0\blue0;}
{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 heading 1;}{\s2 \'dcberschrift 2;}{\*\cs10 Default;}}{\info{\title Annual report}{\author Ann}{\company X}}`

func TestStructureIsThatOfTheDocument(t *testing.T) {
	t.Parallel()
	src := head + `{\header \pard Running title\par}\pard\s1 First\par\pard\s2 Second\par
\pard Gr\'fc\'dfe \u8364?\u-10179?\u-8710? \emdash{\f1 \'cf\'f0\'e8}{\v hidden}{\footnote\pard A note.}{\field{\*\fldinst HYPERLINK "x"}{\fldrslt link}}\par
{\listtext\pard 1.\tab}\pard\ls1 one\par{\listtext\pard\'b7\tab}\pard\ls2\ilvl1 dot\par
\trowd\cellx1\cellx2\pard\intbl k\cell v\cell\row\trowd\clvmgf\cellx1\cellx2 a\cell 1\cell\row\trowd\clvmrg\cellx1\cellx2\cell 2\cell\row
\pard After{\pict\pngblip 89504e47}{\*\unknown gone}\par{\shp{\*\shpinst{\sp{\sn x}{\sv y}}{\shptxt\pard In a box\par}}}\bin5 }}}}}}`
	want := "First\n\nSecond\n\nGrüße €🗺 —При[^1]link\n\n[^1]: A note.\n\n1. one\n  - dot\n\n| k | v |\n| --- | --- |\n| a | 1 |\n| a | 2 |\n\nAfter\n\nIn a box"
	doc := documenttest.Read(t, rtf.Read, "a.rtf", src)
	if doc.Text != want {
		t.Errorf("text = %q, want %q", doc.Text, want)
	}
	if got := documenttest.Headings(doc); !slices.Equal(got, []string{"1 First", "2 Second"}) {
		t.Errorf("headings = %q", got)
	}
	if doc.Title != "Annual report" || doc.Metadata["author"] != "Ann" {
		t.Errorf("title %q, metadata %v", doc.Title, doc.Metadata)
	}
}

func TestGroupsWithoutEndAreRefused(t *testing.T) {
	t.Parallel()
	_, err := documenttest.Try(t, rtf.Read, "a.rtf", strings.Repeat("{", 100_000))
	if e := document.AsError(err); e == nil || e.Code != document.CodeCorrupt {
		t.Errorf("error = %v, want %s", err, document.CodeCorrupt)
	}
}

func FuzzRead(f *testing.F) {
	documenttest.Fuzz(f, rtf.Read, "a.rtf", head+`\trowd\clvmrg\cellx1\intbl a\cell\row{\footnote x}\u-3?\'e`, `{\rtf1\bin999 x`, `{\rtf\ansicpg932\'82\'a0{\*\shpinst{\shptxt x}}`)
}
