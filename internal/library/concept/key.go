package concept

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/library/terms"
)

const (
	maxKey        = 96  // bytes
	maxHeading    = 160 // bytes of a heading that are read
	gramWords     = 6   // words of a query that are taken together
	maxQuery      = 96  // words of a query that are read
	maxQueryBytes = 8 << 10
	denseRunes    = 8 // characters of an unspaced script that are taken together
	maxKeys       = 1024
)

// Key gives the normal form of a concept's name: words without case, accents,
// plurals and what stands between them, so that "data base", "Databases" and
// DataBase are one. It is empty for what names nothing.
func Key(name string) string {
	var b strings.Builder
	pieces(clip(name, 4*maxKey), func(p string, _ bool) bool {
		b.WriteString(p)
		return b.Len() <= maxKey
	})
	key := b.String()
	if len(key) > maxKey || !hasLetter(key) {
		return ""
	}
	return key
}

// Keys gives the keys of all concepts that a query may name, each once: of
// every run of its words, in order. Most of them are no concept of any
// library; whoever asks keeps those that are.
func Keys(query string) []string {
	var words []string
	var dense []bool
	pieces(clip(query, maxQueryBytes), func(p string, unspaced bool) bool {
		words, dense = append(words, p), append(dense, unspaced)
		return len(words) < maxQuery
	})
	var out []string
	seen := map[string]bool{}
	add := func(key string) {
		if len(key) <= maxKey && !seen[key] && len(out) < maxKeys && utf8.RuneCountInString(key) > 1 && hasLetter(key) {
			seen[key] = true
			out = append(out, key)
		}
	}
	for i := range words {
		if dense[i] {
			denseKeys(words[i], add)
		}
		for n := min(gramWords, len(words)-i); n > 0; n-- {
			add(strings.Join(words[i:i+n], ""))
		}
	}
	return out
}

// denseKeys gives the parts of a run of a script that writes no spaces.
func denseKeys(run string, add func(string)) {
	runes := []rune(clip(run, 4*maxKey))
	for i := range runes {
		for n := min(denseRunes, len(runes)-i); n > 1; n-- {
			add(string(runes[i : i+n]))
		}
	}
}

// pieces walks through the words that a name or a query is made of, in normal
// form: those of "parseHTTPHeaders" are parse, http and header.
func pieces(text string, yield func(piece string, unspaced bool) bool) {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !wordRune(r) {
			i += size
			continue
		}
		unspaced := isDense(r)
		end := pieceEnd(text, i)
		mark := end
		for mark < len(text) && (text[mark] == '+' || text[mark] == '#') && mark-i <= 4 { // C++, F#
			mark++
		}
		if p := normal(text[i:end]) + text[end:mark]; p != "" && !yield(p, unspaced) {
			return
		}
		i = mark
		if strings.HasPrefix(text[i:], "'s") || strings.HasPrefix(text[i:], "’s") {
			if rest := text[i+strings.IndexByte(text[i:], 's')+1:]; !startsWord(rest) {
				i = len(text) - len(rest)
			}
		}
	}
}

func firstPiece(text string) (first string) {
	pieces(text, func(p string, _ bool) bool {
		first = p
		return false
	})
	return first
}

func startsWord(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return s != "" && wordRune(r)
}

// pieceEnd is where a piece that starts at i ends: before another script,
// before a capital that follows a small letter or begins a word after others,
// as in parse|HTTP|Headers. A plural's s stays with the capitals before it.
func pieceEnd(text string, i int) int {
	first, size := utf8.DecodeRuneInString(text[i:])
	dense := isDense(first)
	prev, j := first, i+size
	for j < len(text) {
		r, n := utf8.DecodeRuneInString(text[j:])
		if !wordRune(r) || isDense(r) != dense {
			return j
		}
		if unicode.IsUpper(r) && (unicode.IsLower(prev) || unicode.IsUpper(prev) && beginsHump(text[j+n:])) {
			return j
		}
		prev, j = r, j+n
	}
	return j
}

// beginsHump tells of small letters behind a capital that make a word of it,
// rather than its plural: eader, not s.
func beginsHump(rest string) bool {
	r, n := utf8.DecodeRuneInString(rest)
	if !unicode.IsLower(r) {
		return false
	}
	return r != 's' || startsLower(rest[n:])
}

func startsLower(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLower(r)
}

// normal folds a word and takes an English or French plural's end off.
func normal(word string) string { return singular(foldWord(word)) }

func foldWord(word string) string {
	for i := range len(word) {
		if b := word[i]; b >= utf8.RuneSelf || 'A' <= b && b <= 'Z' {
			return strings.Map(seen, terms.Fold(word))
		}
	}
	return word
}

// seen drops characters that nobody sees, as soft hyphens.
func seen(r rune) rune {
	if invisible(r) {
		return -1
	}
	return r
}

func invisible(r rune) bool {
	return r == 0xad || r == 0x200b || r == 0x200c || r == 0x200d || r == 0x2060 || r == 0xfeff || 0xfe00 <= r && r <= 0xfe0f
}

// wordRune tells of characters that words are made of.
func wordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	return r != utf8.RuneError && (unicode.In(r, unicode.L, unicode.N, unicode.M) || invisible(r))
}

// isDense tells of scripts that put no spaces between words.
func isDense(r rune) bool {
	return r >= 0xe00 && (unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan) || r == 'ー' || r == '々')
}

// singular is the S-stemmer (Harman 1991, How effective is suffixing?), which
// takes plurals off and leaves what words mean alone. CPUs must lose their s,
// so that it takes the one of words in -us too: keys are compared, not read.
func singular(w string) string {
	n := len(w)
	if n < 4 || w[n-1] != 's' || w == "https" {
		return w
	}
	switch {
	case strings.HasSuffix(w, "ss"):
		return w
	case strings.HasSuffix(w, "ies") && n > 4 && !strings.HasSuffix(w, "eies") && !strings.HasSuffix(w, "aies"):
		return w[:n-3] + "y"
	}
	return w[:n-1]
}

func hasLetter(s string) bool {
	for _, r := range s {
		if unicode.IsLetter(r) {
			return true
		}
	}
	return false
}

// clip cuts a text between characters.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}
