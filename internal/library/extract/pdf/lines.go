package pdf

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/tetratelabs/wazero/api"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// pdfWord is a run of characters without white space.
type pdfWord struct {
	start, end int // of the line's text, in bytes
	box        rect
}

// pdfLine is a line of a page, as PDFium sees it. Lengths are in points, y
// grows upwards.
type pdfLine struct {
	text        string
	words       []pdfWord
	x0, x1      float32
	top, bottom float32 // of most of its type
	size        float32 // of most of its type
	// bold, mono: nearly all of it is. vertical: it runs up or down the page.
	bold, mono, vertical bool
	// table stands for a whole table; nothing else is set beside it.
	table *pdfTable
	// cut: its last word goes on in the next line; its text ends in hyphenated.
	cut bool
}

// hyphenated stands at the end of a line where a word was cut.
const hyphenated = '\x02'

// style is what the characters of one text object share.
type style struct {
	object           uint64
	size             float32
	bold, mono       bool
	vertical, hidden bool
}

// font is what is kept of a font for a whole document.
type font struct{ bold, mono bool }

// lineReader puts characters together to words and lines.
type lineReader struct {
	doc   *pdfDocument
	text  uint64 // PDFium's text of the page
	view  view
	style style
	lines []pdfLine

	words   []pdfWord
	line    strings.Builder
	word    strings.Builder
	box     rect
	weights map[float32]int // characters by size
	chars   int
	bold    int
	mono    int
	upright int
	extent  map[float32]rect // of each size

	last     rect // of the last character
	lastRune rune
}

// swapLast puts a lam before the alef that was just written: PDFium turns
// around the two letters of one glyph.
func (r *lineReader) swapLast(lam rune) {
	so := strings.TrimSuffix(r.word.String(), string(r.lastRune))
	r.word.Reset()
	r.word.WriteString(so)
	r.word.WriteRune(lam)
	r.word.WriteRune(r.lastRune)
	r.lastRune = 0
}

const mostChars = 200_000 // of a page

// lines reads the lines of a page.
func (d *pdfDocument) lines(text uint64, v view) []pdfLine {
	n := d.native
	r := &lineReader{doc: d, text: text, view: v, weights: map[float32]int{}, extent: map[float32]rect{}}
	count := min(n.int("FPDFText_CountChars", text), mostChars)
	var high rune
	for i := range count {
		u := rune(n.int("FPDFText_GetUnicode", text, uint64(i))) //nolint:gosec // an index
		if utf16.IsSurrogate(u) {
			if high == 0 {
				high = u
				continue
			}
			u, high = utf16.DecodeRune(high, u), 0
		} else {
			high = 0
		}
		r.char(i, u)
	}
	r.endLine()
	return r.lines
}

// char takes the next character.
func (r *lineReader) char(i int, u rune) {
	if u < ' ' && u != '\t' && u != hyphenated && !r.generated(i) {
		// TeX's fonts have ligatures where others have control characters.
		if u < 0x0B || u > 0x0F {
			return
		}
		u = 0xFB00 + u - 0x0B
	}
	switch {
	case u == '\n' || u == '\r':
		r.endLine()
	case u == hyphenated || u == 0xFFFE: // PDFium's own mark
		if r.word.Len() > 0 {
			r.word.WriteRune(hyphenated)
		}
		r.endLine()
	case unicode.IsSpace(u) || u == 0:
		r.endWord()
	case document.Unwanted(u) || u == 0x200B:
	default:
		if box, ok := r.place(i); ok {
			r.restyle(i)
			r.glyph(u, box)
		}
	}
}

// glyph adds a character to the word.
func (r *lineReader) glyph(u rune, box rect) {
	if u == 'ل' && box == r.last && strings.ContainsRune("اأإآ", r.lastRune) {
		r.swapLast(u)
		return
	}
	r.last, r.lastRune = box, u
	if r.word.Len() == 0 {
		r.box = box
	} else {
		r.box = r.box.union(box)
	}
	if full := ligature(u); full != "" {
		r.word.WriteString(full)
	} else {
		r.word.WriteRune(u)
	}
	r.count(box)
}

// generated tells whether PDFium made a character up, such as a line's end.
func (r *lineReader) generated(i int) bool {
	return r.doc.native.int("FPDFText_IsGenerated", r.text, uint64(i)) == 1 //nolint:gosec // an index
}

// count notes of what type a character is.
func (r *lineReader) count(box rect) {
	s := half(r.style.size)
	r.weights[s]++
	r.chars++
	if r.style.bold {
		r.bold++
	}
	if r.style.mono {
		r.mono++
	}
	if !r.style.vertical {
		r.upright++
	}
	if e, ok := r.extent[s]; ok {
		box = box.union(e)
	}
	r.extent[s] = box
}

// place gives where a character stands, if it is on the page.
func (r *lineReader) place(i int) (rect, bool) {
	n := r.doc.native
	if !n.is("FPDFText_GetLooseCharBox", r.text, uint64(i), n.at(0)) { //nolint:gosec // an index
		return rect{}, false
	}
	box := r.view.place(rect{n.float(0), n.float(3), n.float(2), n.float(1)})
	width, height := r.view.size()
	const slack = 1
	return box, box.x1 > -slack && box.x0 < width+slack && box.y1 > -slack && box.y0 < height+slack
}

// restyle looks at the type of a character whose text object is another than
// that of the one before.
func (r *lineReader) restyle(i int) {
	n, at := r.doc.native, uint64(i) //nolint:gosec // an index
	object := n.call("FPDFText_GetTextObject", r.text, at)
	if object == r.style.object && object != 0 {
		return
	}
	s := style{object: object, size: float32(api.DecodeF64(n.call("FPDFText_GetFontSize", r.text, at)))}
	if n.is("FPDFText_GetMatrix", r.text, at, n.at(0)) {
		a, b, c, d := n.float(0), n.float(1), n.float(2), n.float(3)
		s.size *= float32(math.Hypot(float64(c), float64(d)))
		x, y := r.view.direction(a, b)
		s.vertical = abs(y) > abs(x)
	}
	if object != 0 {
		f := r.doc.font(n.call("FPDFTextObj_GetFont", object))
		s.bold, s.mono = f.bold, f.mono
		s.hidden = n.int("FPDFTextObj_GetTextRenderMode", object) == 3
	}
	r.style = s
}

// font looks at a font by its name: PDFium's weights are not to be trusted.
func (d *pdfDocument) font(handle uint64) font {
	if handle == 0 {
		return font{}
	}
	if f, ok := d.fonts[handle]; ok {
		return f
	}
	n := d.native
	length := n.int("FPDFFont_GetBaseFontName", handle, n.at(0), scratchBytes)
	name := strings.ToLower(strings.TrimRight(string(n.bytes(length)), "\x00"))
	var f font
	for _, part := range []string{"bold", "black", "heavy", "cmbx", "sfbx", "-bd", "demi", "-medi"} {
		f.bold = f.bold || strings.Contains(name, part)
	}
	for _, part := range []string{"courier", "mono", "cmtt", "sftt", "consol", "menlo", "typewriter", "inconsolata"} {
		f.mono = f.mono || strings.Contains(name, part)
	}
	f.mono = f.mono || n.int("FPDFFont_GetFlags", handle)&1 == 1
	d.fonts[handle] = f
	return f
}

func (r *lineReader) endWord() {
	if r.word.Len() == 0 {
		return
	}
	if r.line.Len() > 0 {
		r.line.WriteByte(' ')
	}
	start := r.line.Len()
	r.line.WriteString(r.word.String())
	r.words = append(r.words, pdfWord{start, r.line.Len(), r.box})
	r.word.Reset()
}

func (r *lineReader) endLine() {
	r.endWord()
	if len(r.words) == 0 {
		return
	}
	l := pdfLine{text: r.line.String(), words: r.words}
	l.cut = strings.HasSuffix(l.text, string(hyphenated))
	most := 0
	for s, count := range r.weights {
		if count > most || count == most && s > l.size {
			l.size, most = s, count
		}
	}
	e := r.extent[l.size]
	l.top, l.bottom = e.y1, e.y0
	l.x0, l.x1 = l.words[0].box.x0, l.words[0].box.x1
	for i, w := range l.words {
		l.x0, l.x1 = min(l.x0, w.box.x0), max(l.x1, w.box.x1)
		if e.height() < 1.8*l.size && abs(w.box.y0-e.y0) < 0.3*l.size && abs(w.box.y1-e.y1) < 0.3*l.size {
			l.words[i].box.y0, l.words[i].box.y1 = e.y0, e.y1 // fonts differ by a hair
		}
	}
	l.bold = r.bold*10 >= r.chars*9
	l.mono = r.mono*10 >= r.chars*9
	l.vertical = r.upright*2 < r.chars && r.chars > 2
	r.lines = append(r.lines, l)
	r.words = nil
	r.line.Reset()
	r.chars, r.bold, r.mono, r.upright = 0, 0, 0, 0
	clear(r.weights)
	clear(r.extent)
}

// ligature spells out a character that stands for several.
func ligature(r rune) string {
	if r < 0xFB00 || r > 0xFB06 {
		return ""
	}
	return [...]string{"ff", "fi", "fl", "ffi", "ffl", "st", "st"}[r-0xFB00]
}

func abs(f float32) float32 { return max(f, -f) }
