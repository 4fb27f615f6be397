package dashboard

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/search"
)

const searchFirst = 20 // hits, before more are asked for

const searchPath = "/search/"

// searchPage asks, and shows what was found.
type searchPage struct {
	Query     string
	Libraries []page.Choice
	Asked     bool
	Fault     string
	Hits      []hitRow
	TookMS    int64
	Degraded  []string // what did not answer, a sentence each
	Searched  string   // the names of the libraries that were searched
	Documents int64    // in them
	Missing   []string // libraries asked for that are not there
	More      string   // path of the same search with more hits
}

// hitRow is a passage that was found.
type hitRow struct {
	Title, Source string
	Path          string // to the passage
	Library       string
	LibraryPath   string
	Headings      []string
	Page          int // 0: none
	Text          []span
	Code          bool // it keeps its lines
}

func (d *Dashboard) search(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	readable, err := d.opt.Access.Readable(r.Context(), s.Principal)
	if err != nil {
		return err
	}
	p := searchPage{Query: strings.TrimSpace(page.Param(r, "q"))}
	p.Asked = p.Query != ""
	chosen := page.Each(r.URL.Query()["library"])
	searched := p.choose(readable, chosen)
	status := http.StatusOK
	if p.Asked && len(searched) > 0 {
		if err := d.find(r, s, &p, searched, len(chosen) > 0); err != nil {
			found, ok := page.FaultsOf(err)
			if !ok {
				return err
			}
			status = http.StatusBadRequest
			for _, text := range found {
				p.Fault = text
			}
		}
	}
	title := "Search"
	if p.Asked {
		title = p.Query + " – search"
	}
	return d.views.search.Show(w, r, s, status, page.Heading{Title: title, Area: "search"}, p)
}

// choose fills in the boxes, and gives the libraries to search: those ticked,
// or all when none is.
func (p *searchPage) choose(readable []library.Library, chosen []string) []library.Library {
	var searched []library.Library
	var names []string
	known := map[string]bool{}
	for _, l := range readable {
		ticked := slices.Contains(chosen, l.UID)
		known[l.UID] = true
		p.Libraries = append(p.Libraries, page.Choice{Value: l.UID, Label: l.Name, Chosen: ticked})
		if ticked || len(chosen) == 0 {
			searched = append(searched, l)
			names = append(names, l.Name)
			p.Documents += l.ItemCount
		}
	}
	for _, uid := range chosen {
		if !known[uid] {
			p.Missing = append(p.Missing, uid)
		}
	}
	p.Searched = someOf(names)
	return searched
}

// someOf lists names, not too many of them.
func someOf(names []string) string {
	const most = 6
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + " and " + page.Count(int64(len(names)-most), "other", "others")
}

func (d *Dashboard) find(r *http.Request, s httpx.Session, p *searchPage, searched []library.Library, narrowed bool) error {
	limit, ok := number(page.Param(r, "limit"))
	if !ok || limit == 0 {
		limit = searchFirst
	}
	request := search.Request{Query: p.Query, Limit: min(limit, search.MaxLimit), Surface: "page"}
	if narrowed {
		for _, l := range searched {
			request.Libraries = append(request.Libraries, l.UID)
		}
	}
	result, err := d.opt.Search.Search(r.Context(), s.Principal, request)
	if errs.Is(err, errs.NotFound) { // a library went between the two questions
		return errs.Wrap(errs.Conflict, err, "A library was changed while you searched. Search again.")
	}
	if err != nil {
		return err
	}
	words := wordsOf(p.Query)
	for _, h := range result.Hits {
		p.Hits = append(p.Hits, hitRowOf(h, words))
	}
	p.TookMS = result.TookMS
	if result.Degraded {
		p.Degraded = degradedText(result.Status)
	}
	if len(result.Hits) == request.Limit && request.Limit < search.MaxLimit {
		q := url.Values{"q": {p.Query}, "limit": {strconv.Itoa(min(request.Limit*5/2, search.MaxLimit))}, "library": request.Libraries}
		p.More = searchPath + "?" + q.Encode()
	}
	return nil
}

func hitRowOf(h search.Hit, words []string) hitRow {
	row := hitRow{
		Title: h.Title, Source: h.Source, Library: h.LibraryName, LibraryPath: librariesPath + h.LibraryUID + "/",
		Path: passagePath(h.LibraryUID, h.ItemUID, h.Start), Headings: h.HeadingPath, Code: looksLikeCode(h.Source),
	}
	text := h.Text
	if !row.Code {
		text = flow(text)
	}
	row.Text = excerpt(text, words)
	if row.Title == "" {
		row.Title = h.Source
	}
	if h.Page != nil {
		row.Page = *h.Page
	}
	return row
}

// looksLikeCode tells by a document's name whether its line breaks mean
// something: a hit does not say of what kind its document is.
func looksLikeCode(name string) bool {
	code := strings.Fields(".bash .c .cc .cpp .cs .css .csv .go .h .hpp .ini .java .js .json .jsx .kt .lua .mjs .php .pl .ps1 .py .r .rb .rs .scala .sh .sql .swift .toml .ts .tsx .xml .yaml .yml")
	return slices.Contains(code, strings.ToLower(path.Ext(name)))
}

// degradedText says what each leg that did not answer leaves out.
func degradedText(status search.Status) []string {
	var out []string
	for _, leg := range []struct {
		status  search.LegStatus
		subject string
	}{
		{status.Vector, "Search by meaning"},
		{status.FullText, "Search by words"},
		{status.Graph, "Search by concepts"},
		{status.Rerank, "Reranking"},
	} {
		switch leg.status {
		case search.Timeout:
			out = append(out, leg.subject+" did not answer in time.")
		case search.Failed:
			out = append(out, leg.subject+" failed.")
		case search.OK, search.Empty, search.Skipped:
		}
	}
	return out
}
