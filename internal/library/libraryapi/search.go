package libraryapi

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/pages"
	"git.helu.ca/r/mnemosyne/internal/library/search"
)

func (a *API) searchRoutes() []httpx.Route {
	return []httpx.Route{{
		Method: http.MethodPost, Path: "/library/api/search/", ID: "search", Tag: "search", Summary: "Find passages, with their citations",
		Body: searchBody{}, Responses: map[int]any{http.StatusOK: searchResultBody{}}, Handler: a.search,
	}}
}

type searchBody struct {
	Query       string   `json:"query" required:"true" minLength:"1" example:"when does the tide turn?"`
	Exact       bool     `json:"exact" description:"Look for the words as they are typed, and correct none."`
	Libraries   []string `json:"libraries" nullable:"false" description:"Uids or names; without any, all that the caller may read."`
	WorkspaceID string   `json:"workspace_id"`
	Limit       int      `json:"limit" minimum:"1" maximum:"100"`
	ItemUID     string   `json:"item_uid"`
	Collection  string   `json:"collection" description:"Its name or uid."`
	LibraryType string   `json:"library_type" enum:"nonfiction,fiction,technical,journal,business,music,film,art"`

	File        string            `json:"file" description:"Stands in the document's filename, whatever the case."`
	ContentType string            `json:"content_type" description:"A media type, its first part such as image, or the ending of a filename such as pdf."`
	Language    string            `json:"language" description:"Of the document, in ISO 639-1." example:"en"`
	Source      string            `json:"source" description:"How a hit's source begins."`
	Metadata    map[string]string `json:"metadata" nullable:"false" description:"What the document's metadata says, by key; compared as text, exactly. A list has each of its elements."`
	Since       string            `json:"since" description:"Last changed at or after: a day, or a time in RFC 3339." example:"2026-01-31"`
	Before      string            `json:"before" description:"Last changed before."`

	MaxChars int  `json:"max_chars" minimum:"1" description:"At most so many characters of text in all hits together, cut at whole hits; never none."`
	Explain  bool `json:"explain" description:"Say of each hit how it came to its place, and of each part of the search how long it took."`
}

// filters are what narrows a search to documents. One that is there and says
// nothing is refused: leaving it out would search more than was asked for.
func (b searchBody) filters(present httpx.Present) (f search.Filters, err error) {
	for name, value := range map[string]string{
		"file": b.File, "content_type": b.ContentType, "language": b.Language, "source": b.Source, "since": b.Since, "before": b.Before,
	} {
		if present[name] && strings.TrimSpace(value) == "" {
			return f, errs.Field(name, "This field may not be blank; leave it out to narrow nothing.")
		}
	}
	if present["metadata"] && len(b.Metadata) == 0 {
		return f, errs.Field("metadata", "This object may not be empty; leave it out to narrow nothing.")
	}
	f = search.Filters{File: b.File, ContentType: b.ContentType, Language: b.Language, Source: b.Source, Metadata: b.Metadata}
	if f.Since, err = search.ParseFilterTime("since", b.Since); err != nil {
		return f, err
	}
	f.Before, err = search.ParseFilterTime("before", b.Before)
	return f, err
}

// spotOf is where a hit stands in its document.
func spotOf(h search.Hit) pages.Spot {
	s := pages.Spot{ItemUID: h.ItemUID, Page: h.Page, Start: h.Start, End: h.End}
	if ref, err := library.ParseChunkUID(h.ChunkUID); err == nil {
		s.Generation = ref.Generation
	}
	return s
}

func (a *API) search(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	body, present, err := httpx.Body[searchBody](w, r)
	if err != nil {
		return err
	}
	if present["libraries"] && len(body.Libraries) == 0 { // which would search them all
		return errs.Field("libraries", "This list may not be empty; leave it out to search all that you may read.")
	}
	if present["limit"] && body.Limit < 1 { // where none is given the engine has its own
		return errs.Field("limit", fmt.Sprintf("Ensure this value is between 1 and %d.", search.MaxLimit))
	}
	if present["max_chars"] && body.MaxChars < 1 {
		return errs.Field("max_chars", "Ensure this value is at least 1.")
	}
	filters, err := body.filters(present)
	if err != nil {
		return err
	}
	found, err := a.opt.Search.Search(r.Context(), p, search.Request{
		Query: body.Query, Libraries: body.Libraries, WorkspaceID: body.WorkspaceID, Limit: body.Limit,
		ItemUID: body.ItemUID, Collection: body.Collection, LibraryType: body.LibraryType, Filters: filters, Exact: body.Exact,
		MaxChars: body.MaxChars, Explain: body.Explain, Surface: "rest",
	})
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, searchAnswer(r.Context(), found, a.opt.Places, body.Explain))
}

// SearchAnswer is a result in the shape that REST answers, for whoever else
// writes one.
func SearchAnswer(ctx context.Context, found search.Result, places Places) any {
	return searchAnswer(ctx, found, places, false)
}

func searchAnswer(ctx context.Context, found search.Result, places Places, explain bool) any {
	hits := each(found.Hits, hitOf)
	for i, regions := range places.Of(ctx, each(found.Hits, spotOf)...) {
		hits[i].Regions = each(regions, regionOf)
	}
	out := searchResultBody{
		Hits: hits, Status: statusBody(found.Status), Degraded: found.Degraded, TookMS: found.TookMS, Omitted: found.Omitted,
		Understood: understoodOf(found.Understood),
	}
	if explain {
		out.Legs = each(found.Legs, legOf)
	}
	return out
}
