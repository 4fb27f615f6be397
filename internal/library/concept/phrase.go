package concept

import (
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library"
)

const (
	maxPhrase  = 4 // words
	leastRunes = 4 // of a word that is a concept alone
)

// phrases gives the key phrases of a segment, as RAKE cuts them (Rose, Engel,
// Cramer and Cowley 2010, Automatic keyword extraction from individual
// documents): what stands between stop words. Of long ones the pairs within
// are candidates too. [from, to) are words of the segment; inner tells of
// pairs that lie in the run [from, to) yielded before.
func (l language) phrases(s segment, yield func(from, to int, inner bool)) {
	if l.tag == "" {
		return
	}
	for i := 0; i < len(s.words); {
		if !l.content(s.words[i]) {
			i++
			continue
		}
		from := i
		for i < len(s.words) && l.content(s.words[i]) && (!l.nouns || i == from || s.words[i].shape != plain || s.words[i-1].shape == plain) {
			i++
		}
		l.run(s, from, i, yield)
	}
}

// content tells of words that a phrase may hold.
func (l language) content(w word) bool {
	return !l.stops(w) && w.key != "" && w.shape != other && w.shape != unspaced && w.shape != number
}

func (l language) run(s segment, from, to int, yield func(from, to int, inner bool)) {
	for from < to && l.edge(s.words[from]) {
		from++
	}
	for from < to && l.edge(s.words[to-1]) {
		to--
	}
	for l.nouns && from < to && s.words[to-1].shape == plain {
		to--
	}
	if to-from <= maxPhrase && l.telling(s, from, to) {
		yield(from, to, false)
	}
	if to-from < 3 {
		return
	}
	for i := from; i+2 <= to; i++ {
		if l.telling(s, i, i+2) {
			yield(i, i+2, to-from <= maxPhrase)
		}
	}
}

// edge tells of words that no phrase begins or ends with: adverbs.
func (l language) edge(w word) bool {
	return l.tag == "en" && w.shape == plain && len(w.folded) > 4 && strings.HasSuffix(w.folded, "ly")
}

// telling tells whether words say something without the rest.
func (l language) telling(s segment, from, to int) bool {
	if to <= from {
		return false
	}
	first, last := s.words[from], s.words[to-1]
	if l.nouns && last.shape == plain {
		return false
	}
	if to-from == 1 {
		return first.runes >= leastRunes && !l.common[first.folded] && !l.common[first.key]
	}
	for _, w := range s.words[from:to] {
		if !l.common[w.folded] && !l.common[w.key] && w.runes > 2 {
			return true
		}
	}
	return false
}

// learn counts what a segment says.
func (v *vocabulary) learn(l language, s segment, at int) {
	for i, w := range s.words {
		if w.shape == capital && !w.opens || w.shape == initials || w.shape == identifier {
			e, _ := v.count(w.key, s.raw(i, i+1), at)
			e.capitals++
		}
	}
	s.names(l, func(from, to int) {
		if to-from > 1 {
			v.count(s.key(from, to), s.raw(from, to), at)
		}
	})
	s.dense(func(piece string, from, to int) { v.count(Key(piece[from:to]), piece[from:to], at) })
	whole := false // the run around pairs is new
	l.phrases(s, func(from, to int, inner bool) {
		if w := s.words[from]; to-from == 1 && w.shape != plain && (w.shape != capital || !w.opens) || s.named(from, to) {
			return // counted
		}
		e, first := v.count(s.key(from, to), s.raw(from, to), at)
		if !inner {
			whole = first
			return
		}
		e.nested++
		if whole {
			e.within++
		}
	})
}

// phrases gives the weight that a passage's phrases have: by the C-value in
// the whole document.
func (f *finder) phrases(s segment, scale float64) {
	v := f.doc.vocab
	f.doc.lang.phrases(s, func(from, to int, _ bool) {
		key := s.key(from, to)
		c := v.cvalue(key, to-from)
		weight := 0.15 + 0.45*c/(c+4)
		if to-from == 1 {
			if v.times(key) < 2 && s.words[from].runes < 7 {
				return
			}
			weight *= 0.7
		}
		f.add(key, s.raw(from, to), library.ConceptPhrase, weight*v.spread(key)*scale)
	})
}
