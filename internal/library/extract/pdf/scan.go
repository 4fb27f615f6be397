package pdf

import (
	"context"
	"image"
	"image/draw"
	"math"
	"unicode"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/ocr"
)

// The resolution in dots per inch at which a page is drawn to be recognised is
// that of its picture, since PDFium enlarges coarsely; then it is doubled if it
// is coarse. All within bounds, unless the picture gets too large.
const (
	leastDots  = 72
	mostDots   = 300
	coarseDots = 110
)

// Of a page with little text, fewLetters, that is recognised, a picture covers
// that part at least. One with next to none is recognised when it shows
// anything much.
const (
	fewLetters  = 60
	covered     = 0.4
	hardlyAny   = 10
	muchDrawing = 30 // objects
)

// scanned reports whether a page seems to be a picture of text: its text is
// not in the file, or it was drawn as curves.
// dots is its picture's resolution.
func (n *native) scanned(page uint64, v view, lines []pdfLine) (yes bool, dots float32) {
	const (
		path  = 2
		image = 3
		form  = 5
	)
	letters := lettersOf(lines)
	if letters >= fewLetters {
		return false, 0
	}
	width, height := v.size()
	var area, largest float32
	drawn := 0
	for i := range min(n.int("FPDFPage_CountObjects", page), mostObjects) {
		object := n.call("FPDFPage_GetObject", page, uint64(i)) //nolint:gosec // an index
		if object == 0 {
			continue
		}
		kind := n.int("FPDFPageObj_GetType", object)
		if kind == path {
			drawn++
		}
		if kind != image && kind != form || !n.is("FPDFPageObj_GetBounds", object, n.at(0), n.at(1), n.at(2), n.at(3)) {
			continue
		}
		// Left, bottom, right, top, eight bytes apart.
		box := v.place(rect{n.float(0), n.float(2), n.float(4), n.float(6)})
		box = rect{max(box.x0, 0), max(box.y0, 0), min(box.x1, width), min(box.y1, height)}
		if box.x1 > box.x0 && box.y1 > box.y0 {
			size := box.width() * box.height()
			area += size
			if kind == image && size > largest {
				largest, dots = size, n.dots(object, n.float(4)-n.float(0), n.float(6)-n.float(2))
			}
		}
	}
	if letters < hardlyAny && (area > 0 || drawn >= muchDrawing) {
		return true, dots
	}
	return area >= covered*width*height, dots
}

// dots gives the dots per inch of a picture that is shown at a size in points,
// whichever way it is turned; 0 if that cannot be told.
func (n *native) dots(object uint64, width, height float32) float32 {
	const points = 72
	if !n.is("FPDFImageObj_GetImagePixelSize", object, n.at(0), n.at(1)) {
		return 0
	}
	w, _ := n.module.Memory().ReadUint32Le(n.scratch)
	h, _ := n.module.Memory().ReadUint32Le(n.scratch + 8)
	return points * float32(math.Sqrt(float64(w)*float64(h)/float64(width*height)))
}

func lettersOf(lines []pdfLine) int {
	n := 0
	for i := range lines {
		for _, r := range lines[i].says() {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				n++
			}
		}
	}
	return n
}

// recognise reads the pages of a layout that are pictures of text. What it
// finds takes the place of what little text they have.
func (e *Engine) recognise(w *document.Writer, d *pdfDocument, l *pdfLayout, scans []int) error {
	if e.Recognising != nil {
		e.Recognising(len(scans))
	}
	texts := map[int]ocr.Text{}
	var all []ocr.Line
	for i, index := range scans {
		text, err := e.recognisePage(d, &l.pages[index], index)
		if err != nil {
			return err
		}
		w.Report(d.pages-len(scans)+i+1, d.pages, "pages")
		if !text.Readable() {
			continue
		}
		texts[index] = text
		all = append(all, text.Lines...)
	}
	typical := ocr.TypicalHeight(all)
	for index, text := range texts {
		page := &l.pages[index]
		lines := page.recognised(text, typical)
		if lettersOf(lines) > lettersOf(page.lines) {
			page.lines = lines
		}
	}
	return nil
}

func (e *Engine) recognisePage(d *pdfDocument, page *pdfPage, index int) (ocr.Text, error) {
	const points = 72 // in an inch
	d.native.err = nil
	dots := float32(mostDots)
	if page.dots > 0 {
		dots = min(max(page.dots, leastDots), mostDots)
	}
	picture, err := d.draw(index, int(page.width/points*dots))
	if err != nil {
		return ocr.Text{}, nil //nolint:nilerr // a broken page has no text
	}
	bounds := picture.Bounds()
	grey, ok := picture.(*image.Gray)
	if !ok {
		grey = image.NewGray(bounds)
		draw.Draw(grey, bounds, picture, bounds.Min, draw.Src)
	}
	dots = float32(bounds.Dx()) * points / page.width // as it came out
	if dots < coarseDots && 4*bounds.Dx()*bounds.Dy() <= ocr.MostPixels {
		grey, dots = ocr.Scaled(grey, 2), 2*dots
	}
	return e.OCR.Recognise(context.Background(), grey, int(dots))
}

// recognised gives lines of a text in points on the page. Those of about the
// typical height in pixels count as the same size of type, since Tesseract
// measures the ink alone.
func (p *pdfPage) recognised(text ocr.Text, typical int) []pdfLine {
	width := text.Width
	if text.Turn%2 == 1 {
		width = text.Height
	}
	scale := p.width / float32(width)
	upright := float32(text.Height) * scale
	var lines []pdfLine
	for _, from := range text.Lines {
		height := typical
		if from.Larger(typical) {
			height = from.Height()
		}
		// In the middle of the ink, and as high as the type.
		middle := upright - float32(from.Box.Min.Y+from.Box.Max.Y)/2*scale
		size := float32(height) * scale
		line := pdfLine{
			x0: float32(from.Box.Min.X) * scale, x1: float32(from.Box.Max.X) * scale,
			top: middle + size/2, bottom: middle - size/2, size: half(size),
		}
		for _, word := range from.Words {
			says := document.OneLine(document.Clean(word.Text))
			if says == "" {
				continue
			}
			if line.text != "" {
				line.text += " "
			}
			at := word.Box
			at.Min.Y, at.Max.Y = from.Box.Min.Y, from.Box.Max.Y
			at = text.Given(at)
			line.words = append(line.words, pdfWord{start: len(line.text), end: len(line.text) + len(says), box: rect{
				float32(at.Min.X) * scale, p.height - float32(at.Max.Y)*scale, float32(at.Max.X) * scale, p.height - float32(at.Min.Y)*scale,
			}})
			line.text += says
		}
		if line.text != "" {
			lines = append(lines, line)
		}
	}
	return lines
}
