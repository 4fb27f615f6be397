package neo4jgraph

import (
	"context"
	"maps"
	"slices"

	"git.helu.ca/r/mnemosyne/internal/library"
)

// A chunk keeps what it mentions in lists beside its text, and is tied to the
// concepts' nodes when its generation is published: staging then waits for no
// lock on a node that other documents share, and a concept's degree is the
// number of published chunks that mention it.
func mentionProperties(list []library.Mention) params {
	if len(list) == 0 {
		return params{"mention_keys": nil, "mention_names": nil, "mention_kinds": nil, "mention_weights": nil}
	}
	keys, names, kinds := make([]string, len(list)), make([]string, len(list)), make([]string, len(list))
	weights := make([]float64, len(list))
	for i, m := range list {
		keys[i], names[i], kinds[i], weights[i] = m.Key, m.Name, string(m.Kind), m.Weight
	}
	return params{"mention_keys": keys, "mention_names": names, "mention_kinds": kinds, "mention_weights": weights}
}

const mentionColumns = `c.mention_keys AS mention_keys, c.mention_names AS mention_names,
c.mention_kinds AS mention_kinds, c.mention_weights AS mention_weights`

func mentionsIn(r *record) []library.Mention {
	keys, names, kinds := stringsOf(get[[]any](r, "mention_keys")), stringsOf(get[[]any](r, "mention_names")), stringsOf(get[[]any](r, "mention_kinds"))
	weights := get[[]any](r, "mention_weights")
	if len(names) != len(keys) || len(kinds) != len(keys) || len(weights) != len(keys) {
		return nil
	}
	var out []library.Mention
	for i, key := range keys {
		weight, _ := weights[i].(float64)
		out = append(out, library.Mention{Key: key, Name: names[i], Kind: library.ConceptKind(kinds[i]), Weight: weight})
	}
	return out
}

const (
	// tieBatch is how many chunks are tied to concepts in one transaction:
	// others who publish wait for the concepts' locks as long.
	tieBatch = 250
	// Concepts are met in the order of their keys, so that two who publish wait
	// for one another in turn and not in a circle. What an earlier attempt tied
	// is untied first, in the same order.
	tieStaged = keepPlan + `MATCH (i:Item {uid: $item}) SET i.locked = true
WITH i WHERE i.library_uid = $library AND i.filled = $generation AND i.filled_as = $as
CALL () {
  MATCH (c:Chunk) USING INDEX c:Chunk(uid) WHERE c.uid > $after AND c.uid <= $last
  WITH c ORDER BY c.uid LIMIT $limit
  RETURN collect(c) AS batch
}
` + tieBatched
	tieThese = keepPlan + `MATCH (c:Chunk) WHERE c.uid IN $uids
WITH collect(c) AS batch
` + tieBatched
	tieBatched = `CALL (batch) {
  UNWIND batch AS c
  MATCH (c)-[old:MENTIONS]->(con:Concept)
  WITH old, con ORDER BY con.key
  DELETE old
  RETURN collect(DISTINCT con) AS before
}
CALL (batch) {
  UNWIND batch AS c
  UNWIND range(0, size(coalesce(c.mention_keys, [])) - 1) AS k
  WITH c.mention_keys[k] AS key, collect([c, k]) AS at
  ORDER BY key
  MERGE (con:Concept {library_uid: $library, key: key})
  ON CREATE SET con.name = at[0][0].mention_names[at[0][1]], con.kind = at[0][0].mention_kinds[at[0][1]]
  WITH con, at
  UNWIND at AS pair
  WITH con, pair[0] AS c, pair[1] AS k
  CREATE (c)-[m:MENTIONS {weight: c.mention_weights[k]}]->(con)
  FOREACH (_ IN CASE WHEN c.mention_names[k] <> con.name THEN [1] ELSE [] END | SET m.name = c.mention_names[k])
  RETURN count(*) AS ties
}
CALL (before) {
  UNWIND before AS con
  WITH con WHERE NOT EXISTS { (con)<-[:MENTIONS]-() }
  DELETE con
}
RETURN size(batch) AS chunks, batch[-1].uid AS after`
)

// tie ties the chunks of a publication to what they mention. Cut short, or where
// it finds that somebody staged anew, the publication begins again.
func (p *publication) tie(ctx context.Context) (progress, error) {
	args := maps.Clone(p.args)
	args["after"], args["limit"] = beforeFirst(p.args["first"]), tieBatch
	for {
		rows, err := p.writeOne(ctx, tieStaged, args)
		if err != nil {
			return over, p.explain(ctx, err)
		}
		if len(rows) == 0 {
			return disturbed, nil
		}
		if get[int64](rows[0], "chunks") < tieBatch {
			return filled, nil
		}
		args["after"] = get[string](rows[0], "after")
	}
}

// The concepts that nothing else mentions go with a chunk. Its relationships
// are deleted first, which locks both their ends.
const (
	untie = `
  OPTIONAL MATCH (c)-[m:MENTIONS]->(con:Concept)
  WITH c, m, con ORDER BY con.key
  DELETE m
  WITH c, collect(con) AS cons`
	dropBare = `
  UNWIND cons AS con
  WITH con WHERE NOT EXISTS { (con)<-[:MENTIONS]-() }
  DELETE con`
	dropChunk = untie + `
  DETACH DELETE c
  WITH cons` + dropBare
)

const (
	readMentions = `UNWIND $uids AS uid
MATCH (c:Chunk {uid: uid}) RETURN c.uid AS uid, ` + mentionColumns
	writeMentions = `UNWIND $rows AS row
MATCH (c:Chunk {uid: row.uid}) SET c += row.properties`
)

// AddMentions gives chunks further concepts.
func (g *Graph) AddMentions(ctx context.Context, gen library.GenerationRef, mentions map[int][]library.Mention) error {
	more := map[string][]library.Mention{}
	for ordinal, list := range mentions {
		if err := library.CheckMentions(list); err != nil {
			return err
		}
		uid, err := library.ChunkUID(gen.ItemUID, gen.Generation, ordinal)
		if err != nil {
			return err
		}
		more[uid] = list
	}
	for uids := range slices.Chunk(slices.Sorted(maps.Keys(more)), tieBatch) {
		if err := g.addMentions(ctx, gen, uids, more); err != nil {
			return err
		}
	}
	return nil
}

func (g *Graph) addMentions(ctx context.Context, gen library.GenerationRef, uids []string, more map[string][]library.Mention) error {
	return g.write(ctx, func(t tx) error {
		it, err := lockItem(ctx, t, gen.LibraryUID, gen.ItemUID)
		if err != nil || !it.found || gen.Generation < it.generation {
			return err
		}
		rows, err := t.run(ctx, readMentions, params{"uids": uids})
		if err != nil {
			return err
		}
		var written []any
		for _, r := range rows {
			uid := get[string](r, "uid")
			written = append(written, params{"uid": uid, "properties": mentionProperties(library.MergeMentions(mentionsIn(r), more[uid]))})
		}
		if _, err := t.run(ctx, writeMentions, params{"rows": written}); err != nil || len(written) == 0 {
			return err
		}
		if gen.Generation != it.generation {
			_, err = t.run(ctx, unfill, params{"item": gen.ItemUID, "generation": gen.Generation})
			return err
		}
		_, err = t.run(ctx, tieThese, params{"library": gen.LibraryUID, "uids": uids})
		return err
	})
}
