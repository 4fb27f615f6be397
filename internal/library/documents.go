package library

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// DocumentSort is the order of a list of documents.
type DocumentSort string

// The orders of documents. Each is an index's, so that a page of the list
// costs the same wherever it is.
const (
	ByNewest DocumentSort = "newest"
	ByName   DocumentSort = "name"
	BySize   DocumentSort = "size" // the largest first
)

// DocumentFilter narrows the list of a library's documents. Zero values
// narrow nothing.
type DocumentFilter struct {
	LibraryUID string
	Text       string // in the title or the filename, whatever its case
	Status     ItemStatus
	Collection *string // uid; an empty one: in no collection
	Sort       DocumentSort
}

// DocumentPosition is a place in a list of documents, beside a document. The
// zero value is the list's beginning.
type DocumentPosition struct {
	CreatedAt time.Time
	Title     string
	Size      int64
	UID       string
	Before    bool // the page ends before the document, instead of beginning behind it
}

// PositionOf is the place of a document in every order.
func PositionOf(i Item, before bool) DocumentPosition {
	return DocumentPosition{CreatedAt: i.CreatedAt, Title: i.Title, Size: i.SizeBytes, UID: i.UID, Before: before}
}

// DocumentPage is a page of a list, and whether the list goes on to its sides.
type DocumentPage struct {
	Items         []Item
	Before, After bool
}

// order is how a sort is written in SQL.
type order struct {
	key        string
	value      any
	descending bool
}

func orderOf(sort DocumentSort, at DocumentPosition) order {
	switch sort {
	case ByName:
		return order{"LOWER(i.title)", at.Title, false}
	case BySize:
		return order{"i.size_bytes", at.Size, true}
	case ByNewest:
	}
	return order{"i.created_at", sqldb.At(at.CreatedAt), true}
}

// Documents gives a page of the documents of a library that the caller may
// read, from a position on or up to it.
func (s *Service) Documents(ctx context.Context, p accounts.Principal, f DocumentFilter, at DocumentPosition, limit int) (DocumentPage, error) {
	if _, _, err := s.access.Read(ctx, p, f.LibraryUID); err != nil {
		return DocumentPage{}, err
	}
	where := clause{args: []any{limit + 1}}
	where.in("i.library_uid", []string{f.LibraryUID})
	if f.Text != "" {
		where.holds(f.Text, "i.title", "i.filename")
	}
	if f.Status != "" {
		where.in("i.status", []string{string(f.Status)})
	}
	if f.Collection != nil && *f.Collection == "" {
		where.text.WriteString(" AND i.collection_uid IS NULL")
	} else if f.Collection != nil {
		where.in("i.collection_uid", []string{*f.Collection})
	}
	o := orderOf(f.Sort, at)
	down := o.descending != at.Before
	sign, direction := ">", "ASC"
	if down {
		sign, direction = "<", "DESC"
	}
	if at.UID != "" {
		where.args = append(where.args, o.value, at.UID)
		n := len(where.args)
		value := "$" + strconv.Itoa(n-1)
		if f.Sort == ByName {
			value = "LOWER(" + value + ")"
		}
		where.text.WriteString(" AND (" + o.key + ", i.uid) " + sign + " (" + value + ", $" + strconv.Itoa(n) + ")")
	}
	items, err := sqldb.All(ctx, s.db.Read(), scanItem, `SELECT `+itemColumns+`
FROM item i LEFT JOIN collection c ON c.uid = i.collection_uid
WHERE i.deleted_at IS NULL`+where.text.String()+`
ORDER BY `+o.key+` `+direction+`, i.uid `+direction+sqldb.Limit("$1"), where.args...)
	if err != nil {
		return DocumentPage{}, fmt.Errorf("list documents: %w", err)
	}
	return pageOf(items, at, limit), nil
}

// pageOf makes a page of one row more than it shows: that row tells whether
// the list goes on.
func pageOf(items []Item, at DocumentPosition, limit int) DocumentPage {
	more := len(items) > limit
	page := DocumentPage{Items: items[:min(len(items), limit)], Before: at.UID != "", After: more}
	if at.Before {
		slices.Reverse(page.Items)
		page.Before, page.After = more, true
	}
	return page
}

// holds asks for a text in one of several columns, whatever its case. No
// character of it is syntax.
func (c *clause) holds(text string, columns ...string) {
	c.args = append(c.args, "%"+strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(text)+"%")
	for i, column := range columns {
		columns[i] = "LOWER(" + column + ") LIKE LOWER($" + strconv.Itoa(len(c.args)) + `) ESCAPE '\'`
	}
	c.text.WriteString(" AND (" + strings.Join(columns, " OR ") + ")")
}
