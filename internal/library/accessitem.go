package library

import (
	"context"
	"fmt"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// itemGrant is an item and what the caller is to its library.
type itemGrant struct {
	Item
	Grant
}

func scanItemGrant(p accounts.Principal) func(sqldb.Row) (itemGrant, error) {
	return func(row sqldb.Row) (itemGrant, error) {
		var g itemGrant
		var member Role
		item, done := itemFields(&g.Item)
		if err := row.Scan(append(append(item, libraryFields(&g.Library)...), &member)...); err != nil {
			return g, err
		}
		g.Role, g.member = roleOf(p, g.Library, member), member != ""
		return g, done()
	}
}

const itemGrantQuery = `SELECT ` + itemColumns + `, ` + grantColumns + `
FROM item i JOIN library l ON l.uid = i.library_uid
LEFT JOIN collection c ON c.uid = i.collection_uid` + memberJoin + `
WHERE i.deleted_at IS NULL AND` + visibleOne + ` AND i.uid BETWEEN $3 AND $4`

// itemBetween finds the one item whose uid lies between two; equal bounds
// name it.
func (a *Access) itemBetween(ctx context.Context, p accounts.Principal, from, to string, missing error) (itemGrant, error) {
	if p.Scope.Kind == accounts.ScopeNone || !known(from) {
		return itemGrant{}, missing
	}
	g, err := sqldb.One(ctx, a.db.Read(), scanItemGrant(p), itemGrantQuery, p.UserID, p.Username, from, to)
	if sqldb.Missing(err) || (err == nil && !inScope(p, g.Library)) {
		return itemGrant{}, missing
	}
	if err != nil {
		return itemGrant{}, fmt.Errorf("read item %s: %w", from, err)
	}
	return g, nil
}

func noItem() error { return errs.New(errs.NotFound, "No such item.") }

// Item gives an item that the caller may read, its library, and their role
// there.
func (a *Access) Item(ctx context.Context, p accounts.Principal, uid string) (Item, Library, Role, error) {
	g, err := a.itemBetween(ctx, p, uid, uid, noItem())
	return g.Item, g.Library, g.Role, err
}

// ItemForWrite gives an item that the caller may change or delete.
func (a *Access) ItemForWrite(ctx context.Context, p accounts.Principal, uid string) (Item, Library, Role, error) {
	g, err := a.itemBetween(ctx, p, uid, uid, noItem())
	if err != nil {
		return Item{}, Library{}, "", err
	}
	if err := mayChangeAnything(p); err != nil {
		return Item{}, Library{}, "", err
	}
	if !a.mayAdd(p, g.Grant) || !MayChange(p, g.Library, g.Role, g.CreatedBy) {
		return Item{}, Library{}, "", errs.New(errs.Forbidden, "You may read this document, not change it.")
	}
	return g.Item, g.Library, g.Role, nil
}

// MayChange tells whether somebody who may add documents to a library may
// also change or replace this one, by who added it: in a global library,
// others' documents are for those who manage it.
func MayChange(p accounts.Principal, l Library, role Role, createdBy *string) bool {
	if role.CanWrite() {
		return true
	}
	return l.Global() && p.May(accounts.RightWrite) && createdBy != nil && *createdBy == p.UserID
}

// ItemOfChunk gives the item that a chunk's uid points into, its library, and
// where in the item the chunk is. Whether the generation still has that chunk
// is for the Graph to say.
func (a *Access) ItemOfChunk(ctx context.Context, p accounts.Principal, chunkUID string) (Item, Library, ChunkRef, error) {
	ref, err := ParseChunkUID(chunkUID)
	if err != nil {
		return Item{}, Library{}, ChunkRef{}, err
	}
	g, err := a.itemBetween(ctx, p, ref.ItemFrom, ref.ItemTo, noChunk())
	return g.Item, g.Library, ref, err
}

func noChunk() error { return errs.New(errs.NotFound, "No such chunk.") }
