package library

import (
	"cmp"
	"slices"

	"git.helu.ca/r/mnemosyne/internal/errs"
)

// MergeMentions makes one list of several, a key once, with its greatest
// weight; of equal ones the first counts. The heaviest come first, equal ones
// in the order of their keys.
func MergeMentions(lists ...[]Mention) []Mention {
	at := map[string]int{}
	var out []Mention
	for _, m := range slices.Concat(lists...) {
		i, known := at[m.Key]
		switch {
		case !known:
			at[m.Key] = len(out)
			out = append(out, m)
		case m.Weight > out[i].Weight:
			out[i].Weight = m.Weight
		}
	}
	slices.SortFunc(out, func(a, b Mention) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), cmp.Compare(a.Key, b.Key))
	})
	return out
}

// CheckMentions refuses what no engine keeps.
func CheckMentions(list []Mention) error {
	for _, m := range list {
		if m.Key == "" || m.Name == "" || !(m.Weight > 0 && m.Weight <= 1) {
			return errs.Newf(errs.Internal, "a concept without a key or a name, or of a weight %g outside (0, 1]", m.Weight)
		}
	}
	return nil
}
