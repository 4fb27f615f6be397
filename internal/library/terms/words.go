package terms

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"
)

// compound is what stands between spaces and punctuation: a word, a name of
// several pieces (snake_case, camelCase, well-known, v1.26.8), or a run of
// characters in a script without spaces.
type compound struct {
	pieces []string
	// links are the characters between the pieces, 0 for a change of case.
	links []rune
	dense bool
	// from and to are where it stands in the text, in bytes.
	from, to int
}

// joined is the compound as one word where people also write it so, else "":
// get_name and getName are getname, U.S.A. is usa, e-mail is email.
func (c compound) joined() string {
	if c.dense || len(c.pieces) < 2 || len(c.pieces) > maxPieces {
		return ""
	}
	for i, l := range c.links {
		a, b := c.pieces[i], c.pieces[i+1]
		switch {
		case l == 0, l == '_':
		case l == '.' && len(a) == 1 && len(b) == 1:
		case l == '-' && (short(a) || short(b)):
		default:
			return ""
		}
	}
	return strings.Join(c.pieces, "")
}

// short tells of pieces that are rather part of a word than one: e-mail,
// IL-2, ABC-1234.
func short(piece string) bool { return len(piece) <= 3 || digits(piece) }

func digits(s string) bool { return strings.ContainsAny(s, "0123456789") }

// name tells of compounds that mean something only as a whole. Words with a
// hyphen are not: what they say, their pieces say.
func (c compound) name() bool {
	for i, l := range c.links {
		if l != '-' && l != '\'' && l != '’' && l != '/' || digits(c.pieces[i]) || digits(c.pieces[i+1]) {
			return true
		}
	}
	return c.dense
}

// script says how a rune takes part in words.
type script uint8

const (
	outside script = iota // between words
	spaced                // a letter, digit or mark of a script with spaces
	dense                 // of a script without
	ignored               // invisible inside a word
)

func scriptOf(r rune) script {
	switch {
	case r < utf8.RuneSelf:
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			return spaced
		}
		return outside
	case r == 0xad, r == 0x200c, r == 0x200d, r == 0x2060, r == 0xfeff:
		return ignored
	case 0xfe00 <= r && r <= 0xfe0f:
		return ignored
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan), r == 'ー', r == '々':
		if unicode.In(r, unicode.L, unicode.N, unicode.M) {
			return dense
		}
		return outside
	case unicode.In(r, unicode.L, unicode.N, unicode.M):
		return spaced
	}
	return outside
}

// link tells of characters that hold the pieces of one name together.
func link(r rune) bool {
	switch r {
	case '_', '-', '.', '/', '\\', '@', ':', '+', '#', '\'', '’', '‐', '‑':
		return true
	}
	return false
}

// compounds walks through normalized text.
func compounds(text string) iter.Seq[compound] {
	return func(yield func(compound) bool) {
		for i := 0; i < len(text); {
			r, size := utf8.DecodeRuneInString(text[i:])
			switch scriptOf(r) {
			case dense:
				end := runEnd(text, i, dense)
				if !yield(compound{pieces: []string{visible(text[i:end])}, dense: true, from: i, to: end}) {
					return
				}
				i = end
			case spaced:
				c, end := readCompound(text, i)
				if !yield(c) {
					return
				}
				i = end
			case outside, ignored:
				i += size
			}
		}
	}
}

// readCompound reads the compound that begins at i and gives where it ends.
func readCompound(text string, i int) (compound, int) {
	c := compound{from: i}
	for {
		end := runEnd(text, i, spaced)
		for _, p := range humps(visible(text[i:end])) {
			c.pieces = append(c.pieces, p)
			c.links = append(c.links, 0)
		}
		r, size := utf8.DecodeRuneInString(text[end:])
		next, _ := utf8.DecodeRuneInString(text[min(end+size, len(text)):])
		if !link(r) || end+size >= len(text) || scriptOf(next) != spaced {
			c.links, c.to = c.links[:len(c.pieces)-1], end
			return c, end
		}
		if r == '‐' || r == '‑' {
			r = '-'
		}
		c.links[len(c.links)-1] = r
		i = end + size
	}
}

func runEnd(text string, i int, want script) int {
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if s := scriptOf(r); s != want && s != ignored {
			break
		}
		i += size
	}
	return i
}

// visible drops soft hyphens and joiners.
func visible(s string) string {
	for _, r := range s {
		if r >= utf8.RuneSelf && scriptOf(r) == ignored {
			return strings.Map(func(r rune) rune {
				if scriptOf(r) == ignored {
					return -1
				}
				return r
			}, s)
		}
	}
	return s
}

// humps splits camelCase: before a capital that follows a small letter, and
// before the last of several capitals when a small letter follows it.
func humps(word string) []string {
	var out []string
	start := 0
	for i := 1; i < len(word); i++ {
		if word[i] < 'A' || word[i] > 'Z' {
			continue
		}
		after := lower(word, i-1)
		before := upper(word, i-1) && lower(word, i+1)
		if after || before {
			out = append(out, word[start:i])
			start = i
		}
	}
	return append(out, word[start:])
}

func lower(s string, i int) bool { return i >= 0 && i < len(s) && 'a' <= s[i] && s[i] <= 'z' }
func upper(s string, i int) bool { return i >= 0 && i < len(s) && 'A' <= s[i] && s[i] <= 'Z' }

// clusters splits a run into characters, each with the marks that belong to it.
func clusters(run string) []string {
	var out []string
	for i, r := range run {
		if i > 0 && unicode.Is(unicode.M, r) {
			out[len(out)-1] += string(r)
			continue
		}
		out = append(out, string(r))
	}
	return out
}
