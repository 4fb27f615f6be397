// Package terms turns text into the terms that full-text search matches, for
// documents and queries alike: whatever a document says is found by the same
// words, whichever case, accents, hyphens or script they are written in.
//
// It owns where words begin and end and what two words count as one. It knows
// no index and no ranking, and refuses no text: any bytes have terms, or none.
package terms

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"golang.org/x/text/unicode/norm"
)

const (
	maxTermBytes = 96      // longer words are cut: they are data, not language
	maxStems     = 1 << 16 // words whose stem is remembered, a language
	maxPieces    = 8       // compounds of more are lists, not names
)

// Term is one thing that a query looks for: a word, a phrase of several, or
// every word that begins as Words[0] does.
type Term struct {
	Words  []string
	Others [][]string // the same in further languages, where it is another there
	Prefix bool
	Times  int // how often the query says it
}

// Forms are the term in every language, Words first.
func (t Term) Forms() [][]string { return append([][]string{t.Words}, t.Others...) }

// Analyzer makes terms. It remembers stems and is used by one goroutine at a
// time. The zero value is ready.
type Analyzer struct {
	stems map[string]*stemsOf
	env   *snowballstem.Env
	buf   []byte
}

// Document gives the terms of a document's text, in order, stemmed by its
// language (see Language), or by English where that is "". Words that stand
// next to each other in the text do so in the terms, so that phrases match.
//
// Text in scripts that write no spaces gives each character with the one
// after it, and the last of a run alone: every substring of two characters or
// more is a phrase of terms, and every single character begins one.
func (a *Analyzer) Document(language, text string) []string {
	var out []string
	for c := range compounds(normalize(text)) {
		if c.dense {
			out = appendPairs(out, c.pieces[0], true)
			continue
		}
		out = a.appendTerms(out, language, c.pieces...)
		if joined := c.joined(); joined != "" {
			out = a.appendTerms(out, language, joined)
		}
	}
	return out
}

// appendTerms leaves out pieces of which nothing remains, as accents alone.
func (a *Analyzer) appendTerms(out []string, language string, pieces ...string) []string {
	for _, p := range pieces {
		if term := a.term(language, p); term != "" {
			out = append(out, term)
		}
	}
	return out
}

// Query gives what to look for in documents of some languages, each once, in
// the order of the text; no more than limit. With no language it is for
// documents of which none is known.
func (a *Analyzer) Query(text string, limit int, languages ...string) []Term {
	if len(languages) == 0 {
		languages = []string{""}
	}
	asked := asking{limit: limit, places: map[string]int{}}
	for c := range compounds(normalize(text)) {
		if c.dense {
			asked.unspaced(c.pieces[0])
			continue
		}
		for _, p := range c.pieces {
			asked.add(false, a.forms(languages, p))
		}
		if joined := c.joined(); joined != "" {
			asked.add(false, a.forms(languages, joined))
		}
		if len(c.pieces) > 1 && len(c.pieces) <= maxPieces && c.name() {
			if forms := a.forms(languages, c.pieces...); len(forms) > 0 && len(forms[0]) > 1 {
				asked.add(false, forms)
			}
		}
	}
	return asked.terms
}

// asking collects the terms of a query, each once.
type asking struct {
	limit  int
	terms  []Term
	places map[string]int // in terms, by key
}

func (q *asking) add(prefix bool, forms [][]string) {
	if len(forms) == 0 || len(forms[0]) == 0 {
		return
	}
	key := keyOf(forms)
	if place, seen := q.places[key]; seen {
		q.terms[place].Times++
	} else if len(q.terms) < q.limit {
		q.places[key] = len(q.terms)
		q.terms = append(q.terms, Term{Words: forms[0], Others: forms[1:], Prefix: prefix, Times: 1})
	}
}

// unspaced adds the pairs of a run of a script without spaces, and the run as
// a phrase.
func (q *asking) unspaced(run string) {
	words := appendPairs(nil, run, false)
	alone := len(words) == 1 && len(clusters(words[0])) == 1
	for _, w := range words {
		q.add(alone, [][]string{{w}})
	}
	if len(words) > 1 && len(words) <= maxPieces {
		q.add(false, [][]string{words})
	}
}

// Phrase gives a text as one term: its words in their order, next to each
// other. It has no words where the text has none.
func (a *Analyzer) Phrase(text string, languages ...string) Term {
	if len(languages) == 0 {
		languages = []string{""}
	}
	var forms [][]string
	alone := false
	for _, l := range languages {
		var words []string
		for c := range compounds(normalize(text)) {
			if !c.dense {
				words = a.appendTerms(words, l, c.pieces...)
				if joined := c.joined(); joined != "" {
					words = a.appendTerms(words, l, joined)
				}
				continue
			}
			pairs := appendPairs(nil, c.pieces[0], false)
			alone = len(words) == 0 && len(pairs) == 1 && len(clusters(pairs[0])) == 1
			words = append(words, pairs...)
		}
		if len(words) > 0 {
			forms = appendForm(forms, words)
		}
	}
	if len(forms) == 0 {
		return Term{}
	}
	return Term{Words: forms[0], Others: forms[1:], Prefix: alone && len(forms[0]) == 1, Times: 1}
}

// Prefix gives the term of all words that begin as a text does. What of them
// is stemmed to less than the text is among the Others: runn* is also run, the
// stem of running. It has no words where the text has none, and is a phrase
// where it has several.
func (a *Analyzer) Prefix(text string, languages ...string) Term {
	var pieces []string
	for c := range compounds(normalize(text)) {
		pieces = append(pieces, c.pieces...)
		if c.dense || len(pieces) > 1 {
			return a.Phrase(text, languages...)
		}
	}
	if len(pieces) == 0 {
		return Term{}
	}
	word := a.fold(pieces[0])
	if word == "" {
		return Term{}
	}
	t := Term{Words: []string{word}, Prefix: true, Times: 1}
	if len(languages) == 0 {
		languages = []string{""}
	}
	for _, l := range languages {
		for _, ending := range endings(l) {
			stem := a.term(l, pieces[0]+ending)
			if len(stem) > 2 && stem != word && strings.HasPrefix(word, stem) {
				t.Others = appendForm(t.Others, []string{stem})
			}
		}
	}
	return t
}

// forms gives pieces as terms in each language, each sequence once.
func (a *Analyzer) forms(languages []string, pieces ...string) [][]string {
	var out [][]string
	for _, l := range languages {
		if words := a.appendTerms(nil, l, pieces...); len(words) > 0 {
			out = appendForm(out, words)
		}
	}
	return out
}

func appendForm(forms [][]string, words []string) [][]string {
	if slices.ContainsFunc(forms, func(f []string) bool { return slices.Equal(f, words) }) {
		return forms
	}
	return append(forms, words)
}

func keyOf(forms [][]string) string {
	var b strings.Builder
	for _, f := range forms {
		b.WriteString(strings.Join(f, " "))
		b.WriteByte('|')
	}
	return b.String()
}

// appendPairs gives each character of a run with its follower, and the last
// one alone where that is asked for or where there is no other.
func appendPairs(out []string, run string, last bool) []string {
	marks := clusters(run)
	for i := range marks[:len(marks)-1] {
		out = append(out, marks[i]+marks[i+1])
	}
	if last || len(marks) == 1 {
		out = append(out, marks[len(marks)-1])
	}
	return out
}

// normalize makes compatible forms one (full-width letters, ligatures,
// half-width katakana) and bytes that are no UTF-8 harmless.
func normalize(text string) string {
	if norm.NFKC.IsNormalString(text) && utf8.ValidString(text) {
		return text
	}
	return norm.NFKC.String(strings.ToValidUTF8(text, " "))
}
