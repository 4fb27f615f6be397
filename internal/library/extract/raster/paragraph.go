package raster

import (
	"image"
	"strings"
	"unicode"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/ocr"
)

// paragraph puts the words of lines together.
type paragraph struct {
	text   ocr.Text
	scale  float64
	number int // of the page

	words strings.Builder
	runes int
	// places are in code points from the paragraph's beginning.
	places []document.Word
}

// add adds a line. A word that was cut at the end of the line before is
// joined.
func (p *paragraph) add(l ocr.Line) {
	top, bottom := l.Box.Min.Y, l.Box.Max.Y
	for i, word := range l.Words {
		says := document.OneLine(document.Clean(word.Text))
		if says == "" {
			continue
		}
		joined := i == 0 && p.cut(says)
		if p.words.Len() > 0 && !joined {
			p.put(" ")
		}
		start := p.runes
		p.put(says)
		box := p.text.Given(image.Rect(word.Box.Min.X, top, word.Box.Max.X, bottom))
		p.places = append(p.places, document.Word{Start: start, End: p.runes, Box: document.Box{
			float64(box.Min.X) / p.scale, float64(box.Min.Y) / p.scale, float64(box.Max.X) / p.scale, float64(box.Max.Y) / p.scale,
		}})
	}
}

func (p *paragraph) put(s string) {
	p.words.WriteString(s)
	p.runes += utf8.RuneCountInString(s)
}

// cut takes the hyphen from the end of what is there where the next word goes
// on with it.
func (p *paragraph) cut(next string) bool {
	so := p.words.String()
	before, _ := utf8.DecodeLastRuneInString(strings.TrimSuffix(so, "-"))
	after, _ := utf8.DecodeRuneInString(next)
	if !strings.HasSuffix(so, "-") || !unicode.IsLower(before) || !unicode.IsLower(after) {
		return false
	}
	p.words.Reset()
	p.words.WriteString(so[:len(so)-1])
	p.runes--
	if n := len(p.places); n > 0 {
		p.places[n-1].End = p.runes
	}
	return true
}

func (p *paragraph) write(w *document.Writer, heading bool) {
	text := p.words.String()
	if text == "" {
		return
	}
	w.Separate(document.Paragraph)
	from := w.Runes()
	s := w.Raw(text)
	block := document.Block{Kind: document.Paragraph, Start: s.Start, End: s.End}
	if heading {
		block.Kind, block.Level, block.Title = document.Heading, 2, text
	}
	w.Mark(block)
	for _, place := range p.places {
		place.Start += from
		place.End += from
		w.Place(p.number, place)
	}
}
