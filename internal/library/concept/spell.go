package concept

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// shape is what the letters of a word tell.
type shape uint8

const (
	plain      shape = iota // small letters, hyphens
	capital                 // begins with a capital
	initials                // capitals alone: an acronym, or shouting
	identifier              // io.Reader, snake_case, camelCase, net/http
	number                  // no letter
	unspaced                // of a script without spaces
	other                   // addresses of people, letters among many digits
)

// spelling is what is known of a word however it is used.
type spelling struct {
	key    string // its normal form
	first  string // its first piece's
	folded string // as stop words are looked up
	shape  shape
	runes  int
}

// maxSpellings bounds what is remembered of words.
const maxSpellings = 1 << 14

// spell looks a word up, or reads its letters.
func (d *Document) spell(w string) *spelling {
	if s := d.spellings[w]; s != nil {
		return s
	}
	w = strings.Clone(w) // the text goes, the spelling stays
	s := &spelling{shape: shapeOf(w), runes: utf8.RuneCountInString(w)}
	if s.shape != number && s.shape != other {
		s.key, s.first = Key(w), firstPiece(w)
	}
	s.folded = foldWord(w)
	if d.spellings == nil || len(d.spellings) >= maxSpellings {
		d.spellings = make(map[string]*spelling)
	}
	d.spellings[w] = s
	return s
}

// letters counts what a word is made of.
type letters struct {
	upper, lower, digits, other int
	humps                       int  // capitals behind small letters
	code                        bool // held together as identifiers are
	slash, at, dense            bool
}

func lettersOf(w string) (l letters) {
	prev := rune(0)
	for _, r := range w {
		switch {
		case isDense(r):
			l.dense = true
		case unicode.IsUpper(r):
			l.upper++
			if unicode.IsLower(prev) {
				l.humps++
			}
		case unicode.IsLower(r):
			l.lower++
		case unicode.IsDigit(r):
			l.digits++
		case r == '_', r == '.', r == ':':
			l.code = true
		case r == '/':
			l.slash = true
		case r == '@':
			l.at = true
		case unicode.IsLetter(r):
			l.other++
		}
		prev = r
	}
	return l
}

func shapeOf(w string) shape { //nolint:gocyclo // a table of shapes
	l := lettersOf(w)
	count := l.upper + l.lower + l.other
	switch {
	case l.dense:
		return unspaced
	case count == 0:
		return number
	case l.at, l.digits > 2*count+4:
		return other
	case l.code && dotted(w), l.humps > 0 && !strings.ContainsAny(w, "-"), l.slash:
		return identifier
	case l.upper > 1 && l.upper <= 8 && (l.lower == 0 || l.lower == 1 && strings.HasSuffix(w, "s")):
		return initials
	case l.upper > 1 && l.lower > 0 && l.upper >= l.lower && !strings.ContainsAny(w, "-"): // mRNA, GHz
		return initials
	case unicode.IsUpper(firstRune(w)):
		return capital
	}
	return plain
}

// dotted tells identifiers from abbreviations (e.g, U.S.A) and from two
// sentences without a space between.
func dotted(w string) bool {
	parts := strings.FieldsFunc(w, func(r rune) bool { return r == '.' || r == '_' || r == ':' || r == '/' })
	long := 0
	for _, p := range parts {
		if utf8.RuneCountInString(p) > 1 {
			long++
		}
	}
	return long > 0 && (len(parts) > 1 && long > len(parts)/2)
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}
