package document

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// RegionsFile is kept beside the text of formats whose pages can be shown: it
// says where on which page each word stands. It is optional; all that reads a
// document does without it.
//
// It begins with regionsMagic. Then come the pages' sections, each of lines of
// words:
//
//	line: words, y0, y1, x0 of the line
//	word: code points since the end of the word before, its own code points,
//	      the room before it, its width
//
// all as varints, signed where they may fall below zero, lengths in quarters of
// a point from the top left of the page as it is displayed. The first word of a
// section counts its code points from the beginning of the text. The index
// follows: the number of pages, and of each its width, height and the length of
// its section. The last eight bytes are the index's length.
const RegionsFile = "regions.bin"

const (
	regionsMagic   = "MNRG1\n"
	regionsQuarter = 4 // units in a point
	regionsFooter  = 8
	// mostRegionPages bounds an index that is not to be trusted.
	mostRegionPages = 1 << 20
)

// Box is left, top, right and bottom, in points from the top left of a page as
// it is displayed.
type Box [4]float64

// Word is a run of the text, in code points, and where it stands.
type Word struct {
	Start, End int
	Box        Box
}

// Region is where on a page a run of the text stands.
type Region struct {
	Page          int // from 1
	Width, Height float64
	Boxes         []Box // a line each, or a part of one
}

type pageSize struct{ width, height float64 }

// regionsWriter writes sections as pages end, and keeps the first error.
type regionsWriter struct {
	to      *bufio.Writer
	sizes   []pageSize
	lengths []int
	page    int // whose section is open; 0: none
	section bytes.Buffer
	line    []Word
	end     int // of the last word in the section, in code points
	err     error
}

// KeepRegions has the writer put the places of words into a stream. A reader
// that knows of none leaves it empty.
func (w *Writer) KeepRegions(to io.Writer) {
	w.regions = &regionsWriter{to: bufio.NewWriterSize(to, 64<<10)}
}

// PageSize tells the size in points of the next page, as it is displayed. All
// pages' sizes come before the first Place.
func (w *Writer) PageSize(width, height float64) {
	if r := w.regions; r != nil && len(r.sizes) < mostRegionPages {
		r.sizes = append(r.sizes, pageSize{width, height})
	}
}

// Place says where a word stands. Words come in the text's order, and so do
// their pages. One without a place is left out.
func (w *Writer) Place(page int, word Word) {
	r := w.regions
	if r == nil || w.err != nil || page < 1 || page > len(r.sizes) || page < r.page || word.End <= word.Start {
		return
	}
	for _, v := range word.Box {
		if math.IsNaN(v) || math.Abs(v) > 1<<24 {
			return
		}
	}
	if page != r.page {
		r.endPage()
		r.page = page
	}
	if len(r.line) > 0 && !sameLine(r.line[len(r.line)-1].Box, word.Box) {
		r.endLine()
	}
	r.line = append(r.line, word)
}

// Runes is the length of the text so far, in code points.
func (w *Writer) Runes() int { return int(w.runes) }

// sameLine tells whether two words stand on one line, whichever way it runs.
func sameLine(a, b Box) bool {
	return quarters(a[1]) == quarters(b[1]) && quarters(a[3]) == quarters(b[3])
}

func quarters(v float64) int64 { return int64(math.Round(v * regionsQuarter)) }

func (r *regionsWriter) number(v int64) { r.section.Write(binary.AppendVarint(nil, v)) }

func (r *regionsWriter) endLine() {
	if len(r.line) == 0 {
		return
	}
	first := r.line[0].Box
	r.number(int64(len(r.line)))
	r.number(quarters(first[1]))
	r.number(quarters(first[3]))
	at := quarters(first[0])
	r.number(at)
	for _, w := range r.line {
		r.number(int64(w.Start - r.end))
		r.number(int64(w.End - w.Start))
		left, right := quarters(w.Box[0]), quarters(w.Box[2])
		r.number(left - at)
		r.number(right - left)
		at, r.end = right, w.End
	}
	r.line = r.line[:0]
}

func (r *regionsWriter) endPage() {
	r.endLine()
	if r.page == 0 {
		return
	}
	if len(r.lengths) == 0 && r.err == nil {
		_, r.err = r.to.WriteString(regionsMagic)
	}
	for len(r.lengths) < r.page-1 {
		r.lengths = append(r.lengths, 0)
	}
	r.lengths = append(r.lengths, r.section.Len())
	if r.err == nil {
		_, r.err = r.to.Write(r.section.Bytes())
	}
	r.section.Reset()
	r.end = 0
}

// close writes the index; nothing at all where no word has a place.
func (r *regionsWriter) close() error {
	r.endPage()
	if len(r.lengths) == 0 {
		return r.err
	}
	index := binary.AppendUvarint(nil, uint64(len(r.sizes)))
	for i, s := range r.sizes {
		length := 0
		if i < len(r.lengths) {
			length = r.lengths[i]
		}
		for _, v := range []int64{quarters(s.width), quarters(s.height), int64(length)} {
			index = binary.AppendVarint(index, v)
		}
	}
	index = binary.BigEndian.AppendUint64(index, uint64(len(index)))
	if r.err == nil {
		_, r.err = r.to.Write(index)
	}
	if err := r.to.Flush(); r.err == nil {
		r.err = err
	}
	return r.err
}

// Regions reads what KeepRegions wrote.
type Regions struct {
	from  io.ReadSeeker
	pages []regionPage
}

type regionPage struct {
	pageSize

	at, length int64
}

// ErrRegions says that a regions file is damaged.
var ErrRegions = errors.New("the file of regions is damaged: extract the document again")

// OpenRegions reads the index of a regions file.
func OpenRegions(from io.ReadSeeker) (*Regions, error) {
	end, err := from.Seek(-regionsFooter, io.SeekEnd)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRegions, err)
	}
	var footer [regionsFooter]byte
	if _, err := io.ReadFull(from, footer[:]); err != nil {
		return nil, fmt.Errorf("read regions: %w", err)
	}
	length := binary.BigEndian.Uint64(footer[:])
	if length > uint64(end) || length > mostRegionPages*16 { //nolint:gosec // a place in a file
		return nil, ErrRegions
	}
	if _, err := from.Seek(end-int64(length), io.SeekStart); err != nil {
		return nil, fmt.Errorf("read regions: %w", err)
	}
	index := make([]byte, length)
	if _, err := io.ReadFull(from, index); err != nil {
		return nil, fmt.Errorf("read regions: %w", err)
	}
	g := &Regions{from: from}
	return g, g.index(index, end-int64(length))
}

func (g *Regions) index(b []byte, end int64) error {
	count, n := binary.Uvarint(b)
	if n <= 0 || count > mostRegionPages {
		return ErrRegions
	}
	d := varints{b: b[n:]}
	at := int64(len(regionsMagic))
	for range count {
		p := regionPage{pageSize{float64(d.next()) / regionsQuarter, float64(d.next()) / regionsQuarter}, at, d.next()}
		if d.bad || p.length < 0 || p.length > end-at {
			return ErrRegions
		}
		at += p.length
		g.pages = append(g.pages, p)
	}
	return nil
}

// mostRegions is how many pages a citation may reach over.
const mostRegions = 20

// Find gives where the code points from start to end, exclusive, stand. The
// first of them is looked for on a page, counted from 1.
func (g *Regions) Find(page, start, end int) ([]Region, error) {
	var out []Region
	for n := page; n >= 1 && n <= len(g.pages) && n < page+mostRegions; n++ {
		boxes, more, err := g.onPage(g.pages[n-1], start, end)
		if err != nil {
			return nil, err
		}
		if len(boxes) > 0 {
			out = append(out, Region{Page: n, Width: g.pages[n-1].width, Height: g.pages[n-1].height, Boxes: boxes})
		}
		if !more {
			break
		}
	}
	return out, nil
}

// onPage gives the boxes of a run on one page, and whether it may go on.
func (g *Regions) onPage(p regionPage, start, end int) (boxes []Box, more bool, err error) {
	section := make([]byte, p.length)
	if _, err := g.from.Seek(p.at, io.SeekStart); err != nil {
		return nil, false, fmt.Errorf("read regions: %w", err)
	}
	if _, err := io.ReadFull(g.from, section); err != nil {
		return nil, false, fmt.Errorf("read regions: %w", err)
	}
	d := varints{b: section}
	at := int64(0)
	for len(d.b) > 0 && !d.bad {
		words := d.next()
		y0, y1, x := d.next(), d.next(), d.next()
		var line *Box
		for range words {
			from := at + d.next()
			at = from + d.next()
			left := x + d.next()
			x = left + d.next()
			if d.bad {
				return nil, false, ErrRegions
			}
			if from >= int64(end) {
				return boxes, false, nil
			}
			if at <= int64(start) {
				continue
			}
			b := Box{points(min(left, x)), points(min(y0, y1)), points(max(left, x)), points(max(y0, y1))}
			if line == nil {
				boxes = append(boxes, b)
				line = &boxes[len(boxes)-1]
			} else {
				line[0], line[2] = min(line[0], b[0]), max(line[2], b[2])
			}
		}
	}
	return boxes, true, nil
}

func points(quarters int64) float64 { return float64(quarters) / regionsQuarter }

// varints reads numbers until one is missing.
type varints struct {
	b   []byte
	bad bool
}

func (d *varints) next() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.bad = true
		return 0
	}
	d.b = d.b[n:]
	return v
}
