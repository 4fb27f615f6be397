package concept

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/library"
)

const (
	headingWords = 6  // a heading of more is a sentence
	headingRunes = 24 // alike where no spaces are written
)

// within tells which package a passage speaks of, where its heading or, without
// one, its document's title is an identifier.
func (f *finder) within(p Passage) {
	name := f.doc.title
	if n := len(p.Headings); n > 0 {
		name = clip(p.Headings[n-1], maxHeading)
	}
	if f.space = namespace(name); f.space != "" {
		f.about = Key(name)
	}
}

// headings collects what stands above a passage, the innermost first, and the
// document's title for its first passage.
func (f *finder) headings(p Passage) {
	weight := 0.9
	for i := len(p.Headings) - 1; i >= 0 && weight > 0.2; i-- {
		f.heading(p.Headings[i], weight)
		weight *= 0.6
	}
	if p.First {
		f.heading(f.doc.title, 1)
	}
}

// heading is a concept itself where it is short, and the concepts that it
// holds.
func (f *finder) heading(text string, weight float64) {
	text = unnumbered(strings.Join(strings.Fields(clip(text, maxHeading)), " "))
	if text == "" || f.doc.lang.generic(text) {
		return
	}
	if words := strings.Fields(text); len(words) <= headingWords && utf8.RuneCountInString(text) <= headingRunes*len(words)+headingRunes {
		if w := words[0]; len(words) > 1 || utf8.RuneCountInString(w) > 2 && !f.doc.lang.stop[foldWord(w)] {
			f.add(Key(text), strings.TrimRight(text, ".:;"), library.ConceptHeading, weight)
		}
	}
	f.doc.scan(text, func(s segment) {
		f.names(s, weight)
		f.identifiers(s, weight)
		f.unspaced(s, weight)
		f.phrases(s, weight)
		f.expansions(s)
	})
}

// unnumbered takes off what counts headings: "3.2 ", "Chapter 4: ", "#".
func unnumbered(text string) string {
	text = strings.TrimLeft(text, "# *")
	word, rest, _ := strings.Cut(text, " ")
	if chapters(foldWord(word)) {
		if next, after, _ := strings.Cut(rest, " "); strings.ContainsFunc(next, unicode.IsDigit) {
			return strings.TrimLeft(after, " .:–—-")
		}
	}
	if strings.Trim(word, "0123456789.()§") == "" && word != "" {
		return strings.TrimLeft(rest, " .:–—-")
	}
	return text
}

func chapters(w string) bool {
	switch w {
	case "chapter", "section", "part", "appendix", "kapitel", "abschnitt", "teil", "anhang", "chapitre", "partie", "capitulo", "capitolo", "figure", "table":
		return true
	}
	return false
}

// generic tells of headings that any document has.
func (l language) generic(text string) bool {
	all := languages()[genericTag].stop
	for word := range strings.FieldsSeq(text) {
		w := foldWord(strings.Trim(word, ".:,;&"))
		if w != "" && !all[w] && !l.stop[w] && !languages()["en"].stop[w] {
			return false
		}
	}
	return true
}
