package neo4jgraph

import (
	"context"

	"git.helu.ca/r/mnemosyne/internal/library"
)

const (
	renameChunks = `MATCH (c:Chunk) WHERE c.uid > $after AND c.uid <= $last
WITH c ORDER BY c.uid LIMIT $limit
SET c.collection_uid = $collection, c.terms = $title + split(c.terms, '\n')[1]
RETURN count(*) AS chunks, max(c.uid) AS after`
	renameItem = `MATCH (i:Item {uid: $item}) SET i.title = $name, i.collection_uid = $collection`
)

// SetItem writes a published item's title and collection, its chunks some a
// transaction. A publication that comes between brings its own.
func (g *Graph) SetItem(ctx context.Context, libraryUID string, next library.IndexItem) error {
	args := params{"item": next.UID, "collection": next.CollectionUID, "title": g.titleTerms(next.Title), "name": next.Title, "limit": writeBatch}
	var generation int64
	var after string
	for more := true; more; {
		if err := g.write(ctx, func(t tx) (err error) {
			more = false
			it, err := lockItem(ctx, t, libraryUID, next.UID)
			if err != nil || !it.found || it.generation == 0 {
				return err
			}
			if it.generation != generation {
				if it.title == next.Title && it.collection == next.CollectionUID {
					return nil
				}
				generation = it.generation
				if args["first"], args["last"], err = generationRange(library.GenerationRef{ItemUID: next.UID, Generation: generation}); err != nil {
					return err
				}
				after = ""
			}
			args["after"] = max(after, beforeFirst(args["first"]))
			row, err := t.one(ctx, renameChunks, args)
			if err != nil {
				return err
			}
			if more = get[int64](row, "chunks") == writeBatch; more {
				after = get[string](row, "after")
				return nil
			}
			if _, err := t.run(ctx, renameItem, args); err != nil {
				return err
			}
			return place(ctx, t, libraryUID, next)
		}); err != nil {
			return err
		}
	}
	return nil
}

// beforeFirst is a text just before a generation's first uid.
func beforeFirst(first any) string {
	uid, _ := first.(string)
	return uid[:max(len(uid)-1, 0)]
}
