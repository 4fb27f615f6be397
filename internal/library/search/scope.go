package search

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
)

// question is a request that was checked and whose scope is known.
type question struct {
	text      string
	limit     int
	libraries map[string]library.Library
	uids      []string // of the libraries, in order
	filter    library.Filter
	found     map[key][]Finding // by the legs, once they have answered
}

// within tells whether an item is in a collection asked for.
func (q question) within(it catalogItem) bool {
	return len(q.filter.CollectionUIDs) == 0 || slices.Contains(q.filter.CollectionUIDs, it.collectionUID)
}

// ask checks a request and finds out where it may look.
func (e *Engine) ask(ctx context.Context, p accounts.Principal, r Request) (question, error) {
	q := question{text: strings.TrimSpace(strings.ToValidUTF8(r.Query, " ")), limit: r.Limit}
	if q.text == "" {
		return q, errs.Field("query", "This field may not be blank.")
	}
	if q.limit == 0 {
		q.limit = e.opt.DefaultLimit
	}
	if q.limit < 1 || q.limit > MaxLimit {
		return q, errs.Field("limit", fmt.Sprintf("Ensure this value is between 1 and %d.", MaxLimit))
	}
	if r.LibraryType != "" && !slices.ContainsFunc(library.Types(), func(t library.Type) bool { return t.Name == r.LibraryType }) {
		return q, errs.Field("library_type", fmt.Sprintf("%q is not a valid choice.", r.LibraryType))
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
	return q, e.narrow(ctx, &q, r)
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
	if r.Collection == "" {
		return nil
	}
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

func sortedUIDs(libraries map[string]library.Library) []string {
	out := make([]string, 0, len(libraries))
	for uid := range libraries {
		out = append(out, uid)
	}
	slices.Sort(out)
	return out
}
