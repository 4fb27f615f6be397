package dashboard

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/search"
)

// openPassages is how many passages of a document are shown at once; the
// others are a click away.
const openPassages = 2

// hitGroup is a document with the passages of it that were found, the best
// first.
type hitGroup struct {
	Title       []span
	Source      string // where the document came from, when the title does not say
	Path        string // to its best passage
	Library     string
	LibraryPath string
	Passages    []hitRow
	Others      []hitRow // found further down
	Further     int64    // how many they are
}

// hitRow is a passage that was found.
type hitRow struct {
	Rank      int64 // among all that was found, from 1
	Path      string
	Headings  [][]span
	Page      int // 0: none
	Excerpt   []block
	Whole     []block  // empty: the excerpt is all of it
	ByMeaning bool     // it shares no word with the question
	Also      []alsoIn // documents that say the same
	Mark      *hitMark // nil: they may not judge it
}

// alsoIn is a document that a passage stands in too.
type alsoIn struct{ Title, Path string }

// groupsOf puts passages of one document together, where its best one stands.
func groupsOf(hits []search.Hit, m marker, status search.Status, marks []*hitMark) []hitGroup {
	var out []hitGroup
	places := map[string]int{}
	for i, h := range hits {
		at, known := places[h.ItemUID]
		if !known {
			at = len(out)
			places[h.ItemUID] = at
			out = append(out, groupOf(h, m))
		}
		g, row := &out[at], rowOf(h, m, status)
		row.Rank, row.Mark = int64(i)+1, marks[i]
		if len(g.Passages) < openPassages {
			g.Passages = append(g.Passages, row)
		} else {
			g.Others = append(g.Others, row)
			g.Further++
		}
	}
	return out
}

func groupOf(h search.Hit, m marker) hitGroup {
	g := hitGroup{
		Title: m.spans(h.Title), Source: h.Source, Library: h.LibraryName, LibraryPath: librariesPath + h.LibraryUID + "/",
		Path: passagePath(h.LibraryUID, h.ItemUID, h.Start),
	}
	if h.Title == "" {
		g.Title = m.spans(h.Source)
	}
	if h.Title == "" || h.Title == h.Source {
		g.Source = ""
	}
	if len(g.Title) == 0 {
		g.Title = []span{{Text: h.ItemUID}}
	}
	return g
}

func rowOf(h search.Hit, m marker, status search.Status) hitRow {
	row := hitRow{Path: passagePath(h.LibraryUID, h.ItemUID, h.Start)}
	row.Excerpt, row.Whole = m.passage(h.Text, h.HeadingPath, looksLikeCode(h.Source))
	for _, heading := range h.HeadingPath {
		row.Headings = append(row.Headings, m.spans(heading))
	}
	if h.Page != nil {
		row.Page = *h.Page
	}
	for _, d := range h.Duplicates {
		row.Also = append(row.Also, alsoIn{cmp.Or(d.Title, "a document without a title"), librariesPath + d.LibraryUID + "/items/" + d.ItemUID + "/"})
	}
	ofLeg := func(name string) bool {
		return slices.ContainsFunc(h.Found, func(f search.Finding) bool { return f.Leg == name })
	}
	byWords := status.FullText == search.OK || status.FullText == search.Empty
	row.ByMeaning = byWords && ofLeg("vector") && !ofLeg("fulltext") && !m.in(h.Text) && !m.in(h.Title+" "+strings.Join(h.HeadingPath, " "))
	return row
}

// in tells whether anything is marked in a text.
func (m marker) in(text string) bool { return len(m.matcher.Find(text)) > 0 }

// looksLikeCode tells by a document's name whether its line breaks mean
// something: a hit does not say of what kind its document is.
func looksLikeCode(name string) bool {
	code := strings.Fields(".bash .c .cc .cpp .cs .css .csv .go .h .hpp .ini .java .js .json .jsx .kt .lua .mjs .php .pl .ps1 .py .r .rb .rs .scala .sh .sql .swift .toml .ts .tsx .xml .yaml .yml")
	return slices.Contains(code, strings.ToLower(path.Ext(name)))
}
