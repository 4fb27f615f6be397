package dashboard

import (
	"context"
	"net/http"
	"net/url"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
)

// Concepts tells what libraries speak of (library.Graph).
type Concepts interface {
	Concepts(ctx context.Context, q library.ConceptQuery) ([]library.Concept, error)
	ConceptLinks(ctx context.Context, libraryUID string, keys []string) ([]library.ConceptLink, error)
}

const conceptsListed = 60

// conceptsPage shows what a library speaks of.
type conceptsPage struct {
	Head  libraryHead
	Map   conceptMap
	Rows  []conceptRow
	Empty bool // it has no passages yet
}

type conceptRow struct {
	Name, Path string
	Chunks     int64
	With       []string // what stands beside it
}

func (d *Dashboard) showConcepts(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	o, err := d.open(r, s, tabConcepts)
	if err != nil {
		return err
	}
	found, err := d.opt.Concepts.Concepts(r.Context(), library.ConceptQuery{Libraries: []string{o.UID}, Limit: conceptsListed})
	if err != nil {
		return err
	}
	keys, names := make([]string, len(found)), map[string]string{}
	for i, c := range found {
		keys[i], names[c.Key] = c.Key, c.Name
	}
	links, err := d.opt.Concepts.ConceptLinks(r.Context(), o.UID, keys)
	if err != nil {
		return err
	}
	path := func(name string) string {
		return "/search/?" + url.Values{"library": {o.UID}, "q": {name}}.Encode()
	}
	p := conceptsPage{Head: o.Head, Empty: o.ChunkCount == 0}
	drawn := keys[:min(len(keys), mapConcepts)]
	p.Map = drawConcepts(found, linksAmong(links, drawn), path)
	with := beside(links, names)
	for _, c := range found {
		p.Rows = append(p.Rows, conceptRow{Name: c.Name, Path: path(c.Name), Chunks: int64(c.Chunks), With: with[c.Key]})
	}
	return d.views.concepts.Show(w, r, s, http.StatusOK, page.Heading{Title: "Concepts of " + o.Name, Area: librariesArea}, p)
}

// linksAmong keeps the links of which both ends are drawn.
func linksAmong(links []library.ConceptLink, keys []string) []library.ConceptLink {
	drawn := map[string]bool{}
	for _, k := range keys {
		drawn[k] = true
	}
	var out []library.ConceptLink
	for _, l := range links {
		if drawn[l.From] && drawn[l.To] {
			out = append(out, l)
		}
	}
	return out
}

// beside names, for each concept, the few that stand with it most often.
func beside(links []library.ConceptLink, names map[string]string) map[string][]string {
	const few = 4
	out := map[string][]string{}
	for _, l := range links { // the most frequent first
		for _, pair := range [][2]string{{l.From, l.To}, {l.To, l.From}} {
			if len(out[pair[0]]) < few {
				out[pair[0]] = append(out[pair[0]], names[pair[1]])
			}
		}
	}
	return out
}
