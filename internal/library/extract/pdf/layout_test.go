package pdf_test

import (
	"slices"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document/documenttest"
)

func TestAPageNumberIsLeftOutOfAShortDocument(t *testing.T) {
	t.Parallel()
	doc := read(t, makePDF("", nil,
		sheet{"", lines(72, 700, prose) + show("F1", 9, 300, 30, "Page 1 of 2")},
		sheet{"", lines(72, 700, "In 1984 there was something else.", "42") + show("F1", 9, 300, 30, "- 2 -")},
	))
	if want := prose + "\n\nIn 1984 there was something else. 42"; doc.Text != want {
		t.Errorf("the text is %q, want %q", doc.Text, want)
	}
}

func TestALineOfContentsIsNoHeading(t *testing.T) {
	t.Parallel()
	outline := []string{
		"<< /Type /Outlines /First 7 0 R /Last 7 0 R /Count 1 >>",
		"<< /Title (Tides) /Parent 6 0 R /Dest [8 0 R /Fit] >>",
	}
	doc := read(t, makePDF("/Outlines 6 0 R", outline, sheet{"", lines(72, 700, "Tides 1") + lines(72, 600, "Tides") + lines(72, 560, prose)}))
	if got := documenttest.Headings(doc); !slices.Equal(got, []string{"1 Tides"}) {
		t.Errorf("the headings are %q", got)
	}
}

func TestAnOutlineThatLeadsToItselfEnds(t *testing.T) {
	t.Parallel()
	outline := []string{
		"<< /Type /Outlines /First 7 0 R /Last 7 0 R /Count 1 >>",
		"<< /Title (Tides) /Parent 6 0 R /Next 7 0 R /First 7 0 R /A << /S /GoTo /D [8 0 R /Fit] >> >>",
	}
	doc := read(t, makePDF("/Outlines 6 0 R", outline, sheet{"", lines(72, 700, "Tides") + lines(72, 660, prose)}))
	if got := documenttest.Headings(doc); !slices.Equal(got, []string{"1 Tides"}) {
		t.Errorf("the headings are %q", got)
	}
}
