package concept

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/library"
)

// acronyms are what a document says its short forms stand for, by the short
// form's key, and by the first word of the long one.
type acronyms struct {
	short map[string]definition
	long  map[string][]definition
}

type definition struct {
	short, long       string // as they are written
	shortKey, longKey string
}

// name says both.
func (d definition) name() string { return d.long + " (" + d.short + ")" }

const (
	maxDefinitions = 4096
	longBytes      = 160 // before a parenthesis that are read
)

// learn finds "long form (SF)", as Schwartz and Hearst (2003), A simple
// algorithm for identifying abbreviation definitions in biomedical text.
func (a *acronyms) learn(text string) {
	for at := 0; len(a.short) < maxDefinitions; {
		i := strings.IndexByte(text[at:], '(')
		if i < 0 {
			return
		}
		i += at
		at = i + 1
		short, ok := shortForm(text[at:])
		if !ok {
			continue
		}
		before := clipFront(text[:i], longBytes)
		if cut := strings.LastIndexAny(before, ".;:()\n|!?"); cut >= 0 {
			before = before[cut+1:]
		}
		if long := longForm(short, strings.TrimSpace(before)); long != "" {
			a.define(short, strings.Join(strings.Fields(long), " "))
		}
	}
}

func (a *acronyms) define(short, long string) {
	d := definition{short: strings.Clone(short), long: strings.Clone(long), shortKey: Key(short), longKey: Key(long)}
	if d.shortKey == "" || d.longKey == "" || d.shortKey == d.longKey {
		return
	}
	if a.short == nil {
		a.short, a.long = map[string]definition{}, map[string][]definition{}
	}
	if _, ok := a.short[d.shortKey]; ok {
		return // the first definition counts
	}
	a.short[d.shortKey] = d
	first := firstPiece(long)
	a.long[first] = append(a.long[first], d)
}

// shortForm reads what a parenthesis holds, if it is short and has a capital.
func shortForm(text string) (string, bool) {
	const most = 12
	end := strings.IndexAny(text[:min(len(text), most)], "),;")
	if end < 2 {
		return "", false
	}
	s := text[:end]
	upper := 0
	for i, r := range s {
		switch {
		case unicode.IsUpper(r):
			upper++
		case unicode.IsLetter(r), unicode.IsDigit(r):
		case i > 0 && (r == '-' || r == '/' || r == '&' || r == '.'):
		default:
			return "", false
		}
	}
	return s, upper > 0 && (upper > 1 || utf8.RuneCountInString(s) <= 4) && hasLetter(s)
}

// longForm is the shortest end of a text that holds the short form's letters
// in order, the first at the beginning of a word.
func longForm(short, text string) string {
	s, t := []rune(strings.ToLower(short)), []rune(strings.ToLower(text))
	orig := []rune(text)
	if len(orig) != len(t) {
		return ""
	}
	j := len(t) - 1
	for i, letter := range slices.Backward(s) {
		if !unicode.IsLetter(letter) && !unicode.IsDigit(letter) {
			continue
		}
		for j >= 0 && (t[j] != letter || i == 0 && j > 0 && wordRune(t[j-1])) {
			j--
		}
		if j < 0 {
			return ""
		}
		j--
	}
	if long := string(orig[j+1:]); expands(long, short) {
		return long
	}
	return ""
}

// expands tells whether a long form is neither too long nor too short for its
// short one.
func expands(long, short string) bool {
	n, letters := len(strings.Fields(long)), utf8.RuneCountInString(short)
	if n > min(letters+5, letters*2, 10) || len(long) <= len(short) {
		return false
	}
	return n > 1 || strings.Contains(long, "-")
}

// clipFront keeps the last bytes of a text.
func clipFront(s string, most int) string {
	if len(s) <= most {
		return s
	}
	i := len(s) - most
	for i < len(s) && !utf8.RuneStart(s[i]) {
		i++
	}
	return s[i:]
}

// expansions finds the forms of the document's acronyms in a segment: the one
// always leads to the other.
func (f *finder) expansions(s segment) {
	if len(f.doc.acro.short) == 0 {
		return
	}
	for i, w := range s.words {
		if d, ok := f.doc.acro.short[w.key]; ok && w.shape != plain {
			f.acronym(d)
		}
		for _, d := range f.doc.acro.long[w.first] {
			if s.spells(i, d.longKey) {
				f.acronym(d)
			}
		}
	}
}

func (f *finder) acronym(d definition) {
	f.add(d.longKey, d.name(), library.ConceptAcronym, 0.7*f.spread(d.longKey))
	f.add(d.shortKey, d.short, library.ConceptAcronym, 0.6*f.spread(d.shortKey))
}

// spells tells whether the words from i on make a key.
func (s segment) spells(i int, key string) bool {
	for ; i < len(s.words); i++ {
		rest, ok := strings.CutPrefix(key, s.words[i].key)
		if !ok {
			return false
		}
		if rest == "" {
			return true
		}
		key = rest
	}
	return false
}
