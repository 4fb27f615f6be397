package pdf

import (
	"errors"
	"slices"
	"strings"
	"unicode"

	"github.com/tetratelabs/wazero/api"
)

// rect is a box in points on the page as it is displayed. y grows upwards from
// its lower edge.
type rect struct{ x0, y0, x1, y1 float32 }

func (r rect) width() float32  { return r.x1 - r.x0 }
func (r rect) height() float32 { return r.y1 - r.y0 }

// union is the smallest box around both.
func (r rect) union(o rect) rect {
	return rect{min(r.x0, o.x0), min(r.y0, o.y0), max(r.x1, o.x1), max(r.y1, o.y1)}
}

// pdfPage is what a page shows.
type pdfPage struct {
	lines         []pdfLine
	width, height float32 // in points, as displayed
	scanned       bool    // it seems to be a picture of text
	dots          float32 // that picture's, an inch; 0 if that cannot be told
}

// view turns places of a page's own coordinates into those of its display.
type view struct {
	box      rect // of the page that is displayed, in its own coordinates
	rotation int  // in quarters, clockwise
}

func (v view) size() (width, height float32) {
	if v.rotation%2 == 1 {
		return v.box.height(), v.box.width()
	}
	return v.box.width(), v.box.height()
}

// place gives a box as it is displayed.
func (v view) place(r rect) rect {
	switch b := v.box; v.rotation {
	case 1:
		return rect{r.y0 - b.y0, b.x1 - r.x1, r.y1 - b.y0, b.x1 - r.x0}
	case 2:
		return rect{b.x1 - r.x1, b.y1 - r.y1, b.x1 - r.x0, b.y1 - r.y0}
	case 3:
		return rect{b.y1 - r.y1, r.x0 - b.x0, b.y1 - r.y0, r.x1 - b.x0}
	default:
		return rect{r.x0 - b.x0, r.y0 - b.y0, r.x1 - b.x0, r.y1 - b.y0}
	}
}

// direction gives where text that runs along (a, b) runs on the display.
func (v view) direction(a, b float32) (x, y float32) {
	for range v.rotation {
		a, b = b, -a
	}
	return a, b
}

var errPage = errors.New("the page cannot be read")

// view finds what of a page is displayed, and how.
func (n *native) view(page uint64) (view, error) {
	v := view{rotation: n.int("FPDFPage_GetRotation", page) & 3}
	if !n.is("FPDF_GetPageBoundingBox", page, n.at(0)) {
		return v, errPage
	}
	// FS_RECTF: left, top, right, bottom.
	v.box = rect{n.float(0), n.float(3), n.float(2), n.float(1)}
	if v.box.y1 < v.box.y0 {
		v.box.y0, v.box.y1 = v.box.y1, v.box.y0
	}
	return v, n.err
}

// page reads the lines of a page in the order in which PDFium gives them.
func (d *pdfDocument) page(index int) (pdfPage, error) {
	n := d.native
	n.err = nil                                                              // what broke a page need not break the next
	clear(d.fonts)                                                           // a font's number may be another's once its page is closed
	page := n.call("FPDF_LoadPage", n.document, api.EncodeI32(int32(index))) //nolint:gosec // at most Limits.MaxPages
	if page == 0 {
		return pdfPage{}, errors.Join(errPage, n.err)
	}
	defer n.call("FPDF_ClosePage", page)
	v, err := n.view(page)
	if err != nil {
		return pdfPage{}, err
	}
	var p pdfPage
	p.width, p.height = v.size()
	text := n.call("FPDFText_LoadPage", page)
	if text == 0 {
		return p, errors.Join(errPage, n.err)
	}
	defer n.call("FPDFText_ClosePage", text)
	p.lines = d.lines(text, v)
	p.scanned, p.dots = n.scanned(page, v, p.lines)
	d.annotations(page, v, &p)
	if len(p.lines) > 3 {
		p.ruledTables(n.rules(page, v))
	}
	p.findTables()
	p.mirror()
	return p, n.err
}

// mirror turns the lines of a page around that is written from right to left,
// so that what is said of indentation holds there, too. Words keep their places.
func (p *pdfPage) mirror() {
	letters, leftward := 0, 0
	for _, l := range p.lines {
		for _, r := range l.says() {
			if unicode.IsLetter(r) {
				letters++
				if unicode.In(r, unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana) {
					leftward++
				}
			}
		}
	}
	if leftward*2 <= letters {
		return
	}
	for i := range p.lines {
		l := &p.lines[i]
		if l.table != nil {
			for _, row := range l.table.rows {
				slices.Reverse(row)
			}
		}
		l.x0, l.x1 = p.width-l.x1, p.width-l.x0
	}
}

// says is a line's text, or that of the table in its place.
func (l *pdfLine) says() string {
	if l.table == nil {
		return l.text
	}
	var sb strings.Builder
	for _, row := range l.table.rows {
		for _, cell := range row {
			text, _ := cell.text()
			sb.WriteString(text)
		}
	}
	return sb.String()
}
