package figures

import (
	"cmp"
	"slices"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
)

// stack gathers series by their names. Those that were named beforehand stay
// in that order; the others follow, the largest first.
type stack struct {
	points int
	fixed  []string
	values map[string][]int64
}

func (f *frame) stack(fixed ...string) *stack {
	s := &stack{points: f.points, fixed: fixed, values: map[string][]int64{}}
	return s
}

// add adds a number at a point of a series. What is outside of the axis is let
// go: a sum that began after the page did.
func (s *stack) add(name string, at int, n int64) {
	if at < 0 || at >= s.points || n == 0 {
		return
	}
	if s.values[name] == nil {
		s.values[name] = make([]int64, s.points)
	}
	s.values[name][at] += n
}

func total(values []int64) (sum int64) {
	for _, v := range values {
		sum += v
	}
	return sum
}

func (s *stack) series() (out []page.Series) {
	for name, values := range s.values {
		out = append(out, page.Series{Name: name, Values: values})
	}
	rank := func(name string) int {
		if i := slices.Index(s.fixed, name); i >= 0 {
			return i
		}
		return len(s.fixed)
	}
	slices.SortFunc(out, func(a, b page.Series) int {
		return cmp.Or(cmp.Compare(rank(a.Name), rank(b.Name)), cmp.Compare(total(b.Values), total(a.Values)), cmp.Compare(a.Name, b.Name))
	})
	return out
}
