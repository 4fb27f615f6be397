package neo4jgraph

import (
	"context"
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
func (g *Graph) titleTerms(title string) string {
	a, ok := g.analyzers.Get().(*terms.Analyzer)
	if !ok {
		a = new(terms.Analyzer)
	}
	defer g.analyzers.Put(a)
	words := strings.Join(a.Document(title), " ")
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
	p := publication{Graph: g, gen: gen, next: next, keep: max(keep, 0), args: params{
		"item": gen.ItemUID, "library": gen.LibraryUID, "first": first, "last": last,
		"collection": next.CollectionUID, "title": g.titleTerms(next.Title), "limit": writeBatch,
	}}
	for range publishAttempts {
		if goOn, err := p.fillIndexes(ctx); err != nil || !goOn {
			return err
		}
		turned, err := p.turn(ctx)
		if err != nil {
			return err
		}
		if turned {
			return p.tidy(ctx)
		}
	}
	return errs.New(errs.Unavailable, "A document's chunks are staged anew all the time while they are published. Try again.")
}

// publication is one call of Publish.
type publication struct {
	*Graph

	gen  library.GenerationRef
	next library.IndexItem
	keep int
	args params
}

const indexChunks = `MATCH (c:Chunk) WHERE c.uid > $after AND c.uid <= $last
WITH c ORDER BY c.uid LIMIT $limit
SET c:Published, c.library_uid = $library, c.collection_uid = $collection, c.terms = $title + split(c.terms, '\n')[1]
WITH c ORDER BY c.uid
WITH collect(c) AS batch WHERE size(batch) > 0
CALL (batch) {
  UNWIND range(0, size(batch) - 2) AS k
  WITH batch[k] AS a, batch[k + 1] AS b
  MERGE (a)-[:NEXT]->(b)
  RETURN count(*) AS links
}
OPTIONAL MATCH (p:Chunk {uid: $after})
WITH batch, p, batch[0] AS b
FOREACH (_ IN CASE WHEN p IS NULL THEN [] ELSE [1] END | MERGE (p)-[:NEXT]->(b))
RETURN size(batch) AS chunks, batch[-1].uid AS after`

// fillIndexes labels the staged chunks, some a transaction. It tells whether
// there is anything to publish: a newer generation may be there by now.
func (p publication) fillIndexes(ctx context.Context) (goOn bool, err error) {
	// Each batch begins behind the last chunk of the one before.
	after, chunks := beforeFirst(p.args["first"]), int64(writeBatch)
	for chunks == writeBatch {
		if err := p.write(ctx, func(t tx) error {
			it, err := lockItem(ctx, t, p.gen.LibraryUID, p.gen.ItemUID)
			if goOn = it.found && p.gen.Generation > it.generation; err != nil || !goOn {
				chunks = 0
				return err
			}
			p.args["after"] = after
			row, err := t.one(ctx, indexChunks, p.args)
			if err != nil {
				return err
			}
			if chunks = 0; row != nil {
				chunks, after = get[int64](row, "chunks"), get[string](row, "after")
			}
			return nil
		}); err != nil {
			return false, err
		}
		if !goOn {
			// It was published before, and perhaps not all of it was tidied.
			return false, p.tidy(ctx)
		}
	}
	return true, nil
}

const (
	countUnready = `MATCH (c:Chunk) WHERE c.uid >= $first AND c.uid <= $last
RETURN count(*) AS chunks, sum(CASE WHEN c:Published AND c.library_uid = $library AND c.collection_uid = $collection
  AND c.terms STARTS WITH $title THEN 0 ELSE 1 END) AS unready`
	// The pointer is one number, so that a reader sees the generation and the
	// library's revision in which it was published together or not at all.
	turnPointer = `MATCH (i:Item {uid: $item})
MATCH (l:Library {uid: $library})
SET l.revision = $revision, i.generation = $generation, i.pointer = $pointer, i.retired = $retired,
  i.title = $name, i.collection_uid = $collection`
)

// turn makes the generation the one that readers see, unless some of its
// chunks were staged anew since they were put into the indexes.
func (p publication) turn(ctx context.Context) (turned bool, err error) {
	err = p.write(ctx, func(t tx) error {
		turned = false
		it, err := lockItem(ctx, t, p.gen.LibraryUID, p.gen.ItemUID)
		if err != nil || !it.found || p.gen.Generation <= it.generation {
			turned = true // another's work, or a deletion
			return err
		}
		row, err := t.one(ctx, countUnready, p.args)
		if err != nil {
			return err
		}
		if get[int64](row, "unready") > 0 {
			return nil
		}
		turned = true
		if get[int64](row, "chunks") == 0 {
			return nil
		}
		return p.point(ctx, t, it)
	})
	return turned, err
}

func (p publication) point(ctx context.Context, t tx, it item) error {
	revision, err := lockLibrary(ctx, t, p.gen.LibraryUID)
	if err != nil {
		return err
	}
	revision++
	retired := it.retired
	if it.generation > 0 {
		retired = append([]int64{it.generation}, retired...)
	}
	if retired = retired[:min(len(retired), p.keep)]; retired == nil {
		retired = []int64{}
	}
	if _, err := t.run(ctx, turnPointer, params{
		"item": p.gen.ItemUID, "library": p.gen.LibraryUID, "generation": p.gen.Generation, "retired": retired,
		"revision": revision, "pointer": revision<<pointerShift | p.gen.Generation, "name": p.next.Title, "collection": p.next.CollectionUID,
	}); err != nil {
		return err
	}
	if err := writeSpaces(ctx, t, p.gen, it.spaces); err != nil {
		return err
	}
	return place(ctx, t, p.gen.LibraryUID, p.next)
}

const (
	takeAway       = `MATCH ()-[r:CONTAINS]->(:Item {uid: $item}) DELETE r`
	intoLibrary    = `MATCH (l:Library {uid: $library}), (i:Item {uid: $item}) MERGE (l)-[:CONTAINS]->(i)`
	intoCollection = `MATCH (l:Library {uid: $library}), (i:Item {uid: $item})
MERGE (c:Collection {library_uid: $library, uid: $collection})
MERGE (l)-[:CONTAINS]->(c)
MERGE (c)-[:CONTAINS]->(i)`
)

// place hangs an item under its collection or, without one, its library.
func place(ctx context.Context, t tx, libraryUID string, it library.IndexItem) error {
	args := params{"library": libraryUID, "item": it.UID, "collection": it.CollectionUID}
	if _, err := t.run(ctx, takeAway, args); err != nil {
		return err
	}
	query := intoLibrary
	if it.CollectionUID != "" {
		query = intoCollection
	}
	_, err := t.run(ctx, query, args)
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
CALL (c) {
  REMOVE c:Published
  SET c = c {.uid, .item_uid, .generation, .ordinal, .text, .heading_path, .context, .page, .start, .end, .hash}
} IN TRANSACTIONS OF 1000 ROWS`
	dropChunks = `MATCH (c:Chunk) WHERE c.uid >= $first AND c.uid <= $last
CALL (c) { DETACH DELETE c } IN TRANSACTIONS OF 1000 ROWS`
)

// tidy takes what is older than the published generation out of the indexes,
// and drops what is not kept.
func (p publication) tidy(ctx context.Context) error {
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
