package library

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// An attachment is an item of its own beside its mail, which it goes with.

// DropItems marks items of a library as deleted, and the attachments of mails
// among them, whatever lies in whatever. It gives how many items and chunks the
// library has fewer. The transaction holds what they are attachments of.
func DropItems(ctx context.Context, tx sqldb.Querier, libraryUID string, uids []string, now time.Time) (items, chunks int64, err error) {
	dropped, chunks, err := dropBy(ctx, tx, "uid", libraryUID, uids, now)
	if err != nil {
		return 0, 0, err
	}
	items, more, err := dropAttachments(ctx, tx, libraryUID, dropped, now)
	return items + int64(len(dropped)), chunks + more, err
}

// dropAttachments marks the attachments of deleted mails as deleted, level by
// level: whoever adds one holds its mail, so that none is added to a level that
// is deleted.
func dropAttachments(ctx context.Context, tx sqldb.Querier, libraryUID string, mails []string, now time.Time) (items, chunks int64, err error) {
	for len(mails) > 0 {
		var fewer int64
		if mails, fewer, err = dropBy(ctx, tx, "parent_uid", libraryUID, mails, now); err != nil {
			return 0, 0, err
		}
		items, chunks = items+int64(len(mails)), chunks+fewer
	}
	return items, chunks, nil
}

// dropBy marks the items as deleted that a column names.
func dropBy(ctx context.Context, tx sqldb.Querier, column, libraryUID string, uids []string, now time.Time) (dropped []string, chunks int64, err error) {
	const many = 500
	for part := range slices.Chunk(uids, many) {
		args := []any{libraryUID, sqldb.At(now)}
		var marks strings.Builder
		for i, uid := range part {
			if i > 0 {
				marks.WriteString(", ")
			}
			args = append(args, uid)
			marks.WriteString("$" + strconv.Itoa(len(args)))
		}
		found, err := sqldb.All(ctx, tx, func(row sqldb.Row) (uid string, err error) {
			var n int64
			err = row.Scan(&uid, &n)
			chunks += n
			return uid, err
		}, `UPDATE item SET deleted_at = $2, updated_at = $2 WHERE library_uid = $1 AND deleted_at IS NULL AND `+column+` IN (`+marks.String()+`)
RETURNING uid, chunk_count`, args...)
		if err != nil {
			return nil, 0, fmt.Errorf("delete attachments: %w", err)
		}
		dropped = append(dropped, found...)
	}
	return dropped, chunks, nil
}

const attachmentsOf = `SELECT ` + itemColumns + ` FROM item i LEFT JOIN collection c ON c.uid = i.collection_uid
WHERE i.library_uid = $1 AND i.parent_uid = $2 AND i.deleted_at IS NULL ORDER BY i.filename, i.attachment, i.uid`

// Attachments lists the attachments of a mail that the caller was granted, by
// their names.
func (s *Service) Attachments(ctx context.Context, mail Item) ([]Item, error) {
	items, err := sqldb.All(ctx, s.db.Read(), scanItem, attachmentsOf, mail.LibraryUID, mail.UID)
	if err != nil {
		return nil, fmt.Errorf("list attachments: %w", err)
	}
	return items, nil
}

// MoveAttachments puts the attachments of a mail into its collection, level by
// level, and gives what the index is to be told.
func MoveAttachments(ctx context.Context, tx sqldb.Querier, libraryUID, mail string, collectionUID *string, now time.Time) ([]IndexItem, error) {
	const move = `UPDATE item SET collection_uid = $3, updated_at = $4 WHERE library_uid = $1 AND parent_uid = $2 AND deleted_at IS NULL
RETURNING uid, title, generation`
	var out []IndexItem
	for mails := []string{mail}; len(mails) > 0; mails = mails[1:] {
		_, err := sqldb.All(ctx, tx, func(row sqldb.Row) (v struct{}, err error) {
			i := IndexItem{}
			var generation int64
			err = row.Scan(&i.UID, &i.Title, &generation)
			if collectionUID != nil {
				i.CollectionUID = *collectionUID
			}
			if generation > 0 {
				out = append(out, i)
			}
			mails = append(mails, i.UID)
			return v, err
		}, move, libraryUID, mails[0], collectionUID, sqldb.At(now))
		if err != nil {
			return nil, fmt.Errorf("move attachments: %w", err)
		}
	}
	return out, nil
}

// MailOf gives the mail that a document is an attachment of, or nil.
func (s *Service) MailOf(ctx context.Context, p accounts.Principal, i Item) (*Item, error) {
	if i.ParentUID == nil {
		return nil, nil //nolint:nilnil // most documents are none
	}
	mail, _, _, err := s.access.Item(ctx, p, *i.ParentUID)
	if errs.Is(err, errs.NotFound) {
		return nil, nil //nolint:nilnil // it is deleted this moment, or was not imported
	}
	if err != nil {
		return nil, err
	}
	return &mail, nil
}
