package office_test

import (
	"slices"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document/documenttest"
	"git.helu.ca/r/mnemosyne/internal/library/extract/office"
)

// rels writes relations, given as id, kind and target in turn.
func rels(list ...string) string {
	var sb strings.Builder
	sb.WriteString(`<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`)
	for i := 0; i < len(list); i += 3 {
		sb.WriteString(`<Relationship Id="` + list[i] + `" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/` + list[i+1] + `" Target="` + list[i+2] + `"/>`)
	}
	return sb.String() + `</Relationships>`
}

const slideHead = `<p:sld xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`

// box is a shape at a place, with paragraphs.
func box(ph, place, paragraphs string) string {
	if place != "" {
		at := strings.Fields(place)
		place = `<a:xfrm><a:off x="` + at[0] + `" y="` + at[1] + `"/><a:ext cx="` + at[2] + `" cy="` + at[3] + `"/></a:xfrm>`
	}
	return `<p:sp><p:nvSpPr><p:nvPr>` + ph + `</p:nvPr></p:nvSpPr><p:spPr>` + place + `</p:spPr><p:txBody>` + paragraphs + `</p:txBody></p:sp>`
}

func para(properties, text string) string {
	return `<a:p>` + properties + `<a:r><a:t>` + text + `</a:t></a:r></a:p>`
}

// presentation packs two slides, of which the first holds that.
func presentation(t testing.TB, shapes string) string {
	t.Helper()
	return documenttest.Zip(
		t, "_rels/.rels", rels("rId1", "officeDocument", "ppt/presentation.xml"),
		"ppt/presentation.xml", `<p:presentation xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><p:sldIdLst><p:sldId id="256" r:id="rId2"/><p:sldId id="257" r:id="rId1"/></p:sldIdLst></p:presentation>`,
		"ppt/_rels/presentation.xml.rels", rels("rId1", "slide", "slides/slide1.xml", "rId2", "slide", "slides/slide2.xml"),
		"ppt/slides/slide1.xml", slideHead+` show="0"><p:cSld><p:spTree>`+box("", "0 0 9 9", para("", "Nobody sees this."))+`</p:spTree></p:cSld></p:sld>`,
		"ppt/slides/slide2.xml", slideHead+`><p:cSld><p:spTree>`+shapes+`</p:spTree></p:cSld></p:sld>`,
		"ppt/slides/_rels/slide2.xml.rels", rels("rId1", "slideLayout", "../slideLayouts/l.xml", "rId2", "notesSlide", "../notes.xml", "rId3", "chart", "../charts/c.xml", "rId4", "comments", "../comments.xml"),
		"ppt/slideLayouts/l.xml", `<p:sldLayout xmlns:p="p" xmlns:a="a"><p:cSld><p:spTree>`+box(`<p:ph type="body" idx="1"/>`, "0 2000000 4000000 1000000", `<a:lstStyle><a:lvl1pPr><a:buChar char="•"/></a:lvl1pPr><a:lvl2pPr><a:buAutoNum type="arabicPeriod"/></a:lvl2pPr></a:lstStyle>`+para("", "Click to edit"))+`</p:spTree></p:cSld></p:sldLayout>`,
		"ppt/notes.xml", `<p:notes xmlns:p="p" xmlns:a="a"><p:cSld><p:spTree>`+box(`<p:ph type="body"/>`, "", para("", "Say this."))+box(`<p:ph type="sldNum"/>`, "", para("", "7"))+`</p:spTree></p:cSld></p:notes>`,
		"ppt/comments.xml", `<p:cmLst xmlns:p="p"><p:cm authorId="9"><p:text>Sure?</p:text></p:cm></p:cmLst>`,
		"ppt/charts/c.xml", `<c:chartSpace xmlns:c="c" xmlns:a="a"><c:chart><c:title>`+para("", "Growth")+`</c:title><c:plotArea><c:barChart><c:ser><c:tx><c:v>Sales</c:v></c:tx><c:cat><c:pt idx="0"><c:v>2020</c:v></c:pt><c:pt idx="1"><c:v>2021</c:v></c:pt></c:cat><c:val><c:pt idx="0"><c:v>4</c:v></c:pt><c:pt idx="1"><c:v>5</c:v></c:pt></c:val></c:ser></c:barChart></c:plotArea></c:chart></c:chartSpace>`,
	)
}

func TestPPTXGivesSlidesAsTheyAreLookedAt(t *testing.T) {
	t.Parallel()
	table := `<p:graphicFrame><p:xfrm><a:off x="5000000" y="2000000"/><a:ext cx="1000000" cy="900000"/></p:xfrm><a:graphic><a:tbl><a:tr><a:tc gridSpan="2">` + para("", "Both") + `</a:tc><a:tc hMerge="1"/></a:tr><a:tr><a:tc>` + para("", "x") + `</a:tc><a:tc>` + para("", "y") + `</a:tc></a:tr></a:tbl></a:graphic></p:graphicFrame>`
	chart := `<p:graphicFrame><p:xfrm><a:off x="0" y="5000000"/><a:ext cx="1" cy="1"/></p:xfrm><a:graphic><c:chart xmlns:c="c" r:id="rId3"/></a:graphic></p:graphicFrame>`
	picture := `<p:pic><p:nvPicPr><p:cNvPr descr="A duck on a lake"/></p:nvPicPr><p:spPr><a:xfrm><a:off x="0" y="6000000"/><a:ext cx="1" cy="1"/></a:xfrm></p:spPr></p:pic>`
	doc := documenttest.Read(t, office.PPTX, "a.pptx", presentation(t, picture+chart+table+
		box(`<p:ph type="ftr"/>`, "0 0 1 1", para("", "Footer"))+
		box(`<p:ph idx="1"/>`, "", para("", "one")+para(`<a:pPr lvl="1"/>`, "deep")+para(`<a:pPr><a:buNone/></a:pPr>`, "plain"))+
		box("", "0 1000000 9000000 500000", para("", "Above"))+
		box(`<p:ph type="title"/>`, "", para("", "The title"))))
	want := "The title\n\nAbove\n\n- one\n  1. deep\n\nplain\n\n| Both | Both |\n| --- | --- |\n| x | y |\n\nGrowth\n\n" +
		"|  | Sales |\n| --- | --- |\n| 2020 | 4 |\n| 2021 | 5 |\n\n[A duck on a lake]\n\nNotes: Say this.\n\n[Comment] Sure?\n\n[Hidden slide]\n\nNobody sees this."
	if doc.Text != want {
		t.Errorf("text = %q, want %q", doc.Text, want)
	}
	if got := documenttest.Headings(doc); !slices.Equal(got, []string{"1 The title"}) || doc.Title != "The title" {
		t.Errorf("headings = %q, title %q", got, doc.Title)
	}
	if len(doc.Pages) != 2 || !strings.HasSuffix(doc.Text[doc.Pages[1].Start:doc.Pages[1].End], "Nobody sees this.") {
		t.Errorf("pages = %+v", doc.Pages)
	}
}

func TestPPTXReadsColumnsOneAfterTheOther(t *testing.T) {
	t.Parallel()
	doc := documenttest.Read(t, office.PPTX, "a.pptx", presentation(t,
		box("", "5000000 1000000 4000000 5000000", para("", "right"))+box("", "0 4000000 4000000 2000000", para("", "left below"))+box("", "0 1100000 4000000 2000000", para("", "left above"))))
	got := documenttest.Texts(doc, document.Paragraph)
	if want := []string{"left above", "left below", "right", "[Hidden slide]", "Nobody sees this."}; !slices.Equal(got, want) {
		t.Errorf("paragraphs = %q, want %q", got, want)
	}
}

func FuzzPPTXSlide(f *testing.F) {
	f.Add([]byte(box(`<p:ph type="title"/>`, "1 2 3 4", para(`<a:pPr lvl="3"><a:buAutoNum/></a:pPr>`, "x")) + `<p:grpSp><p:pic/><p:graphicFrame><a:tbl><a:tr><a:tc vMerge="1"/></a:tr></a:tbl></p:graphicFrame></p:grpSp>`))
	f.Fuzz(func(t *testing.T, shapes []byte) {
		if _, err := documenttest.Try(t, office.PPTX, "a.pptx", presentation(t, string(shapes))); err != nil && document.AsError(err) == nil {
			t.Fatal(err)
		}
	})
}
