// Package apidocs is the pages to read the REST surface and to try it with
// one's session. They say what the OpenAPI document says, and nothing else.
package apidocs

import (
	"net/http"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
)

const (
	docsPath = "/api/docs/"
	area     = "api"
)

// Docs are the pages of one document. They are safe for concurrent use.
type Docs struct {
	version string
	groups  []group
	fault   []field // the shape of an error

	overview page.View[overviewPage]
	detail   page.View[groupPage]
}

// New reads an OpenAPI document, and the templates.
func New(site *page.Site, document []byte) (*Docs, error) {
	doc, err := read(document)
	if err != nil {
		return nil, err
	}
	l := site.Loader()
	return &Docs{
		version: doc.Info.Version, groups: doc.groups(), fault: doc.rows(schema{Ref: schemaPrefix + "Fault"}),
		overview: page.Load[overviewPage](l, "apidocs.html"), detail: page.Load[groupPage](l, "apidocs_group.html"),
	}, l.Err()
}

// Routes is every page.
func (d *Docs) Routes() []page.Route {
	return []page.Route{
		{Method: http.MethodGet, Path: docsPath, Handler: d.showAll},
		{Method: http.MethodGet, Path: docsPath + "{tag}/", Handler: d.showGroup},
	}
}

// overviewPage lists every operation.
type overviewPage struct {
	Version string
	Site    string // scheme://host
	Query   string
	Groups  []group
	Fault   []field
	Found   int64
}

// groupPage tells all of the operations of one group.
type groupPage struct {
	Site   string
	Group  group
	Others []group
}

func (d *Docs) showAll(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	p := overviewPage{Version: d.version, Site: httpx.AbsoluteURL(r, "", nil), Query: strings.TrimSpace(page.Param(r, "q")), Fault: d.fault}
	for _, g := range d.groups {
		found := group{Tag: g.Tag, Title: g.Title}
		for _, o := range g.Operations {
			if o.matches(p.Query) {
				found.Operations = append(found.Operations, o)
				p.Found++
			}
		}
		if len(found.Operations) > 0 {
			p.Groups = append(p.Groups, found)
		}
	}
	return d.overview.Show(w, r, s, http.StatusOK, page.Heading{Title: "REST API", Area: area}, p)
}

func (d *Docs) showGroup(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	tag := httpx.PathParam(r, "tag")
	for _, g := range d.groups {
		if g.Tag == tag {
			p := groupPage{Site: httpx.AbsoluteURL(r, "", nil), Group: g, Others: d.groups}
			return d.detail.Show(w, r, s, http.StatusOK, page.Heading{Title: g.Title + " · REST API", Area: area}, p)
		}
	}
	return errs.New(errs.NotFound, "The REST API has no such part.")
}

// matches tells whether each word of a query is in what the list shows.
func (o operation) matches(query string) bool {
	text := strings.ToLower(strings.Join([]string{o.Method, o.Path, o.Summary, o.ID}, " "))
	for word := range strings.FieldsSeq(strings.ToLower(query)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}
