package neo4jgraph

import (
	"context"

	"git.helu.ca/r/mnemosyne/internal/library"
)

// What says no installation was made before they were told apart.
const listLibraries = `MATCH (l:Library) WHERE $store = '' OR coalesce(l.store, $store) = $store RETURN l.uid AS uid
UNION MATCH (i:Item) WHERE NOT EXISTS { MATCH (l:Library {uid: i.library_uid}) } RETURN DISTINCT i.library_uid AS uid`

// Libraries lists the installation's libraries of which anything is stored.
func (g *Graph) Libraries(ctx context.Context) ([]string, error) {
	rows, err := g.read(ctx, listLibraries, params{"store": g.store})
	var out []string
	for _, r := range rows {
		out = append(out, get[string](r, "uid"))
	}
	return out, err
}

const listGenerations = `MATCH (i:Item)-[:HAS_CHUNK]->(c:Chunk) WHERE i.library_uid = $library
RETURN DISTINCT i.uid AS item, c.generation AS generation ORDER BY item, generation`

// Generations lists what is stored, whether it is seen or not.
func (g *Graph) Generations(ctx context.Context, libraryUID string) ([]library.GenerationRef, error) {
	rows, err := g.read(ctx, listGenerations, params{"library": libraryUID})
	var out []library.GenerationRef
	for _, r := range rows {
		out = append(out, library.GenerationRef{LibraryUID: libraryUID, ItemUID: get[string](r, "item"), Generation: get[int64](r, "generation")})
	}
	return out, err
}

const (
	itemsStored    = `MATCH (i:Item) WHERE i.library_uid = $library RETURN count(*) AS items`
	conceptsStored = `MATCH (con:Concept) WHERE con.library_uid = $library AND con.key >= '' RETURN count(*) AS concepts`
	chunksStored   = `MATCH (s:EmbeddingSpace) WITH collect(s) AS spaces
MATCH (i:Item)-[:HAS_CHUNK]->(c:Chunk) WHERE i.library_uid = $library
RETURN count(*) AS chunks, sum(CASE WHEN c.generation = i.generation THEN 1 ELSE 0 END) AS visible,
  sum(size([s IN spaces WHERE c[s.property] IS NOT NULL])) AS vectors,
  sum(size(c.text) + size(coalesce(c.terms, '')) + reduce(n = 0, s IN [s IN spaces WHERE c[s.property] IS NOT NULL] | n + 4 * s.dimensions)) AS bytes`
)

// Stats counts what is stored. Bytes are those of texts, terms and vectors: what
// the server's indexes add is known to nobody by library.
func (g *Graph) Stats(ctx context.Context, libraryUID string) (library.GraphStats, error) {
	var st library.GraphStats
	args := params{"library": libraryUID}
	rows, err := g.read(ctx, itemsStored, args)
	if err != nil {
		return st, err
	}
	st.Items = get[int64](rows[0], "items")
	if rows, err = g.read(ctx, conceptsStored, args); err != nil {
		return st, err
	}
	st.Concepts = get[int64](rows[0], "concepts")
	if rows, err = g.read(ctx, chunksStored, args); err != nil {
		return st, err
	}
	st.Chunks, st.Visible = get[int64](rows[0], "chunks"), get[int64](rows[0], "visible")
	st.Vectors, st.Bytes = get[int64](rows[0], "vectors"), get[int64](rows[0], "bytes")
	return st, nil
}
