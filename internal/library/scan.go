package library

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// timeInto scans a stored time into a time.Time.
type timeInto struct{ dst *time.Time }

func scanTime(dst *time.Time) sql.Scanner { return timeInto{dst} }

func (t timeInto) Scan(src any) error {
	var v sqldb.Time
	if err := v.Scan(src); err != nil {
		return err
	}
	*t.dst = v.Time
	return nil
}

const itemColumns = `i.uid, i.library_uid, i.collection_uid, c.name, i.created_by, i.title, i.source, i.filename, i.file_id,
	i.content_type, i.language, i.size_bytes, i.content_hash, i.status, i.error_code, i.error_detail, i.pages, i.chunk_count,
	i.generation, i.metadata, i.parent_uid, i.created_at, i.updated_at`

// itemFields gives where the columns of an item go, and what is left to do
// once they are scanned.
func itemFields(i *Item) (fields []any, done func() error) {
	var metadata []byte
	fields = []any{
		&i.UID, &i.LibraryUID, &i.CollectionUID, &i.Collection, &i.CreatedBy, &i.Title, &i.Source, &i.Filename, &i.FileID,
		&i.ContentType, &i.Language, &i.SizeBytes, &i.ContentHash, &i.Status, &i.ErrorCode, &i.ErrorDetail, &i.Pages, &i.ChunkCount,
		&i.Generation, &metadata, &i.ParentUID, scanTime(&i.CreatedAt), scanTime(&i.UpdatedAt),
	}
	return fields, func() error {
		// Numbers stay as they were written, whatever their size.
		dec := json.NewDecoder(bytes.NewReader(metadata))
		dec.UseNumber()
		if err := dec.Decode(&i.Metadata); err != nil {
			return fmt.Errorf("read the metadata of item %s: %w", i.UID, err)
		}
		return nil
	}
}

func scanItem(row sqldb.Row) (Item, error) {
	var i Item
	fields, done := itemFields(&i)
	if err := row.Scan(fields...); err != nil {
		return i, err
	}
	return i, done()
}

// errNone is how a statement of a transaction says that its row has gone
// since the caller was granted it.
var errNone = errors.New("library: the row is not there any more")

// Position is a place in a list that runs from the newest to the oldest. The
// zero value is its beginning.
type Position struct {
	CreatedAt time.Time
	UID       string
}

// start gives a position that every row lies behind, in place of the zero
// value, so that one query serves every page.
func (p Position) start() Position {
	if p.UID == "" {
		return Position{CreatedAt: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}
	}
	return p
}
