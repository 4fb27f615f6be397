package pdf

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// pdfParagraph is a paragraph that is being put together.
type pdfParagraph struct {
	strings.Builder
	lines         int
	page          int // from 0
	first, last   pdfLine
	left, right   float32
	size          float32
	bold          bool
	item, hanging bool
	code          bool // it keeps its lines
	breaks        []pageBreak
	words         []placedWord
}

// placedWord is a run of a paragraph's bytes and where it stands.
type placedWord struct {
	start, end, page int // page from 0
	box              rect
}

// pageBreak is where a page begins within a paragraph.
type pageBreak struct{ at, page int }

// pdfEmitter writes paragraphs line by line.
type pdfEmitter struct {
	w       *document.Writer
	layout  *pdfLayout
	open    *pdfParagraph
	page    int
	turned  bool // the page began and no line of it was read
	pending []int
	title   string
	largest float32
}

func (e *pdfEmitter) beginPage(page int) {
	e.page, e.turned = page, true
	e.pending = append(e.pending, page)
}

// line adds a line to the open paragraph or begins the next.
func (e *pdfEmitter) line(line *pdfLine) {
	if line.table != nil {
		e.table(line.table)
		return
	}
	p := e.open
	if p == nil || !e.continues(p, line) {
		e.flush()
		p = &pdfParagraph{
			page: e.page, first: *line, left: line.x0, right: line.x1, size: line.size, bold: line.bold,
			item: listMarker.MatchString(line.text),
		}
		e.open = p
		e.startPages()
		p.add(line, e.page)
	} else {
		if last := &p.last; last.mono && line.mono && !e.layout.monoBody && line.top < last.bottom+0.5*line.size {
			p.code = true
			p.newLine(line)
			p.add(line, e.page)
		} else {
			e.layout.join(p, line, e.page, e.pending)
		}
		e.pending = nil
	}
	p.lines++
	p.last = *line
	p.left, p.right = min(p.left, line.x0), max(p.right, line.x1)
	p.bold = p.bold && line.bold
	p.hanging = p.lines > 1 && line.x0 > p.first.x0+0.8*p.size && (p.lines == 2 || p.hanging)
	e.turned = false
}

// startPages begins the pages that wait, when no paragraph reaches into them.
func (e *pdfEmitter) startPages() {
	for _, page := range e.pending {
		e.w.Page(page + 1)
	}
	e.pending = nil
}

// continues reports whether a line goes on with a paragraph.
func (e *pdfEmitter) continues(p *pdfParagraph, line *pdfLine) bool {
	last := &p.last
	switch {
	case last.mono && line.mono && !e.layout.monoBody:
		return !e.turned && line.top < last.bottom+0.5*line.size && gap(last, line) < 1.2 && similar(last.size, line.size)
	case last.cut && line.vertical == last.vertical:
		return true
	case line.vertical || last.vertical:
		return false
	}
	return e.continuesText(p, line)
}

// continuesText is continues for lines of text that are level.
func (e *pdfEmitter) continuesText(p *pdfParagraph, line *pdfLine) bool {
	last := &p.last
	if beside(last, line) {
		return len(line.text) <= 4 || similar(p.size, line.size) && !bulletMarker.MatchString(line.text)
	}
	if e.layout.levels[half(p.size)] > 0 && half(line.size) == half(p.size) {
		return e.continuesHeading(p, line)
	}
	if line.bold != last.bold && (p.bold || line.bold) || !similar(p.size, line.size) {
		return false
	}
	if e.turned || line.bottom > last.top { // the next page or column
		return e.goesOn(p, line)
	}
	if gap(last, line) > max(e.layout.leading, 0)+0.33 {
		return false
	}
	return !e.begins(p, line)
}

// continuesHeading reports whether a line goes on with a paragraph of the same
// size of type, larger than the body's. Titles are centred and mix weights, so
// that only room, columns, numbers and bookmarks part them.
func (e *pdfEmitter) continuesHeading(p *pdfParagraph, line *pdfLine) bool {
	last := &p.last
	if e.turned || line.bottom > last.top || line.x0 > p.right || line.x1 < p.left ||
		gap(last, line) > max(e.layout.leading, 0)+0.33 {
		return false
	}
	so := p.String()
	if bulletMarker.MatchString(line.text) || numbering.MatchString(so) && numbering.MatchString(line.text) ||
		e.layout.bookmarked(line.text, e.page) > 0 {
		return false
	}
	return e.layout.bookmarked(so, p.page) == 0 || e.layout.bookmarked(so+" "+line.text, p.page) > 0
}

// similar reports sizes that may stand in one paragraph.
func similar(a, b float32) bool { return abs(a-b) <= max(a*0.09, 0.6) }

// beside reports whether a line goes on to the right of another: PDFium cuts
// at raised marks and between the cells of tables.
func beside(last, line *pdfLine) bool {
	overlap := min(last.top, line.top) - max(last.bottom, line.bottom)
	return overlap > 0.3*min(last.top-last.bottom, line.top-line.bottom) && line.x0 >= last.x1-1
}

// goesOn reports whether a sentence goes on over a page or column.
func (e *pdfEmitter) goesOn(p *pdfParagraph, line *pdfLine) bool {
	r, _ := utf8.DecodeRuneInString(line.text)
	if endsSentence(p.String()) || listMarker.MatchString(line.text) || e.layout.headingLevel(p) > 0 {
		return false
	}
	return unicode.IsLower(r) || strings.HasSuffix(p.String(), "-") || unicode.Is(unicode.Han, r)
}

// begins reports whether a line just below begins a paragraph: by a marker,
// its indentation, or the line above ending early.
func (e *pdfEmitter) begins(p *pdfParagraph, line *pdfLine) bool {
	ended := endsSentence(p.last.text)
	if bulletMarker.MatchString(line.text) || listMarker.MatchString(line.text) && (ended || p.item) {
		return true
	}
	indent := line.x0 - p.last.x0
	switch {
	case indent > 0.8*p.size:
		return p.indents(ended)
	case p.hanging && indent < -0.8*p.size:
		return abs(line.x0-p.first.x0) < 0.5*p.size
	}
	return ended && p.lines > 1 && p.last.x1 < p.right-0.15*(p.right-p.left) && abs(indent) < 0.5*p.size
}

// indents reports whether a line set in begins a paragraph rather than
// hanging under the line above.
func (p *pdfParagraph) indents(ended bool) bool {
	if p.lines == 1 {
		return ended && !p.item
	}
	return ended || !p.hanging && p.lines > 2
}

// add appends a line as it is.
func (p *pdfParagraph) add(line *pdfLine, page int) {
	at := p.Len()
	p.WriteString(line.text)
	for _, w := range line.words {
		p.words = append(p.words, placedWord{w.start + at, w.end + at, page, w.box})
	}
}

// newLine begins a line of code, as far in as it stands.
func (p *pdfParagraph) newLine(line *pdfLine) {
	p.WriteByte('\n')
	width := (line.x1 - line.x0) / float32(max(utf8.RuneCountInString(line.text), 1))
	if in := line.x0 - p.first.x0; in > width/2 && width > 0 {
		const most = 40
		p.WriteString(strings.Repeat(" ", min(int(in/width+0.5), most)))
	}
}

// cutTo shortens the text so far.
func (p *pdfParagraph) cutTo(so string) {
	p.Reset()
	p.WriteString(so)
	for i := len(p.words) - 1; i >= 0 && p.words[i].end > len(so); i-- {
		p.words[i].end = len(so)
	}
}

// join adds a line's words to a paragraph. A word that was hyphenated at the
// line's end becomes whole.
func (l *pdfLayout) join(p *pdfParagraph, line *pdfLine, page int, pages []int) {
	so, text := p.String(), line.text
	last, n := utf8.DecodeLastRuneInString(so)
	next, _ := utf8.DecodeRuneInString(text)
	before, _ := utf8.DecodeLastRuneInString(so[:len(so)-n])
	switch {
	case last == hyphenated:
		p.cutTo(so[:len(so)-n])
		if l.keepsHyphen(so[:len(so)-n], text) {
			p.WriteByte('-')
		}
	case last == '\u00AD' || (last == '-' || last == '\u2010') && unicode.IsLetter(before) && !l.keepsHyphen(so[:len(so)-n], text):
		p.cutTo(so[:len(so)-n])
	case last == '-' || last == '\u2010', ideographic(last) && ideographic(next), strings.ContainsRune(",.;:)", next):
	default:
		p.WriteByte(' ')
	}
	for _, n := range pages {
		p.breaks = append(p.breaks, pageBreak{p.Len(), n})
	}
	p.add(line, page)
}

// ideographic reports scripts written without spaces.
func ideographic(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai) || r >= 0x3000 && r <= 0x303F || r >= 0xFF00 && r <= 0xFFEF
}

// flush writes the open paragraph.
func (e *pdfEmitter) flush() {
	p := e.open
	e.open = nil
	if p == nil {
		return
	}
	// A word that was cut and does not go on keeps a hyphen of the same length.
	text := strings.ReplaceAll(p.String(), string(hyphenated), "-")
	b := document.Block{Kind: document.Paragraph}
	level := 0
	if !p.code {
		level = e.layout.headingLevel(p)
	}
	switch {
	case p.code:
		b.Kind = document.Code
	case level > 0:
		b = document.Block{Kind: document.Heading, Level: level, Title: text}
		if p.page == 0 && p.size > e.largest {
			e.title, e.largest = text, p.size
		}
	case captionMarker.MatchString(text):
		b.Kind = document.Caption
	case p.item:
		b = document.Block{Kind: document.ListItem, Level: 1}
	}
	e.w.Separate(b.Kind)
	b.Start = e.w.Offset()
	runes := e.w.Runes()
	at := 0
	for _, br := range p.breaks {
		e.w.Raw(text[at:br.at])
		e.w.Page(br.page + 1)
		at = br.at
	}
	e.w.Raw(text[at:])
	b.End = e.w.Offset()
	e.w.Mark(b)
	e.place(text, runes, p.words)
}

// place tells where the words of a text stand that was written from a code
// point on.
func (e *pdfEmitter) place(text string, runes int, words []placedWord) {
	at := 0
	for _, w := range words {
		if w.start < at || w.end > len(text) {
			continue
		}
		runes += utf8.RuneCountInString(text[at:w.start])
		length := utf8.RuneCountInString(text[w.start:w.end])
		height := e.layout.pages[w.page].height
		e.w.Place(w.page+1, document.Word{Start: runes, End: runes + length, Box: document.Box{
			float64(w.box.x0), float64(height - w.box.y1), float64(w.box.x1), float64(height - w.box.y0),
		}})
		runes += length
		at = w.end
	}
}
