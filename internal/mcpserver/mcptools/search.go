package mcptools

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/library/search"
)

const (
	maxQuery     = 4000 // code points
	maxLimit     = 50
	maxLibraries = 100
	maxMetadata  = 20
)

// surface names this one in the search log.
const surface = "mcp"

type searchArgs struct {
	query       string
	libraries   []string
	limit       int
	itemUID     string
	collection  string
	libraryType string
	since       string
	before      string
	filters     search.Filters
	maxChars    int
	explain     bool
}

func searchParams(a *searchArgs) []param {
	return []param{
		text(&a.query, "query", maxQuery, "What to look for: a question or keywords. Means something: \"a phrase\", -word, title:word, file:name, type:pdf, lang:de, begin*. A word in quotes is not corrected.").needed(),
		texts(&a.libraries, "libraries", maxLibraries, "Search only these libraries, by name or uid. Without it, all that you may read."),
		number(&a.limit, "limit", 1, maxLimit, "At most so many hits; without it, as many as this server gives by default."),
		text(&a.itemUID, "item_uid", maxName, "Search only this document."),
		text(&a.collection, "collection", maxName, "Search only the collection of this name."),
		text(&a.libraryType, "library_type", maxName, "Search only libraries of this type, such as technical or fiction."),
		text(&a.filters.File, "file", maxName, "Search only documents with this in their filename."),
		text(&a.filters.ContentType, "content_type", maxName, "Search only documents of this kind: pdf, image or application/pdf, for example."),
		text(&a.filters.Language, "language", maxName, "Search only documents in this language, such as en."),
		text(&a.filters.Source, "source", maxName, "Search only documents whose source begins so."),
		pairs(&a.filters.Metadata, "metadata", maxMetadata, "Search only documents whose metadata says this, by key, exactly."),
		text(&a.since, "since", maxName, "Search only documents last changed on this day (2026-01-31) or later."),
		text(&a.before, "before", maxName, "Search only documents last changed before this day."),
		number(&a.maxChars, "max_chars", 1, math.MaxInt32, "At most so many characters of passages together, cut at whole hits; never none."),
		yes(&a.explain, "explain", "True: say of each hit how it came to its place."),
	}
}

func (s *Server) searchTool() tool {
	t := tool{
		name: toolSearch, title: "Search",
		about:  "Find passages by meaning and by words in the libraries that you may read. Each hit cites its document, page, heading path and character span, with the exact words. Hits are best first.",
		output: searchOutput(),
	}
	return makeTool(t, searchArgs{}, searchParams, s.search)
}

func (s *Server) search(ctx context.Context, p accounts.Principal, a searchArgs) (answer, error) {
	var err error
	if a.filters.Since, err = search.ParseFilterTime("since", a.since); err != nil {
		return answer{}, err
	}
	if a.filters.Before, err = search.ParseFilterTime("before", a.before); err != nil {
		return answer{}, err
	}
	found, err := s.opt.Search.Search(ctx, p, search.Request{
		Query: a.query, Libraries: a.libraries, Limit: a.limit,
		ItemUID: a.itemUID, Collection: a.collection, LibraryType: a.libraryType, Filters: a.filters,
		MaxChars: a.maxChars, Explain: a.explain, Surface: surface,
	})
	if err != nil {
		return answer{}, err
	}
	return foundAnswer(found, s.opt.MaxResultBytes), nil
}

// foundAnswer writes hits until most bytes of text are full, at whole hits and
// never none, and says how many it left out.
func foundAnswer(found search.Result, most int) answer {
	out := searchView{
		Degraded: found.Degraded, TookMS: found.TookMS, Omitted: found.Omitted,
		Understood: viewUnderstood(found.Understood),
		Status: statusView{
			Vector: string(found.Status.Vector), Fulltext: string(found.Status.FullText),
			Graph: string(found.Status.Graph), Rerank: string(found.Status.Rerank),
		},
	}
	var hits string
	hits, out.Hits = writeHits(found.Hits, most)
	out.Omitted += len(found.Hits) - len(out.Hits)
	out.Truncated = out.Omitted > 0
	return answer{
		text: searchHead(out) + hits, structured: out,
		links: linkItems(found.Hits[:len(out.Hits)]), results: len(found.Hits),
	}
}

// writeHits writes hits until most bytes of text are full, at whole hits and
// never none.
func writeHits(found []search.Hit, most int) (text string, views []hitView) {
	var b strings.Builder
	views = []hitView{}
	for i, h := range found {
		written := writeHit(i+1, h)
		if i > 0 && b.Len()+len(written) > most {
			break
		}
		b.WriteString(written)
		views = append(views, viewHit(h))
	}
	return b.String(), views
}

func passagesFound(n int) string {
	switch n {
	case 0:
		return "No passage was found."
	case 1:
		return "1 passage."
	}
	return fmt.Sprintf("%d passages, best first.", n)
}

func searchHead(v searchView) string {
	var b strings.Builder
	b.WriteString(passagesFound(len(v.Hits)))
	if v.Truncated {
		fmt.Fprintf(&b, " %d more did not fit; ask for less or narrow the search.", v.Omitted)
	}
	if v.Degraded {
		b.WriteString(" A part of the search did not answer, so others may be missing.")
	}
	fmt.Fprintf(&b, "\nvector: %s, fulltext: %s, graph: %s, rerank: %s; %d ms\n",
		v.Status.Vector, v.Status.Fulltext, v.Status.Graph, v.Status.Rerank, v.TookMS)
	b.WriteString(writeUnderstood(v.Understood))
	return b.String()
}

// writeHit writes a citation and under it the passage as it stands.
func writeHit(n int, h search.Hit) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n[%d] %s\n", n, orUntitled(h.Title))
	writeWhere(&b, h.HeadingPath, h.Page, h.Start, h.End)
	fmt.Fprintf(&b, "library: %s (%s); source: %s\nchunk_uid: %s; item_uid: %s; score: %s (%s)\n",
		h.LibraryName, h.LibraryUID, h.Source, h.ChunkUID, h.ItemUID, strconv.FormatFloat(h.Score, 'g', -1, 64), h.ScoreKind)
	writeBeside(&b, h)
	b.WriteString(h.Text)
	b.WriteByte('\n')
	return b.String()
}

// namedDuplicates is how many documents are named that have a passage too.
const namedDuplicates = 5

// writeBeside writes what else there is to say of a hit, where there is.
func writeBeside(b *strings.Builder, h search.Hit) {
	if len(h.ChunkUIDs) > 1 {
		b.WriteString("chunks: " + strings.Join(h.ChunkUIDs, ", ") + "\n")
	}
	for i, d := range h.Duplicates {
		if i == namedDuplicates {
			fmt.Fprintf(b, "and in %d more documents\n", len(h.Duplicates)-i)
			break
		}
		fmt.Fprintf(b, "also in: %s (item_uid: %s, chunk_uid: %s, library_uid: %s)\n", orUntitled(d.Title), d.ItemUID, d.ChunkUID, d.LibraryUID)
	}
	if why := h.Explanation; why != nil {
		fmt.Fprintf(b, "why: fused %.4f, share %.2f", why.Fused, why.Share)
		for _, f := range h.Found {
			fmt.Fprintf(b, "; %s no. %d (%.4f)", f.Leg, f.Rank, f.Score)
		}
		b.WriteByte('\n')
	}
}

// writeWhere writes the place of a passage in its document.
func writeWhere(b *strings.Builder, headings []string, page *int, start, end int) {
	if len(headings) > 0 {
		b.WriteString(strings.Join(headings, headingSeparator) + "; ")
	}
	if page != nil {
		fmt.Fprintf(b, "page %d; ", *page)
	}
	fmt.Fprintf(b, "characters %d to %d\n", start, end)
}

func orUntitled(title string) string {
	if title == "" {
		return "(untitled)"
	}
	return title
}

type searchView struct {
	Hits      []hitView  `json:"hits"`
	Status    statusView `json:"status"`
	Degraded  bool       `json:"degraded"`
	TookMS    int64      `json:"took_ms"`
	Truncated bool       `json:"truncated"`
	Omitted   int        `json:"omitted"`

	Understood understoodView `json:"understood"`
}

type statusView struct {
	Vector   string `json:"vector"`
	Fulltext string `json:"fulltext"`
	Graph    string `json:"graph"`
	Rerank   string `json:"rerank"`
}

// orEmpty keeps a list from being written as null.
func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func searchOutput() object {
	leg := func(about string) object {
		return oneOfTexts(about, "ok", "empty", "skipped", "timeout", "failed")
	}
	return record(object{
		{"hits", listOf(hitOutput())},
		{"status", record(object{
			{"vector", leg("Search by meaning")},
			{"fulltext", leg("Search by words")},
			{"graph", leg("Search by concepts")},
			{"rerank", leg("Reordering of what was found")},
		})},
		{"degraded", boolOf("A part did not answer, so hits may be missing")},
		{"took_ms", integerOf("Milliseconds")},
		{"truncated", boolOf("Hits were left out to keep the answer small")},
		{"omitted", integerOf("How many")},
		{"understood", understoodOutput()},
	})
}
