package sqlitegraph

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const chunkColumns = `i.uid, c.generation, c.ordinal, c.text, c.heading_path, c.page, c.start_at, c.end_at`

const readChunks = `SELECT ` + chunkColumns + ` FROM item i JOIN chunk c ON c.item_id = i.id
WHERE i.uid = $1 AND c.generation = $2 AND c.generation <= i.generation AND c.ordinal >= $3 AND c.ordinal < $4
ORDER BY c.ordinal`

func scanChunk(r sqldb.Row) (library.Chunk, error) {
	var c library.Chunk
	var headings string
	var page sql.Null[int]
	err := r.Scan(&c.ItemUID, &c.Generation, &c.Ordinal, &c.Text, &headings, &page, &c.Start, &c.End)
	if err != nil {
		return c, err
	}
	if page.Valid {
		c.Page = &page.V
	}
	if err := json.Unmarshal([]byte(headings), &c.HeadingPath); err != nil {
		return c, fmt.Errorf("read the heading path: %w", err)
	}
	c.UID, err = library.ChunkUID(c.ItemUID, c.Generation, c.Ordinal)
	return c, err
}

// Chunks gives chunks of a generation that is or was published.
func (g *Graph) Chunks(ctx context.Context, gen library.GenerationRef, from, to int) ([]library.Chunk, error) {
	var out []library.Chunk
	err := g.read(ctx, gen.LibraryUID, func(s *snapshot) (err error) {
		out, err = sqldb.All(ctx, s, scanChunk, readChunks, gen.ItemUID, gen.Generation, from, to)
		return err
	})
	for i := range out {
		out[i].LibraryUID = gen.LibraryUID
	}
	return out, err
}

const readPublished = `SELECT ` + chunkColumns + ` FROM item i JOIN chunk c ON c.item_id = i.id AND c.generation = i.generation
WHERE i.uid = $1 AND c.generation = $2 AND c.ordinal = $3`

// Hydrate reads the chunks that were found, a library at a time.
func (g *Graph) Hydrate(ctx context.Context, found []library.Scored) ([]library.Chunk, error) {
	var uids []string
	places := map[string][]int{}
	for i, f := range found {
		if places[f.LibraryUID] == nil {
			uids = append(uids, f.LibraryUID)
		}
		places[f.LibraryUID] = append(places[f.LibraryUID], i)
	}
	chunks := make([]*library.Chunk, len(found))
	err := each(ctx, uids, func(ctx context.Context, _ int, uid string) error {
		return g.read(ctx, uid, func(s *snapshot) error { return s.hydrate(ctx, found, places[uid], chunks) })
	})
	out := make([]library.Chunk, 0, len(found))
	for _, c := range chunks {
		if c != nil {
			out = append(out, *c)
		}
	}
	return out, err
}

func (s *snapshot) hydrate(ctx context.Context, found []library.Scored, places []int, chunks []*library.Chunk) (err error) {
	stmt, err := s.PrepareContext(ctx, readPublished)
	if err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	defer func() { err = errors.Join(err, stmt.Close()) }()
	for _, i := range places {
		f := found[i]
		c, err := scanChunk(stmt.QueryRowContext(ctx, f.ItemUID, f.Generation, f.Ordinal))
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read a chunk: %w", err)
		}
		c.LibraryUID = f.LibraryUID
		chunks[i] = &c
	}
	return nil
}
