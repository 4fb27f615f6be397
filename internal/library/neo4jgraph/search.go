package neo4jgraph

import (
	"context"
	"slices"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
)

const (
	// spare is how many hits are asked for beyond the limit: some may be of a
	// generation that is on its way in or out.
	spare = 10
	// searchAttempts is how often a search starts over because an item was
	// published while it ran.
	searchAttempts = 5
	mostHits       = 1 << 16
)

// A search reads the libraries' revisions, then the index, then the pointers
// of the items that it found. An item whose pointer was turned in a later
// revision than the first reading may have been half in the index, and the
// search starts over. Whatever else the index gave of an item was there whole.
const (
	readClock = `OPTIONAL MATCH (l:Library) WHERE l.uid IN $libraries
WITH collect([l.uid, coalesce(l.revision, 0)]) AS clock
`
	readPointers = `
WITH clock, collect([c.library_uid, c.item_uid, c.generation, c.ordinal, score]) AS hits
UNWIND hits AS hit
OPTIONAL MATCH (i:Item {uid: hit[1]})
RETURN clock, collect([hit, i.pointer]) AS hits`
)

// scope is where a search may look.
type scope struct {
	libraries   []string
	items       []string // none: any
	collections []string // as items
	says        says
}

// scopeOf tells also whether anything can be found at all.
func scopeOf(libraries []string, f library.Filter) (scope, bool, error) {
	s := scope{
		libraries: slices.Compact(slices.Sorted(slices.Values(libraries))), items: slices.Compact(slices.Sorted(slices.Values(f.ItemUIDs))),
	}
	for _, uid := range f.CollectionUIDs {
		if uid != "" {
			s.collections = append(s.collections, uid)
		}
	}
	for _, uid := range slices.Concat(s.libraries, s.collections, s.items) {
		if !goodUID(uid) {
			return s, false, errs.Newf(errs.Invalid, "%q is not a uid.", uid)
		}
	}
	return s, len(s.libraries) > 0 && (len(s.collections) > 0 || len(f.CollectionUIDs) == 0), nil
}

func (s scope) args() params {
	return params{"libraries": s.libraries, "items": s.items, "collections": s.collections}
}

// from is where a chunk c is looked for that no index of its own finds.
func (s scope) from() string {
	if len(s.items) > 0 {
		return "(i:Item WHERE i.uid IN $items)-[:HAS_CHUNK]->(c:Published)"
	}
	return "(c:Published)"
}

// where is the condition on a chunk c.
func (s scope) where() string {
	w := "c.library_uid IN $libraries"
	if len(s.items) > 0 {
		w += " AND c.item_uid IN $items"
	}
	if len(s.collections) > 0 {
		w += " AND c.collection_uid IN $collections"
	}
	return w
}

// answer is what an index gave, and what of it is published.
type answer struct {
	hits   []library.Scored // best first
	total  int              // that the index gave
	behind bool             // an item was published meanwhile
}

// search runs a statement until its answer is of one moment and long enough.
// ask runs it for n hits.
func search(limit int, ask func(n int) (answer, error)) (answer, error) {
	n := limit + spare
	for attempt := 1; ; attempt++ {
		a, err := ask(n)
		if err != nil {
			return a, err
		}
		dropped := a.total - len(a.hits)
		short := len(a.hits) < limit && dropped > 0 && a.total >= n && n < mostHits
		if attempt < searchAttempts && a.behind || short {
			if short {
				n = 2*n + dropped
			}
			continue
		}
		a.hits = a.hits[:min(len(a.hits), limit)]
		return a, nil
	}
}

// ask runs a statement that ends in readPointers.
func (g *Graph) ask(ctx context.Context, query string, args params) (answer, error) {
	rows, err := g.read(ctx, query, args)
	if err != nil || len(rows) == 0 {
		return answer{}, err
	}
	return answerIn(rows[0]), nil
}

// answerIn reads a row of a clock and hits with their items' pointers.
func answerIn(row *record) answer {
	revisions := map[string]int64{}
	for _, v := range get[[]any](row, "clock") {
		entry, _ := v.([]any)
		uid, _ := entry[0].(string)
		revisions[uid], _ = entry[1].(int64)
	}
	return answerOf(get[[]any](row, "hits"), revisions)
}

func answerOf(found []any, revisions map[string]int64) answer {
	a := answer{total: len(found)}
	pointers := map[string]int64{}
	for _, v := range found {
		pair, _ := v.([]any)
		hit, _ := pair[0].([]any)
		var s library.Scored
		s.LibraryUID, _ = hit[0].(string)
		s.ItemUID, _ = hit[1].(string)
		s.Generation, _ = hit[2].(int64)
		ordinal, _ := hit[3].(int64)
		s.Ordinal = int(ordinal)
		s.Score, _ = hit[4].(float64)
		pointer, _ := pair[1].(int64)
		before, seen := pointers[s.ItemUID]
		if seen && before != pointer || pointer>>pointerShift > revisions[s.LibraryUID] {
			a.behind = true
		}
		pointers[s.ItemUID] = pointer
		if s.Generation > 0 && pointer&lastNumber == s.Generation {
			a.hits = append(a.hits, s)
		}
	}
	slices.SortStableFunc(a.hits, bestFirst)
	return a
}
