package concept

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxWord    = 100 // bytes; what is longer is data
	maxSegment = 48  // words; longer ones are cut
)

// segment is a run of words with nothing but spaces and line ends between.
type segment struct {
	text  string
	words []word
}

// word is one between spaces and punctuation. Names of several pieces, as
// well-known, io.Reader or net/http, are one.
type word struct {
	*spelling

	from, to int
	opens    bool // a sentence, a line or a quotation, where capitals tell nothing
}

// raw is how words stand in the text, spaces made one.
func (s segment) raw(from, to int) string {
	if to-from == 1 {
		return s.text[s.words[from].from:s.words[from].to]
	}
	return strings.Join(strings.Fields(s.text[s.words[from].from:s.words[to-1].to]), " ")
}

// key is the normal form of some of its words.
func (s segment) key(from, to int) string {
	if to-from == 1 {
		return s.words[from].key
	}
	n := 0
	for _, w := range s.words[from:to] {
		n += len(w.key)
	}
	if n > maxKey {
		return ""
	}
	var b strings.Builder
	b.Grow(n)
	for _, w := range s.words[from:to] {
		b.WriteString(w.key)
	}
	return b.String()
}

// scan walks through a text's segments. The segment is the callee's until it
// returns.
func (d *Document) scan(text string, yield func(segment)) {
	s := segment{text: text, words: make([]word, 0, maxSegment)}
	flush := func() {
		if len(s.words) > 0 {
			yield(s)
			s.words = s.words[:0]
		}
	}
	opens := true
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !wordRune(r) {
			end, g := gap(text, i)
			if g.breaks {
				flush()
			}
			opens = opens && len(s.words) == 0 || g.opens
			i = end
			continue
		}
		if n := address(text[i:]); n > 0 {
			flush()
			i += n
			continue
		}
		end := wordEnd(text, i, r, size)
		if end-i > maxWord {
			flush()
		} else {
			if len(s.words) == maxSegment {
				flush()
			}
			s.words = append(s.words, word{d.spell(text[i:end]), i, end, opens})
		}
		opens, i = false, end
	}
	flush()
}

// between is what stands between two words.
type between struct {
	breaks bool // no phrase goes on behind it
	opens  bool // a capital behind it tells nothing
}

// gap reads what stands between words.
func gap(text string, i int) (end int, g between) {
	lines := 0
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case wordRune(r):
			return i, g
		case r == '\n':
			lines++
			g.opens = true
			g.breaks = g.breaks || lines > 1
		case r == ' ', r == '\'', r == '’', r == 0xa0, r == '\r':
		case sentenceEnd(r) || lines > 0:
			g.breaks, g.opens = true, true
		default:
			g.breaks = true
		}
		i += size
	}
	return i, g
}

// sentenceEnd tells of marks behind which any word has a capital.
func sentenceEnd(r rune) bool {
	switch r {
	case '.', '!', '?', ':', ';', '"', '“', '”', '„', '«', '»', '•', '|', '\t', '—', '–', '。', '！', '？':
		return true
	}
	return false
}

// wordEnd is where the word ends that begins with r at i.
func wordEnd(text string, i int, r rune, size int) int {
	dense := isDense(r)
	i += size
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case wordRune(r):
			if isDense(r) != dense && !invisible(r) {
				return i
			}
			i += size
		case dense:
			return i
		default:
			n := linkLength(text[i:], r, size)
			if n == 0 {
				return markEnd(text, i)
			}
			i += n
		}
	}
	return i
}

// linkLength is how many bytes hold two pieces of a word together; 0: none.
func linkLength(rest string, r rune, size int) int {
	switch r {
	case '-', '_', '.', '/', '&', '@', '‐', '‑':
	case ':':
		if !strings.HasPrefix(rest, "::") {
			return 0
		}
		size = 2
	default:
		return 0
	}
	next, _ := utf8.DecodeRuneInString(rest[size:])
	if len(rest) == size || !wordRune(next) || isDense(next) {
		return 0
	}
	return size
}

// markEnd takes the signs of C++ and F# into the word.
func markEnd(text string, i int) int {
	end := i
	for end < len(text) && (text[end] == '+' || text[end] == '#') && end-i < 2 {
		end++
	}
	if end < len(text) && startsWord(text[end:]) {
		return i
	}
	return end
}

// address is the length of a web address at the beginning of a text, or 0.
func address(text string) int {
	if text[0] != 'h' && text[0] != 'w' || !strings.HasPrefix(text, "http://") && !strings.HasPrefix(text, "https://") && !strings.HasPrefix(text, "www.") {
		return 0
	}
	for i, r := range text {
		if unicode.IsSpace(r) || strings.ContainsRune("<>\"'()[]{}|`", r) {
			return i
		}
	}
	return len(text)
}
