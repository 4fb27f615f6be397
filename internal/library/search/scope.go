package search

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/search/query"
)

// question is a request that was checked and whose scope is known.
type question struct {
	typed     string      // the query, as it came
	read      query.Query // what was read in it
	text      string      // what is looked for, without signs
	words     string      // the same, for the full-text leg: weightier words more than once
	exact     bool        // words are not to be corrected
	limit     int
	libraries map[string]library.Library
	uids      []string // of the libraries, in order
	filter    library.Filter
	items     map[string]bool   // documents that filters let through; nil: any
	found     map[key][]Finding // by the legs, once they have answered
	oneItem   bool              // the request names one document
	maxChars  int
	explain   bool
	times     int // as deep as usual that the legs look

	understood Understood
}

// within tells whether an item is one asked for, and in a collection asked for.
func (q question) within(it catalogItem) bool {
	if q.items != nil && !q.items[it.uid] {
		return false
	}
	return len(q.filter.CollectionUIDs) == 0 || slices.Contains(q.filter.CollectionUIDs, it.collectionUID)
}

// ask checks a request and finds out where it may look.
func (e *Engine) ask(ctx context.Context, p accounts.Principal, r Request) (question, error) {
	q := question{typed: strings.TrimSpace(strings.ToValidUTF8(r.Query, " ")), limit: r.Limit, oneItem: r.ItemUID != "", maxChars: r.MaxChars, explain: r.Explain}
	if q.typed == "" {
		return q, errs.Field("query", "This field may not be blank.")
	}
	if err := understand(&q, &r); err != nil {
		return q, err
	}
	if q.limit == 0 {
		q.limit = e.opt.DefaultLimit
	}
	var err error
	if r.Filters, err = r.Filters.checked(); err != nil {
		return q, err
	}
	if err := q.bounds(r.LibraryType); err != nil {
		return q, err
	}
	found, err := e.opt.Access.Resolve(ctx, p, r.Libraries)
	if err != nil {
		return q, err
	}
	if r.WorkspaceID != "" {
		if found, err = workspace(found, p, r.WorkspaceID); err != nil {
			return q, err
		}
	}
	q.libraries = map[string]library.Library{}
	for _, l := range found {
		if r.LibraryType == "" || l.Type == r.LibraryType {
			q.libraries[l.UID] = l
		}
	}
	if err := e.narrow(ctx, &q, r); err != nil {
		return q, err
	}
	e.spell(ctx, &q)
	return q, nil
}

// bounds sees that numbers and names are among those that there are.
func (q question) bounds(libraryType string) error {
	switch {
	case q.limit < 1 || q.limit > MaxLimit:
		return errs.Field("limit", fmt.Sprintf("Ensure this value is between 1 and %d.", MaxLimit))
	case q.maxChars < 0:
		return errs.Field("max_chars", "Ensure this value is at least 1.")
	case libraryType != "" && !slices.ContainsFunc(library.Types(), func(t library.Type) bool { return t.Name == libraryType }):
		return errs.Field("library_type", fmt.Sprintf("%q is not a valid choice.", libraryType))
	}
	return nil
}

// workspace keeps the caller's workspace of an id.
func workspace(found []library.Library, p accounts.Principal, id string) ([]library.Library, error) {
	for _, l := range found {
		if l.WorkspaceID != nil && *l.WorkspaceID == id && l.OwnerUsername != nil && *l.OwnerUsername == p.Username {
			return []library.Library{l}, nil
		}
	}
	return nil, errs.New(errs.NotFound, "Workspace is not registered.")
}

// narrow turns the item and the collection asked for into a filter, and
// leaves out the libraries that hold neither. One that is not within the
// scope is not there.
func (e *Engine) narrow(ctx context.Context, q *question, r Request) error {
	if r.ItemUID != "" {
		items, err := e.opt.Catalog.items(ctx, []string{r.ItemUID})
		if err != nil {
			return err
		}
		l, within := q.libraries[items[r.ItemUID].libraryUID]
		if !within {
			return errs.New(errs.NotFound, "No such item.")
		}
		q.libraries = map[string]library.Library{l.UID: l}
		q.filter.ItemUIDs = []string{r.ItemUID}
	}
	q.uids = sortedUIDs(q.libraries)
	if r.Collection != "" {
		if err := e.narrowToCollection(ctx, q, r); err != nil {
			return err
		}
	}
	return e.narrowToMatching(ctx, q, r.Filters)
}

func (e *Engine) narrowToCollection(ctx context.Context, q *question, r Request) error {
	collections, err := e.opt.Catalog.collections(ctx, r.Collection, q.uids)
	if err != nil {
		return err
	}
	if len(collections) == 0 {
		return errs.New(errs.NotFound, "No such collection.")
	}
	holding := map[string]library.Library{}
	for _, c := range collections {
		q.filter.CollectionUIDs = append(q.filter.CollectionUIDs, c.UID)
		holding[c.LibraryUID] = q.libraries[c.LibraryUID]
	}
	q.libraries, q.uids = holding, sortedUIDs(holding)
	return nil
}

// narrowToMatching turns filters into the documents that they let through, and
// leaves out the libraries that hold none.
func (e *Engine) narrowToMatching(ctx context.Context, q *question, f Filters) error {
	if !f.Any() {
		return nil
	}
	found, err := e.opt.Catalog.matching(ctx, f, q.uids)
	if err != nil {
		return err
	}
	q.items = make(map[string]bool, len(found))
	holding := map[string]library.Library{}
	only := q.filter.ItemUIDs
	q.filter.ItemUIDs = nil
	for _, m := range found {
		if len(only) > 0 && !slices.Contains(only, m.uid) {
			continue
		}
		q.items[m.uid] = true
		holding[m.libraryUID] = q.libraries[m.libraryUID]
		q.filter.ItemUIDs = append(q.filter.ItemUIDs, m.uid)
	}
	q.libraries, q.uids = holding, sortedUIDs(holding)
	if len(q.items) < manyItems {
		return nil
	}
	// The index need not be told of documents when they are all that there is.
	if all, err := e.opt.Catalog.readable(ctx, q.uids); err != nil || all > len(q.items) {
		return err
	}
	q.filter.ItemUIDs = nil
	return nil
}

// manyItems is from how many documents on it is worth to know whether they are
// all.
const manyItems = 200

func sortedUIDs(libraries map[string]library.Library) []string {
	out := make([]string, 0, len(libraries))
	for uid := range libraries {
		out = append(out, uid)
	}
	slices.Sort(out)
	return out
}
