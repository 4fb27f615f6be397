package library

import (
	"context"
	"fmt"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Generation is a version of an item's content and where its objects are.
type Generation struct {
	ItemUID      string
	Number       int64
	OriginalKey  string // object of the bytes as they came
	TextKey      string // object of the extracted text; empty until there is one
	StructureKey string // object of its blocks and pages
	ContentHash  string
	ContentType  string
	SizeBytes    int64
}

const readGeneration = `SELECT item_uid, generation, original_key, text_key, structure_key, content_hash, content_type, size_bytes
FROM item_generation WHERE item_uid = $1 AND generation = $2`

// Generation reads one generation of an item that the caller was granted.
// One that is not kept any more is NotFound.
func (s *Service) Generation(ctx context.Context, item Item, number int64) (Generation, error) {
	g, err := sqldb.One(ctx, s.db.Read(), func(row sqldb.Row) (g Generation, err error) {
		return g, row.Scan(&g.ItemUID, &g.Number, &g.OriginalKey, &g.TextKey, &g.StructureKey, &g.ContentHash, &g.ContentType, &g.SizeBytes)
	}, readGeneration, item.UID, number)
	if sqldb.Missing(err) {
		return Generation{}, errs.New(errs.NotFound, "This document has no text yet.")
	}
	if err != nil {
		return Generation{}, fmt.Errorf("read generation %d of %s: %w", number, item.UID, err)
	}
	return g, nil
}
