package neo4jgraph

import (
	"context"
)

const (
	hideItem = `MATCH (i:Item {uid: $item})
SET i.generation = 0, i.pointer = 0, i.filled = 0, i.spaces = [], i.whole = [], i.retired = []`
	itemsChunks = `MATCH (i:Item {uid: $item}) WHERE i.library_uid = $library
MATCH (i)-[:HAS_CHUNK]->(c:Chunk)
CALL (c) {` + dropChunk + `
} IN TRANSACTIONS OF 1000 ROWS`
)

// DeleteItem hides the item from every reader in its first step, and then
// drops its chunks some a transaction.
func (g *Graph) DeleteItem(ctx context.Context, libraryUID, itemUID string) error {
	args := params{"library": libraryUID, "item": itemUID}
	for left := true; left; {
		if err := g.write(ctx, func(t tx) error {
			it, err := lockItem(ctx, t, libraryUID, itemUID)
			if left = it.found; err != nil || !left {
				return err
			}
			if err := holdSpaces(ctx, t, libraryUID, it.spaces, nil); err != nil {
				return err
			}
			if _, err := t.run(ctx, hideItem, args); err != nil {
				return err
			}
			_, err = t.run(ctx, dropItemIfBare, args)
			return err
		}); err != nil || !left {
			return err
		}
		if err := g.inBatches(ctx, itemsChunks, args); err != nil {
			return err
		}
	}
	return nil
}

const (
	hideItems = `MATCH (i:Item) WHERE i.library_uid = $library
CALL (i) {
  SET i.generation = 0, i.pointer = 0, i.filled = 0, i.spaces = [], i.whole = [], i.retired = []
} IN TRANSACTIONS OF 1000 ROWS`
	librarysChunks = `MATCH (i:Item)-[:HAS_CHUNK]->(c:Chunk) WHERE i.library_uid = $library
CALL (c) { DETACH DELETE c } IN TRANSACTIONS OF 1000 ROWS`
	librarysItems = `MATCH (i:Item) WHERE i.library_uid = $library
CALL (i) {
  SET i.locked = true
  WITH i WHERE NOT (i)-[:HAS_CHUNK]->()
  DETACH DELETE i
} IN TRANSACTIONS OF 1000 ROWS`
	librarysConcepts = `MATCH (con:Concept) WHERE con.library_uid = $library AND con.key >= ''
CALL (con) { DETACH DELETE con } IN TRANSACTIONS OF 1000 ROWS`
	dropLibrary = `MATCH (l:Library {uid: $library}) SET l.locked = true
WITH l WHERE NOT EXISTS { MATCH (i:Item) WHERE i.library_uid = $library }
OPTIONAL MATCH (c:Collection) WHERE c.library_uid = $library
WITH l, collect(c) AS collections
FOREACH (c IN collections | DETACH DELETE c)
DETACH DELETE l`
	itemsLeft = `MATCH (i:Item) WHERE i.library_uid = $library RETURN count(*) AS items`
)

// DeleteLibrary drops everything of a library, some nodes a transaction.
func (g *Graph) DeleteLibrary(ctx context.Context, libraryUID string) error {
	args := params{"library": libraryUID}
	for {
		for _, statement := range []string{hideItems, librarysChunks, librarysItems, librarysConcepts} {
			if err := g.inBatches(ctx, statement, args); err != nil {
				return err
			}
		}
		var left int64
		if err := g.write(ctx, func(t tx) error {
			if _, err := t.run(ctx, dropLibrary, args); err != nil {
				return err
			}
			row, err := t.one(ctx, itemsLeft, args)
			left = get[int64](row, "items")
			return err
		}); err != nil || left == 0 {
			return err
		}
	}
}
