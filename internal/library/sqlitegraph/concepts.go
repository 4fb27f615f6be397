package sqlitegraph

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/spread"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Related finds chunks that concepts lead to, in each library for itself.
func (g *Graph) Related(ctx context.Context, q library.RelatedQuery) ([]library.Scored, error) {
	uids := slices.Compact(slices.Sorted(slices.Values(q.Libraries)))
	seeds := map[string][]library.Scored{}
	for _, s := range q.Seeds {
		seeds[s.LibraryUID] = append(seeds[s.LibraryUID], s)
	}
	lists := make([][]library.Scored, len(uids))
	err := each(ctx, uids, func(ctx context.Context, i int, uid string) error {
		if len(seeds[uid]) == 0 && len(q.Keys) == 0 {
			return nil
		}
		return g.read(ctx, uid, func(s *snapshot) (err error) {
			within := q
			within.Seeds = seeds[uid]
			lists[i], err = spread.Related(ctx, conceptsOf{s, uid, q.Filter}, within)
			return err
		})
	})
	return merge(lists, max(q.Limit, 0)), err
}

// conceptsOf is what a walk reads of one library.
type conceptsOf struct {
	*snapshot

	uid    string
	filter library.Filter
}

// Size is how many chunks the library has published.
func (c conceptsOf) Size(ctx context.Context, _ string) (int, error) {
	n, err := sqldb.One(ctx, c, scanInt, countVisible)
	return int(n), err
}

const findNamed = `SELECT key, chunks FROM concept WHERE chunks > 0 AND key IN (SELECT value FROM json_each($1)) ORDER BY key`

// Named gives the concepts of these keys.
func (c conceptsOf) Named(ctx context.Context, keys []string) ([]spread.Found, error) {
	list, err := json.Marshal(keys)
	if err != nil {
		return nil, fmt.Errorf("write the keys: %w", err)
	}
	return sqldb.All(ctx, c, func(r sqldb.Row) (spread.Found, error) {
		found := spread.Found{Concept: spread.Concept{LibraryUID: c.uid}}
		err := r.Scan(&found.Key, &found.Chunks)
		return found, err
	}, findNamed, string(list))
}

const (
	edgeColumns = `i.uid, m.generation, m.ordinal, k.key, k.chunks, m.weight`
	mentionsOf  = `SELECT ` + edgeColumns + ` FROM item i JOIN mention m ON m.item_id = i.id AND m.generation = i.generation
JOIN concept k ON k.id = m.concept_id WHERE i.uid = $1 AND m.generation = $2 AND m.ordinal = $3 AND k.chunks > 0`
	mentioning = `SELECT ` + edgeColumns + ` FROM concept k CROSS JOIN mention m ON m.concept_id = k.id
CROSS JOIN item i ON i.id = m.item_id AND i.generation = m.generation WHERE k.key = $1
AND ($2 = '' OR i.uid IN (SELECT value FROM json_each($2))) AND ($3 = '' OR i.collection_uid IN (SELECT value FROM json_each($3))) LIMIT $4`
)

func (c conceptsOf) edges(ctx context.Context, query string, args ...any) ([]spread.Edge, error) {
	return sqldb.All(ctx, c, func(r sqldb.Row) (e spread.Edge, err error) {
		e.Chunk.LibraryUID, e.Concept.LibraryUID = c.uid, c.uid
		err = r.Scan(&e.Chunk.ItemUID, &e.Chunk.Generation, &e.Chunk.Ordinal, &e.Concept.Key, &e.Concept.Chunks, &e.Weight)
		return e, err
	}, query, args...)
}

// Mentions gives what chunks mention.
func (c conceptsOf) Mentions(ctx context.Context, chunks []library.Scored) ([]spread.Edge, error) {
	var out []spread.Edge
	for _, s := range chunks {
		edges, err := c.edges(ctx, mentionsOf, s.ItemUID, s.Generation, s.Ordinal)
		if err != nil {
			return nil, err
		}
		out = append(out, edges...)
	}
	return out, nil
}

// Mentioning gives chunks that mention concepts.
func (c conceptsOf) Mentioning(ctx context.Context, concepts []spread.Found) ([]spread.Edge, error) {
	within, err := c.reach(ctx, c.filter)
	if err != nil || within.chunks == 0 {
		return nil, err
	}
	var out []spread.Edge
	for _, k := range concepts {
		edges, err := c.edges(ctx, mentioning, k.Key, within.items, within.collections, spread.MostChunks)
		if err != nil {
			return nil, err
		}
		out = append(out, edges...)
	}
	return out, nil
}

const (
	conceptColumns = `k.key, COALESCE((SELECT m.name FROM (SELECT COALESCE(m.name, k.name) AS name FROM mention m WHERE m.concept_id = k.id LIMIT 25) m
GROUP BY m.name ORDER BY COUNT(*) DESC, m.name = k.name DESC, m.name LIMIT 1), k.name), k.kind, k.chunks`
	mostMentioned = `SELECT ` + conceptColumns + `, 1.0 FROM concept k WHERE k.chunks > 0 ORDER BY k.chunks DESC, k.key LIMIT $1`
	namedConcepts = `SELECT ` + conceptColumns + `, 1.0 FROM concept k
WHERE k.chunks > 0 AND k.key IN (SELECT value FROM json_each($1)) ORDER BY k.key LIMIT $2`
	chunksConcepts = `SELECT ` + conceptColumns + `, m.weight FROM item i JOIN mention m ON m.item_id = i.id AND m.generation = i.generation
JOIN concept k ON k.id = m.concept_id WHERE i.uid = $1 AND m.generation = $2 AND m.ordinal = $3 AND k.chunks > 0`
)

// Concepts lists concepts of libraries.
func (g *Graph) Concepts(ctx context.Context, q library.ConceptQuery) ([]library.Concept, error) {
	uids := slices.Compact(slices.Sorted(slices.Values(q.Libraries)))
	if q.Limit <= 0 {
		return nil, nil
	}
	lists := make([][]spread.Rated, len(uids))
	err := each(ctx, uids, func(ctx context.Context, i int, uid string) error {
		if q.Chunk != nil && q.Chunk.LibraryUID != uid {
			return nil
		}
		return g.read(ctx, uid, func(s *snapshot) (err error) {
			lists[i], err = s.concepts(ctx, uid, q)
			return err
		})
	})
	return spread.ByTelling(slices.Concat(lists...), q), err
}

func (s *snapshot) concepts(ctx context.Context, uid string, q library.ConceptQuery) ([]spread.Rated, error) {
	size, err := sqldb.One(ctx, s, scanInt, countVisible)
	if err != nil {
		return nil, err
	}
	scan := func(r sqldb.Row) (spread.Rated, error) {
		c := spread.Rated{Size: int(size), Concept: library.Concept{LibraryUID: uid}}
		err := r.Scan(&c.Key, &c.Name, &c.Kind, &c.Chunks, &c.Weight)
		return c, err
	}
	switch {
	case q.Chunk != nil:
		return sqldb.All(ctx, s, scan, chunksConcepts, q.Chunk.ItemUID, q.Chunk.Generation, q.Chunk.Ordinal)
	case q.Keys != nil:
		list, err := json.Marshal(q.Keys)
		if err != nil {
			return nil, fmt.Errorf("write the keys: %w", err)
		}
		return sqldb.All(ctx, s, scan, namedConcepts, string(list), len(q.Keys))
	}
	return sqldb.All(ctx, s, scan, mostMentioned, spread.ReadFor*q.Limit)
}

const chunksOfKey = `SELECT m.item_id, m.ordinal FROM concept k CROSS JOIN mention m ON m.concept_id = k.id
CROSS JOIN item i ON i.id = m.item_id AND i.generation = m.generation WHERE k.key = $1 LIMIT $2`

// ConceptLinks counts the chunks in which two concepts stand, among the first
// of each.
func (g *Graph) ConceptLinks(ctx context.Context, libraryUID string, keys []string) ([]library.ConceptLink, error) {
	keys = slices.Compact(slices.Sorted(slices.Values(keys)))
	keys = keys[:min(len(keys), spread.MostLinked)]
	type chunk struct{ item, ordinal int64 }
	in := map[chunk][]string{}
	err := g.read(ctx, libraryUID, func(s *snapshot) error {
		for _, key := range keys {
			chunks, err := sqldb.All(ctx, s, func(r sqldb.Row) (c chunk, err error) {
				err = r.Scan(&c.item, &c.ordinal)
				return c, err
			}, chunksOfKey, key, spread.MostOfLinked)
			if err != nil {
				return err
			}
			for _, c := range chunks {
				in[c] = append(in[c], key)
			}
		}
		return nil
	})
	together := make([]spread.Together, 0, len(in))
	for _, keys := range in {
		together = append(together, spread.Together{Keys: keys, Chunks: 1})
	}
	return spread.Links(together), err
}
