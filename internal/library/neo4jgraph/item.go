package neo4jgraph

import (
	"cmp"
	"context"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/terms"
)

const (
	renameChunks = `MATCH (c:Chunk) WHERE c.uid > $after AND c.uid <= $last
WITH c ORDER BY c.uid LIMIT $limit
SET c.collection_uid = $collection, c.terms = $title + coalesce($terms[c.uid], split(c.terms, '\n')[1])
RETURN count(*) AS chunks, max(c.uid) AS after`
	renameItem = `MATCH (i:Item {uid: $item}) SET i.title = $name, i.collection_uid = $collection, i.language = $language`
)

// SetItem writes a published item's title, collection and, where it is given,
// language, its chunks some a transaction. A publication that comes between
// brings its own.
func (g *Graph) SetItem(ctx context.Context, libraryUID string, next library.IndexItem) error {
	defer g.languages.forget(libraryUID)
	given := terms.Language(next.Language)
	args := params{"item": next.UID, "collection": next.CollectionUID, "name": next.Title, "limit": writeBatch}
	var generation int64
	var again bool // its words are stemmed by another language
	var after string
	for more := true; more; {
		if err := g.write(ctx, func(t tx) (err error) {
			more = false
			it, err := lockItem(ctx, t, libraryUID, next.UID)
			if err != nil || !it.found || it.generation == 0 {
				return err
			}
			if it.generation != generation {
				language := cmp.Or(given, it.language)
				again = language != it.language
				if it.title == next.Title && it.collection == next.CollectionUID && !again {
					return nil
				}
				args["language"], args["title"] = language, g.titleTerms(language, next.Title)
				generation = it.generation
				if args["first"], args["last"], err = generationRange(library.GenerationRef{ItemUID: next.UID, Generation: generation}); err != nil {
					return err
				}
				after = ""
			}
			args["after"] = max(after, beforeFirst(args["first"]))
			args["terms"] = params{}
			if again {
				if args["terms"], err = g.stemmed(ctx, args); err != nil {
					return err
				}
			}
			row, err := t.one(ctx, renameChunks, args)
			if err != nil {
				return err
			}
			if more = get[int64](row, "chunks") == writeBatch; more {
				after = get[string](row, "after")
				return nil
			}
			if err := setItem(ctx, t, libraryUID, args); err != nil {
				return err
			}
			return place(ctx, t, libraryUID, next)
		}); err != nil {
			return err
		}
	}
	return nil
}

// setItem writes the item's node and, behind its lock, the library's languages.
func setItem(ctx context.Context, t tx, libraryUID string, args params) error {
	if _, err := t.run(ctx, renameItem, args); err != nil {
		return err
	}
	row, err := t.one(ctx, lockLibrary, params{"library": libraryUID})
	if err != nil || row == nil {
		return err
	}
	language, _ := args["language"].(string)
	_, err = t.run(ctx, writeLanguages, params{
		"library": libraryUID, "languages": withLanguage(get[map[string]any](row, "held"), language),
	})
	return err
}

const writeLanguages = `MATCH (l:Library {uid: $library}) SET l.languages = $languages`

// beforeFirst is a text just before a generation's first uid.
func beforeFirst(first any) string {
	uid, _ := first.(string)
	return uid[:max(len(uid)-1, 0)]
}
