package dashboard

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/library"
)

// passage is a chunk with what differs from the one before it.
type passage struct {
	ID       string // of the element: c and where it starts
	Number   int64  // counted from 1
	Link     string // that stays: it names the passage by its uid
	Headings []string
	Page     int    // 0: as before, or none
	Gap      string // white space between it and the one before
	Text     []span // with what is cited marked
	Cited    bool   // it holds the place that the link asked for
}

// passagesOf shows chunks as one running text, with the headings and pages
// where they change.
func passagesOf(chunks []library.Chunk, at reading, code bool) []passage {
	out := make([]passage, len(chunks))
	var headings []string
	page := 0
	for i, c := range chunks {
		row := passage{
			ID: anchor(c.Start), Number: int64(c.Ordinal) + 1, Link: at.path(tabText) + "?chunk=" + c.UID + "#" + anchor(c.Start),
			Cited: at.cites(c),
		}
		text := c.Text
		if !code {
			text = flow(text)
		}
		row.Text = at.marked(c, text)
		if !slices.Equal(headings, c.HeadingPath) {
			headings = c.HeadingPath
			if !opensWith(c.Text, headings) {
				row.Headings = headings
			}
		}
		if c.Page != nil && *c.Page != page {
			page, row.Page = *c.Page, *c.Page
		}
		if i > 0 && row.Page == 0 && len(row.Headings) == 0 {
			row.Gap = gap(chunks[i-1], c, code)
		}
		out[i] = row
	}
	return out
}

// gap stands for the white space between two chunks, of which only the length
// is known. A single character is a blank within a paragraph, or a line's end.
func gap(before, after library.Chunk, code bool) string {
	first, _ := utf8.DecodeRuneInString(after.Text)
	switch runes := after.Start - before.End; {
	case runes > 1 || !slices.Equal(before.HeadingPath, after.HeadingPath):
		return "\n\n"
	case runes == 1 && (code || !unicode.IsLetter(first)):
		return "\n"
	case runes == 1:
		return " "
	}
	return ""
}

// cites tells whether a passage holds what the link asked for.
func (at reading) cites(c library.Chunk) bool {
	if at.at < 0 {
		return false
	}
	if at.to > at.at {
		return c.Start < at.to && at.at < c.End
	}
	return at.at >= c.Start && at.at < max(c.End, c.Start+1)
}

// marked marks the code points of a passage that the link asked for. Where
// they are all of it, the passage as a whole is shown as cited.
func (at reading) marked(c library.Chunk, text string) []span {
	runes := []rune(text)
	from, to := max(at.at-c.Start, 0), min(at.to-c.Start, len(runes))
	if !at.cites(c) || at.to <= at.at || (from == 0 && to == len(runes)) || from >= to {
		return []span{{Text: text}}
	}
	parts := []span{{Text: string(runes[:from])}, {Text: string(runes[from:to]), Marked: true}, {Text: string(runes[to:])}}
	return slices.DeleteFunc(parts, func(s span) bool { return s.Text == "" })
}

// opensWith tells whether a passage begins with one of its headings by itself.
func opensWith(text string, headings []string) bool {
	first, _, _ := strings.Cut(text, "\n")
	return slices.Contains(headings, strings.TrimSpace(strings.TrimLeft(first, "#")))
}
