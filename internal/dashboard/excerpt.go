package dashboard

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	excerptRunes = 600 // of a passage that a hit shows
	excerptLead  = 120 // of them, before the first word that was asked for
	sameRoot     = 4   // letters that two forms of a word share at least
	otherEnding  = 3   // letters that they may differ by
)

// span is a run of text, marked or not.
type span struct {
	Text   string
	Marked bool
}

// excerpt cuts a passage to where the words asked for stand, and marks them.
// What is marked is for the eye: the engines have rules of their own.
func excerpt(text string, words []string) []span {
	runs := mark(text, words)
	before := 0
	for _, run := range runs {
		if run.Marked {
			break
		}
		before += utf8.RuneCountInString(run.Text)
	}
	total := utf8.RuneCountInString(text)
	if total <= excerptRunes {
		return runs
	}
	if before == total {
		before = 0
	}
	from := max(0, min(before-excerptLead, total-excerptRunes))
	return mark(window(text, from, excerptRunes), words)
}

// window gives n runes from one on, moved to whole words, with dots where
// text is left out.
func window(text string, from, n int) string {
	runes := []rune(text)
	to := min(from+n, len(runes))
	const reach = 30 // runes to look for a space in
	if from > 0 {
		if i := slices.IndexFunc(runes[from:min(from+reach, to)], unicode.IsSpace); i >= 0 {
			from += i + 1
		}
	}
	if to < len(runes) {
		for i := to; i > max(from, to-reach); i-- {
			if unicode.IsSpace(runes[i]) {
				to = i
				break
			}
		}
	}
	out := strings.TrimSpace(string(runes[from:to]))
	if from > 0 {
		out = "… " + out
	}
	if to < len(runes) {
		out += " …"
	}
	return out
}

// mark splits a text into what matches one of the words and what does not.
func mark(text string, words []string) []span {
	var out []span
	add := func(s string, marked bool) {
		if s == "" {
			return
		}
		if n := len(out); n > 0 && out[n-1].Marked == marked && !marked {
			out[n-1].Text += s
			return
		}
		out = append(out, span{s, marked})
	}
	for text != "" {
		start := strings.IndexFunc(text, inWord)
		if start < 0 {
			start = len(text)
		}
		add(text[:start], false)
		text = text[start:]
		end := strings.IndexFunc(text, func(r rune) bool { return !inWord(r) })
		if end < 0 {
			end = len(text)
		}
		word := text[:end]
		add(word, slices.ContainsFunc(words, func(asked string) bool { return alike(strings.ToLower(word), asked) }))
		text = text[end:]
	}
	return out
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// alike tells whether two words differ in their ending alone.
func alike(a, b string) bool {
	if a == b {
		return true
	}
	x, y := []rune(a), []rune(b)
	same := 0
	for same < len(x) && same < len(y) && x[same] == y[same] {
		same++
	}
	return same >= sameRoot && len(x)-same <= otherEnding && len(y)-same <= otherEnding && (same == len(x) || same == len(y))
}

// wordsOf are the words of a question that are worth marking: all but the
// small ones, or all when there are no others.
func wordsOf(query string) []string {
	words := strings.FieldsFunc(strings.ToLower(query), func(r rune) bool { return !inWord(r) })
	small := strings.Fields("a an and are as at be by do does for from how in is it of on or that the this to was were what when where which who why will with")
	telling := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return slices.Contains(small, w) })
	if len(telling) == 0 {
		return words
	}
	return telling
}
