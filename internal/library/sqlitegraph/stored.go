package sqlitegraph

import (
	"context"
	"database/sql"
	"fmt"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const (
	readStored = `SELECT ` + chunkColumns + `, c.context FROM item i JOIN chunk c ON c.item_id = i.id
WHERE i.uid = $1 AND c.generation = $2 AND c.generation <= i.generation AND c.ordinal >= $3 AND c.ordinal < $4
ORDER BY c.ordinal`
	readStoredVectors = `SELECT v.ordinal, s.name, v.hash, v.value FROM item i
JOIN vector v ON v.item_id = i.id JOIN space s ON s.id = v.space_id
WHERE i.uid = $1 AND v.generation = $2 AND v.generation <= i.generation AND v.ordinal >= $3 AND v.ordinal < $4
ORDER BY v.ordinal, v.space_id`
)

// Stored gives chunks of a generation with their vectors and mentions.
func (g *Graph) Stored(ctx context.Context, gen library.GenerationRef, from, to int) ([]library.StoredChunk, error) {
	var out []library.StoredChunk
	err := g.read(ctx, gen.LibraryUID, func(s *snapshot) (err error) {
		args := []any{gen.ItemUID, gen.Generation, from, to}
		if out, err = sqldb.All(ctx, s, scanStored, readStored, args...); err != nil {
			return err
		}
		at := make(map[int]*library.StoredChunk, len(out))
		for i := range out {
			out[i].LibraryUID = gen.LibraryUID
			at[out[i].Ordinal] = &out[i]
		}
		if _, err = sqldb.All(ctx, s, func(r sqldb.Row) (struct{}, error) { return struct{}{}, scanVectorInto(r, at) }, readStoredVectors, args...); err != nil {
			return err
		}
		_, err = sqldb.All(ctx, s, func(r sqldb.Row) (struct{}, error) { return struct{}{}, scanMentionInto(r, at) }, readStoredMentions, args...)
		return err
	})
	return out, err
}

func scanStored(r sqldb.Row) (c library.StoredChunk, err error) {
	c.Chunk, err = scanChunk(withContext{r, &c.Context})
	c.Vectors = map[string][]float32{}
	return c, err
}

// withContext scans one column more, behind those asked for.
type withContext struct {
	sqldb.Row

	context *string
}

// Scan reads the row.
func (r withContext) Scan(dest ...any) error { return r.Row.Scan(append(dest, r.context)...) }

func scanVectorInto(r sqldb.Row, at map[int]*library.StoredChunk) error {
	var ordinal int
	var space, hash string
	var value sql.RawBytes
	if err := r.Scan(&ordinal, &space, &hash, &value); err != nil {
		return err
	}
	c := at[ordinal]
	if c == nil {
		return nil
	}
	v, err := unpackVector(nil, value)
	if err != nil {
		return fmt.Errorf("read the vector of chunk %d: %w", ordinal, err)
	}
	c.Hash, c.Vectors[space] = hash, v
	return nil
}
