package chunk

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/sentences"
	"github.com/clipperhouse/uax29/v2/words"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// pieces yields the parts of a unit that is too long: rows of a table, lines
// of code between empty lines, sentences of prose; what is still too long is
// cut between words, and a word without end between characters.
func (p *packer) pieces(u unit, limit int) iter.Seq[unit] {
	return func(yield func(unit) bool) {
		for part := range p.parts(u) {
			if p.count(&part); part.tokens <= limit {
				if !yield(part) {
					return
				}
				continue
			}
			if part.kind == document.Code && strings.Contains(p.doc.Text[part.start:part.end], "\n") {
				if !p.cutLines(part, limit, yield) {
					return
				}
				continue
			}
			if !p.cutWords(part, limit, yield) {
				return
			}
		}
	}
}

// parts yields the largest natural parts of a unit, in order.
func (p *packer) parts(u unit) iter.Seq[unit] {
	return func(yield func(unit) bool) {
		text := p.doc.Text[u.start:u.end]
		var split iter.Seq[string]
		switch u.kind {
		case document.Table:
			split = strings.Lines(text)
		case document.Code:
			split = stanzas(text)
		default:
			split = sentencesOf(text)
		}
		at := u.start
		for s := range split {
			part := u
			part.start, part.end, part.tokens = at, at+len(s), 0
			at += len(s)
			if part, ok := trimmed(p.doc.Text, part); ok && !yield(part) {
				return
			}
		}
	}
}

func (p *packer) cutLines(u unit, limit int, yield func(unit) bool) bool {
	at := u.start
	for l := range strings.Lines(p.doc.Text[u.start:u.end]) {
		part := u
		part.start, part.end, part.tokens = at, at+len(l), 0
		at += len(l)
		part, ok := trimmed(p.doc.Text, part)
		if !ok {
			continue
		}
		if p.count(&part); part.tokens > limit {
			if !p.cutWords(part, limit, yield) {
				return false
			}
		} else if !yield(part) {
			return false
		}
	}
	return true
}

// cutWords yields runs of words of at most as many bytes as tokens are
// allowed: hardly a tokenizer gives more tokens than bytes.
func (p *packer) cutWords(u unit, limit int, yield func(unit) bool) bool {
	most := max(limit, utf8.UTFMax)
	emit := func(start, end int) bool {
		part := u
		part.start, part.end, part.tokens = start, end, 0
		part, ok := trimmed(p.doc.Text, part)
		if !ok {
			return true
		}
		p.count(&part)
		return yield(part)
	}
	start, at := u.start, u.start
	for it := words.FromString(p.doc.Text[u.start:u.end]); it.Next(); {
		word := it.Value()
		if at+len(word)-start > most && at > start {
			if !emit(start, at) {
				return false
			}
			start = at
		}
		at += len(word)
		for at-start > most {
			cut := start + most
			for !utf8.RuneStart(p.doc.Text[cut]) {
				cut--
			}
			if !emit(start, cut) {
				return false
			}
			start = cut
		}
	}
	return emit(start, u.end)
}

// stanzas yields the lines of code that stand between empty lines, each with
// the empty lines after it.
func stanzas(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		start, at, empty := 0, 0, false
		for l := range strings.Lines(text) {
			blank := strings.TrimSpace(l) == ""
			if empty && !blank {
				if !yield(text[start:at]) {
					return
				}
				start = at
			}
			empty = blank
			at += len(l)
		}
		yield(text[start:])
	}
}

// sentencesOf yields sentences as Unicode's rules find them, but not cut after
// abbreviations, nor at the line ends of wrapped text.
func sentencesOf(text string) iter.Seq[string] {
	const longest = 2000 // bytes that are held together for want of an end
	return func(yield func(string) bool) {
		start, at := 0, 0
		for at < len(text) {
			w := at + window(text[at:])
			for it := sentences.FromString(text[at:w]); it.Next(); {
				at += len(it.Value())
				if at-start < longest && (!ends(text[start:at]) || at == w && !stops(text[start:at])) {
					continue
				}
				if !yield(text[start:at]) {
					return
				}
				start = at
			}
		}
		if start < len(text) {
			yield(text[start:])
		}
	}
}

// window gives how much of a text is segmented at once: the segmenter looks
// ahead without bound. It ends after white space where there is some.
func window(text string) int {
	const size = 16 << 10
	if len(text) <= size {
		return len(text)
	}
	if i := strings.LastIndexAny(text[:size], "\n "); i > size/2 {
		return i + 1
	}
	n := size
	for !utf8.RuneStart(text[n]) {
		n--
	}
	return n
}

// stops reports whether a text ends with a full stop of some script.
func stops(s string) bool {
	last, _ := utf8.DecodeLastRuneInString(strings.TrimRight(strings.TrimRightFunc(s, unicode.IsSpace), "\"'”’»)]}"))
	return strings.ContainsRune(".!?:;。！？…।։؟", last)
}

// ends reports whether a run of text is a whole sentence.
func ends(s string) bool {
	t := strings.TrimRightFunc(s, unicode.IsSpace)
	if strings.Count(s[len(t):], "\n") > 1 {
		return true
	}
	bare := strings.TrimRight(t, "\"'”’»)]}")
	last, n := utf8.DecodeLastRuneInString(bare)
	if last != '.' {
		return strings.ContainsRune("!?:;。！？…।։؟", last) || !strings.HasSuffix(s, "\n")
	}
	word := bare[:len(bare)-n]
	if i := strings.LastIndexFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && r != '.' }); i >= 0 {
		_, n := utf8.DecodeRuneInString(word[i:])
		word = word[i+n:]
	}
	if utf8.RuneCountInString(word) == 1 {
		r, _ := utf8.DecodeRuneInString(word)
		return !unicode.IsUpper(r) // an initial
	}
	return !abbreviation(strings.ToLower(word))
}

func abbreviation(word string) bool {
	switch word {
	case "dr", "mr", "mrs", "ms", "prof", "st", "vs", "e.g", "i.e", "fig", "figs", "eq", "eqs", "vol", "pp", "cf",
		"al", "inc", "ltd", "co", "corp", "approx", "dept", "est", "jr", "sr", "sec", "ref", "refs", "resp", "ca", "viz",
		"gen", "col", "sgt", "capt", "rev", "hon", "gov", "sen", "rep", "mt", "ave", "ed", "eds", "art", "chap",
		"bzw", "z.b", "d.h", "u.a", "nr", "abb", "tab", "vgl", "bspw", "ggf", "evtl", "sog", "mme", "mlle", "p.ex":
		return true
	}
	return false
}
