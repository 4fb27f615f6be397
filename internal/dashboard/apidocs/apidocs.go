// Package apidocs is the pages to read the REST surface and to try it with
// one's session. They say what the OpenAPI document says, and nothing else.
package apidocs

import (
	"html/template"
	"net/http"
	"strings"
	"sync"

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

	overview page.View[docsPage]
	detail   page.View[docsPage]

	mu   sync.Mutex
	kept map[keptKey]template.HTML
}

// docsPage is a page whose content is the same for everybody.
type docsPage struct{ Body template.HTML }

// keptKey names a body: a group's tag, or empty for the overview, on a site.
type keptKey struct{ tag, site string }

// mostKept bounds the bodies that are kept; a program is asked by few names.
const mostKept = 100

// New reads an OpenAPI document, and the templates, and proves them with it.
func New(site *page.Site, document []byte) (*Docs, error) {
	doc, err := read(document)
	if err != nil {
		return nil, err
	}
	l := site.Loader()
	d := &Docs{
		version: doc.Info.Version, groups: doc.groups(), fault: doc.rows(schema{Ref: schemaPrefix + "Fault"}),
		overview: page.Load[docsPage](l, "apidocs.html"), detail: page.Load[docsPage](l, "apidocs_group.html"), kept: map[keptKey]template.HTML{},
	}
	if l.Err() != nil {
		return nil, l.Err()
	}
	if _, err := d.list("", ""); err != nil {
		return nil, err
	}
	for _, g := range d.groups {
		if _, err := d.tell("", g); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// Routes is every page.
func (d *Docs) Routes() []page.Route {
	return []page.Route{
		{Method: http.MethodGet, Path: docsPath, Handler: d.showAll},
		{Method: http.MethodGet, Path: docsPath + "{tag}/", Handler: d.showGroup},
	}
}

// overview lists every operation that a query finds.
type overview struct {
	Version string
	Site    string // scheme://host
	Query   string
	Groups  []group
	Fault   []field
	Found   int64
}

// told tells all of the operations of one group.
type told struct {
	Site   string
	Group  group
	Others []group
}

func (d *Docs) showAll(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	body, err := d.list(httpx.AbsoluteURL(r, "", nil), strings.TrimSpace(page.Param(r, "q")))
	if err != nil {
		return err
	}
	return d.overview.Show(w, r, s, http.StatusOK, page.Heading{Title: "REST API", Area: area}, docsPage{body})
}

func (d *Docs) showGroup(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	tag := httpx.PathParam(r, "tag")
	for _, g := range d.groups {
		if g.Tag != tag {
			continue
		}
		body, err := d.tell(httpx.AbsoluteURL(r, "", nil), g)
		if err != nil {
			return err
		}
		return d.detail.Show(w, r, s, http.StatusOK, page.Heading{Title: g.Title + " · REST API", Area: area}, docsPage{body})
	}
	return errs.New(errs.NotFound, "The REST API has no such part.")
}

func (d *Docs) list(site, query string) (template.HTML, error) {
	render := func() (template.HTML, error) {
		p := overview{Version: d.version, Site: site, Query: query, Fault: d.fault}
		for _, g := range d.groups {
			found := group{Tag: g.Tag, Title: g.Title}
			for _, o := range g.Operations {
				if o.matches(query) {
					found.Operations = append(found.Operations, o)
					p.Found++
				}
			}
			if len(found.Operations) > 0 {
				p.Groups = append(p.Groups, found)
			}
		}
		return d.overview.Part("overview", p)
	}
	if query != "" {
		return render()
	}
	return d.keep(keptKey{"", site}, render)
}

func (d *Docs) tell(site string, g group) (template.HTML, error) {
	return d.keep(keptKey{g.Tag, site}, func() (template.HTML, error) {
		return d.detail.Part("group", told{Site: site, Group: g, Others: d.groups})
	})
}

// keep renders a body once a site: the document does not change while the
// program runs.
func (d *Docs) keep(key keptKey, render func() (template.HTML, error)) (template.HTML, error) {
	d.mu.Lock()
	body, ok := d.kept[key]
	d.mu.Unlock()
	if ok {
		return body, nil
	}
	body, err := render()
	if err != nil {
		return "", err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.kept) < mostKept {
		d.kept[key] = body
	}
	return body, nil
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
