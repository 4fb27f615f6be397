package pdf_test

import (
	"fmt"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document/documenttest"
)

// cells sets rows of cells at these places.
func cells(y float64, xs []float64, rows ...[]string) string {
	var s strings.Builder
	for i, row := range rows {
		for c, text := range row {
			if text != "" {
				s.WriteString(show("F1", 10, xs[c], y-16*float64(i), text))
			}
		}
	}
	return s.String()
}

const prose = "A paragraph of words stands above it, long enough to tell how text is set here."

func TestAlignedRowsAreATableAndSoAreTheirWordsPlaces(t *testing.T) {
	t.Parallel()
	doc, g := located(t, makePDF("", nil, sheet{"", lines(72, 740, prose) +
		cells(640, []float64{72, 200, 300, 400}, []string{"Harbour", "High water", "Low water", "Range"},
			[]string{"Brest", "04:12", "10:25", "6.1"}, []string{"Calais", "11:40", "", "7.2"}, []string{"St. | Malo", "06:02", "12:40", "12.3"}) +
		lines(72, 500, "And a paragraph stands below it.")}))
	documenttest.WantTexts(t, doc, document.Table, strings.Join([]string{
		"| Harbour | High water | Low water | Range |", "| --- | --- | --- | --- |",
		"| Brest | 04:12 | 10:25 | 6.1 |", "| Calais | 11:40 |  | 7.2 |", "| St. \\| Malo | 06:02 | 12:40 | 12.3 |",
	}, "\n"))
	for text, left := range map[string]float64{"Harbour": 72, "Range": 400, "10:25": 300, "7.2": 400, "Malo": 94, "12.3": 400} {
		if box, _ := boxOf(t, doc, g, 1, text); box[0] < left-3 || box[0] > left+3 {
			t.Errorf("%q stands at %v, want %v from the left", text, box, left)
		}
	}
}

func TestNumbersThatStandCloseAreColumnsOfTheirOwn(t *testing.T) {
	t.Parallel()
	rows := [][]string{{"Model", "A", "B", "C"}}
	for i := range 6 {
		rows = append(rows, []string{fmt.Sprintf("Number %d", i), fmt.Sprintf("%d.5", 10+i), fmt.Sprintf("%d.1", 20+i), fmt.Sprintf("%d.7", 30+i)})
	}
	doc := read(t, makePDF("", nil, sheet{"", lines(72, 740, prose) + cells(640, []float64{72, 200, 225, 250}, rows...)}))
	got := documenttest.Texts(doc, document.Table)
	if len(got) != 1 || !strings.Contains(got[0], "| Number 3 | 13.5 | 23.1 | 33.7 |") {
		t.Errorf("the tables are %q", got)
	}
}

func TestRuledCellsAreATableWhateverTheOrderOfTheirLines(t *testing.T) {
	t.Parallel()
	var s strings.Builder
	for _, y := range []int{700, 660, 600, 560} {
		fmt.Fprintf(&s, "72 %d m 472 %d l S\n", y, y)
	}
	for _, x := range []int{72, 172, 472} {
		fmt.Fprintf(&s, "%d 560 m %d 700 l S\n", x, x)
	}
	// By columns, and with a cell of two lines.
	s.WriteString(lines(80, 680, "Stage") + lines(80, 640, "First") + lines(80, 580, "Second"))
	s.WriteString(lines(180, 680, "What is done") + lines(180, 640, "The tumour is small and has not", "spread to other parts.") + lines(180, 580, "It has."))
	doc := read(t, makePDF("", nil, sheet{"", lines(72, 740, prose) + s.String() + lines(72, 500, "And below.", "More.")}))
	documenttest.WantTexts(t, doc, document.Table, "| Stage | What is done |\n| --- | --- |\n"+
		"| First | The tumour is small and has not spread to other parts. |\n| Second | It has. |")
}

func TestWhatOnlyLooksLikeATableIsNone(t *testing.T) {
	t.Parallel()
	frame := "60 60 m 552 60 l 552 740 l 60 740 l s 306 60 m 306 740 l S 60 700 m 552 700 l S\n"
	var twoColumns strings.Builder
	for i := range 12 { // drawn line by line across both
		y := 700 - 13*float64(i)
		twoColumns.WriteString(show("F1", 10, 72, y, "a line of the left column that is long and") + show("F1", 10, 320, y, "a line of the right column that is as long"))
	}
	for name, content := range map[string]string{
		"two columns":    twoColumns.String(),
		"a list":         cells(700, []float64{72, 100}, []string{"1.", "First of all"}, []string{"2.", "Then this"}, []string{"3.", "And that"}),
		"two rows":       cells(700, []float64{72, 200}, []string{"From", "Alice"}, []string{"To", "Bob"}),
		"a framed page":  frame + lines(72, 690, prose, prose, prose) + lines(320, 690, prose[:40], prose[:40], prose[:40]),
		"equations":      cells(700, []float64{100, 400}, []string{"a = b", "(1)"}, []string{"c = d", "(2)"}, []string{"e = f", "(3)"}),
		"nothing at all": lines(72, 700, prose, prose),
	} {
		if got := documenttest.Texts(read(t, makePDF("", nil, sheet{"", content})), document.Table); len(got) != 0 {
			t.Errorf("%s gives %q", name, got)
		}
	}
}

func TestTypewrittenLinesAreCodeAndKeepTheirIndentation(t *testing.T) {
	t.Parallel()
	code := show("F3", 10, 72, 650, "func add(a, b int) int {") + show("F3", 10, 96, 637, "return a + b") + show("F3", 10, 72, 624, "}")
	doc := read(t, makePDF("", nil, sheet{"", lines(72, 740, prose, prose, prose, prose) + code + lines(72, 590, prose)}))
	documenttest.WantTexts(t, doc, document.Code, "func add(a, b int) int {\n    return a + b\n}")
}

func TestTheLanguageIsThatOfTheCatalog(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{"/Lang (de-CH)": "de-CH", "": "", "/Lang (<x>)": ""} {
		if doc := read(t, makePDF(said, nil, sheet{"", lines(72, 740, prose)})); doc.Language != want {
			t.Errorf("%q is %q, want %q", said, doc.Language, want)
		}
	}
}

func TestAGlyphOfTwoArabicLettersKeepsTheirOrder(t *testing.T) {
	t.Parallel()
	// One glyph, U+FEF9, that its font says is lam and alef with hamza below.
	cmap := "/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <00> <FF> endcodespacerange\n" +
		"3 beginbfchar <41> <0627> <42> <06440625> <43> <0646> endbfchar endcmap"
	font := "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 7 0 R >>"
	stream := fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(cmap), cmap)
	doc := read(t, makePDF("", []string{font, stream}, sheet{
		"/Resources << /Font << /F1 3 0 R /F9 6 0 R >> >>", "BT /F9 20 Tf 300 600 Td (CBACBACBA) Tj ET",
	}))
	if !strings.Contains(doc.Text, "\u0627\u0644\u0625\u0646") {
		t.Errorf("the text is %q", doc.Text)
	}
}
