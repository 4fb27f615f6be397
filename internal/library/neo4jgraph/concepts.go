package neo4jgraph

import (
	"context"
	"fmt"
	"slices"
	"time"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/spread"
)

// Related finds chunks that concepts lead to.
func (g *Graph) Related(ctx context.Context, q library.RelatedQuery) ([]library.Scored, error) {
	s, some, err := scopeOf(q.Libraries, q.Filter)
	if err != nil || !some {
		return nil, err
	}
	within := q
	within.Seeds = slices.DeleteFunc(slices.Clone(q.Seeds), func(seed library.Scored) bool {
		return !slices.Contains(s.libraries, seed.LibraryUID)
	})
	return spread.Related(ctx, conceptsOf{g, s}, within)
}

// conceptsOf is what a walk reads.
type conceptsOf struct {
	*Graph

	scope scope
}

const (
	countOfLibrary = keepPlan + `MATCH (c:Published) WHERE c.library_uid = $library RETURN count(c) AS chunks`
	// Counting so many is soon done each time; how many more there are is
	// believed for a while.
	smallLibrary = 2000
	mostSizes    = 1000 // that are remembered
)

// size is how many chunks a library had, and when they were counted.
type size struct {
	chunks int
	at     time.Time
}

// Size is how many chunks a library has published.
func (g *Graph) Size(ctx context.Context, libraryUID string) (int, error) {
	g.mu.Lock()
	known, ok := g.sizes[libraryUID]
	g.mu.Unlock()
	if ok && time.Since(known.at) < countedFor {
		return known.chunks, nil
	}
	rows, err := g.read(ctx, countOfLibrary, params{"library": libraryUID})
	if err != nil {
		return 0, err
	}
	n := int(get[int64](rows[0], "chunks"))
	if n > smallLibrary {
		g.mu.Lock()
		if g.sizes == nil || len(g.sizes) >= mostSizes {
			g.sizes = map[string]size{}
		}
		g.sizes[libraryUID] = size{n, time.Now()}
		g.mu.Unlock()
	}
	return n, nil
}

const findNamed = keepPlan + `UNWIND $libraries AS library
UNWIND $keys AS key
MATCH (con:Concept {library_uid: library, key: key})
WITH con, COUNT { (con)<-[:MENTIONS]-() } AS chunks WHERE chunks > 0
RETURN con.library_uid AS library, con.key AS key, chunks`

// Named gives the concepts of these keys.
func (c conceptsOf) Named(ctx context.Context, keys []string) ([]spread.Found, error) {
	rows, err := c.read(ctx, findNamed, params{"libraries": c.scope.libraries, "keys": slices.Compact(slices.Sorted(slices.Values(keys)))})
	var out []spread.Found
	for _, r := range rows {
		out = append(out, foundIn(r))
	}
	return out, err
}

func foundIn(r *record) spread.Found {
	return spread.Found{
		Concept: spread.Concept{LibraryUID: get[string](r, "library"), Key: get[string](r, "key")}, Chunks: int(get[int64](r, "chunks")),
	}
}

const (
	edgeColumns = `RETURN c.library_uid AS library, c.item_uid AS item, c.generation AS generation, c.ordinal AS ordinal,
  con.key AS key, COUNT { (con)<-[:MENTIONS]-() } AS chunks, m.weight AS weight`
	mentionsOf = keepPlan + `UNWIND $chunks AS s
MATCH (c:Chunk {uid: s.uid}) WHERE c:Published AND c.library_uid = s.library AND c.library_uid IN $libraries
MATCH (i:Item {uid: c.item_uid}) WHERE i.generation = c.generation
MATCH (c)-[m:MENTIONS]->(con:Concept)
` + edgeColumns
	mentioning = keepPlan + `UNWIND $concepts AS k
MATCH (con:Concept {library_uid: k.library, key: k.key})
CALL (con) {
  MATCH (con)<-[m:MENTIONS]-(c:Published) WHERE %s
  MATCH (i:Item {uid: c.item_uid}) WHERE i.generation = c.generation
  RETURN c, m LIMIT $most
}
` + edgeColumns
)

func (c conceptsOf) edges(ctx context.Context, query string, args params) ([]spread.Edge, error) {
	rows, err := c.read(ctx, query, args)
	out := make([]spread.Edge, len(rows))
	for i, r := range rows {
		out[i] = spread.Edge{
			Chunk: library.Scored{
				LibraryUID: get[string](r, "library"), ItemUID: get[string](r, "item"), Generation: get[int64](r, "generation"), Ordinal: int(get[int64](r, "ordinal")),
			},
			Concept: foundIn(r), Weight: get[float64](r, "weight"),
		}
	}
	return out, err
}

// Mentions gives what chunks mention.
func (c conceptsOf) Mentions(ctx context.Context, chunks []library.Scored) ([]spread.Edge, error) {
	asked := make([]any, len(chunks))
	for i, s := range chunks {
		uid, err := library.ChunkUID(s.ItemUID, s.Generation, s.Ordinal)
		if err != nil {
			return nil, err
		}
		asked[i] = params{"uid": uid, "library": s.LibraryUID}
	}
	return c.edges(ctx, mentionsOf, params{"chunks": asked, "libraries": c.scope.libraries})
}

// Mentioning gives chunks that mention concepts.
func (c conceptsOf) Mentioning(ctx context.Context, concepts []spread.Found) ([]spread.Edge, error) {
	asked := make([]any, len(concepts))
	for i, k := range concepts {
		asked[i] = params{"library": k.LibraryUID, "key": k.Key}
	}
	args := c.scope.args()
	args["concepts"], args["most"] = asked, spread.MostChunks
	return c.edges(ctx, fmt.Sprintf(mentioning, c.scope.where()), args)
}

const (
	// How its first chunks mostly write it.
	withName = `
CALL (con) {
  MATCH (con)<-[m:MENTIONS]-() WITH con, m LIMIT 25
  WITH con, coalesce(m.name, con.name) AS name, count(*) AS times
  ORDER BY times DESC, name = con.name DESC, name
  RETURN collect(name)[0] AS name
}
RETURN con.library_uid AS library, con.key AS key, name, con.kind AS kind, chunks, weight`
	mostMentioned = `UNWIND $libraries AS library
CALL (library) {
  MATCH (con:Concept) WHERE con.library_uid = library AND con.key >= ''
  WITH con, COUNT { (con)<-[:MENTIONS]-() } AS chunks WHERE chunks > 0
  RETURN con, chunks ORDER BY chunks DESC, con.key LIMIT $read
}
WITH con, chunks, 1.0 AS weight` + withName
	namedConcepts = keepPlan + `UNWIND $libraries AS library
UNWIND $keys AS key
MATCH (con:Concept {library_uid: library, key: key})
WITH con, COUNT { (con)<-[:MENTIONS]-() } AS chunks, 1.0 AS weight WHERE chunks > 0` + withName
	chunksConcepts = keepPlan + `MATCH (c:Chunk {uid: $chunk}) WHERE c:Published AND c.library_uid = $of AND c.library_uid IN $libraries
MATCH (i:Item {uid: c.item_uid}) WHERE i.generation = c.generation
MATCH (c)-[m:MENTIONS]->(con:Concept)
WITH con, COUNT { (con)<-[:MENTIONS]-() } AS chunks, m.weight AS weight` + withName
)

// Concepts lists concepts of libraries.
func (g *Graph) Concepts(ctx context.Context, q library.ConceptQuery) ([]library.Concept, error) {
	s, some, err := scopeOf(q.Libraries, library.Filter{})
	if err != nil || !some || q.Limit <= 0 {
		return nil, err
	}
	query, args := mostMentioned, params{"libraries": s.libraries, "read": spread.ReadFor * q.Limit}
	switch {
	case q.Chunk != nil:
		query, args["of"] = chunksConcepts, q.Chunk.LibraryUID
		if args["chunk"], err = library.ChunkUID(q.Chunk.ItemUID, q.Chunk.Generation, q.Chunk.Ordinal); err != nil {
			return nil, err
		}
	case q.Keys != nil:
		query, args["keys"] = namedConcepts, slices.Compact(slices.Sorted(slices.Values(q.Keys)))
	}
	rows, err := g.read(ctx, query, args)
	if err != nil {
		return nil, err
	}
	all := make([]spread.Rated, len(rows))
	for i, r := range rows {
		found := foundIn(r)
		all[i] = spread.Rated{Weight: get[float64](r, "weight"), Concept: library.Concept{
			LibraryUID: found.LibraryUID, Key: found.Key, Name: get[string](r, "name"), Kind: library.ConceptKind(get[string](r, "kind")), Chunks: found.Chunks,
		}}
		if all[i].Size, err = g.Size(ctx, found.LibraryUID); err != nil {
			return nil, err
		}
	}
	return spread.ByTelling(all, q), nil
}

const linkedConcepts = `UNWIND $keys AS key
MATCH (con:Concept {library_uid: $library, key: key})
CALL (con) { MATCH (con)<-[:MENTIONS]-(c:Published) RETURN c LIMIT $most }
WITH c, key ORDER BY key
WITH c, collect(key) AS keys WHERE size(keys) > 1
MATCH (i:Item {uid: c.item_uid}) WHERE i.generation = c.generation
RETURN keys, count(*) AS chunks`

// ConceptLinks counts the chunks in which two concepts stand, among some of
// each.
func (g *Graph) ConceptLinks(ctx context.Context, libraryUID string, keys []string) ([]library.ConceptLink, error) {
	keys = slices.Compact(slices.Sorted(slices.Values(keys)))
	rows, err := g.read(ctx, linkedConcepts, params{
		"library": libraryUID, "keys": keys[:min(len(keys), spread.MostLinked)], "most": spread.MostOfLinked,
	})
	var sets []spread.Together
	for _, r := range rows {
		sets = append(sets, spread.Together{Keys: stringsOf(get[[]any](r, "keys")), Chunks: int(get[int64](r, "chunks"))})
	}
	return spread.Links(sets), err
}
