package neo4jgraph

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
)

// spaceInfo is where an embedding space's vectors are.
type spaceInfo struct {
	id         string
	dimensions int
	property   string // of the chunks
	index      string
}

// counter is the property of a library's node that counts the items whose
// published vectors are in the space.
func (s spaceInfo) counter() string { return "items_with_" + s.property }

const maxDimensions = 4096 // that Neo4j indexes

func infoOf(space string, dimensions int) spaceInfo {
	sum := sha256.Sum256([]byte(space))
	key := hex.EncodeToString(sum[:6])
	return spaceInfo{id: space, dimensions: dimensions, property: "embedding_" + key, index: "chunk_embedding_" + key}
}

const (
	addSpace = `MERGE (s:EmbeddingSpace {id: $id})
ON CREATE SET s.dimensions = $dimensions, s.property = $property, s.index = $index
RETURN s.dimensions AS dimensions`
	findSpace  = `MATCH (s:EmbeddingSpace {id: $id}) RETURN s.dimensions AS dimensions`
	listSpaces = `MATCH (s:EmbeddingSpace) RETURN s.id AS id, s.dimensions AS dimensions ORDER BY id`
	// Quantization would cost recall. The properties behind WITH are what a
	// search may filter by.
	makeVectorIndex = "CYPHER 25 CREATE VECTOR INDEX %s IF NOT EXISTS FOR (c:Published) ON c.%s " +
		"WITH [c.library_uid, c.item_uid, c.collection_uid] OPTIONS {indexConfig: {`vector.dimensions`: %d, " +
		"`vector.similarity_function`: 'cosine', `vector.quantization.enabled`: false}}"
	awaitOne      = `CALL db.awaitIndex($name, $seconds)`
	vectorWaiting = 30 // seconds for an index to be usable; until then vectors are compared one by one
)

// EnsureSpace makes the property and the index of an embedding space, where the
// server searches in one. A space that is there with other dimensions is an
// error that says what to do.
func (g *Graph) EnsureSpace(ctx context.Context, space string, dimensions int) error {
	info, err := g.space(ctx, space)
	switch {
	case err != nil:
		return err
	case info.dimensions == dimensions:
		return nil
	case info.dimensions != 0:
		return wrongDimensions(info, dimensions)
	case dimensions < 1 || dimensions > maxDimensions:
		return errs.Newf(errs.Invalid, "The embedding space %s has %d dimensions; Neo4j indexes vectors of 1 to %d. Use another model or set EMBEDDING_DIMENSIONS.",
			space, dimensions, maxDimensions)
	}
	info = infoOf(space, dimensions)
	var stored int64
	if err := g.write(ctx, func(t tx) error {
		row, err := t.one(ctx, addSpace, params{"id": space, "dimensions": dimensions, "property": info.property, "index": info.index})
		if err == nil {
			stored = get[int64](row, "dimensions")
		}
		return err
	}); err != nil {
		return err
	}
	if int(stored) != dimensions {
		info.dimensions = int(stored)
		return wrongDimensions(info, dimensions)
	}
	if err := g.makeIndex(ctx, info); err != nil {
		return err
	}
	g.remember(info)
	return nil
}

func wrongDimensions(have spaceInfo, want int) error {
	return errs.Newf(errs.Conflict, "The index holds the embedding space %s with %d dimensions, and vectors of %d were given. "+
		"Set the embedder (EMBEDDING_MODEL, EMBEDDING_DIMENSIONS) that the index was made with, or change the model with `mnemosyne reembed`.",
		have.id, have.dimensions, want)
}

func (g *Graph) makeIndex(ctx context.Context, info spaceInfo) error {
	if !g.filterInIndex() {
		return nil // nothing would read it
	}
	if err := g.alterSchema(ctx, fmt.Sprintf(makeVectorIndex, info.index, info.property, info.dimensions)); err != nil {
		return err
	}
	// One that is still being filled is waited for by nobody.
	_, _ = g.autoCommit(ctx, neo4j.AccessModeRead, writeTimeout, awaitOne, params{"name": info.index, "seconds": vectorWaiting})
	return nil
}

// remakeIndexes makes the vector indexes that are missing, as after a server
// without filters became one that has them.
func (g *Graph) remakeIndexes(ctx context.Context, there map[string]bool) error {
	if !g.filterInIndex() {
		return nil
	}
	rows, err := g.readRaw(ctx, listSpaces, nil)
	if err != nil {
		return g.explain(ctx, err)
	}
	for _, r := range rows {
		info := infoOf(get[string](r, "id"), int(get[int64](r, "dimensions")))
		if there[info.index] {
			continue
		}
		if err := g.alterSchema(ctx, fmt.Sprintf(makeVectorIndex, info.index, info.property, info.dimensions)); err != nil {
			return err
		}
	}
	return nil
}

func (g *Graph) remember(info spaceInfo) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.spaces[info.id] = info
}

// space finds an embedding space; zero dimensions: there is none.
func (g *Graph) space(ctx context.Context, id string) (spaceInfo, error) {
	g.mu.Lock()
	info, known := g.spaces[id]
	g.mu.Unlock()
	if known {
		return info, nil
	}
	rows, err := g.read(ctx, findSpace, params{"id": id})
	if err != nil || len(rows) == 0 {
		return infoOf(id, 0), err
	}
	info = infoOf(id, int(get[int64](rows[0], "dimensions")))
	g.remember(info)
	return info, nil
}

const heldSpaces = keepPlan + `MATCH (s:EmbeddingSpace) WITH collect(s) AS spaces
MATCH (l:Library) WHERE l.uid IN $libraries
UNWIND [s IN spaces WHERE l['items_with_' + s.property] > 0 | s.id] AS id
RETURN DISTINCT id ORDER BY id`

// Spaces lists the embedding spaces of published vectors, in order.
func (g *Graph) Spaces(ctx context.Context, libraryUIDs []string) ([]string, error) {
	rows, err := g.read(ctx, heldSpaces, params{"libraries": libraryUIDs})
	if err != nil {
		return nil, err
	}
	var out []string
	for _, r := range rows {
		out = append(out, get[string](r, "id"))
	}
	return out, nil
}

// A library's node counts its published items in each space.
const writeCounts = `MATCH (l:Library {uid: $library}) SET l += $counts`

// recount gives what the counts become of an item whose published vectors are
// in other spaces than before. held is what the library's node holds.
func recount(held map[string]any, before, now []string) params {
	counts := params{}
	change := func(of, without []string, by int64) {
		for _, s := range of {
			if !slices.Contains(without, s) {
				counter := infoOf(s, 0).counter()
				items, _ := held[counter].(int64)
				counts[counter] = items + by
			}
		}
	}
	change(before, now, -1)
	change(now, before, 1)
	return counts
}

// holdSpaces locks the library's node, behind the item's, and writes down that
// an item's published vectors are in other spaces than before.
func holdSpaces(ctx context.Context, t tx, libraryUID string, before, now []string) error {
	row, err := t.one(ctx, lockLibrary, params{"library": libraryUID})
	if err != nil {
		return err
	}
	if counts := recount(get[map[string]any](row, "held"), before, now); len(counts) > 0 {
		_, err = t.run(ctx, writeCounts, params{"library": libraryUID, "counts": counts})
	}
	return err
}

const (
	// Of the spaces that a generation's chunks have vectors in, the whole ones
	// are those that no chunk lacks.
	spacesOfGeneration = `MATCH (s:EmbeddingSpace)
WHERE EXISTS { MATCH (c:Chunk) WHERE c.uid >= $first AND c.uid <= $last AND s.property IN keys(c) }
RETURN s.id AS id, NOT EXISTS { MATCH (c:Chunk) WHERE c.uid >= $first AND c.uid <= $last AND NOT s.property IN keys(c) } AS whole
ORDER BY id`
	setSpaces   = `MATCH (i:Item {uid: $item}) SET i.spaces = $spaces, i.whole = $whole`
	lockLibrary = `MERGE (l:Library {uid: $library}) SET l.locked = true WITH l RETURN properties(l) AS held`
)

// writeSpaces brings an item's spaces up to date with its published chunks.
func writeSpaces(ctx context.Context, t tx, gen library.GenerationRef, before []string) error {
	first, last, err := generationRange(gen)
	if err != nil {
		return err
	}
	rows, err := t.run(ctx, spacesOfGeneration, params{"first": first, "last": last})
	if err != nil {
		return err
	}
	now, whole := []string{}, []string{}
	for _, r := range rows {
		now = append(now, get[string](r, "id"))
		if get[bool](r, "whole") {
			whole = append(whole, get[string](r, "id"))
		}
	}
	if _, err := t.run(ctx, setSpaces, params{"item": gen.ItemUID, "spaces": now, "whole": whole}); err != nil {
		return err
	}
	return holdSpaces(ctx, t, gen.LibraryUID, before, now)
}

const addVectors = `UNWIND $rows AS row
MATCH (c:Chunk {uid: row.uid})
CALL db.create.setNodeVectorProperty(c, $property, row.vector)`

// vectorRows makes the rows to write. All vectors are of one length.
func vectorRows(gen library.GenerationRef, vectors map[int][]float32) (rows []any, dimensions int, err error) {
	for ordinal, v := range vectors {
		uid, err := library.ChunkUID(gen.ItemUID, gen.Generation, ordinal)
		if err != nil {
			return nil, 0, err
		}
		if dimensions == 0 {
			dimensions = len(v)
		}
		if len(v) != dimensions || !finite(v) {
			return nil, 0, errs.New(errs.Internal, "a vector that is not finite or of other dimensions than the rest")
		}
		rows = append(rows, params{"uid": uid, "vector": wide(v)})
	}
	return rows, dimensions, nil
}

// AddVectors gives chunks vectors in a further space.
func (g *Graph) AddVectors(ctx context.Context, gen library.GenerationRef, space string, vectors map[int][]float32) error {
	rows, dimensions, err := vectorRows(gen, vectors)
	if err != nil || len(rows) == 0 {
		return err
	}
	if space == "" {
		return errs.New(errs.Internal, "vectors that name no space")
	}
	if err := g.EnsureSpace(ctx, space, dimensions); err != nil {
		return err
	}
	property := infoOf(space, dimensions).property
	return g.write(ctx, func(t tx) error {
		it, err := lockItem(ctx, t, gen.LibraryUID, gen.ItemUID)
		if err != nil || !it.found || gen.Generation < it.generation {
			return err
		}
		for part := range slices.Chunk(rows, stageBatch) {
			if _, err := t.run(ctx, addVectors, params{"rows": part, "property": property}); err != nil {
				return err
			}
		}
		if gen.Generation != it.generation {
			_, err := t.run(ctx, unfill, params{"item": gen.ItemUID, "generation": gen.Generation})
			return err
		}
		return writeSpaces(ctx, t, gen, it.spaces)
	})
}

const (
	pendingFrom = `MATCH (i:Item)
WHERE i.library_uid = $library AND i.generation > 0 AND NOT $space IN coalesce(i.whole, [])
WITH i ORDER BY i.added, i.uid%s
MATCH (i)-[:HAS_CHUNK]->(c:Chunk) WHERE c.generation = i.generation AND c[$property] IS NULL
RETURN i.uid AS item, c.generation AS generation, c.ordinal AS ordinal, c.context AS context, c.text AS text, c.hash AS hash
ORDER BY i.added, item, ordinal LIMIT $limit`
	// Each of these items lacks a vector, so as many are enough.
	fewItems = ` LIMIT $limit`
)

// WithoutVector gives published chunks that lack a vector in a space, in the
// order in which their items came.
func (g *Graph) WithoutVector(ctx context.Context, libraryUID, space string, limit int) ([]library.PendingChunk, error) {
	if limit <= 0 {
		return nil, nil
	}
	args := params{"library": libraryUID, "space": space, "property": infoOf(space, 0).property, "limit": limit}
	rows, err := g.read(ctx, fmt.Sprintf(pendingFrom, fewItems), args)
	if err == nil && len(rows) == 0 {
		rows, err = g.read(ctx, fmt.Sprintf(pendingFrom, ""), args)
	}
	if err != nil {
		return nil, err
	}
	out := make([]library.PendingChunk, len(rows))
	for i, r := range rows {
		out[i] = library.PendingChunk{
			GenerationRef: library.GenerationRef{LibraryUID: libraryUID, ItemUID: get[string](r, "item"), Generation: get[int64](r, "generation")},
			Ordinal:       int(get[int64](r, "ordinal")), Context: get[string](r, "context"), Text: get[string](r, "text"), Hash: get[string](r, "hash"),
		}
	}
	return out, nil
}

const (
	forgetSpace = `MATCH (i:Item) WHERE i.library_uid = $library AND ($space IN i.spaces OR $space IN i.whole)
CALL (i) {
  SET i.spaces = [s IN i.spaces WHERE s <> $space], i.whole = [s IN i.whole WHERE s <> $space]
} IN TRANSACTIONS OF 1000 ROWS`
	dropCounter = `MATCH (l:Library {uid: $library}) REMOVE l.%s`
	// The chunks of every generation, staged ones too.
	dropVectors = `MATCH (i:Item)-[:HAS_CHUNK]->(c:Chunk) WHERE i.library_uid = $library AND c.%[1]s IS NOT NULL
CALL (c) { REMOVE c.%[1]s } IN TRANSACTIONS OF 1000 ROWS`
)

// DropSpace drops a library's vectors in a space. No search uses them from the
// first step on.
func (g *Graph) DropSpace(ctx context.Context, libraryUID, space string) error {
	args := params{"library": libraryUID, "space": space}
	if err := g.write(ctx, func(t tx) error {
		_, err := t.run(ctx, fmt.Sprintf(dropCounter, infoOf(space, 0).counter()), args)
		return err
	}); err != nil {
		return err
	}
	if err := g.inBatches(ctx, forgetSpace, args); err != nil {
		return err
	}
	return g.inBatches(ctx, fmt.Sprintf(dropVectors, infoOf(space, 0).property), args)
}
