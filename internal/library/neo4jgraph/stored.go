package neo4jgraph

import (
	"context"

	"git.helu.ca/r/mnemosyne/internal/library"
)

const readStored = `MATCH (i:Item {uid: $item})
WHERE i.library_uid = $library AND ($generation = i.generation OR $generation IN i.retired)
MATCH (c:Chunk) WHERE c.uid >= $first AND c.uid <= $last
RETURN ` + chunkColumns + `, c.context AS context, c.hash AS hash, ` + mentionColumns + `, [p IN $properties | c[p]] AS vectors ORDER BY uid`

// Stored gives chunks of a generation with their vectors and mentions.
func (g *Graph) Stored(ctx context.Context, gen library.GenerationRef, from, to int) ([]library.StoredChunk, error) {
	args, err := chunkRange(gen, from, to)
	if err != nil || args == nil {
		return nil, err
	}
	spaces, err := g.read(ctx, listSpaces, nil)
	if err != nil {
		return nil, err
	}
	ids, properties := make([]string, len(spaces)), make([]string, len(spaces))
	for i, r := range spaces {
		ids[i] = get[string](r, "id")
		properties[i] = infoOf(ids[i], 0).property
	}
	args["properties"] = properties
	rows, err := g.read(ctx, readStored, args)
	var out []library.StoredChunk
	for _, r := range rows {
		c := library.StoredChunk{
			Chunk: chunkOf(r, gen.LibraryUID), Context: get[string](r, "context"), Hash: get[string](r, "hash"), Vectors: map[string][]float32{},
			Mentions: mentionsIn(r),
		}
		for i, v := range get[[]any](r, "vectors") {
			if values, ok := v.([]any); ok && len(values) > 0 {
				c.Vectors[ids[i]] = narrow(values)
			}
		}
		out = append(out, c)
	}
	return out, err
}

// chunkRange is what a statement over chunks [from, to) of a generation is
// given; nil where there can be none.
func chunkRange(gen library.GenerationRef, from, to int) (params, error) {
	from, to = max(from, 0), min(to, lastNumber+1)
	if from >= to || gen.Generation < 1 {
		return nil, nil //nolint:nilnil // no chunks are no fault
	}
	first, err := library.ChunkUID(gen.ItemUID, gen.Generation, from)
	if err != nil {
		return nil, err
	}
	last, err := library.ChunkUID(gen.ItemUID, gen.Generation, to-1)
	if err != nil {
		return nil, err
	}
	return params{
		"item": gen.ItemUID, "library": gen.LibraryUID, "generation": gen.Generation, "first": first, "last": last,
	}, nil
}
