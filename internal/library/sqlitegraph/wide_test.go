package sqlitegraph_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph"
)

// Of a filter that lets more chunks through than are counted, hits are looked
// up from the best one on.
func TestAFilterThatLetsManyThroughIsExact(t *testing.T) {
	t.Parallel()
	g, lib := open(t, t.TempDir(), sqlitegraph.Options{}), uuid.NewString()
	sizes := map[string]int{"many": 20_100, "few": 60}
	items := map[string]string{}
	for _, collection := range []string{"many", "few"} {
		ref := library.GenerationRef{LibraryUID: lib, ItemUID: uuid.NewString(), Generation: 1}
		items[collection] = ref.ItemUID
		var chunks []library.IndexChunk
		for i := range sizes[collection] {
			text := "pear"
			if i%20 == 0 && i < 200 {
				text = fmt.Sprintf("pear quince %d", i)
			}
			chunks = append(chunks, library.IndexChunk{Ordinal: i, Text: text})
		}
		if err := g.Stage(t.Context(), ref, chunks); err != nil {
			t.Fatal(err)
		}
		if err := g.Publish(t.Context(), ref, library.IndexItem{UID: ref.ItemUID, CollectionUID: collection}, 0); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		text   string
		filter library.Filter
		item   string
		hits   int
	}{
		{"quince", library.Filter{CollectionUIDs: []string{"many"}}, "many", 10},
		{"quince", library.Filter{ItemUIDs: []string{items["many"]}}, "many", 10},
		{"quince", library.Filter{ItemUIDs: []string{items["many"]}, CollectionUIDs: []string{"few"}}, "", 0},
		{"quince", library.Filter{CollectionUIDs: []string{"few"}}, "few", 3},
		{"pear", library.Filter{CollectionUIDs: []string{"many"}}, "many", 100},
		{"pear", library.Filter{CollectionUIDs: []string{"few"}}, "few", 60},
	} {
		found, err := g.FullText(t.Context(), library.FullTextQuery{Libraries: []string{lib}, Text: test.text, Filter: test.filter, Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		if len(found) != test.hits {
			t.Errorf("%s within %+v: %d hits, want %d", test.text, test.filter, len(found), test.hits)
		}
		for _, f := range found {
			if f.ItemUID != items[test.item] {
				t.Errorf("%s within %+v: found %+v", test.text, test.filter, f)
			}
		}
	}
}
