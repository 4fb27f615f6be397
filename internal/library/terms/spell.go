package terms

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// TwoSlipsFrom is from how many letters on two slips are forgiven.
const TwoSlipsFrom = 8

// Candidate is a word that may have been meant.
type Candidate struct {
	Word   string // as texts have it, in small letters
	Slips  int    // from what was typed
	Kept   bool   // its first letter is that which was typed
	Chunks int64  // that say it, in any of its forms
}

// Likelier orders candidates, the likeliest first: of few slips, with the first
// letter as typed, and said often.
func Likelier(a, b Candidate) int {
	first := func(c Candidate) int {
		if c.Kept {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(a.Slips, b.Slips), cmp.Compare(first(a), first(b)), cmp.Compare(b.Chunks, a.Chunks), cmp.Compare(a.Word, b.Word))
}

// Nearest gives the word of a text with a stem, or with any where it is "",
// that is most like what was typed; none, where it has no such word within the
// slips that are forgiven. Chunks counts how often it is there.
func Nearest(typed, stem, text string, languages []string) Candidate {
	var a Analyzer
	typed = strings.ToLower(typed)
	most := 1
	if len([]rune(typed)) >= TwoSlipsFrom {
		most = 2
	}
	seen := map[string]int64{}
	for c := range compounds(normalize(text)) {
		for _, p := range c.pieces {
			if n := len(p) - len(typed); !c.dense && -8 <= n && n <= 8 {
				seen[strings.ToLower(p)]++
			}
		}
	}
	var best Candidate
	for word, n := range seen {
		c := Candidate{Word: word, Slips: Slips(typed, word), Kept: first(typed) == first(word), Chunks: n}
		if c.Slips > most || c.Slips == 0 || stem != "" && !slices.Contains(a.terms(languages, word), stem) {
			continue
		}
		if best.Word == "" || Likelier(c, best) < 0 {
			best = c
		}
	}
	return best
}

func first(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}

// Slips counts the slips of the fingers between two words: letters left out,
// put in, mistaken or exchanged with the next (optimal string alignment).
func Slips(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}

// OneSlip gives the words that are one slip from a word, in letters of its
// script and, of Latin, with the commonest accents. None for scripts of which
// the letters are too many.
func OneSlip(word string) []string {
	w := []rune(strings.ToLower(word))
	letters := alphabet(w)
	if letters == "" {
		return nil
	}
	var out []string
	add := func(parts ...[]rune) { out = append(out, string(slices.Concat(parts...))) }
	for i := range len(w) + 1 {
		for _, r := range letters {
			add(w[:i], []rune{r}, w[i:])
		}
		if i == len(w) {
			break
		}
		add(w[:i], w[i+1:])
		if i+1 < len(w) && w[i] != w[i+1] {
			add(w[:i], []rune{w[i+1], w[i]}, w[i+2:])
		}
		for _, r := range letters {
			if r != w[i] {
				add(w[:i], []rune{r}, w[i+1:])
			}
		}
	}
	return out
}

func alphabet(word []rune) string {
	for letters, script := range map[string]*unicode.RangeTable{
		"abcdefghijklmnopqrstuvwxyz": unicode.Latin,
		"абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґўђ": unicode.Cyrillic,
		"αβγδεζηθικλμνξοπρστυφχψω":               unicode.Greek,
		"אבגדהוזחטיכךלמםנןסעפףצץקרשת":            unicode.Hebrew,
		"ابتثجحخدذرزسشصضطظعغفقكلمنهويءةى":        unicode.Arabic,
	} {
		if !slices.ContainsFunc(word, func(r rune) bool { return !unicode.Is(script, r) }) {
			return letters
		}
	}
	return ""
}
