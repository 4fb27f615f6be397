// Package terms turns text into the terms that full-text search matches, for
// documents and queries alike: whatever a document says is found by the same
// words, whichever case, accents, hyphens or script they are written in.
//
// It owns where words begin and end and what two words count as one. It knows
// no index and no ranking, and refuses no text: any bytes have terms, or none.
package terms

import (
	"strings"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
	"golang.org/x/text/unicode/norm"
)

const (
	maxTermBytes = 96      // longer words are cut: they are data, not language
	maxStems     = 1 << 16 // words whose stem is remembered
	maxPieces    = 8       // compounds of more are lists, not names
)

// Term is one thing that a query looks for: a word, a phrase of several, or
// every word that begins as Words[0] does.
type Term struct {
	Words  []string
	Prefix bool
	Times  int // how often the query says it
}

// Analyzer makes terms. It remembers stems and is used by one goroutine at a
// time. The zero value is ready.
type Analyzer struct {
	stems map[string]string
	env   *snowballstem.Env
	buf   []byte
}

// Document gives the terms of a document's text, in order. Words that stand
// next to each other in the text do so in the terms, so that phrases match.
//
// Text in scripts that write no spaces gives each character with the one
// after it, and the last of a run alone: every substring of two characters or
// more is a phrase of terms, and every single character begins one.
func (a *Analyzer) Document(text string) []string {
	var out []string
	for c := range compounds(normalize(text)) {
		if c.dense {
			out = appendPairs(out, c.pieces[0], true)
			continue
		}
		out = a.appendTerms(out, c.pieces...)
		if joined := c.joined(); joined != "" {
			out = a.appendTerms(out, joined)
		}
	}
	return out
}

// appendTerms leaves out pieces of which nothing remains, as accents alone.
func (a *Analyzer) appendTerms(out []string, pieces ...string) []string {
	for _, p := range pieces {
		if term := a.term(p); term != "" {
			out = append(out, term)
		}
	}
	return out
}

// Query gives what to look for, each once, in the order of the text; no more
// than limit.
func (a *Analyzer) Query(text string, limit int) []Term {
	var out []Term
	places := map[string]int{}
	add := func(prefix bool, words ...string) {
		key := strings.Join(words, " ")
		if place, seen := places[key]; seen {
			out[place].Times++
		} else if len(out) < limit {
			places[key] = len(out)
			out = append(out, Term{Words: words, Prefix: prefix, Times: 1})
		}
	}
	for c := range compounds(normalize(text)) {
		words := a.queryWords(c)
		alone := c.dense && len(words) == 1 && len(clusters(words[0])) == 1
		for _, w := range words {
			add(alone, w)
		}
		if joined := c.joined(); joined != "" {
			for _, w := range a.appendTerms(nil, joined) {
				add(false, w)
			}
		}
		if len(words) > 1 && len(words) <= maxPieces && c.name() {
			add(false, words...)
		}
	}
	return out
}

func (a *Analyzer) queryWords(c compound) []string {
	if c.dense {
		return appendPairs(nil, c.pieces[0], false)
	}
	return a.appendTerms(nil, c.pieces...)
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

// term folds and stems one piece of a word.
func (a *Analyzer) term(piece string) string {
	folded := a.fold(piece)
	if len(folded) < 3 || !asciiLetters(folded) {
		return folded
	}
	if stem, ok := a.stems[folded]; ok {
		return stem
	}
	stem := a.stem(folded)
	if a.stems == nil || len(a.stems) >= maxStems {
		a.stems = make(map[string]string)
	}
	a.stems[strings.Clone(folded)] = stem
	return stem
}

func (a *Analyzer) stem(word string) string {
	if a.env == nil {
		a.env = snowballstem.NewEnv("")
	}
	a.env.SetCurrent(word)
	english.Stem(a.env)
	return strings.Clone(a.env.Current())
}

func asciiLetters(s string) bool {
	for i := range len(s) {
		if s[i] < 'a' || s[i] > 'z' {
			return false
		}
	}
	return true
}

// normalize makes compatible forms one (full-width letters, ligatures,
// half-width katakana) and bytes that are no UTF-8 harmless.
func normalize(text string) string {
	if norm.NFKC.IsNormalString(text) && utf8.ValidString(text) {
		return text
	}
	return norm.NFKC.String(strings.ToValidUTF8(text, " "))
}
