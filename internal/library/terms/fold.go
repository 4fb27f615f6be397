package terms

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// fold makes case and accents one and cuts what is too long to be a word.
func (a *Analyzer) fold(piece string) string {
	a.buf = a.buf[:0]
	ascii := true
	for i := range len(piece) {
		b := piece[i]
		if b >= utf8.RuneSelf {
			ascii = false
			break
		}
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		a.buf = append(a.buf, b)
	}
	if ascii {
		return cut(string(a.buf))
	}
	a.buf = a.buf[:0]
	for _, r := range norm.NFD.String(piece) {
		if accent(r) {
			continue
		}
		r = unicode.ToLower(r)
		if plain := plainLetters(r); plain != "" {
			a.buf = append(a.buf, plain...)
			continue
		}
		a.buf = utf8.AppendRune(a.buf, r)
	}
	return cut(norm.NFC.String(string(a.buf)))
}

// accent tells of marks that people leave out when they type: accents of
// Latin, Greek and Cyrillic, points of Hebrew and Arabic. Marks of other
// scripts are vowels and stay.
func accent(r rune) bool {
	switch {
	case r < 0x300:
		return false
	case r <= 0x36f:
		return true
	case 0x591 <= r && r <= 0x5c7, 0x610 <= r && r <= 0x61a, 0x64b <= r && r <= 0x65f, 0x6d6 <= r && r <= 0x6ed:
		return unicode.Is(unicode.Mn, r)
	}
	return r == 0x640 || r == 0x670
}

// plainLetters spells letters that do not decompose the way people type them.
func plainLetters(r rune) string {
	switch r {
	case 'ß':
		return "ss"
	case 'æ':
		return "ae"
	case 'œ':
		return "oe"
	case 'ø':
		return "o"
	case 'ł':
		return "l"
	case 'đ', 'ð':
		return "d"
	case 'þ':
		return "th"
	case 'ı':
		return "i"
	case 'ς':
		return "σ"
	}
	return ""
}

func cut(s string) string {
	if len(s) <= maxTermBytes {
		return s
	}
	end := maxTermBytes
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return strings.Clone(s[:end])
}
