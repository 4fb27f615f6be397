package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/migrations"
)

// whole asks the engine that REST and MCP ask, legs, fusion and passages, with
// the vectors of questions given.
func (a asker) whole(ctx context.Context, vectors func(int) []float32) (err error) {
	db, err := sqldb.OpenSQLite(ctx, filepath.Join(a.j.Dir, "rows.sqlite"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.Migrate(ctx, migrations.FS); err != nil {
		return err
	}
	small := newLayout(smallChunks)
	for uid, l := range map[string]layout{bigLibrary: a.l, smallLibrary: small} {
		if err := addRows(ctx, db, uid, l); err != nil {
			return err
		}
	}
	given := &given{vectors: map[string][]float32{}}
	engine := search.New(search.Options{Access: all{}, Graph: a.g, Embedder: given, Catalog: search.NewCatalog(db)})
	ask := func(uid, text string, vector []float32) error {
		given.vectors[text] = vector
		r, err := engine.Search(ctx, accounts.Principal{}, search.Request{Query: text, Libraries: []string{uid}})
		if err == nil && r.Degraded {
			err = fmt.Errorf("the answer is not whole: %+v", r.Status)
		}
		return err
	}
	for _, t := range a.j.Texts {
		if err := series("whole "+t.Kind, len(t.Texts), func(i int) ([]int, error) { return nil, ask(bigLibrary, t.Texts[i], vectors(i)) }); err != nil {
			return err
		}
	}
	first := a.j.Texts[0]
	return series("small whole "+first.Kind, len(first.Texts), func(i int) ([]int, error) {
		return nil, ask(smallLibrary, first.Texts[i], vectors(i))
	})
}

const (
	addLibrary = `INSERT INTO library (uid, name, library_type, chunk_count, embedding_space, created_at, updated_at)
VALUES ($1, $1, 'technical', $2, $3, $4, $4) ON CONFLICT (uid) DO NOTHING`
	// The documents are counted by a query that makes rows of numbers.
	addItems = `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $2)
INSERT INTO item (uid, library_uid, filename, title, status, generation, last_generation, created_at, updated_at)
SELECT printf($3, i), $1, 'f' || i, 'A document', 'ready', 1, 1, $4, $4 FROM n WHERE true ON CONFLICT (uid) DO NOTHING`
)

// addRows tells the relational store of a library's documents.
func addRows(ctx context.Context, db *sqldb.DB, uid string, l layout) error {
	return db.Tx(ctx, func(tx sqldb.Querier) error {
		now := time.Now().UTC().Format(time.RFC3339)
		if _, err := sqldb.Exec(ctx, tx, addLibrary, uid, l.chunks, spaceName, now); err != nil {
			return err
		}
		_, err := sqldb.Exec(ctx, tx, addItems, uid, (l.chunks+l.perItem-1)/l.perItem, itemFormat(uid), now)
		return err
	})
}

// all lets everybody read everything.
type all struct{}

func (all) Resolve(_ context.Context, _ accounts.Principal, uids []string) ([]library.Library, error) {
	var out []library.Library
	for _, uid := range uids {
		out = append(out, library.Library{UID: uid, Name: uid, Type: "technical", ChunkCount: 1, Space: spaceName})
	}
	return out, nil
}

func (all) ItemOfChunk(context.Context, accounts.Principal, string) (library.Item, library.Library, library.ChunkRef, error) {
	return library.Item{}, library.Library{}, library.ChunkRef{}, errors.New("nobody asks for a chunk here")
}

// given is an embedder that was told the vectors.
type given struct{ vectors map[string][]float32 }

func (*given) Space() embedding.Space {
	return embedding.Space{Model: "made-up", Dimensions: dimensions}
}
func (*given) MaxTokens() int             { return 512 }
func (*given) CountTokens(string) int     { return 1 }
func (*given) TakesInstructions() bool    { return false }
func (*given) Ping(context.Context) error { return nil }

func (*given) EmbedDocuments(context.Context, []embedding.Input) ([][]float32, error) {
	return nil, errors.ErrUnsupported
}

func (g *given) EmbedQuery(_ context.Context, q embedding.Query) ([]float32, error) {
	return g.vectors[q.Text], nil
}
