package dashboard

import (
	"slices"
	"strings"
	"unicode"

	"git.helu.ca/r/mnemosyne/internal/library/terms"
)

const (
	excerptRunes = 600 // of a passage that a hit shows
	excerptLead  = 120 // of them, before the first word that was asked for
	markedTerms  = 200 // of a question, that are looked for in what was found
)

// span is a run of text, marked or not.
type span struct {
	Text   string
	Marked bool
}

// block is a part of a passage that is shown in one way.
type block struct {
	Code  bool // it keeps its lines
	Spans []span
}

// marker marks in texts what a question matches there, by the rules of the
// full-text search.
type marker struct{ matcher *terms.Matcher }

// markerOf leaves out the words of a question that stand everywhere, unless
// there are no others.
func markerOf(question string) marker {
	var a terms.Analyzer
	asked := a.Query(question, markedTerms)
	small := a.Document("en", "a an and are as at be by can do does for from how i in into is it its me my of on or so that the their "+
		"there these they this to was we were what when where which who why will with you your")
	telling := slices.DeleteFunc(slices.Clone(asked), func(t terms.Term) bool {
		return len(t.Words) > 1 || slices.Contains(small, t.Words[0])
	})
	if len(telling) == 0 {
		telling = asked
	}
	return marker{terms.NewMatcher(telling)}
}

// spans splits a text into what is marked and what is not.
func (m marker) spans(text string) []span {
	return cutSpans(text, m.matcher.Find(text), 0, len(text))
}

// cutSpans are the spans of a part of a text.
func cutSpans(text string, marks []terms.Place, from, to int) []span {
	var out []span
	add := func(a, b int, marked bool) {
		if a, b = max(a, from), min(b, to); a < b {
			out = append(out, span{text[a:b], marked})
		}
	}
	at := from
	for _, p := range marks {
		add(at, p.From, false)
		add(max(at, p.From), p.To, true)
		at = max(at, p.To)
	}
	add(at, to, false)
	return out
}

// passage shows a text whole and, where it is long, cut to where the words
// asked for stand closest. whole is empty where the excerpt is all of it. The
// headings that it stands under are shown above it: those that it begins with
// are left out.
func (m marker) passage(text string, headings []string, code bool) (excerpt, whole []block) {
	if !code {
		text = flow(belowHeadings(text, headings))
	}
	marks := m.matcher.Find(text)
	parts := partsOf(text, code)
	from, to := window(text, marks)
	excerpt = cutBlocks(text, parts, marks, from, to)
	if from > 0 || to < len(text) {
		whole = cutBlocks(text, parts, marks, 0, len(text))
	}
	return excerpt, whole
}

// belowHeadings is what follows the headings that a text begins with. A text of
// headings alone stays.
func belowHeadings(text string, headings []string) string {
	rest := text
	for rest != "" {
		line, after, _ := strings.Cut(rest, "\n")
		line = strings.TrimSpace(strings.TrimLeft(line, "#"))
		if line != "" && !slices.Contains(headings, line) {
			return rest
		}
		rest = after
	}
	return text
}

// part is a run of a text, in bytes, that is code or is not.
type part struct {
	from, to int
	code     bool
}

// partsOf tells the fenced code of a text from the rest. The fences are in no
// part.
func partsOf(text string, code bool) []part {
	if code {
		return []part{{0, len(text), true}}
	}
	var out []part
	at, inside := 0, false
	start := 0
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			out = append(out, part{start, at, inside})
			start, inside = at+len(line), !inside
		}
		at += len(line)
	}
	out = append(out, part{start, len(text), inside})
	return slices.DeleteFunc(out, func(p part) bool { return strings.TrimSpace(text[p.from:p.to]) == "" })
}

// cutBlocks shows the part of a text between two bytes, with dots where
// something is left out.
func cutBlocks(text string, parts []part, marks []terms.Place, from, to int) []block {
	var out []block
	for _, p := range parts {
		a, b := max(p.from, from), min(p.to, to)
		if a >= b {
			continue
		}
		if !p.code {
			a += len(text[a:b]) - len(strings.TrimLeftFunc(text[a:b], unicode.IsSpace))
		}
		b -= len(text[a:b]) - len(strings.TrimRightFunc(text[a:b], unicode.IsSpace))
		if a < b {
			out = append(out, block{p.code, cutSpans(text, marks, a, b)})
		}
	}
	if n := len(out); n > 0 {
		if from > 0 {
			out[0].Spans = slices.Insert(out[0].Spans, 0, span{Text: "… "})
		}
		if to < len(text) {
			out[n-1].Spans = append(out[n-1].Spans, span{Text: " …"})
		}
	}
	return out
}

// window chooses the part of a long text, in bytes, that holds most of the
// words asked for, and the first of such parts. It ends at spaces where there
// are any.
func window(text string, marks []terms.Place) (from, to int) {
	starts := runeStarts(text) // of each rune, and the end
	total := len(starts) - 1
	if total <= excerptRunes {
		return 0, len(text)
	}
	runeAt := func(b int) int { i, _ := slices.BinarySearch(starts, b); return i }
	first, most := 0, 0
	for i, p := range marks {
		begin := max(0, runeAt(p.From)-excerptLead)
		end := starts[min(begin+excerptRunes, total)]
		words := map[string]bool{}
		for _, q := range marks[i:] {
			if q.To > end {
				break
			}
			words[strings.ToLower(text[q.From:q.To])] = true
		}
		if len(words) > most {
			first, most = begin, len(words)
		}
	}
	first = min(first, total-excerptRunes)
	return toSpaces(text, starts, first, first+excerptRunes)
}

// toSpaces moves the ends of a part of a text, in runes, inwards to spaces
// that are near, and gives it in bytes.
func toSpaces(text string, starts []int, first, last int) (from, to int) {
	const reach = 30 // runes to look for a space in
	from, to = starts[first], starts[last]
	if first > 0 {
		near := text[from:starts[min(first+reach, last)]]
		if i := strings.IndexFunc(near, unicode.IsSpace); i >= 0 {
			from += i + 1
		}
	}
	if last < len(starts)-1 {
		near := text[starts[max(last-reach, first)]:to]
		if i := strings.LastIndexFunc(near, unicode.IsSpace); i >= 0 {
			to -= len(near) - i
		}
	}
	return from, to
}

func runeStarts(text string) []int {
	out := make([]int, 0, len(text)+1)
	for i := range text {
		out = append(out, i)
	}
	return append(out, len(text))
}
