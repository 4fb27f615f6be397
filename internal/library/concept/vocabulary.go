package concept

import (
	"math"
	"strings"
)

const (
	window     = 2 << 10 // bytes of a text that a concept is counted in once
	maxEntries = 1 << 15 // concepts that are remembered of a document
	furniture  = 12      // windows; what most of so many hold is furniture
)

// vocabulary is what a document says, and how often.
type vocabulary struct {
	entries map[string]*entry
	windows int
	full    bool // no more concepts are taken in
}

// entry counts a concept in the whole document.
type entry struct {
	times     int
	nested    int // of times, how often within a longer phrase
	within    int // how many longer phrases hold it
	capitals  int // how often as a name is written, where that tells
	windows   int
	last      int // window, from 1
	spellings []spelled
}

type spelled struct {
	name  string
	times int
}

const maxSpelled = 3 // ways to write a concept that are counted

func newVocabulary() *vocabulary { return &vocabulary{entries: map[string]*entry{}} }

// count takes in one occurrence and tells whether it is the first.
func (v *vocabulary) count(key, name string, at int) (e *entry, first bool) {
	v.windows = max(v.windows, at+1)
	e = v.entries[key]
	if e == nil {
		if key == "" || !v.room() {
			return &entry{}, false
		}
		e, first = &entry{}, true
		v.entries[strings.Clone(key)] = e
	}
	e.times++
	if e.last != at+1 {
		e.last = at + 1
		e.windows++
	}
	e.spell(name)
	return e, first
}

func (e *entry) spell(name string) {
	for i := range e.spellings {
		if e.spellings[i].name == name {
			e.spellings[i].times++
			return
		}
	}
	if len(e.spellings) < maxSpelled {
		e.spellings = append(e.spellings, spelled{strings.Clone(name), 1})
	}
}

// room forgets what was said once when there is too much. Where that does not
// help, nothing more is taken in.
func (v *vocabulary) room() bool {
	if len(v.entries) < maxEntries || v.full {
		return !v.full
	}
	for key, e := range v.entries {
		if e.times == 1 {
			delete(v.entries, key)
		}
	}
	v.full = len(v.entries) > maxEntries/4*3
	return !v.full
}

// display is a concept's name as the document writes it most often, the first
// of those written alike often.
func (v *vocabulary) display(key, name string) string {
	e := v.entries[key]
	if e == nil {
		return strings.Clone(name)
	}
	best := spelled{}
	for _, s := range e.spellings {
		if s.times > best.times {
			best = s
		}
	}
	if best.name == "" {
		return strings.Clone(name)
	}
	return best.name
}

// cvalue weighs a phrase of some words: log2(words+1) · (f − nested/within),
// the C-value of Frantzi, Ananiadou and Mima (2000), Automatic recognition of
// multi-word terms, with 1 added so that single words count too.
func (v *vocabulary) cvalue(key string, words int) float64 {
	f := 1.0
	if e := v.entries[key]; e != nil {
		f = float64(e.times)
		if e.within > 0 {
			f -= float64(e.nested) / float64(e.within)
		}
	}
	return math.Log2(float64(words)+1) * max(f, 0)
}

// times is how often a document says a concept.
func (v *vocabulary) times(key string) int {
	if e := v.entries[key]; e != nil {
		return e.times
	}
	return 1
}

// spread is what a concept's weight is multiplied by: less than 1 for what
// stands all over a long document, as its page headers and its own title do.
func (v *vocabulary) spread(key string) float64 {
	e := v.entries[key]
	if e == nil || v.windows < furniture {
		return 1
	}
	const some, most = 0.3, 0.8
	share := float64(e.windows) / float64(v.windows)
	return min(1, max(0, (most-share)/(most-some)))
}
