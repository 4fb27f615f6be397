package search

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Catalog reads what the relational store says of documents: it, and not the
// index, is the truth of what is there and what it is called.
type Catalog struct{ db *sqldb.DB }

// NewCatalog reads from a store.
func NewCatalog(db *sqldb.DB) *Catalog { return &Catalog{db: db} }

// catalogItem is what a hit says of its item, and where that is.
type catalogItem struct {
	uid, libraryUID, collectionUID, title, source string
	generation                                    int64
}

const citedItems = `SELECT uid, library_uid, COALESCE(collection_uid, ''), title, source, generation FROM item
WHERE deleted_at IS NULL AND uid IN (%s) ORDER BY uid`

// items gives the items that are there, by uid.
func (c *Catalog) items(ctx context.Context, uids []string) (map[string]catalogItem, error) {
	if len(uids) == 0 {
		return map[string]catalogItem{}, nil
	}
	marks, args := list(uids, 1)
	found, err := sqldb.All(ctx, c.db.Read(), func(r sqldb.Row) (catalogItem, error) {
		var it catalogItem
		err := r.Scan(&it.uid, &it.libraryUID, &it.collectionUID, &it.title, &it.source, &it.generation)
		return it, err
	}, fmt.Sprintf(citedItems, marks), args...)
	if err != nil {
		return nil, fmt.Errorf("read the items found: %w", err)
	}
	out := make(map[string]catalogItem, len(found))
	for _, it := range found {
		out[it.uid] = it
	}
	return out, nil
}

const findCollections = `SELECT uid, library_uid FROM collection
WHERE (uid = $1 OR name = $1) AND library_uid IN (%s) ORDER BY uid`

// collections gives the collections of a name or uid, with their libraries.
func (c *Catalog) collections(ctx context.Context, name string, libraries []string) ([]library.Collection, error) {
	if len(libraries) == 0 {
		return nil, nil
	}
	marks, args := list(libraries, 2)
	out, err := sqldb.All(ctx, c.db.Read(), func(r sqldb.Row) (library.Collection, error) {
		l := library.Collection{Name: name}
		err := r.Scan(&l.UID, &l.LibraryUID)
		return l, err
	}, fmt.Sprintf(findCollections, marks), append([]any{name}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("find the collection: %w", err)
	}
	return out, nil
}

// list makes the parameters of an IN, numbered from first.
func list(values []string, first int) (marks string, args []any) {
	var b strings.Builder
	for i, v := range values {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(first+i))
		args = append(args, v)
	}
	return b.String(), args
}
