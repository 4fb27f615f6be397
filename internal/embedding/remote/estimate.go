package remote

import (
	"unicode"
	"unicode/utf8"
)

// estimate gives about how many tokens a tokenizer makes of a text, rather too
// many than too few: subword tokenizers make about one token of four Latin
// letters, of two of an alphabet that they have seen less of, and one or more
// of each character of the scripts that have thousands. It is cheap: one pass
// without allocation.
func estimate(text string) int {
	const quarter = 4 // tokens are counted in quarters
	n, letters := 0, 0
	flush := func() {
		n += (letters + quarter - 1) / quarter * quarter
		letters = 0
	}
	gap := false
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			i++
			switch {
			case c >= 'a' && c <= 'z':
				letters++
			case c >= 'A' && c <= 'Z':
				letters += 2 // capitals in a row are rare words
			default:
				flush()
				if c == ' ' {
					if gap { // a run of spaces
						n++
					}
				} else {
					n += quarter
				}
			}
			gap = c == ' '
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		gap = false
		if unicode.Is(unicode.Latin, r) || unicode.Is(unicode.Mn, r) {
			letters += 2
			continue
		}
		flush()
		n += quartersOf(r, size)
	}
	flush()
	return (n + quarter - 1) / quarter
}

// quartersOf is how many quarters of a token a character takes that is no
// Latin letter.
func quartersOf(r rune, size int) int {
	const quarter = 4
	switch {
	case unicode.In(r, unicode.Cyrillic, unicode.Greek, unicode.Arabic, unicode.Hebrew):
		return 2
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
		return quarter + 1
	case unicode.IsSpace(r):
		return quarter
	case size == 2: //nolint:mnd // Armenian and its neighbours, in bytes
		return quarter
	default:
		return (size - 1) * quarter // spelt in bytes, mostly
	}
}

// cutTo gives the beginning of a text that is estimated at so many tokens or
// fewer.
func cutTo(text string, tokens int) string {
	if tokens <= 0 {
		return ""
	}
	// A token has a byte at least, so that the end of a long text needs no look.
	const longest = 16 // bytes a token, of the longest words
	if len(text) > tokens*longest {
		text = wholeRunes(text, tokens*longest)
	}
	for n := estimate(text); n > tokens; n = estimate(text) {
		text = wholeRunes(text, max(len(text)*tokens/n, len(text)/2)-1)
	}
	return text
}

func halve(text string) string { return wholeRunes(text, (len(text)+1)/2) }

// wholeRunes is at most the first n bytes of a text.
func wholeRunes(text string, n int) string {
	if n >= len(text) {
		return text
	}
	n = max(n, 0)
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}
