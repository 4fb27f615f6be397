package libraryapi

import (
	"context"
	"net/http"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library/search"
)

func (a *API) relatedRoutes() []httpx.Route {
	return []httpx.Route{{
		Method: http.MethodGet, Path: "/library/api/related/", ID: "related", Tag: "search", Summary: "Follow concepts from a passage, or to a concept's passages",
		Query: relatedQuery{}, Responses: map[int]any{http.StatusOK: relatedBody{}}, Handler: a.related,
	}}
}

type relatedQuery struct {
	ChunkUID string `query:"chunk_uid" description:"Passages that share concepts with this one. Give either this or concept."`
	Concept  string `query:"concept" description:"Passages that speak of this name, term or acronym." example:"neap tide"`
	Limit    int    `query:"limit" minimum:"1" maximum:"100"`
}

type relatedBody struct {
	Hits     []hitBody     `json:"hits" nullable:"false"`
	Concepts []conceptBody `json:"concepts" nullable:"false" description:"Those of the passage; or the concept asked for, and what its best passages speak of besides."`
}

type conceptBody struct {
	Name   string `json:"name"`
	Chunks int    `json:"chunks" description:"Passages that the caller may read and that speak of it."`
}

func (a *API) related(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
	q, err := httpx.Query[relatedQuery](r)
	if err != nil {
		return err
	}
	if (q.ChunkUID == "") == (strings.TrimSpace(q.Concept) == "") {
		return errs.Field("chunk_uid", "Give either a chunk_uid or a concept.")
	}
	found, err := a.opt.Search.Related(r.Context(), p, search.RelatedRequest{ChunkUID: q.ChunkUID, Concept: q.Concept, Limit: q.Limit})
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, relatedBody{
		Hits:     a.hits(r.Context(), found.Hits),
		Concepts: each(found.Concepts, func(c search.RelatedConcept) conceptBody { return conceptBody(c) }),
	})
}

// hits gives passages with the places where they stand on pages.
func (a *API) hits(ctx context.Context, found []search.Hit) []hitBody {
	hits := each(found, hitOf)
	for i, regions := range a.opt.Places.Of(ctx, each(found, spotOf)...) {
		hits[i].Regions = each(regions, regionOf)
	}
	return hits
}
