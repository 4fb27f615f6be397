package neo4jgraph

import (
	"context"
	"maps"
	"math"
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/terms"
)

// stageBatch is how many chunks one statement writes.
const stageBatch = 500

// The last generation and ordinal that a chunk's uid spells.
const lastNumber = 1<<24 - 1

// generationRange bounds the uids of a generation's chunks, both inclusive.
// They are in the order of the ordinals.
func generationRange(gen library.GenerationRef) (first, last string, err error) {
	if first, err = library.ChunkUID(gen.ItemUID, gen.Generation, 0); err != nil {
		return "", "", err
	}
	last, err = library.ChunkUID(gen.ItemUID, gen.Generation, lastNumber)
	return first, last, err
}

// itemRange bounds the uids of all of an item's chunks.
func itemRange(itemUID string) (first, last string, err error) {
	if first, err = library.ChunkUID(itemUID, 0, 0); err != nil {
		return "", "", err
	}
	last, err = library.ChunkUID(itemUID, lastNumber, lastNumber)
	return first, last, err
}

// item is an item's node, locked until the transaction ends.
type item struct {
	found      bool
	generation int64 // the published one; 0: none yet
	collection string
	title      string
	language   string   // that its words are stemmed by
	spaces     []string // of the published vectors
	retired    []int64  // generations that were published before, newest first
}

const itemColumns = `i.library_uid AS library, i.generation AS generation, i.collection_uid AS collection,
i.title AS title, i.language AS language, i.spaces AS spaces, i.retired AS retired`

// Whoever writes an item, or what hangs on it, writes this property first,
// which takes the node's lock whatever its value: what is read behind it
// stands still. A value that is made of what the node holds would take two
// locks in an order that deadlocks with later writes.
const lockFound = `MATCH (i:Item {uid: $item}) SET i.locked = true
WITH i RETURN ` + itemColumns

// lockItem finds and locks an item of a library.
func lockItem(ctx context.Context, t tx, libraryUID, itemUID string) (item, error) {
	row, err := t.one(ctx, lockFound, params{"item": itemUID})
	if err != nil || row == nil || get[string](row, "library") != libraryUID {
		return item{}, err
	}
	return itemOf(row), nil
}

func itemOf(r *record) item {
	it := item{
		found: true, generation: get[int64](r, "generation"), collection: get[string](r, "collection"), title: get[string](r, "title"), language: get[string](r, "language"),
		spaces: stringsOf(get[[]any](r, "spaces")),
	}
	for _, v := range get[[]any](r, "retired") {
		if g, ok := v.(int64); ok {
			it.retired = append(it.retired, g)
		}
	}
	return it
}

// A statement that stages locks the item, says whose it is, and writes what is
// newer than the published generation. It undoes that the generation's chunks
// were put into the indexes, if they were.
const (
	stageItem = keepPlan + `MERGE (i:Item {uid: $item})
ON CREATE SET i.library_uid = $library, i.generation = 0, i.added = timestamp()
SET i.locked = true
WITH i MERGE (l:Library {uid: i.library_uid})
ON CREATE SET l.store = $store
WITH i, i.library_uid AS library, i.library_uid = $library AND i.generation < $generation AS newer
FOREACH (_ IN CASE WHEN newer AND i.filled = $generation THEN [1] ELSE [] END | SET i.filled = 0)
WITH i, library, newer
CALL (i, newer) {
  UNWIND CASE WHEN newer THEN $rows ELSE [] END AS row
`
	// None of the chunks is there. One that is makes the statement fail.
	createChunks = `  CREATE (i)-[:HAS_CHUNK]->(c:Chunk {uid: row.uid})
  SET c += row.properties
`
	// What is left of other words goes, their vectors in every space included.
	mergeChunks = `  MERGE (c:Chunk {uid: row.uid})
  FOREACH (_ IN CASE WHEN c.hash <> row.properties.hash THEN [1] ELSE [] END | SET c = {uid: row.uid})
  SET c += row.properties
  REMOVE c:Published
  MERGE (i)-[:HAS_CHUNK]->(c)
`
	setVectors = `  WITH c, row CALL db.create.setNodeVectorProperty(c, $property, row.vector)
`
	stageEnd = `  RETURN count(*) AS staged
}
RETURN library`
)

func stageQuery(write string, vectors bool) string {
	if vectors {
		write += setVectors
	}
	return stageItem + write + stageEnd
}

// Stage writes chunks that are in no index yet.
func (g *Graph) Stage(ctx context.Context, gen library.GenerationRef, chunks []library.IndexChunk) error {
	if gen.Generation < 1 || !goodUID(gen.LibraryUID) {
		return errs.Newf(errs.Internal, "generation %d of library %q cannot be staged", gen.Generation, gen.LibraryUID)
	}
	for part := range slices.Chunk(chunks, stageBatch) {
		rows, err := g.stagedRows(gen, part)
		if err != nil {
			return err
		}
		for info := range rows {
			if info.id == "" {
				continue
			}
			if err := g.EnsureSpace(ctx, info.id, info.dimensions); err != nil {
				return err
			}
		}
		if err := g.stage(ctx, gen, rows); err != nil {
			return err
		}
	}
	return nil
}

func (g *Graph) stage(ctx context.Context, gen library.GenerationRef, rows map[spaceInfo][]any) error {
	for info, part := range rows {
		args := params{
			"item": gen.ItemUID, "library": gen.LibraryUID, "generation": gen.Generation, "rows": part, "property": info.property, "store": g.store,
		}
		found, err := g.writeOne(ctx, stageQuery(createChunks, info.id != ""), args)
		if codeOf(err) == codeConstraint {
			found, err = g.writeOne(ctx, stageQuery(mergeChunks, info.id != ""), args)
		}
		if err != nil {
			return g.explain(ctx, err)
		}
		if len(found) == 0 || get[string](found[0], "library") != gen.LibraryUID {
			return errs.New(errs.Internal, "an item's uid is that of another library's item")
		}
	}
	return nil
}

// stagedRows makes the rows to write, by the space of their vectors; those
// without one are under the zero space.
func (g *Graph) stagedRows(gen library.GenerationRef, chunks []library.IndexChunk) (map[spaceInfo][]any, error) {
	out := map[spaceInfo][]any{}
	a, ok := g.analyzers.Get().(*terms.Analyzer)
	if !ok {
		a = new(terms.Analyzer)
	}
	defer g.analyzers.Put(a)
	for i := range chunks {
		c := &chunks[i]
		uid, err := library.ChunkUID(gen.ItemUID, gen.Generation, c.Ordinal)
		if err != nil {
			return nil, err
		}
		if err := library.CheckMentions(c.Mentions); err != nil {
			return nil, err
		}
		properties := propertiesOf(gen, c, termsOf(a, "", c.HeadingPath, c.Context, c.Text))
		maps.Copy(properties, mentionProperties(library.MergeMentions(c.Mentions)))
		row := params{"uid": uid, "properties": properties}
		var info spaceInfo
		if len(c.Vector) > 0 {
			if c.Space == "" || !finite(c.Vector) {
				return nil, errs.New(errs.Internal, "a vector that is not finite or names no space")
			}
			info = infoOf(c.Space, len(c.Vector))
			row["vector"] = wide(c.Vector)
		}
		out[info] = append(out[info], row)
	}
	return out, nil
}

func propertiesOf(gen library.GenerationRef, c *library.IndexChunk, words string) params {
	path := c.HeadingPath
	if path == nil {
		path = []string{}
	}
	p := params{
		"item_uid": gen.ItemUID, "generation": gen.Generation, "ordinal": c.Ordinal, "text": c.Text, "heading_path": path,
		"context": c.Context, "page": nil, "start": c.Start, "end": c.End, "hash": c.Hash, "terms": words,
	}
	if c.Page != nil {
		p["page"] = *c.Page
	}
	return p
}

// titleEnd stands between the terms of the title, which publishing puts before
// a chunk's own, and these. The index takes it for a space.
const titleEnd = "\n"

// termsOf gives a chunk's terms without those of the title: of the headings, of
// what else was put before the text, and of the text. Staged chunks are stemmed
// as those of no known language; publishing knows which it is.
func termsOf(a *terms.Analyzer, language string, headings []string, context, text string) string {
	words := a.Document(language, strings.Join(headings, "\n"))
	if context != "" {
		known := map[string]bool{}
		for _, w := range words {
			known[w] = true
		}
		for _, w := range a.Document(language, context) {
			if !known[w] {
				words = append(words, w)
			}
		}
	}
	return titleEnd + strings.Join(append(words, a.Document(language, text)...), " ")
}

const stagedOrdinals = `MATCH (i:Item {uid: $item}) WHERE i.library_uid = $library
MATCH (c:Chunk) WHERE c.uid >= $first AND c.uid <= $last
RETURN collect(c.ordinal) AS ordinals`

// Staged tells which ordinals are there.
func (g *Graph) Staged(ctx context.Context, gen library.GenerationRef) (map[int]bool, error) {
	first, last, err := generationRange(gen)
	if err != nil {
		return nil, err
	}
	rows, err := g.read(ctx, stagedOrdinals, params{"item": gen.ItemUID, "library": gen.LibraryUID, "first": first, "last": last})
	out := map[int]bool{}
	for _, r := range rows {
		for _, v := range get[[]any](r, "ordinals") {
			if n, ok := v.(int64); ok {
				out[int(n)] = true
			}
		}
	}
	return out, err
}

const publishedVectors = `MATCH (i:Item {uid: $item}) WHERE i.library_uid = $library AND i.generation > 0
MATCH (c:Published) WHERE c.hash IN $hashes AND c.item_uid = $item AND c.generation = i.generation AND c[$property] IS NOT NULL
RETURN c.hash AS hash, c[$property] AS vector`

// Vectors gives published vectors by the hashes of what was embedded.
func (g *Graph) Vectors(ctx context.Context, libraryUID, itemUID, space string, hashes []string) (map[string][]float32, error) {
	out := map[string][]float32{}
	if len(hashes) == 0 {
		return out, nil
	}
	rows, err := g.read(ctx, publishedVectors, params{
		"library": libraryUID, "item": itemUID, "hashes": hashes, "property": infoOf(space, 0).property,
	})
	for _, r := range rows {
		out[get[string](r, "hash")] = narrow(get[[]any](r, "vector"))
	}
	return out, err
}

// unfill takes back that a generation's chunks are what publishing made them.
const unfill = `MATCH (i:Item {uid: $item}) WHERE i.filled = $generation SET i.filled = 0`

const (
	dropGeneration = `MATCH (c:Chunk) WHERE c.uid >= $first AND c.uid <= $last
WITH c LIMIT $limit
CALL (c) {` + dropChunk + `
}
RETURN count(*) AS dropped`
	dropItemIfBare = `MATCH (i:Item {uid: $item})
WHERE i.generation = 0 AND NOT (i)-[:HAS_CHUNK]->() DETACH DELETE i`
)

// Discard drops what was staged of a generation, some chunks a transaction.
func (g *Graph) Discard(ctx context.Context, gen library.GenerationRef) error {
	first, last, err := generationRange(gen)
	if err != nil {
		return err
	}
	for more := true; more; {
		if err := g.write(ctx, func(t tx) error {
			more = false
			it, err := lockItem(ctx, t, gen.LibraryUID, gen.ItemUID)
			if err != nil || !it.found || gen.Generation <= it.generation {
				return err
			}
			row, err := t.one(ctx, dropGeneration, params{"first": first, "last": last, "limit": writeBatch})
			if err != nil {
				return err
			}
			more = get[int64](row, "dropped") == writeBatch
			if _, err := t.run(ctx, unfill, params{"item": gen.ItemUID, "generation": gen.Generation}); err != nil {
				return err
			}
			_, err = t.run(ctx, dropItemIfBare, params{"item": gen.ItemUID})
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// goodUID tells of uids that are one term of the full-text index.
func goodUID(uid string) bool {
	return uid != "" && !strings.ContainsFunc(uid, func(r rune) bool {
		return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

// finite tells that every number of a vector is one.
func finite(v []float32) bool {
	var sum float64
	for _, f := range v {
		sum += float64(f) * float64(f)
	}
	return !math.IsNaN(sum) && !math.IsInf(sum, 0)
}

// wide makes a vector what the driver sends fast.
func wide(v []float32) []float64 {
	out := make([]float64, len(v))
	for i, f := range v {
		out[i] = float64(f)
	}
	return out
}

func narrow(list []any) []float32 {
	out := make([]float32, len(list))
	for i, v := range list {
		f, _ := v.(float64)
		out[i] = float32(f)
	}
	return out
}
