package ocr

import (
	"bytes"
	"image"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Text is what a picture says.
type Text struct {
	// Lines are in reading order.
	Lines []Line
	// Width and Height are of the picture in pixels, as it stands upright.
	Width, Height int
	// Turn is by how many quarters, clockwise, the picture had to be turned
	// to stand upright.
	Turn int

	confidence float64 // of its letters' mean, of 100
	letters    int
}

// Line is a line of words. Places are in pixels of the upright picture.
type Line struct {
	Words []Word
	Box   image.Rectangle
	// Paragraph is the same for lines of one paragraph.
	Paragraph int
}

// Word is a run of letters without white space.
type Word struct {
	Text string
	Box  image.Rectangle
}

// String gives the line's words.
func (l Line) String() string {
	var words []string
	for _, w := range l.Words {
		words = append(words, w.Text)
	}
	return strings.Join(words, " ")
}

// Readable reports whether the picture says more than what a photograph's
// edges are taken for.
func (t Text) Readable() bool { return t.letters >= 3 && t.confidence >= leastConfidence }

// score compares two readings of one picture.
func (t Text) score() float64 { return t.confidence * float64(t.letters) }

// Given gives a place in the picture as it was given, before it was turned.
func (t Text) Given(r image.Rectangle) image.Rectangle {
	for range t.Turn {
		// Undo a quarter clockwise, which took (x, y) to (H-y, x). Widths and
		// heights change places with each.
		r = image.Rect(r.Min.Y, t.Width-r.Max.X, r.Max.Y, t.Width-r.Min.X)
		t.Width, t.Height = t.Height, t.Width
	}
	return r
}

// Height is that of most of the line's words, in pixels of ink.
func (l Line) Height() int {
	var heights []int
	for _, w := range l.Words {
		heights = append(heights, w.Box.Dy())
	}
	return median(heights)
}

// TypicalHeight is that of most lines.
func TypicalHeight(lines []Line) int {
	var heights []int
	for _, l := range lines {
		if lettersOf(l.String()) > 3 {
			heights = append(heights, l.Height())
		}
	}
	return median(heights)
}

// Larger reports whether a line is clearly larger than the typical height.
func (l Line) Larger(typical int) bool {
	const fewest = 5 // letters; fewer are a mark or a signature
	return l.Height()*2 >= typical*3 && l.Box.Dx() > l.Box.Dy() && lettersOf(l.String()) >= fewest
}

func median(values []int) int {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// Confidences, of 100.
const (
	leastConfidence = 50 // of a picture with text, on the mean
	leastOfWord     = 30
	leastOfMark     = 70 // of a word without letters and digits
)

// The columns of Tesseract's table, and the level of a word's row.
const (
	columnLevel = iota
	_
	columnBlock
	columnParagraph
	columnLine
	_
	columnLeft
	columnTop
	columnWidth
	columnHeight
	columnConfidence
	columnText
	columns

	levelWord = "5"
)

// parse reads Tesseract's table of words.
func parse(table []byte) Text {
	var t Text
	line, paragraph := "", ""
	paragraphs := 0
	sum := 0.0
	for row := range bytes.Lines(table) {
		cells := strings.Split(strings.TrimRight(string(row), "\r\n"), "\t")
		if len(cells) != columns || cells[columnLevel] != levelWord {
			continue
		}
		word, confidence, ok := parseWord(cells)
		if !ok {
			continue
		}
		letters := lettersOf(word.Text)
		t.letters += letters
		sum += confidence * float64(letters)
		if at := cells[columnBlock] + " " + cells[columnParagraph]; at != paragraph {
			paragraph, line = at, ""
			paragraphs++
		}
		if cells[columnLine] != line {
			line = cells[columnLine]
			t.Lines = append(t.Lines, Line{Paragraph: paragraphs})
		}
		last := &t.Lines[len(t.Lines)-1]
		last.Words = append(last.Words, word)
		last.Box = last.Box.Union(word.Box)
	}
	if t.letters > 0 {
		t.confidence = sum / float64(t.letters)
	}
	return t
}

// parseWord takes a word from its row, unless it is in too much doubt.
func parseWord(cells []string) (w Word, confidence float64, ok bool) {
	var box [4]int
	for i := range box {
		n, err := strconv.Atoi(cells[columnLeft+i])
		if err != nil {
			return w, 0, false
		}
		box[i] = n
	}
	confidence, err := strconv.ParseFloat(cells[columnConfidence], 64)
	w = Word{Text: strings.TrimSpace(cells[columnText]), Box: image.Rect(box[0], box[1], box[0]+box[2], box[1]+box[3])}
	least := float64(leastOfWord)
	if lettersOf(w.Text) == 0 {
		least = leastOfMark
	}
	return w, confidence, err == nil && w.Text != "" && confidence >= least
}

func lettersOf(s string) int {
	n := 0
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			n++
		}
	}
	return n
}
