package sqlitegraph

import (
	"context"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// item is a row of the item table.
type item struct {
	id         int64
	uid        string
	collection string
	title      string
	language   string // that its words are stemmed by
	generation int64  // the published one; 0: none yet
}

func scanItem(r sqldb.Row) (item, error) {
	var it item
	err := r.Scan(&it.id, &it.uid, &it.collection, &it.title, &it.language, &it.generation)
	return it, err
}

const findItem = `SELECT id, uid, collection_uid, title, language, generation FROM item WHERE uid = $1`

// item gives the zero item where there is none.
func (s *snapshot) item(ctx context.Context, uid string) (item, error) {
	it, err := sqldb.One(ctx, s, scanItem, findItem, uid)
	if sqldb.Missing(err) {
		return item{}, nil
	}
	return it, err
}

const addItem = `INSERT INTO item (uid) VALUES ($1) ON CONFLICT (uid) DO NOTHING`

// itemMade is item, made where there is none.
func (s *snapshot) itemMade(ctx context.Context, uid string) (item, error) {
	if _, err := sqldb.Exec(ctx, s, addItem, uid); err != nil {
		return item{}, err
	}
	return s.item(ctx, uid)
}

const dropItemIfBare = `DELETE FROM item WHERE id = $1 AND generation = 0
AND NOT EXISTS (SELECT 1 FROM chunk WHERE chunk.item_id = item.id)`

const (
	dropChunks  = `DELETE FROM chunk WHERE item_id = $1 AND generation BETWEEN $2 AND $3`
	dropVectors = `DELETE FROM vector WHERE item_id = $1 AND generation BETWEEN $2 AND $3`
)

// dropGenerations deletes chunks, vectors and mentions, not their words, of the
// generations from one to another, both inclusive.
func (s *snapshot) dropGenerations(ctx context.Context, itemID, from, to int64) error {
	if _, err := sqldb.Exec(ctx, s, dropChunks, itemID, from, to); err != nil {
		return err
	}
	if _, err := sqldb.Exec(ctx, s, dropVectors, itemID, from, to); err != nil {
		return err
	}
	return s.dropMentions(ctx, itemID, from, to)
}

const (
	logChange  = `INSERT INTO change (item_id, space_id) VALUES ($1, $2) RETURNING seq`
	trimChange = `DELETE FROM change WHERE seq <= $1`
	keptChange = 4096 // behind by more, a process loads its vectors anew
)

// changed writes down that what is published of an item is another.
func (s *snapshot) changed(ctx context.Context, itemID int64) error {
	return s.changedIn(ctx, itemID, 0)
}

// changedIn is changed for vectors of one space.
func (s *snapshot) changedIn(ctx context.Context, itemID, spaceID int64) error {
	seq, err := sqldb.One(ctx, s, scanInt, logChange, itemID, spaceID)
	if err != nil {
		return err
	}
	_, err = sqldb.Exec(ctx, s, trimChange, seq-keptChange)
	return err
}

func scanInt(r sqldb.Row) (n int64, err error) {
	err = r.Scan(&n)
	return n, err
}

func scanString(r sqldb.Row) (v string, err error) {
	err = r.Scan(&v)
	return v, err
}
