package library

import (
	"context"
	"fmt"
	"strings"

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

// RegionsKey names the object that says where on its pages the words of a text
// stand. It lies beside the structure, and not every document has one.
func RegionsKey(structureKey string) string {
	return strings.TrimSuffix(structureKey, "structure") + "regions"
}

const (
	readGeneration = `SELECT item_uid, generation, original_key, text_key, structure_key, content_hash, content_type, size_bytes
FROM item_generation WHERE item_uid = $1 AND generation = $2`
	newestGeneration = `SELECT item_uid, generation, original_key, text_key, structure_key, content_hash, content_type, size_bytes
FROM item_generation WHERE item_uid = $1 ORDER BY generation DESC LIMIT 1`
)

// Generation reads one generation of an item that the caller was granted.
// One that is not kept, 0 included, is NotFound.
func (s *Service) Generation(ctx context.Context, item Item, number int64) (Generation, error) {
	return s.generation(ctx, "This document has no text yet.", readGeneration, item.UID, number)
}

// Shown reads the generation that readers see or, before there is one, the
// newest, whose original is there already.
func (s *Service) Shown(ctx context.Context, item Item) (Generation, error) {
	const missing = "The original of this document is not stored."
	if item.Generation > 0 {
		return s.generation(ctx, missing, readGeneration, item.UID, item.Generation)
	}
	return s.generation(ctx, missing, newestGeneration, item.UID)
}

func (s *Service) generation(ctx context.Context, missing, query string, args ...any) (Generation, error) {
	g, err := sqldb.One(ctx, s.db.Read(), func(row sqldb.Row) (g Generation, err error) {
		return g, row.Scan(&g.ItemUID, &g.Number, &g.OriginalKey, &g.TextKey, &g.StructureKey, &g.ContentHash, &g.ContentType, &g.SizeBytes)
	}, query, args...)
	if sqldb.Missing(err) {
		return Generation{}, errs.New(errs.NotFound, missing)
	}
	if err != nil {
		return Generation{}, fmt.Errorf("read a generation: %w", err)
	}
	return g, nil
}
