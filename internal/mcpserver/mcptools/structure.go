package mcptools

import (
	"io"
	"slices"
	"sort"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// headingSeparator stands between the headings of a path.
const headingSeparator = " > "

// structure is where a document's headings and pages stand. Offsets are bytes
// of its text.
type structure struct {
	headings []heading
	pages    []page
}

type heading struct {
	title string
	level int
	start int
	path  []string // the headings above it, and itself
}

type page struct{ number, start, end int }

// readStructure reads the stored form of a document's structure.
func readStructure(r io.Reader) (structure, error) {
	o, err := document.ReadOutline(r)
	if err != nil {
		return structure{}, err
	}
	s := structure{headings: make([]heading, len(o.Headings)), pages: make([]page, len(o.Pages))}
	for i, h := range o.Headings {
		s.headings[i] = heading{title: h.Title, level: h.Level, start: h.Start}
	}
	for i, p := range o.Pages {
		s.pages[i] = page{p.Number, p.Start, p.End}
	}
	return s.sorted(), nil
}

// sorted puts everything in the text's order and gives headings their paths.
func (s structure) sorted() structure {
	sort.SliceStable(s.headings, func(i, j int) bool { return s.headings[i].start < s.headings[j].start })
	sort.SliceStable(s.pages, func(i, j int) bool { return s.pages[i].start < s.pages[j].start })
	var above []heading
	for i := range s.headings {
		h := &s.headings[i]
		for len(above) > 0 && above[len(above)-1].level >= h.level {
			above = above[:len(above)-1]
		}
		if n := len(above); n > 0 {
			h.path = append(slices.Clone(above[n-1].path), h.title)
		} else {
			h.path = []string{h.title}
		}
		above = append(above, *h)
	}
	return s
}

// pageAt is the number of the page that a byte lies on, or nil.
func (s structure) pageAt(offset int) *int {
	i := sort.Search(len(s.pages), func(i int) bool { return s.pages[i].end > offset })
	if i == len(s.pages) {
		return nil
	}
	return &s.pages[i].number
}

// section is the bytes from a heading to the next one that is not below it.
func (s structure) section(i int) (from, to int) {
	for _, h := range s.headings[i+1:] {
		if h.level <= s.headings[i].level {
			return s.headings[i].start, h.start
		}
	}
	return s.headings[i].start, toTheEnd
}

// named finds the headings that a title or a path written with " > " means,
// whatever its case and spacing.
func (s structure) named(wanted string) []int {
	wanted = folded(wanted)
	var found []int
	for i, h := range s.headings {
		if folded(h.title) == wanted || folded(strings.Join(h.path, headingSeparator)) == wanted {
			found = append(found, i)
		}
	}
	return found
}

func folded(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// outline picks the headings to show: all, or when there are more than most
// those of the upper levels, and of these the first.
func (s structure) outline(most int) []heading {
	shown := s.headings
	for deepest := 6; len(shown) > most && deepest > 1; deepest-- {
		shown = slices.DeleteFunc(slices.Clone(shown), func(h heading) bool { return h.level >= deepest })
	}
	if len(shown) == 0 { // all are of one level
		shown = s.headings
	}
	return shown[:min(len(shown), most)]
}
