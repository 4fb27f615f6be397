package sqlitegraph

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph/dense"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Nearest compares the query with every vector in scope. Cosines mean the
// same in every library, so the lists are merged by them.
func (g *Graph) Nearest(ctx context.Context, q library.VectorQuery) ([]library.Scored, error) {
	if q.Limit <= 0 {
		return nil, nil
	}
	if !finite(q.Vector) {
		return nil, errs.New(errs.Internal, "the query's vector is not finite")
	}
	uids := slices.Compact(slices.Sorted(slices.Values(q.Libraries)))
	lists := make([][]library.Scored, len(uids))
	err := each(ctx, uids, func(ctx context.Context, i int, uid string) error {
		if err := g.load(ctx, vectorKey{uid, q.Space}); err != nil {
			return err
		}
		return g.read(ctx, uid, func(s *snapshot) (err error) {
			lists[i], err = g.nearest(ctx, s, uid, q)
			return err
		})
	})
	return merge(lists, q.Limit), err
}

const (
	spaceOf    = `SELECT id, dimensions FROM space WHERE name = $1`
	newestSeq  = `SELECT COALESCE(MAX(seq), 0) FROM change`
	oldestSeq  = `SELECT COALESCE(MIN(seq), 0) FROM change`
	changedIDs = `SELECT DISTINCT item_id FROM change WHERE seq > $1 AND space_id IN (0, $2) ORDER BY item_id`
)

type embeddingSpace struct {
	id  int64
	dim int
}

func (s *snapshot) space(ctx context.Context, name string) (embeddingSpace, error) {
	return sqldb.One(ctx, s, func(r sqldb.Row) (sp embeddingSpace, err error) {
		err = r.Scan(&sp.id, &sp.dim)
		return sp, err
	}, spaceOf, name)
}

// load brings a library's vectors into memory when they are not there. It goes
// on when the search that asked for it is late, so that a later one finds them:
// begun anew each time, a library that takes longer than a search may would
// never be searched by its vectors.
func (g *Graph) load(ctx context.Context, key vectorKey) error {
	if g.vectors.has(key) {
		return nil
	}
	done := g.loads.DoChan(key.library+" "+key.space, func() (any, error) {
		ctx := context.WithoutCancel(ctx)
		return nil, g.read(ctx, key.library, func(s *snapshot) error {
			sp, err := s.space(ctx, key.space)
			if err != nil {
				return err
			}
			h := g.vectors.hold(key.library, key.space, s.store.info, sp.dim)
			defer g.vectors.settle(h)
			return h.catchUp(ctx, s, sp, g.vectors.budget)
		})
	})
	select {
	case <-ctx.Done():
		return ctx.Err()
	case loaded := <-done:
		if sqldb.Missing(loaded.Err) || errors.Is(loaded.Err, errTooBig) {
			return nil // nothing to load, or not into memory
		}
		return loaded.Err
	}
}

func (g *Graph) nearest(ctx context.Context, s *snapshot, uid string, q library.VectorQuery) ([]library.Scored, error) {
	sp, err := s.space(ctx, q.Space)
	if sqldb.Missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if sp.dim != len(q.Vector) {
		return nil, errs.Newf(errs.Internal, "the query's vector has %d dimensions, the index of space %s has %d", len(q.Vector), q.Space, sp.dim)
	}
	h := g.vectors.hold(uid, q.Space, s.store.info, sp.dim)
	if err := h.catchUp(ctx, s, sp, g.vectors.budget); errors.Is(err, errTooBig) {
		return s.nearestFromFile(ctx, uid, sp, q)
	} else if err != nil {
		return nil, err
	}
	defer g.vectors.settle(h)
	h.mu.RLock()
	defer h.mu.RUnlock()
	matches, err := h.matrix.Nearest(ctx, q.Vector, q.Limit, allowed(h.items, q.Filter))
	return named(uid, matches, h.items), err
}

// allowed lists the items that a filter lets through; nil: all.
func allowed(items map[int64]item, f library.Filter) []int64 {
	if !narrow(f) {
		return nil
	}
	out := []int64{}
	through := filtering(f)
	for _, id := range sortedKeys(items) {
		if through(items[id]) {
			out = append(out, id)
		}
	}
	return out
}

func named(uid string, matches []dense.Match, items map[int64]item) []library.Scored {
	out := make([]library.Scored, 0, len(matches))
	for _, m := range matches {
		it := items[m.Key.Group]
		out = append(out, library.Scored{
			LibraryUID: uid, ItemUID: it.uid, Generation: it.generation,
			Ordinal: int(m.Key.Ordinal), Score: float64(m.Score),
		})
	}
	return out
}

const (
	publishedItems = `SELECT id, uid, collection_uid, title, generation FROM item WHERE generation > 0`
	publishedItem  = `SELECT id, uid, collection_uid, title, generation FROM item WHERE id = $1 AND generation > 0`
	allVectors     = `SELECT item_id, generation, ordinal, value FROM vector WHERE space_id = $1`
	itemVectors    = `SELECT item_id, generation, ordinal, value FROM vector WHERE space_id = $1 AND item_id = $2 AND generation = $3`
)

// vectors calls fn with each vector of the query that belongs to a published
// generation. The slice is used again.
func (s *snapshot) vectors(ctx context.Context, items map[int64]item, fn func(dense.Key, []float32) error, query string, args ...any) (err error) {
	rows, err := s.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("read vectors: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var value sql.RawBytes
	var vector []float32
	for rows.Next() {
		var key dense.Key
		var generation int64
		if err := rows.Scan(&key.Group, &generation, &key.Ordinal, &value); err != nil {
			return fmt.Errorf("read a vector: %w", err)
		}
		if items[key.Group].generation != generation {
			continue
		}
		if vector, err = unpackVector(vector, value); err != nil {
			return err
		}
		if err := fn(key, vector); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read vectors: %w", err)
	}
	return nil
}

func (s *snapshot) items(ctx context.Context) (map[int64]item, error) {
	all, err := sqldb.All(ctx, s, scanItem, publishedItems)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]item, len(all))
	for _, it := range all {
		it.title = "" // not needed here, and many
		out[it.id] = it
	}
	return out, nil
}

// nearestFromFile reads every vector from the file, for a library too big to
// be held in memory.
func (s *snapshot) nearestFromFile(ctx context.Context, uid string, sp embeddingSpace, q library.VectorQuery) ([]library.Scored, error) {
	items, err := s.items(ctx)
	if err != nil {
		return nil, err
	}
	top, through := dense.NewTop(q.Limit), filtering(q.Filter)
	err = s.vectors(ctx, items, func(key dense.Key, v []float32) error {
		if len(v) != sp.dim {
			return fmt.Errorf("%w: item %d, chunk %d", dense.ErrDimensions, key.Group, key.Ordinal)
		}
		if through(items[key.Group]) {
			top.Offer(dense.Match{Key: key, Score: dense.Dot(q.Vector, v)})
		}
		return nil
	}, allVectors, sp.id)
	if err != nil {
		return nil, err
	}
	return named(uid, top.Sorted(), items), nil
}
