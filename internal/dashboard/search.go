package dashboard

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library/search"
)

const (
	searchPath  = "/search/"
	searchFirst = 20   // hits, before more are asked for
	queryMost   = 2000 // characters of a question
	titleMost   = 60   // of them, in the title of its page
)

// searchPage asks, and shows what was found.
type searchPage struct {
	Query     string
	Longest   int
	Asked     bool
	Faults    page.Faults
	Scope     searchScope
	Hits      []hitGroup
	Count     int64 // passages
	Documents int64 // that they are of
	TookMS    int64
	// Degraded says what did not answer and what that means, a sentence each.
	Degraded []string
	How      howFound
	Read     understood // what was made of the question
	Nothing  nothingFound
	More     string // path of the same search with more hits
	MayMake  bool   // libraries
}

// searched is what the address of a search says.
type searched struct {
	query      string
	libraries  []string // uids
	types      []string
	item       string
	collection string
	find       string // a part of the names of the libraries to choose from
	limit      int
	exact      bool // words are not to be corrected
	sent       bool // the form was sent, and not only its choice of libraries
}

func searchedOf(r *http.Request) searched {
	values := r.URL.Query()
	s := searched{
		query: strings.TrimSpace(page.Param(r, "q")), libraries: named(values, "library"), types: named(values, "type"),
		item: page.Param(r, "item"), collection: strings.TrimSpace(page.Param(r, "collection")), find: strings.TrimSpace(page.Param(r, "find")),
		exact: page.Param(r, "exact") == "1",
		sent:  values.Has("q") && !values.Has("choose"),
	}
	if n, ok := number(page.Param(r, "limit")); ok && n > 0 {
		s.limit = min(n, search.MaxLimit)
	} else {
		s.limit = searchFirst
	}
	return s
}

// named are the values of a name that say something, each once.
func named(values url.Values, name string) []string {
	var out []string
	for _, v := range page.Each(values[name]) {
		if v != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// path is the address of the search.
func (s searched) path() string {
	q := url.Values{"library": s.libraries, "type": s.types}
	for name, value := range map[string]string{"q": s.query, "item": s.item, "collection": s.collection, "find": s.find} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if s.exact {
		q.Set("exact", "1")
	}
	if s.limit > searchFirst {
		q.Set("limit", strconv.Itoa(s.limit))
	}
	if len(q.Encode()) == 0 {
		return searchPath
	}
	return searchPath + "?" + q.Encode()
}

func (s searched) faults() page.Faults {
	switch n := utf8.RuneCountInString(s.query); {
	case n == 0 && s.sent:
		return page.Faults{"query": "Type what you are looking for."}
	case n > queryMost:
		return page.Faults{"query": fmt.Sprintf("This is %d characters long. Shorten it to %d at most: ask for what matters.", n, queryMost)}
	}
	return nil
}

func (d *Dashboard) search(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	asked := searchedOf(r)
	scope, err := d.scope(r, s, asked)
	if err != nil {
		return err
	}
	p := searchPage{Query: asked.query, Longest: queryMost, Asked: asked.query != "", Scope: scope, Faults: asked.faults(), MayMake: s.Principal.May(accounts.RightWrite)}
	if p.Asked && len(p.Faults) == 0 {
		if p.Faults, err = d.find(r, s, &p, asked); err != nil {
			return err
		}
	}
	status, title := http.StatusOK, "Search"
	if len(p.Faults) > 0 {
		status = http.StatusBadRequest
	}
	if p.Asked {
		title = shortened(asked.query, titleMost) + " – search"
	}
	return d.views.search.Show(w, r, s, status, page.Heading{Title: title, Area: "search"}, p)
}

// shortened cuts a text to a number of characters.
func shortened(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return strings.TrimSpace(string([]rune(text)[:most-1])) + "…"
}

// find asks, if there is anything to ask, and fills in what came of it.
func (d *Dashboard) find(r *http.Request, s httpx.Session, p *searchPage, asked searched) (page.Faults, error) {
	var result search.Result
	if p.Scope.any() {
		var err error
		result, err = d.opt.Search.Search(r.Context(), s.Principal, search.Request{
			Query: asked.query, Exact: asked.exact, Limit: asked.limit, Surface: "page",
			Libraries: p.Scope.narrowed, ItemUID: asked.item, Collection: asked.collection,
		})
		switch found, mendable := page.FaultsOf(err); {
		case errs.Is(err, errs.NotFound) && asked.collection != "":
			p.Scope.Missing = append(p.Scope.Missing, "There is no collection “"+asked.collection+"” in these libraries. Nothing was searched.")
			p.Scope.Libraries.Searched = nil
		case errs.Is(err, errs.NotFound): // it went between the two questions
			return page.Faults{"query": "A library was changed while you searched. Search again."}, nil
		case mendable:
			return page.Faults{"query": strings.Join(sortedValues(found), " ")}, nil
		case err != nil:
			return nil, err
		}
	}
	p.Read = understoodOf(result.Understood, asked)
	marks, err := d.marks(r, s, result.Hits, asked)
	if err != nil {
		return nil, err
	}
	p.Hits = groupsOf(result.Hits, markerOf(questionOf(asked.query, result.Understood)), result.Status, marks)
	p.Count, p.Documents, p.TookMS = int64(len(result.Hits)), int64(len(p.Hits)), result.TookMS
	p.Degraded = degradedText(result)
	p.How = howFoundOf(result)
	if len(result.Hits) == 0 {
		var err error
		p.Nothing, err = d.nothing(r, s, p.Scope)
		return nil, err
	}
	if len(result.Hits) == asked.limit && asked.limit < search.MaxLimit {
		more := asked
		more.limit = min(asked.limit*5/2, search.MaxLimit)
		p.More = more.path() + "#hit-" + strconv.Itoa(len(result.Hits)+1)
	}
	return page.Faults{}, nil
}

func sortedValues(found page.Faults) []string {
	out := make([]string, 0, len(found))
	for _, text := range found {
		out = append(out, text)
	}
	slices.Sort(out)
	return out
}

// nothingFound says why there may be no answer, and what to try.
type nothingFound struct {
	OnTheirWay int64 // documents that are still being read
	JobsPath   string
	AddPath    string // where documents can be added, when there are none
	Everywhere string // path of the same search in all libraries, when this one is narrowed
}

func (d *Dashboard) nothing(r *http.Request, s httpx.Session, scope searchScope) (nothingFound, error) {
	n := nothingFound{JobsPath: jobsPath, AddPath: librariesPath}
	uids := make([]string, len(scope.searched))
	for i, l := range scope.searched {
		uids[i] = l.UID
	}
	if len(uids) == 1 {
		n.AddPath = librariesPath + uids[0] + "/"
		n.JobsPath += "?library=" + url.QueryEscape(uids[0])
	}
	if asked := searchedOf(r); len(asked.libraries)+len(asked.types) > 0 || asked.item != "" || asked.collection != "" {
		n.Everywhere = searched{query: asked.query}.path()
	}
	var err error
	if len(uids) > 0 {
		n.OnTheirWay, err = d.opt.Ingest.Unfinished(r.Context(), s.Principal, uids)
	}
	return n, err
}
