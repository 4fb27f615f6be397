// Package concept finds what a document speaks of, without a model: its
// headings, names, identifiers, acronyms with what they stand for, links and
// key phrases.
//
// It owns what counts as a concept, when two spellings are the same one (Key)
// and which concepts a query may mean (Keys). It stores nothing, knows no
// statistics of a library (an engine weighs by them), and says nothing rather
// than guess where it cannot read a text. The same document always gives the
// same concepts; time grows with the text alone, and memory is bounded.
package concept

import (
	"cmp"
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library"
)

// MaxMentions is how many concepts a passage has at most.
const MaxMentions = 16

// Passage is a chunk, as concepts are looked for in it.
type Passage struct {
	Text     string
	Headings []string // above it, outermost first
	First    bool     // of its document: it stands for the whole
}

// Document finds the concepts of one document's passages. It keeps nothing of
// the texts that it is given, only copies, and is used by one goroutine at a
// time.
type Document struct {
	title   string
	lang    language
	known   bool // lang is settled
	vocab   *vocabulary
	acro    acronyms
	learned int // bytes

	spellings map[string]*spelling
}

// New makes a Document of a title and a BCP 47 tag; either may be empty.
func New(title, tag string) *Document {
	d := &Document{title: strings.Clone(clip(title, maxHeading)), vocab: newVocabulary(), spellings: map[string]*spelling{}}
	d.lang, d.known = languageOf(tag)
	return d
}

// Learn reads the document's text, all at once or in pieces, before Mentions
// is asked: how often phrases occur, which words are written small elsewhere,
// what acronyms stand for.
func (d *Document) Learn(text string) {
	if !d.known {
		d.lang, d.known = guessLanguage(text), true
	}
	d.scan(text, func(s segment) {
		d.vocab.learn(d.lang, s, (d.learned+s.words[0].from)/window)
	})
	d.acro.learn(text)
	d.learned += len(text) + window
}

// Mentions gives the concepts of a passage, the weightiest first, at most
// MaxMentions.
func (d *Document) Mentions(p Passage) []library.Mention {
	f := &finder{doc: d, found: map[string]*candidate{}}
	f.within(p)
	f.headings(p)
	d.scan(p.Text, f.segment)
	f.links(p.Text)
	return f.best()
}

// finder collects the concepts of one passage.
type finder struct {
	doc   *Document
	found map[string]*candidate
	space string // the package that the passage is about a member of
	about string // that member's key
}

// candidate is a concept as a passage has it so far.
type candidate struct {
	name   string
	kind   library.ConceptKind
	weight float64 // of its kind and place, before how often it occurs
	times  int
}

// maxCandidates bounds what a passage of any length holds in memory.
const maxCandidates = 4096

// add counts a concept. The kind and name of the weightiest occurrence stay.
// One of no weight is furniture.
func (f *finder) add(key, name string, kind library.ConceptKind, weight float64) {
	if key == "" || len(key) > maxKey || weight <= 0 {
		return
	}
	c := f.found[key]
	switch {
	case c == nil && len(f.found) >= maxCandidates:
		return
	case c == nil:
		f.found[key] = &candidate{name: name, kind: kind, weight: weight, times: 1}
		return
	case weight > c.weight:
		c.name, c.kind, c.weight = name, kind, weight
	}
	c.times++
}

// segment looks for the concepts of a run of words.
func (f *finder) segment(s segment) {
	f.names(s, 1)
	f.identifiers(s, 1)
	f.unspaced(s, 1)
	f.phrases(s, 1)
	f.expansions(s)
}

// best orders what was found. Ties are broken by key, so that the answer is
// the same each time.
func (f *finder) best() []library.Mention {
	out := make([]library.Mention, 0, len(f.found))
	for key, c := range f.found {
		out = append(out, library.Mention{Key: key, Name: f.doc.vocab.display(key, c.name), Kind: c.kind, Weight: often(c.weight, c.times)})
	}
	slices.SortFunc(out, func(a, b library.Mention) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), cmp.Compare(a.Key, b.Key))
	})
	return slices.Clip(out[:min(len(out), MaxMentions)])
}

// often raises a weight towards 1 by how often the concept occurs.
func often(weight float64, times int) float64 {
	const most = 4
	share := float64(min(times, most)-1) / most
	return weight + (1-weight)*share/2
}
