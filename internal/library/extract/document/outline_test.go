package document_test

import (
	"bytes"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

func TestTheOutlineHasTheHeadingsAndPagesOfTheStructure(t *testing.T) {
	t.Parallel()
	doc := document.Document{
		Text: strings.Repeat("x", 100), Language: "fr",
		Blocks: []document.Block{
			{Kind: document.Heading, Level: 1, Start: 0, End: 10, Title: "Un"},
			{Kind: document.Paragraph, Start: 10, End: 40},
			{Kind: document.Heading, Level: 2, Start: 40, End: 50, Title: "Deux"},
		},
		Pages: []document.Page{{Number: 1, Start: 0, End: 40}, {Number: 2, Start: 40, End: 100}},
	}
	var stored bytes.Buffer
	if err := doc.Encode(&stored); err != nil {
		t.Fatal(err)
	}
	got, err := document.ReadOutline(bytes.NewReader(stored.Bytes()))
	if err != nil || !got.Whole || got.Language != "fr" || len(got.Pages) != 2 || len(got.Headings) != 2 ||
		got.Headings[1] != (document.OutlineHeading{Title: "Deux", Level: 2, Start: 40}) {
		t.Errorf("the outline is %+v, %v", got, err)
	}
	cut, err := document.ReadOutline(bytes.NewReader(stored.Bytes()[:stored.Len()*2/3]))
	if err != nil || cut.Whole || len(cut.Headings) == 0 {
		t.Errorf("of a part: %+v, %v", cut, err)
	}
	if _, err := document.ReadOutline(strings.NewReader("no structure")); err == nil {
		t.Error("nonsense has an outline")
	}
}
