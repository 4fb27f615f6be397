package sqlitegraph

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph/dense"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Nearest compares the query with every vector in scope, as they are rounded
// in memory, and ranks those that come near by the vectors of the file: what
// it finds is what comparing each of these would. Cosines mean the same in
// every library, so the lists are merged by them.
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
		for attempt := 1; ; attempt++ {
			err := g.read(ctx, uid, func(s *snapshot) (err error) {
				if q.Filter.Says() {
					lists[i], err = g.nearestSaying(ctx, s, uid, q)
					return err
				}
				lists[i], err = g.nearest(ctx, s, uid, q)
				return err
			})
			if !errors.Is(err, errBehind) {
				return err
			}
			if attempt == snapshots {
				return nil // what was found and is in the file
			}
		}
	})
	return merge(lists, q.Limit), err
}

// snapshots is how often a search begins anew because another one, meanwhile,
// brought what is held in memory further than the state of the file that this
// one sees.
const snapshots = 3

var errBehind = errors.New("some vectors are newer than what is seen of the file")

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
			return g.vectors.catchUp(ctx, h, s, sp)
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
	defer g.vectors.settle(h)
	if err := g.vectors.catchUp(ctx, h, s, sp); errors.Is(err, errTooBig) {
		return s.nearestFromFile(ctx, uid, sp, q)
	} else if err != nil {
		return nil, err
	}
	near, err := h.near(ctx, q)
	if err != nil {
		return nil, err
	}
	return s.compare(ctx, uid, sp, q, near)
}

// near is a chunk whose vector may be among the nearest.
type near struct {
	key dense.Key
	heldItem
}

func (h *held) near(ctx context.Context, q library.VectorQuery) ([]near, error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	matches, err := h.matrix.Nearest(ctx, q.Vector, q.Limit, h.items.allowed(q.Filter))
	if err != nil {
		return nil, err
	}
	out := make([]near, len(matches))
	for i, m := range matches {
		out[i] = near{m.Key, h.items.items[m.Key.Group]}
	}
	return out, nil
}

// The list is of [item, generation, ordinal].
const theseVectors = `SELECT v.item_id, v.generation, v.ordinal, v.value FROM json_each($2) a CROSS JOIN vector v
ON v.item_id = a.value ->> 0 AND v.generation = a.value ->> 1 AND v.ordinal = a.value ->> 2 AND v.space_id = $1`

// compare ranks chunks by their vectors in the file.
func (s *snapshot) compare(ctx context.Context, uid string, sp embeddingSpace, q library.VectorQuery, chunks []near) ([]library.Scored, error) {
	if len(chunks) == 0 {
		return nil, nil
	}
	keys := make([][3]int64, len(chunks))
	items := newItemTable()
	for i, c := range chunks {
		keys[i] = [3]int64{c.key.Group, c.generation, int64(c.key.Ordinal)}
		items.items[c.key.Group] = c.heldItem
	}
	list, err := json.Marshal(keys)
	if err != nil {
		return nil, fmt.Errorf("write the keys: %w", err)
	}
	top, read := dense.NewTop(q.Limit), 0
	err = s.vectors(ctx, items, func(key dense.Key, v []float32) error {
		read++
		return offer(top, key, sp, q.Vector, v)
	}, theseVectors, sp.id, string(list))
	if err == nil && read < len(chunks) {
		err = errBehind
	}
	return named(uid, top.Sorted(), items), err
}

func offer(top *dense.Top, key dense.Key, sp embeddingSpace, query, v []float32) error {
	if len(v) != sp.dim {
		return fmt.Errorf("%w: item %d, chunk %d", dense.ErrDimensions, key.Group, key.Ordinal)
	}
	top.Offer(dense.Match{Key: key, Score: dense.Dot(query, v)})
	return nil
}

func named(uid string, matches []dense.Match, items *itemTable) []library.Scored {
	out := make([]library.Scored, 0, len(matches))
	for _, m := range matches {
		it := items.items[m.Key.Group]
		out = append(out, library.Scored{
			LibraryUID: uid, ItemUID: it.uid, Generation: it.generation,
			Ordinal: int(m.Key.Ordinal), Score: float64(m.Score),
		})
	}
	return out
}

const (
	publishedItems = `SELECT id, uid, collection_uid, '', language, generation FROM item WHERE generation > 0`
	publishedItem  = `SELECT id, uid, collection_uid, '', language, generation FROM item WHERE id = $1 AND generation > 0`
	allVectors     = `SELECT item_id, generation, ordinal, value FROM vector WHERE space_id = $1`
	itemVectors    = `SELECT item_id, generation, ordinal, value FROM vector WHERE space_id = $1 AND item_id = $2 AND generation = $3`
)

// vectors calls fn with each vector of the query that belongs to a published
// generation. The slice is used again.
func (s *snapshot) vectors(ctx context.Context, items *itemTable, fn func(dense.Key, []float32) error, query string, args ...any) (err error) {
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
		if items.items[key.Group].generation != generation {
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

func (s *snapshot) items(ctx context.Context) (*itemTable, error) {
	out := newItemTable()
	_, err := sqldb.All(ctx, s, func(r sqldb.Row) (struct{}, error) {
		it, err := scanItem(r)
		out.put(it)
		return struct{}{}, err
	}, publishedItems)
	return out, err
}

// nearestFromFile reads every vector from the file, for a library too big to
// be held in memory.
func (s *snapshot) nearestFromFile(ctx context.Context, uid string, sp embeddingSpace, q library.VectorQuery) ([]library.Scored, error) {
	items, err := s.items(ctx)
	if err != nil {
		return nil, err
	}
	top, lets := dense.NewTop(q.Limit), items.lets(q.Filter)
	err = s.vectors(ctx, items, func(key dense.Key, v []float32) error {
		if !lets(key.Group) {
			return nil
		}
		return offer(top, key, sp, q.Vector, v)
	}, allVectors, sp.id)
	if err != nil {
		return nil, err
	}
	return named(uid, top.Sorted(), items), nil
}
