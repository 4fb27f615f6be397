package library

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Limits of what describes an item.
const (
	MaxTitle      = 500
	MaxCollection = 200
	MaxMetadata   = 64 << 10 // bytes of JSON
)

// ItemFilter narrows a list of items. Zero values narrow nothing.
type ItemFilter struct {
	LibraryUID  string
	WorkspaceID string  // of the caller; with no LibraryUID
	Collection  *string // by name
	FileID      string
	ParentUID   string // of the mail that they are attachments of
	Status      ItemStatus
}

// Items lists documents that the caller may read, newest first. A library
// that they may not read, or a workspace that is not theirs, is NotFound.
func (s *Service) Items(ctx context.Context, p accounts.Principal, f ItemFilter, after Position, limit int) ([]Item, error) {
	libraries, err := s.listed(ctx, p, f)
	if err != nil || len(libraries) == 0 {
		return nil, err
	}
	after = after.start()
	where := clause{args: []any{sqldb.At(after.CreatedAt), after.UID, limit}}
	where.in("i.library_uid", libraries)
	if f.Collection != nil {
		where.in("c.name", []string{*f.Collection})
	}
	if f.FileID != "" {
		where.in("i.file_id", []string{f.FileID})
	}
	if f.ParentUID != "" {
		where.in("i.parent_uid", []string{f.ParentUID})
	}
	if f.Status != "" {
		where.in("i.status", []string{string(f.Status)})
	}
	items, err := sqldb.All(ctx, s.db.Read(), scanItem, `SELECT `+itemColumns+`
FROM item i LEFT JOIN collection c ON c.uid = i.collection_uid
WHERE i.deleted_at IS NULL AND (i.created_at, i.uid) < ($1, $2)`+where.text.String()+`
ORDER BY i.created_at DESC, i.uid DESC LIMIT CAST($3 AS BIGINT)`, where.args...)
	if err != nil {
		return nil, fmt.Errorf("list items: %w", err)
	}
	return items, nil
}

// listed names the libraries that a list may show: the one asked for, or all.
func (s *Service) listed(ctx context.Context, p accounts.Principal, f ItemFilter) ([]string, error) {
	switch {
	case f.WorkspaceID != "":
		l, err := s.access.Workspace(ctx, p, f.WorkspaceID)
		return []string{l.UID}, err
	case f.LibraryUID != "":
		l, _, err := s.access.Read(ctx, p, f.LibraryUID)
		return []string{l.UID}, err
	}
	all, err := s.access.Readable(ctx, p)
	uids := make([]string, len(all))
	for i, l := range all {
		uids[i] = l.UID
	}
	return uids, err
}

// clause builds the end of a WHERE whose values are all parameters.
type clause struct {
	text strings.Builder
	args []any
}

func (c *clause) in(column string, values []string) {
	c.text.WriteString(" AND " + column + " IN (")
	for i, v := range values {
		if i > 0 {
			c.text.WriteString(", ")
		}
		c.args = append(c.args, v)
		c.text.WriteString("$" + strconv.Itoa(len(c.args)))
	}
	c.text.WriteString(")")
}

// ItemPatch holds what is to change; nil leaves a value as it is.
type ItemPatch struct {
	Title      *string
	Collection **string // a nil inside takes the item out of its collection
	Metadata   map[string]any
}

const (
	// What the patch leaves alone may be changed by others this moment.
	updateItem = `UPDATE item SET title = COALESCE($2, title), title_given = title_given OR $3,
	collection_uid = CASE WHEN $4 THEN $5 ELSE collection_uid END, metadata = COALESCE($6, metadata), updated_at = $7
WHERE uid = $1 AND deleted_at IS NULL`
	readItem = `SELECT ` + itemColumns + ` FROM item i LEFT JOIN collection c ON c.uid = i.collection_uid WHERE i.uid = $1`
)

// UpdateItem changes how a document is described. When the index does not
// take the change the answer is Unavailable, and asking again mends it.
func (s *Service) UpdateItem(ctx context.Context, p accounts.Principal, uid string, patch ItemPatch) (Item, error) {
	item, l, _, err := s.access.ItemForWrite(ctx, p, uid)
	if err != nil {
		return Item{}, err
	}
	if err := checkItemPatch(&patch); err != nil {
		return Item{}, err
	}
	var metadata *string
	if patch.Metadata != nil {
		raw, err := EncodeMetadata(patch.Metadata)
		if err != nil {
			return Item{}, err
		}
		metadata = &raw
	}
	var moved []IndexItem
	err = s.db.Tx(ctx, func(tx sqldb.Querier) error {
		var collection *string
		if patch.Collection != nil && *patch.Collection != nil {
			cuid, err := EnsureCollection(ctx, tx, l.UID, **patch.Collection, s.now())
			if err != nil {
				return err
			}
			collection = &cuid
		}
		n, err := sqldb.Exec(ctx, tx, updateItem, uid, patch.Title, patch.Title != nil, patch.Collection != nil, collection, metadata, sqldb.At(s.now()))
		if err != nil || n == 0 {
			return orGone(err)
		}
		if patch.Collection != nil {
			if moved, err = MoveAttachments(ctx, tx, l.UID, uid, collection, s.now()); err != nil {
				return err
			}
		}
		if item, err = sqldb.One(ctx, tx, scanItem, readItem, uid); err != nil {
			return err
		}
		return Bump(ctx, tx, l.UID, 0, 0, s.now())
	})
	if sqldb.Duplicate(err) {
		return Item{}, errs.New(errs.Conflict, "The collection already has a document of this filename.")
	}
	if err != nil {
		return Item{}, goneAs(err, noItem(), "update item")
	}
	return item, s.reindex(ctx, item, moved)
}

// checkItemPatch refuses what cannot be stored and trims the rest. A blank
// collection is none.
func checkItemPatch(patch *ItemPatch) error {
	if patch.Title != nil {
		title := strings.TrimSpace(*patch.Title)
		if title == "" {
			return errs.Field("title", "This field may not be blank.")
		}
		if err := CheckLine("title", title, MaxTitle); err != nil {
			return err
		}
		patch.Title = &title
	}
	if patch.Collection == nil || *patch.Collection == nil {
		return nil
	}
	if err := CheckLine("collection", **patch.Collection, MaxCollection); err != nil {
		return err
	}
	var name *string
	if trimmed := strings.TrimSpace(**patch.Collection); trimmed != "" {
		name = &trimmed
	}
	patch.Collection = &name
	return nil
}

// EncodeMetadata writes an item's metadata as it is stored.
func EncodeMetadata(metadata map[string]any) (string, error) {
	if metadata == nil {
		return "{}", nil
	}
	raw, err := json.Marshal(metadata)
	if err != nil {
		return "", fmt.Errorf("write metadata: %w", err)
	}
	if len(raw) > MaxMetadata {
		return "", errs.Field("metadata", fmt.Sprintf("Ensure this field has no more than %d bytes of JSON.", MaxMetadata))
	}
	return string(raw), nil
}

// reindex tells the index of an item, and of attachments that moved with it.
func (s *Service) reindex(ctx context.Context, item Item, moved []IndexItem) error {
	if item.Generation > 0 {
		entry := IndexItem{UID: item.UID, Title: item.Title}
		if item.CollectionUID != nil {
			entry.CollectionUID = *item.CollectionUID
		}
		moved = append(moved, entry)
	}
	for _, entry := range moved {
		if err := s.index.SetItem(ctx, item.LibraryUID, entry); err != nil {
			return errs.Wrap(errs.Unavailable, err, "The change is stored, but search does not know it yet. Ask again.")
		}
	}
	return nil
}

const (
	deleteItem = `UPDATE item SET deleted_at = $3, updated_at = $3
WHERE library_uid = $1 AND uid = $2 AND deleted_at IS NULL RETURNING uid, chunk_count`
	deleteFile = `UPDATE item SET deleted_at = $3, updated_at = $3
WHERE library_uid = $1 AND file_id = $2 AND deleted_at IS NULL RETURNING uid, chunk_count`
)

// DeleteItem takes a document out of everybody's sight, at once. What is
// stored of it goes soon after.
func (s *Service) DeleteItem(ctx context.Context, p accounts.Principal, uid string) error {
	_, l, _, err := s.access.ItemForWrite(ctx, p, uid)
	if err != nil {
		return err
	}
	return s.dropItem(ctx, p, l, deleteItem, uid)
}

// dropItem deletes the item of a library that a statement finds by a name.
func (s *Service) dropItem(ctx context.Context, p accounts.Principal, l Library, statement, name string) error {
	err := s.audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		var chunks int64
		uid, err := sqldb.One(ctx, tx, func(row sqldb.Row) (uid string, err error) { return uid, row.Scan(&uid, &chunks) },
			statement, l.UID, name, sqldb.At(s.now()))
		if sqldb.Missing(err) {
			return nil, errNone
		} else if err != nil {
			return nil, err
		}
		items, more, err := dropAttachments(ctx, tx, l.UID, []string{uid}, s.now())
		if err != nil {
			return nil, err
		}
		return event(ctx, p, l, "item_delete", "deleted", slog.String("item_uid", uid)), Bump(ctx, tx, l.UID, -1-items, -chunks-more, s.now())
	})
	if err != nil {
		return goneAs(err, noItem(), "delete item")
	}
	s.purge()
	return nil
}

const (
	insertCollection = `INSERT INTO collection (uid, library_uid, name, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (library_uid, name) DO NOTHING`
	collectionNamed = `SELECT uid FROM collection WHERE library_uid = $1 AND name = $2`
)

// EnsureCollection gives the uid of a library's collection, which it makes
// when there is none of that name.
func EnsureCollection(ctx context.Context, tx sqldb.Querier, libraryUID, name string, now time.Time) (string, error) {
	if _, err := sqldb.Exec(ctx, tx, insertCollection, uuid.NewString(), libraryUID, name, sqldb.At(now)); err != nil {
		return "", fmt.Errorf("make collection: %w", err)
	}
	uid, err := sqldb.One(ctx, tx, func(row sqldb.Row) (v string, err error) { return v, row.Scan(&v) }, collectionNamed, libraryUID, name)
	if err != nil {
		return "", fmt.Errorf("find collection: %w", err)
	}
	return uid, nil
}

const listCollections = `SELECT uid, library_uid, name FROM collection WHERE library_uid = $1 ORDER BY name`

// Collections lists the collections of a library by name.
func (s *Service) Collections(ctx context.Context, p accounts.Principal, libraryUID string) ([]Collection, error) {
	if _, _, err := s.access.Read(ctx, p, libraryUID); err != nil {
		return nil, err
	}
	out, err := sqldb.All(ctx, s.db.Read(), func(row sqldb.Row) (c Collection, err error) {
		return c, row.Scan(&c.UID, &c.LibraryUID, &c.Name)
	}, listCollections, libraryUID)
	if err != nil {
		return nil, fmt.Errorf("list collections of %s: %w", libraryUID, err)
	}
	return out, nil
}
