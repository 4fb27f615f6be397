package document

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes text fit for a Document: \n line ends, valid UTF-8, and none of
// the control characters that files carry by accident.
func Clean(s string) string {
	if IsClean(s) {
		return s
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r' || r == '\u2028' || r == '\u2029' || r == '\v' || r == '\f' || r == '\u0085':
			return '\n'
		case Unwanted(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// IsClean reports whether Clean would change nothing.
func IsClean(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\n' && c != '\t' || c >= 0x7f {
			return isCleanUnicode(s[i:])
		}
	}
	return true
}

func isCleanUnicode(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if Unwanted(r) || r == '\r' || r == '\v' || r == '\f' || r == '\u0085' || r == '\u2028' || r == '\u2029' {
			return false
		}
	}
	return true
}

// Unwanted reports characters that carry no text: controls, the byte order
// mark, Unicode's noncharacters.
func Unwanted(r rune) bool {
	switch {
	case r == '\n' || r == '\t' || r == '\r':
		return false
	case r == '\v' || r == '\f' || r == '\u0085':
		return false
	case r < ' ' || r >= 0x7f && r < 0xa0 || r == '\uFEFF':
		return true
	case r >= 0xFDD0 && r <= 0xFDEF || r&0xFFFE == 0xFFFE:
		return true
	}
	return false
}

// OneLine joins words by single spaces.
func OneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// HasLetters reports whether a text says anything.
func HasLetters(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) >= 0
}
