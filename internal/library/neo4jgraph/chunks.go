package neo4jgraph

import (
	"context"

	"git.helu.ca/r/mnemosyne/internal/library"
)

const chunkColumns = `c.uid AS uid, c.item_uid AS item, c.generation AS generation, c.ordinal AS ordinal, c.text AS text,
c.heading_path AS heading_path, c.page AS page, c.start AS start, c.end AS end`

const readChunks = `MATCH (i:Item {uid: $item})
WHERE i.library_uid = $library AND ($generation = i.generation OR $generation IN i.retired)
MATCH (c:Chunk) WHERE c.uid >= $first AND c.uid <= $last
RETURN ` + chunkColumns + ` ORDER BY uid`

func chunkOf(r *record, libraryUID string) library.Chunk {
	c := library.Chunk{
		UID: get[string](r, "uid"), ItemUID: get[string](r, "item"), LibraryUID: libraryUID,
		Generation: get[int64](r, "generation"), Ordinal: int(get[int64](r, "ordinal")), Text: get[string](r, "text"),
		HeadingPath: stringsOf(get[[]any](r, "heading_path")), Start: int(get[int64](r, "start")), End: int(get[int64](r, "end")),
	}
	if page := get[int64](r, "page"); page > 0 {
		n := int(page)
		c.Page = &n
	}
	return c
}

// Chunks gives chunks of a generation that is or was published.
func (g *Graph) Chunks(ctx context.Context, gen library.GenerationRef, from, to int) ([]library.Chunk, error) {
	args, err := chunkRange(gen, from, to)
	if err != nil || args == nil {
		return nil, err
	}
	rows, err := g.read(ctx, readChunks, args)
	var out []library.Chunk
	for _, r := range rows {
		out = append(out, chunkOf(r, gen.LibraryUID))
	}
	return out, err
}

const readFound = keepPlan + `UNWIND $found AS f
MATCH (i:Item {uid: f.item}) WHERE i.library_uid = f.library AND i.generation = f.generation
MATCH (c:Chunk {uid: f.uid})
RETURN f.place AS place, ` + chunkColumns + ` ORDER BY place`

// Hydrate reads the chunks that were found, as far as they are published.
func (g *Graph) Hydrate(ctx context.Context, found []library.Scored) ([]library.Chunk, error) {
	if len(found) == 0 {
		return nil, nil
	}
	asked := make([]any, len(found))
	for i, f := range found {
		uid, err := library.ChunkUID(f.ItemUID, f.Generation, f.Ordinal)
		if err != nil {
			return nil, err
		}
		asked[i] = params{"place": i, "item": f.ItemUID, "library": f.LibraryUID, "generation": f.Generation, "uid": uid}
	}
	rows, err := g.read(ctx, readFound, params{"found": asked})
	out := make([]library.Chunk, 0, len(rows))
	for _, r := range rows {
		out = append(out, chunkOf(r, found[get[int64](r, "place")].LibraryUID))
	}
	return out, err
}
