package search

import (
	"hash/maphash"
	"slices"
	"strings"
	"unicode"
)

// alike is from which part of two passages' word groups in common they say the
// same, all figures in them being the same too.
const alike = 0.9

const (
	groupWords = 3
	// fewestGroups is from how many groups a passage may differ a little. A
	// shorter one must be the same.
	fewestGroups = 20
)

// wording is what a passage says, without its case, signs and spaces.
type wording struct {
	words   uint64   // all of them, in order
	figures uint64   // those with digits in them, in order
	groups  []uint64 // of three words each, ascending
}

// wordings makes wordings that compare with one another.
type wordings struct{ seed maphash.Seed }

func (w wordings) of(text string) wording {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
	if len(words) == 0 { // signs alone
		words = strings.Fields(text)
	}
	var out wording
	hashes := make([]uint64, len(words))
	for i, word := range words {
		hashes[i] = maphash.String(w.seed, word)
		out.words = mixed(out.words, hashes[i])
		if strings.ContainsFunc(word, unicode.IsDigit) {
			out.figures = mixed(out.figures, hashes[i])
		}
	}
	for i := 0; i+groupWords <= len(hashes); i++ {
		out.groups = append(out.groups, mixed(mixed(hashes[i], hashes[i+1]), hashes[i+2]))
	}
	slices.Sort(out.groups)
	out.groups = slices.Compact(out.groups)
	return out
}

// mixed makes one number of two, in this order.
func mixed(a, b uint64) uint64 {
	const odd = 0x9e3779b97f4a7c15
	a = (a ^ b) * odd
	return a ^ a>>29
}

// same tells whether two passages say the same in nearly the same words. A
// figure that differs is a difference, however much else is the same.
func (w wording) same(other wording) bool {
	if w.words == other.words {
		return true
	}
	few, many := len(w.groups), len(other.groups)
	if few > many {
		few, many = many, few
	}
	if w.figures != other.figures || few < fewestGroups || float64(few) < alike*float64(many) {
		return false
	}
	common := inCommon(w.groups, other.groups)
	return float64(common) >= alike*float64(few+many-common)
}

// inCommon counts what two ascending lists share.
func inCommon(a, b []uint64) (n int) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			n, i, j = n+1, i+1, j+1
		}
	}
	return n
}
