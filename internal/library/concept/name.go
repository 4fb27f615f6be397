package concept

import (
	"strings"
	"unicode"

	"git.helu.ca/r/mnemosyne/internal/library"
)

const (
	maxName   = 6 // words
	shoutFrom = 4 // words of capitals alone are shouting, not acronyms
)

// joins tells of small words within names: University of Oxford, Otto von
// Guericke.
func joins(w string) bool {
	switch w {
	case "of", "the", "de", "la", "le", "du", "des", "di", "da", "del", "von", "van", "der", "den", "für", "fur", "al", "el", "y", "e":
		return true
	}
	return false
}

// shouts tells of segments written in capitals throughout.
func (s segment) shouts() bool {
	if len(s.words) < shoutFrom {
		return false
	}
	for _, w := range s.words {
		if w.shape != initials && w.runes > 1 && w.shape != number {
			return false
		}
	}
	return true
}

// proper tells of words that a name may hold.
func (s segment) proper(i int) bool {
	w := s.words[i]
	return w.shape == capital || w.shape == initials || w.shape == number && i > 0 && w.to-w.from <= 4
}

// names gives runs of capitalised words, of at least two, as [from, to).
func (s segment) names(l language, yield func(from, to int)) {
	if s.shouts() {
		return
	}
	for i := 0; i < len(s.words); {
		if !s.begins(l, i) {
			i++
			continue
		}
		from, to := i, i+1
		for i = to; i < len(s.words) && i-from < maxName; i++ {
			if s.words[i].opens {
				break
			}
			if s.proper(i) {
				to = i + 1
			} else if !joins(s.words[i].folded) || i+1 == len(s.words) {
				break
			}
		}
		i = to
		if to-from > 1 {
			yield(from, to)
		}
	}
}

// begins tells whether a name may begin at a word: not with a sentence's
// first, which is mostly an article.
func (s segment) begins(l language, i int) bool {
	w := s.words[i]
	return (w.shape == capital || w.shape == initials) && !l.stops(w)
}

// named tells whether words are capitalised throughout.
func (s segment) named(from, to int) bool {
	if to-from < 2 {
		return false
	}
	for i := from; i < to; i++ {
		if w := s.words[i]; w.shape != capital && w.shape != initials || i > from && w.opens {
			return false
		}
	}
	return true
}

// names collects the names of a segment.
func (f *finder) names(s segment, scale float64) {
	l := f.doc.lang
	s.names(l, func(from, to int) {
		f.add(s.key(from, to), s.raw(from, to), library.ConceptName, 0.6*f.spread(s.key(from, to))*scale)
	})
	if s.shouts() {
		return
	}
	for i, w := range s.words {
		switch {
		case l.stops(w):
		case w.shape == initials:
			f.add(w.key, s.raw(i, i+1), library.ConceptName, 0.55*f.spread(w.key)*scale)
		case w.shape == capital && !l.nouns && w.runes > 2 && f.capitalised(w) && (!w.opens || !l.common[w.folded]):
			f.add(w.key, s.raw(i, i+1), library.ConceptName, 0.4*f.spread(w.key)*scale)
			f.sibling(s.raw(i, i+1), scale)
		case w.shape == identifier:
			f.sibling(s.raw(i, i+1), scale)
		}
	}
}

// sibling reads a name in a passage about a package's member as the package
// does: File, where os.Open is told of, is os.File.
func (f *finder) sibling(name string, scale float64) {
	if f.space == "" || strings.ContainsAny(name, "./:") {
		return
	}
	name = f.space + "." + name
	if key := Key(name); key != f.about {
		f.add(key, name, library.ConceptName, 0.6*f.spread(key)*scale)
	}
}

// namespace is what stands before the first capital of an identifier: os of
// os.File.Close, else empty.
func namespace(name string) string {
	for i := 0; i < len(name) && !strings.ContainsAny(name, " \t\n"); {
		end := strings.IndexByte(name[i:], '.')
		if end < 0 {
			return ""
		}
		if l := lettersOf(name[i+end+1:]); l.upper > 0 && unicode.IsUpper(firstRune(name[i+end+1:])) && lettersOf(name[:i+end]).upper == 0 {
			return name[:i+end]
		}
		i += end + 1
	}
	return ""
}

// capitalised tells whether a capital is a name's: not one that only opens
// sentences.
func (f *finder) capitalised(w word) bool {
	if !w.opens {
		return true
	}
	e := f.doc.vocab.entries[w.key]
	return e != nil && e.capitals > 0 && e.capitals*2 >= e.times
}

func (f *finder) spread(key string) float64 { return f.doc.vocab.spread(key) }

// identifiers collects names as programs have them: a whole, the parts that
// it ends with, and each part that is a name by itself.
func (f *finder) identifiers(s segment, scale float64) {
	for i, w := range s.words {
		if w.shape != identifier {
			continue
		}
		raw := s.raw(i, i+1)
		f.add(w.key, raw, library.ConceptName, 0.65*f.spread(w.key)*scale)
		parts := strings.FieldsFunc(raw, func(r rune) bool { return r == '.' || r == ':' || r == '/' })
		if len(parts) < 2 || len(parts) > maxName {
			continue
		}
		for from := range parts {
			for to := from + 1; to <= len(parts); to++ {
				f.part(parts, from, to, scale)
			}
		}
	}
}

// part collects some of an identifier's parts.
func (f *finder) part(parts []string, from, to int, scale float64) {
	if to-from == len(parts) {
		return
	}
	name := strings.Join(parts[from:to], ".")
	key := Key(name)
	if to-from > 1 {
		f.add(key, name, library.ConceptName, 0.6*f.spread(key)*scale)
		return
	}
	switch l := lettersOf(name); {
	case l.humps > 0:
		f.add(key, name, library.ConceptName, 0.55*f.spread(key)*scale)
	case l.upper > 0 && len(name) > 2:
		f.add(key, name, library.ConceptName, 0.4*f.spread(key)*scale)
	}
}
