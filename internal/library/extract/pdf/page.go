package pdf

import (
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"

	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/structs"
)

// pdfLine is a line of a page. Lengths are in points, y grows upwards.
type pdfLine struct {
	text           string
	x0, x1         float32 // of its first and last character
	top, bottom    float32 // of its first and last character
	size           float32 // of its type
	bold, vertical bool
}

type pdfPage struct {
	lines       []pdfLine
	bottom, top float32 // of what the page shows
}

// page reads the lines of a page in the order in which PDFium gives them.
func (d *pdfDocument) page(index int) (pdfPage, error) {
	loaded, err := d.pdf.FPDF_LoadPage(&requests.FPDF_LoadPage{Document: d.ref, Index: index})
	if err != nil {
		return pdfPage{}, err
	}
	defer d.pdf.FPDF_ClosePage(&requests.FPDF_ClosePage{Page: loaded.Page}) //nolint:errcheck // a page that was read
	ref := requests.Page{ByReference: &loaded.Page}
	text, err := d.pdf.FPDFText_LoadPage(&requests.FPDFText_LoadPage{Page: ref})
	if err != nil {
		return pdfPage{}, err
	}
	defer d.pdf.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: text.TextPage}) //nolint:errcheck // a page that was read
	var p pdfPage
	if p.lines, err = d.lines(text.TextPage); err != nil {
		return p, err
	}
	p.bottom, p.top = 0, 792
	box, err := d.pdf.FPDF_GetPageBoundingBox(&requests.FPDF_GetPageBoundingBox{Page: ref})
	if err != nil {
		return p, nil
	}
	p.bottom, p.top = box.Rect.Bottom, box.Rect.Top
	if turn, err := d.pdf.FPDFPage_GetRotation(&requests.FPDFPage_GetRotation{Page: ref}); err == nil && turn.PageRotation == 0 {
		p.crop(box.Rect)
	}
	return p, nil
}

// crop takes out lines that the page does not show, such as the other half of
// a spread.
func (p *pdfPage) crop(box structs.FPDF_FS_RECTF) {
	p.lines = slices.DeleteFunc(p.lines, func(l pdfLine) bool {
		return l.x1 < box.Left || l.x0 > box.Right || l.top < box.Bottom || l.bottom > box.Top
	})
}

func (d *pdfDocument) lines(page references.FPDF_TEXTPAGE) ([]pdfLine, error) {
	const most = 200_000 // characters on a page
	count, err := d.pdf.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: page})
	if err != nil || count.Count < 1 {
		return nil, err
	}
	text, err := d.pdf.FPDFText_GetText(&requests.FPDFText_GetText{TextPage: page, StartIndex: 0, Count: min(count.Count, most)})
	if err != nil {
		return nil, err
	}
	var lines []pdfLine
	units := 0 // UTF-16 units before the line, which is how PDFium counts
	for l := range strings.Lines(text.Text) {
		words := cleanPDF(l)
		if words != "" {
			line := pdfLine{text: words}
			d.measure(page, &line, l, units)
			lines = append(lines, line)
		}
		for _, r := range l {
			units += max(utf16.RuneLen(r), 1)
		}
	}
	return lines, nil
}

// cleanPDF takes away what PDFium puts in for itself. Where a word was
// hyphenated at a line's end it gives \x02 or U+FFFE; that stays, as \x02, until
// it is known how the document spells the word.
func cleanPDF(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == hyphenated || r == 0xFFFE:
			return hyphenated
		case unicode.IsSpace(r):
			return ' '
		case document.Unwanted(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if strings.ContainsAny(s, "ﬀﬁﬂﬃﬄﬅﬆ") {
		for i, full := range []string{"ff", "fi", "fl", "ffi", "ffl", "st", "st"} {
			s = strings.ReplaceAll(s, string(rune(0xFB00+i)), full)
		}
	}
	return document.OneLine(strings.TrimRight(s, "\x02 "))
}

// hyphenated stands in a line where a word was cut at a line's end.
const hyphenated = '\x02'

// measure finds where a line stands and in what type, by its first, middle and
// last characters.
func (d *pdfDocument) measure(page references.FPDF_TEXTPAGE, line *pdfLine, raw string, at int) {
	first, last := inked(raw)
	a := d.charIndex(page, at+first)
	b := d.charIndex(page, at+last)
	boxA, boxB := d.box(page, a), d.box(page, b)
	line.x0, line.x1 = boxA.Left, boxB.Right
	line.top, line.bottom = boxA.Top, boxB.Bottom
	line.size = d.size(page, a, boxA)
	if b > a+1 { // between a raised initial and a raised note, the middle decides
		c := (a + b) / 2
		line.size = median(line.size, d.size(page, c, boxA), d.size(page, b, boxB))
	}
	line.vertical = b > a+3 && abs(boxB.Left-boxA.Left) < line.size && abs(boxB.Top-boxA.Top) > 3*max(boxA.Right-boxA.Left, 1)
	line.bold = d.bold(page, a) && (b <= a+1 || d.bold(page, b))
}

// inked gives the places of the first and last characters of a line that are
// not white space, in UTF-16 units.
func inked(s string) (first, last int) {
	first = -1
	unit := 0
	for _, r := range s {
		if !unicode.IsSpace(r) && !unicode.IsControl(r) {
			if first < 0 {
				first = unit
			}
			last = unit
		}
		unit += max(utf16.RuneLen(r), 1)
	}
	return max(first, 0), last
}

func (d *pdfDocument) charIndex(page references.FPDF_TEXTPAGE, text int) int {
	r, err := d.pdf.FPDFText_GetCharIndexFromTextIndex(&requests.FPDFText_GetCharIndexFromTextIndex{TextPage: page, NTextIndex: text})
	if err != nil || r.CharIndex < 0 {
		return text
	}
	return r.CharIndex
}

func (d *pdfDocument) box(page references.FPDF_TEXTPAGE, index int) structs.FPDF_FS_RECTF {
	r, err := d.pdf.FPDFText_GetLooseCharBox(&requests.FPDFText_GetLooseCharBox{TextPage: page, Index: index})
	if err != nil {
		return structs.FPDF_FS_RECTF{}
	}
	return r.Rect
}

// size gives a character's size on the page: the font's size in the text's own
// coordinates, scaled by the text's matrix.
func (d *pdfDocument) size(page references.FPDF_TEXTPAGE, index int, box structs.FPDF_FS_RECTF) float32 {
	f, err := d.pdf.FPDFText_GetFontSize(&requests.FPDFText_GetFontSize{TextPage: page, Index: index})
	if err != nil || f.FontSize <= 0 {
		return box.Top - box.Bottom
	}
	m, err := d.pdf.FPDFText_GetMatrix(&requests.FPDFText_GetMatrix{TextPage: page, Index: index})
	if err != nil {
		return box.Top - box.Bottom
	}
	return float32(f.FontSize * math.Hypot(float64(m.Matrix.C), float64(m.Matrix.D)))
}

func median(a, b, c float32) float32 { return max(min(a, b), min(max(a, b), c)) }

// bold goes by the font's name: PDFium's font weights are not to be trusted.
func (d *pdfDocument) bold(page references.FPDF_TEXTPAGE, index int) bool {
	r, err := d.pdf.FPDFText_GetFontInfo(&requests.FPDFText_GetFontInfo{TextPage: page, Index: index})
	if err != nil {
		return false
	}
	name := strings.ToLower(r.FontName)
	for _, part := range []string{"bold", "black", "heavy", "cmbx", "sfbx", "-bd", "demi", "-medi"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

func abs(f float32) float32 { return max(f, -f) }
