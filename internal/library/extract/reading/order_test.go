package reading_test

import (
	"slices"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/reading"
)

func TestOrderIsThatOfTheEye(t *testing.T) {
	t.Parallel()
	const inch = 914_400
	box := func(x, y, w, h int) reading.Box {
		return reading.Box{X: x * inch, Y: y * inch, W: w * inch, H: h * inch, Known: true}
	}
	title := box(0, 5, 9, 1)
	title.First = true
	for name, c := range map[string]struct {
		boxes []reading.Box
		want  []int
	}{
		"nothing":            {nil, nil},
		"above and below":    {[]reading.Box{box(0, 3, 9, 1), box(0, 1, 9, 1)}, []int{1, 0}},
		"columns":            {[]reading.Box{box(5, 1, 4, 5), box(0, 4, 4, 2), box(0, 1, 4, 2)}, []int{2, 1, 0}},
		"a title below":      {[]reading.Box{box(0, 1, 9, 1), title}, []int{1, 0}},
		"unknown follows":    {[]reading.Box{box(0, 3, 9, 1), {}, box(0, 1, 9, 1)}, []int{2, 0, 1}},
		"over each other":    {[]reading.Box{box(0, 2, 5, 5), box(1, 1, 5, 5)}, []int{1, 0}},
		"rows, then columns": {[]reading.Box{box(5, 3, 4, 1), box(0, 3, 4, 1), box(0, 0, 9, 2)}, []int{2, 1, 0}},
	} {
		if got := reading.Order(c.boxes); !slices.Equal(got, c.want) {
			t.Errorf("%s: order = %v, want %v", name, got, c.want)
		}
	}
}
