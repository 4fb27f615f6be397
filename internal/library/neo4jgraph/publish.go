package neo4jgraph

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/terms"
)

const (
	// writeBatch is how many chunks go into or out of the indexes in one
	// transaction: what the server holds in memory, and for how long the
	// item's lock is kept from others.
	writeBatch = 1000
	// pointerShift leaves room for the generation under the revision.
	pointerShift = 24
	// publishAttempts is how often chunks are put into the indexes again that
	// somebody staged anew meanwhile.
	publishAttempts = 5
)

// titleTerms is how often a title's terms count in each of its chunks: twice.
func (g *Graph) titleTerms(language, title string) string {
	a, ok := g.analyzers.Get().(*terms.Analyzer)
	if !ok {
		a = new(terms.Analyzer)
	}
	defer g.analyzers.Put(a)
	words := strings.Join(a.Document(language, title), " ")
	if words == "" {
		return titleEnd
	}
	return words + " " + words + titleEnd
}

// Publish puts the generation's chunks into the indexes, turns the pointer to
// it, and takes out the generation before it. Cut short, it has either not
// happened for any reader or only its tidying is left, which a repeat does.
func (g *Graph) Publish(ctx context.Context, gen library.GenerationRef, next library.IndexItem, keep int) error {
	first, last, err := generationRange(gen)
	if err != nil {
		return err
	}
	next.Language = terms.Language(next.Language)
	title := g.titleTerms(next.Language, next.Title)
	as := sha256.Sum256([]byte(next.CollectionUID + "\n" + next.Language + "\n" + title))
	p := publication{Graph: g, gen: gen, next: next, keep: max(keep, 0), args: params{
		"item": gen.ItemUID, "library": gen.LibraryUID, "generation": gen.Generation, "first": first, "last": last,
		"collection": next.CollectionUID, "title": title, "as": hex.EncodeToString(as[:8]), "limit": writeBatch,
	}}
	for range publishAttempts {
		err := p.stem(ctx)
		if err != nil {
			return err
		}
		done, err := p.fillIndexes(ctx)
		if err == nil && done == filled && p.mentioning > 0 {
			done, err = p.tie(ctx)
		}
		if err == nil && done == filled {
			done, err = p.turn(ctx)
		}
		if err != nil {
			return err
		}
		if done == over {
			g.languages.forget(gen.LibraryUID)
			return p.tidy(ctx)
		}
	}
	return errs.New(errs.Unavailable, "A document's chunks are staged anew all the time while they are published. Try again.")
}

// publication is one call of Publish.
type publication struct {
	*Graph

	gen    library.GenerationRef
	next   library.IndexItem
	keep   int
	args   params
	chunks int64            // of the generation
	with   map[string]int64 // how many of them have a vector in a space, by its id

	mentioning int64 // how many of them mention something, or were tied to it
}

// progress is how far a publication came.
type progress int

const (
	disturbed progress = iota // its chunks were changed meanwhile
	filled                    // they are in the indexes
	over                      // nothing is left but tidying
)

// The first batch writes down what the item's chunks are being made into, and
// whoever changes them takes that back. The label comes last: with it the
// indexes read the chunk, once.
const indexChunks = keepPlan + `MATCH (i:Item {uid: $item}) SET i.locked = true
WITH i WHERE i.library_uid = $library
WITH i, $generation > i.generation AS newer
WITH i, newer, newer AND ($begin OR i.filled = $generation AND i.filled_as = $as) AS on
FOREACH (_ IN CASE WHEN on AND $begin THEN [1] ELSE [] END | SET i.filled = $generation, i.filled_as = $as)
WITH newer, on
CALL (on) {
  MATCH (c:Chunk) USING INDEX c:Chunk(uid) WHERE on AND c.uid > $after AND c.uid <= $last
  WITH c ORDER BY c.uid LIMIT $limit
  SET c.library_uid = $library, c.collection_uid = $collection, c.terms = $title + split(c.terms, '\n')[1]
  SET c:Published
  WITH c ORDER BY c.uid
  RETURN collect(c) AS batch
}
CALL (batch) {
  UNWIND range(0, size(batch) - 2) AS k
  WITH batch[k] AS a, batch[k + 1] AS b
  MERGE (a)-[:NEXT]->(b)
  RETURN count(*) AS links
}
CALL (batch) {
  MATCH (p:Chunk {uid: $after}) WHERE size(batch) > 0
  WITH p, batch[0] AS b
  MERGE (p)-[:NEXT]->(b)
  RETURN count(*) AS joints
}
CALL (batch) {
  WITH [c IN batch | keys(c)] AS held
  MATCH (s:EmbeddingSpace)
  RETURN collect([s.id, size([k IN held WHERE s.property IN k])]) AS spaces
}
RETURN newer, on, size(batch) AS chunks, batch[-1].uid AS after, spaces,
  size([c IN batch WHERE c.mention_keys IS NOT NULL OR EXISTS { (c)-[:MENTIONS]->() }]) AS mentioning`

// fillIndexes labels the staged chunks, some a transaction.
func (p *publication) fillIndexes(ctx context.Context) (progress, error) {
	p.chunks, p.mentioning, p.with = 0, 0, map[string]int64{}
	// Each batch begins behind the last chunk of the one before.
	p.args["after"], p.args["begin"] = beforeFirst(p.args["first"]), true
	for {
		rows, err := p.writeOne(ctx, indexChunks, p.args)
		if err != nil {
			return over, p.explain(ctx, err)
		}
		if len(rows) == 0 || !get[bool](rows[0], "newer") {
			// It was published before, and perhaps not all of it was tidied.
			return over, nil
		}
		if !get[bool](rows[0], "on") {
			return disturbed, nil
		}
		for _, v := range get[[]any](rows[0], "spaces") {
			space, chunks := pairOf(v)
			p.with[space] += chunks
		}
		chunks := get[int64](rows[0], "chunks")
		p.chunks += chunks
		p.mentioning += get[int64](rows[0], "mentioning")
		if chunks < writeBatch {
			break
		}
		p.args["after"], p.args["begin"] = get[string](rows[0], "after"), false
	}
	if p.chunks == 0 {
		return over, nil
	}
	return filled, nil
}

func pairOf(v any) (name string, n int64) {
	if pair, _ := v.([]any); len(pair) == 2 {
		name, _ = pair[0].(string)
		n, _ = pair[1].(int64)
	}
	return name, n
}

const (
	lockBoth = keepPlan + `MATCH (i:Item {uid: $item}) SET i.locked = true
WITH i WHERE i.library_uid = $library
MERGE (l:Library {uid: $library}) SET l.locked = true
WITH i, l
RETURN properties(l) AS held, i.filled = $generation AND i.filled_as = $as AS filled, ` + itemColumns
	// The pointer is one number, so that a reader sees the generation and the
	// library's revision in which it was published together or not at all.
	turnPointer = keepPlan + `MATCH (i:Item {uid: $item}), (l:Library {uid: $library})
SET l += $of_library, i += $of_item`
)

// turn makes the generation the one that readers see, unless some of its
// chunks were changed since they were put into the indexes.
func (p *publication) turn(ctx context.Context) (done progress, err error) {
	err = p.write(ctx, func(t tx) error {
		done = over
		row, err := t.one(ctx, lockBoth, p.args)
		if err != nil || row == nil || p.gen.Generation <= get[int64](row, "generation") {
			return err // another's work, or a deletion
		}
		if !get[bool](row, "filled") {
			done = disturbed
			return nil
		}
		return p.point(ctx, t, itemOf(row), get[map[string]any](row, "held"))
	})
	return done, err
}

func (p *publication) point(ctx context.Context, t tx, it item, held map[string]any) error {
	retired := it.retired
	if it.generation > 0 {
		retired = append([]int64{it.generation}, retired...)
	}
	if retired = retired[:min(len(retired), p.keep)]; retired == nil {
		retired = []int64{}
	}
	spaces, whole := []string{}, []string{}
	for _, space := range slices.Sorted(maps.Keys(p.with)) {
		if p.with[space] > 0 {
			spaces = append(spaces, space)
		}
		if p.with[space] == p.chunks {
			whole = append(whole, space)
		}
	}
	revision, _ := held["revision"].(int64)
	revision++
	ofLibrary := recount(held, it.spaces, spaces)
	ofLibrary["revision"] = revision
	ofLibrary["languages"] = withLanguage(held, p.next.Language)
	if _, err := t.run(ctx, turnPointer, params{
		"item": p.gen.ItemUID, "library": p.gen.LibraryUID, "of_library": ofLibrary, "of_item": params{
			"generation": p.gen.Generation, "pointer": revision<<pointerShift | p.gen.Generation, "retired": retired,
			"title": p.next.Title, "collection_uid": p.next.CollectionUID, "language": p.next.Language, "spaces": spaces, "whole": whole,
		},
	}); err != nil {
		return err
	}
	if it.generation > 0 && it.collection == p.next.CollectionUID {
		return nil
	}
	return place(ctx, t, p.gen.LibraryUID, p.next)
}

const (
	intoLibrary = keepPlan + `MATCH (l:Library {uid: $library}), (i:Item {uid: $item})
CALL (i) { MATCH ()-[r:CONTAINS]->(i) DELETE r }
CREATE (l)-[:CONTAINS]->(i)`
	intoCollection = keepPlan + `MATCH (l:Library {uid: $library}), (i:Item {uid: $item})
CALL (i) { MATCH ()-[r:CONTAINS]->(i) DELETE r }
MERGE (c:Collection {library_uid: $library, uid: $collection})
MERGE (l)-[:CONTAINS]->(c)
CREATE (c)-[:CONTAINS]->(i)`
)

// place hangs an item under its collection or, without one, its library.
func place(ctx context.Context, t tx, libraryUID string, it library.IndexItem) error {
	query := intoLibrary
	if it.CollectionUID != "" {
		query = intoCollection
	}
	_, err := t.run(ctx, query, params{"library": libraryUID, "item": it.UID, "collection": it.CollectionUID})
	return err
}

const (
	storedGenerations = `MATCH (i:Item {uid: $item}) WHERE i.library_uid = $library AND i.generation > 0
CALL (i) {
  MATCH (c:Chunk) WHERE c.uid >= $from AND c.uid <= $to
  RETURN c.generation AS generation, max(CASE WHEN c:Published THEN 1 ELSE 0 END) AS published
}
WITH i, generation, published WHERE generation < i.generation
RETURN generation, published, generation IN i.retired AS kept ORDER BY generation`
	// What a retired generation keeps is what reading it needs.
	retireChunks = `MATCH (c:Chunk) WHERE c.uid >= $first AND c.uid <= $last AND c:Published
CALL (c) {` + untie + `
  REMOVE c:Published
  SET c = c {.uid, .item_uid, .generation, .ordinal, .text, .heading_path, .context, .page, .start, .end, .hash}
  WITH cons` + dropBare + `
} IN TRANSACTIONS OF 1000 ROWS`
	dropChunks = `MATCH (c:Chunk) WHERE c.uid >= $first AND c.uid <= $last
CALL (c) {` + dropChunk + `
} IN TRANSACTIONS OF 1000 ROWS`
)

// tidy takes what is older than the published generation out of the indexes,
// and drops what is not kept.
func (p *publication) tidy(ctx context.Context) error {
	if p.gen.Generation == 1 {
		return nil // there is nothing older
	}
	from, to, err := itemRange(p.gen.ItemUID)
	if err != nil {
		return err
	}
	rows, err := p.read(ctx, storedGenerations, params{"item": p.gen.ItemUID, "library": p.gen.LibraryUID, "from": from, "to": to})
	if err != nil {
		return err
	}
	for _, r := range rows {
		old := p.gen
		old.Generation = get[int64](r, "generation")
		first, last, err := generationRange(old)
		if err != nil {
			return err
		}
		query := dropChunks
		if get[bool](r, "kept") {
			if query = retireChunks; get[int64](r, "published") == 0 {
				continue
			}
		}
		if err := p.inBatches(ctx, query, params{"first": first, "last": last}); err != nil {
			return err
		}
	}
	return nil
}
