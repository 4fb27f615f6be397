package search

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// longestPassage is what neighbouring chunks are put together to at most, in
// code points, so that a hit can still be quoted. One chunk may be longer.
const longestPassage = 4000

// candidate is a chunk that was found, on its way to be a hit or a part of
// one.
type candidate struct {
	Hit

	key     key
	wording wording
}

// passage is a hit in the making: chunks that follow one another.
type passage struct {
	best       candidate
	parts      []candidate // in the order of the document, the best among them
	duplicates []Duplicate
	folded     []candidate
}

// passages makes hits of what was found.
type passages struct {
	limit int
	gaps  map[key]string // what stands between a chunk and the next
	made  []*passage
}

// passagesOf puts neighbours together and folds passages that say the same
// into the best of them, until there are as many as are asked for.
func passagesOf(found []candidate, gaps map[key]string, limit int) *passages {
	p := &passages{limit: limit, gaps: gaps}
	for _, c := range found {
		if !p.add(c) {
			break
		}
	}
	return p
}

// add takes a candidate that is no better than those before. It tells whether
// there is room for more.
func (p *passages) add(c candidate) bool {
	for _, made := range p.made {
		if slices.ContainsFunc(made.parts, func(part candidate) bool { return part.wording.same(c.wording) }) {
			made.fold(c)
			return true
		}
	}
	for i, made := range p.made {
		if p.join(made, &passage{best: c, parts: []candidate{c}}) {
			p.bridge(i)
			return true
		}
	}
	if len(p.made) == p.limit {
		return false
	}
	p.made = append(p.made, &passage{best: c, parts: []candidate{c}})
	return true
}

// fold notes that a passage stands elsewhere too; a document is named once.
func (p *passage) fold(c candidate) {
	p.folded = append(p.folded, c)
	known := c.ItemUID == p.best.ItemUID || slices.ContainsFunc(p.duplicates, func(d Duplicate) bool { return d.ItemUID == c.ItemUID })
	if !known {
		p.duplicates = append(p.duplicates, Duplicate{ItemUID: c.ItemUID, ChunkUID: c.ChunkUID, LibraryUID: c.LibraryUID, Title: c.Title})
	}
}

// bridge puts a passage that has grown together with what it now touches. The
// better one stays where it is.
func (p *passages) bridge(grown int) {
	for i := range p.made {
		if i == grown || !p.join(p.made[min(i, grown)], p.made[max(i, grown)]) {
			continue
		}
		kept, gone := p.made[min(i, grown)], p.made[max(i, grown)]
		kept.folded = append(kept.folded, gone.folded...)
		for _, d := range gone.duplicates {
			if !slices.ContainsFunc(kept.duplicates, func(have Duplicate) bool { return have.ItemUID == d.ItemUID }) {
				kept.duplicates = append(kept.duplicates, d)
			}
		}
		p.made = slices.Delete(p.made, max(i, grown), max(i, grown)+1)
		return
	}
}

// join adds the parts of one passage to another, where they follow one another
// and are not too long together.
func (p *passages) join(to, from *passage) bool {
	a, b := to, from
	if a.parts[0].Start > b.parts[0].Start {
		a, b = b, a
	}
	last, first := a.parts[len(a.parts)-1], b.parts[0]
	if last.key.document() != first.key.document() || last.key.ordinal+1 != first.key.ordinal {
		return false
	}
	if gap := first.Start - last.End; gap > 0 && utf8.RuneCountInString(p.gaps[last.key]) != gap {
		return false
	}
	if b.parts[len(b.parts)-1].End-a.parts[0].Start > longestPassage {
		return false
	}
	to.parts = slices.Concat(a.parts, b.parts)
	return true
}

// hits are the passages made, best first.
func (p *passages) hits() []Hit {
	out := make([]Hit, len(p.made))
	for i, made := range p.made {
		out[i] = p.hit(made)
	}
	return out
}

func (p *passages) hit(made *passage) Hit {
	h, first, last := made.best.Hit, made.parts[0], made.parts[len(made.parts)-1]
	h.Start, h.End, h.Page, h.HeadingPath = first.Start, last.End, first.Page, first.HeadingPath
	h.ChunkUIDs, h.Duplicates = nil, made.duplicates
	var text strings.Builder
	at := first.Start
	for i, part := range made.parts {
		if i > 0 && part.Start > at {
			text.WriteString(p.gaps[made.parts[i-1].key])
			at = part.Start
		}
		text.WriteString(behind(part.Text, at-part.Start))
		at = max(at, part.End)
		h.HeadingPath = h.HeadingPath[:inCommonAtStart(h.HeadingPath, part.HeadingPath)]
		h.ChunkUIDs = append(h.ChunkUIDs, part.ChunkUID)
	}
	h.Text = text.String()
	return h
}

// behind is a text without its first n code points.
func behind(text string, n int) string {
	for ; n > 0 && text != ""; n-- {
		_, size := utf8.DecodeRuneInString(text)
		text = text[size:]
	}
	return text
}

func inCommonAtStart(a, b []string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// tracesOf tells where the chunks were found, the one with a uid left out.
func tracesOf(list []candidate, without string) []Trace {
	var out []Trace
	for _, c := range list {
		if c.ChunkUID != without {
			out = append(out, Trace{ChunkUID: c.ChunkUID, ItemUID: c.ItemUID, Found: c.Found})
		}
	}
	slices.SortStableFunc(out, func(a, b Trace) int { return cmp.Compare(a.ChunkUID, b.ChunkUID) })
	return out
}

// within keeps hits whose texts together have at most so many code points, at
// whole hits and never none; 0 is no bound.
func within(hits []Hit, most int) []Hit {
	sum := 0
	for i, h := range hits {
		sum += utf8.RuneCountInString(h.Text)
		if most > 0 && i > 0 && sum > most {
			return hits[:i]
		}
	}
	return hits
}

// hitsOf makes a hit of each chunk as it is.
func hitsOf(found []candidate) []Hit {
	out := make([]Hit, len(found))
	for i, c := range found {
		out[i] = c.Hit
		out[i].ChunkUIDs = []string{c.ChunkUID}
	}
	return out
}
