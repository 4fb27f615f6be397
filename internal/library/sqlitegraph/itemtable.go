package sqlitegraph

import (
	"slices"

	"git.helu.ca/r/mnemosyne/internal/library"
)

// itemTable is what a search needs to know of a library's published items: of
// a million of them it is held beside their vectors, so it holds no more.
type itemTable struct {
	items       map[int64]heldItem
	collections []string // each once
	places      map[string]int32
}

type heldItem struct {
	uid        string
	generation int64
	collection int32 // place in collections
}

// bytesOfItem is what one takes, nearly: its place in the map and its uid.
const bytesOfItem = 144

func newItemTable() *itemTable {
	return &itemTable{items: map[int64]heldItem{}, places: map[string]int32{}}
}

func (t *itemTable) bytes() int64 { return int64(len(t.items)) * bytesOfItem }

func (t *itemTable) put(it item) {
	place, ok := t.places[it.collection]
	if !ok {
		place = int32(len(t.collections)) //nolint:gosec // a library's collections
		t.collections = append(t.collections, it.collection)
		t.places[it.collection] = place
	}
	t.items[it.id] = heldItem{it.uid, it.generation, place}
}

func (t *itemTable) remove(id int64) { delete(t.items, id) }

// allowed lists the items that a filter lets through; nil: all.
func (t *itemTable) allowed(f library.Filter) []int64 {
	if !narrow(f) {
		return nil
	}
	wanted := make([]bool, len(t.collections))
	for i, uid := range t.collections {
		wanted[i] = len(f.CollectionUIDs) == 0 || slices.Contains(f.CollectionUIDs, uid)
	}
	named := make(map[string]bool, len(f.ItemUIDs))
	for _, uid := range f.ItemUIDs {
		named[uid] = true
	}
	out := []int64{}
	for id, it := range t.items {
		if wanted[it.collection] && (len(named) == 0 || named[it.uid]) {
			out = append(out, id)
		}
	}
	return out
}

// lets tells whether a filter lets an item through.
func (t *itemTable) lets(f library.Filter) func(id int64) bool {
	if !narrow(f) {
		return func(int64) bool { return true }
	}
	allowed := map[int64]bool{}
	for _, id := range t.allowed(f) {
		allowed[id] = true
	}
	return func(id int64) bool { return allowed[id] }
}

func narrow(f library.Filter) bool { return len(f.ItemUIDs) > 0 || len(f.CollectionUIDs) > 0 }
