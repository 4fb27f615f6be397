package wordpiece

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// mapped is what a character becomes: a kind, and in the lower bits, for letters
// and punctuation, the rune it is replaced with.
type mapped rune

const (
	runeBits = 24
	runeMask = 1<<runeBits - 1
)

const (
	kindDrop mapped = iota << runeBits // controls, accents, NUL and broken UTF-8
	kindSpace
	kindLetter      // part of a word
	kindPunctuation // a word of its own
	kindExpand      // becomes several characters, see expand
)

func (m mapped) kind() mapped { return m &^ runeMask }
func (m mapped) rune() rune   { return rune(m & runeMask) }

// tableSize is how far the table of answers reaches: all alphabets of Europe,
// the Middle East and India, and the usual symbols.
const tableSize = 0x3000

func newTable() []mapped {
	table := make([]mapped, tableSize)
	for r := range table {
		table[r] = normalize(rune(r))
	}
	return table
}

// normalize says what one character of a text becomes.
func normalize(r rune) mapped {
	switch {
	case r == '\t' || r == '\n' || r == '\r':
		return kindSpace
	case r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co):
		return kindDrop // form feed and vertical tab too
	case unicode.Is(unicode.White_Space, r):
		return kindSpace
	case isIdeograph(r), r >= hangulFirst && r <= hangulLast:
		return kindExpand
	}
	parts := decompose(r)
	if parts == nil {
		return classify(r)
	}
	one := kindDrop
	for _, part := range string(parts) {
		c := classify(part)
		if c.kind() == kindDrop {
			continue
		}
		if one.kind() != kindDrop {
			return kindExpand
		}
		one = c
	}
	return one
}

// classify is normalize for a character that has no decomposition.
func classify(r rune) mapped {
	if unicode.Is(unicode.Mn, r) {
		return kindDrop
	}
	r = unicode.ToLower(r)
	if isPunctuation(r) {
		return kindPunctuation | mapped(r)
	}
	return kindLetter | mapped(r)
}

// decompose is the canonical decomposition of r, nil if there is none or r is a
// Hangul syllable.
func decompose(r rune) []byte {
	var buf [utf8.UTFMax]byte
	n := utf8.EncodeRune(buf[:], r)
	return norm.NFD.Properties(buf[:n]).Decomposition()
}

// wide reads the character of several bytes that text starts with and returns
// its length.
func (s *scanner) wide(text string) int {
	r, size := utf8.DecodeRuneInString(text)
	if r < tableSize {
		s.take(r, s.t.table[r])
	} else {
		s.take(r, normalize(r))
	}
	return size
}

func (s *scanner) take(r rune, to mapped) {
	switch to.kind() {
	case kindDrop:
	case kindSpace:
		s.flush()
	case kindLetter:
		s.letter(to.rune())
	case kindPunctuation:
		s.flush()
		s.letter(to.rune())
		s.flush()
	case kindExpand:
		s.expand(r)
	}
}

// expand adds a character that becomes several, or that stands alone.
func (s *scanner) expand(r rune) {
	ideograph := isIdeograph(r)
	if ideograph {
		s.flush()
	}
	switch parts := decompose(r); {
	case r >= hangulFirst && r <= hangulLast:
		s.hangul(r - hangulFirst)
	case parts == nil:
		s.letter(r)
	default:
		for len(parts) > 0 {
			part, size := utf8.DecodeRune(parts)
			s.take(part, classify(part))
			parts = parts[size:]
		}
	}
	if ideograph {
		s.flush()
	}
}

// The Hangul syllables and the arithmetic of their decomposition, The Unicode
// Standard, section 3.12.
const (
	hangulFirst, hangulLast                = 0xAC00, 0xD7A3
	leadFirst, vowelFirst, trailFirst      = 0x1100, 0x1161, 0x11A7
	hangulVowels, hangulTrails        rune = 21, 28
)

func (s *scanner) hangul(index rune) {
	s.letter(leadFirst + index/(hangulVowels*hangulTrails))
	s.letter(vowelFirst + index/hangulTrails%hangulVowels)
	if trail := index % hangulTrails; trail > 0 {
		s.letter(trailFirst + trail)
	}
}

// isIdeograph says whether r is a word of its own as Chinese, Japanese and
// Korean ideographs are. The ranges are BERT's, with the one that begins at
// U+2B920 as Hugging Face has it.
func isIdeograph(r rune) bool {
	switch {
	case r < 0x3400:
		return false
	case r <= 0x4DBF, r >= 0x4E00 && r <= 0x9FFF, r >= 0xF900 && r <= 0xFAFF:
		return true
	}
	return r >= 0x20000 && r <= 0x2A6DF || r >= 0x2A700 && r <= 0x2B81F ||
		r >= 0x2B920 && r <= 0x2CEAF || r >= 0x2F800 && r <= 0x2FA1F
}

// isPunctuation is Unicode's, and all of ASCII that is neither letter, digit,
// space nor control.
func isPunctuation(r rune) bool {
	if r < 0x80 {
		return r > ' ' && r < 0x7F && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}
	return unicode.Is(unicode.P, r)
}
