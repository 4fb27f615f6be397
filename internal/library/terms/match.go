package terms

import (
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Place is a run of a text, in bytes.
type Place struct{ From, To int }

// Matcher finds in texts what a query looks for there, by the rules that the
// full-text engines match by. It is used by one goroutine at a time.
type Matcher struct {
	analyzer  Analyzer
	languages []string
	words     map[string]bool
	prefixes  []string
}

// NewMatcher looks for the terms of a query in texts of the languages that it
// was made for. The words of a phrase are terms of their own, so phrases are
// passed over.
func NewMatcher(query []Term, languages ...string) *Matcher {
	if len(languages) == 0 {
		languages = []string{""}
	}
	m := &Matcher{languages: languages, words: map[string]bool{}}
	for _, t := range query {
		for i, form := range t.Forms() {
			switch {
			case len(form) != 1:
			case t.Prefix && i == 0:
				m.prefixes = append(m.prefixes, form[0])
			default:
				m.words[form[0]] = true
			}
		}
	}
	return m
}

// Find gives the places of what matches, in order. None overlaps another, and
// each begins and ends between characters.
func (m *Matcher) Find(text string) []Place {
	if len(m.words)+len(m.prefixes) == 0 {
		return nil
	}
	plain, back := located(text)
	var out []Place
	for c := range compounds(plain) {
		for _, p := range m.within(plain, c) {
			if back != nil {
				p = Place{back[p.From].From, back[p.To-1].To}
			}
			out = appendPlace(out, p)
		}
	}
	return out
}

// appendPlace makes one of places that overlap.
func appendPlace(out []Place, p Place) []Place {
	if n := len(out); n > 0 && p.From < out[n-1].To {
		out[n-1].To = max(out[n-1].To, p.To)
		return out
	}
	return append(out, p)
}

func (m *Matcher) matches(piece string) bool {
	return slices.ContainsFunc(m.analyzer.terms(m.languages, piece), m.holds)
}

// within gives the places of a compound that match: all of it where it is
// also written as one word, else its pieces.
func (m *Matcher) within(text string, c compound) []Place {
	if c.dense {
		return m.pairs(text, c)
	}
	if joined := c.joined(); joined != "" && m.matches(joined) {
		return []Place{{c.from, c.to}}
	}
	if !slices.ContainsFunc(c.pieces, m.matches) {
		return nil
	}
	var out []Place
	for i, p := range c.places(text) {
		if m.matches(c.pieces[i]) {
			out = append(out, p)
		}
	}
	return out
}

// places gives where each piece stands. Invisible characters have no place of
// their own: in a run that holds some, each piece has that of the run.
func (c compound) places(text string) []Place {
	var out []Place
	for i := c.from; i < c.to; {
		end := runEnd(text, i, spaced)
		run := visible(text[i:end])
		from := i
		for _, piece := range humps(run) {
			if len(run) < end-i {
				out = append(out, Place{i, end})
				continue
			}
			out = append(out, Place{from, from + len(piece)})
			from += len(piece)
		}
		_, size := utf8.DecodeRuneInString(text[end:])
		i = end + size
	}
	return out
}

// pairs finds the characters of a run that the terms match with or without
// the one after them.
func (m *Matcher) pairs(text string, c compound) []Place {
	run := text[c.from:c.to]
	if len(c.pieces[0]) != len(run) { // it holds invisible characters
		if slices.ContainsFunc(appendPairs(nil, c.pieces[0], true), m.holds) {
			return []Place{{c.from, c.to}}
		}
		return nil
	}
	var out []Place
	marks := clusters(run)
	at := c.from
	for i, mark := range marks {
		pair := mark
		if i+1 < len(marks) {
			pair += marks[i+1]
		}
		if m.words[pair] {
			out = appendPlace(out, Place{at, at + len(pair)})
		} else if m.begins(pair) {
			out = appendPlace(out, Place{at, at + len(mark)})
		}
		at += len(mark)
	}
	return out
}

func (m *Matcher) holds(term string) bool { return m.words[term] || m.begins(term) }

func (m *Matcher) begins(term string) bool {
	return slices.ContainsFunc(m.prefixes, func(p string) bool { return strings.HasPrefix(term, p) })
}

// located normalizes a text and tells for each byte of the result which bytes
// of the text it came from; nil where they are the same.
func located(text string) (plain string, back []Place) {
	if norm.NFKC.IsNormalString(text) && utf8.ValidString(text) {
		return text, nil
	}
	var b strings.Builder
	var it norm.Iter
	it.InitString(norm.NFKC, text)
	for !it.Done() {
		from := it.Pos()
		segment := strings.ToValidUTF8(string(it.Next()), " ")
		b.WriteString(segment)
		for range len(segment) {
			back = append(back, Place{from, it.Pos()})
		}
	}
	return b.String(), back
}
