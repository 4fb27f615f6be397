package sqlitegraph_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph"
	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph/dense"
)

func randomUnit(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	var square float64
	for i := range v {
		v[i] = float32(r.NormFloat64())
		square += float64(v[i]) * float64(v[i])
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(square))
	}
	return v
}

// What is held in memory is rounded; what is found and its scores are not.
func TestNearestIsExactAtEverySelectivity(t *testing.T) {
	t.Parallel()
	const items, chunks, dim = 40, 25, 100
	g, lib, r := open(t, t.TempDir(), sqlitegraph.Options{}), uuid.NewString(), rand.New(rand.NewPCG(1, 2))
	var all []library.Scored
	collections, vectors := map[string]string{}, map[library.Scored][]float32{}
	for i := range items {
		ref := library.GenerationRef{LibraryUID: lib, ItemUID: uuid.NewString(), Generation: 1}
		var batch []library.IndexChunk
		for ordinal := range chunks {
			v := randomUnit(r, dim)
			batch = append(batch, library.IndexChunk{Ordinal: ordinal, Text: "apple", Hash: fmt.Sprint(i, ordinal), Space: "test/100", Vector: v})
			hit := library.Scored{LibraryUID: lib, ItemUID: ref.ItemUID, Generation: 1, Ordinal: ordinal}
			vectors[hit], all = v, append(all, hit)
		}
		collections[ref.ItemUID] = []string{"half", "tenth", "half", "rest", "half", "rest", "half", "rest", "half", "rest"}[i%10]
		if err := g.Stage(t.Context(), ref, batch); err != nil {
			t.Fatal(err)
		}
		if err := g.Publish(t.Context(), ref, library.IndexItem{UID: ref.ItemUID, CollectionUID: collections[ref.ItemUID]}, 0); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []library.Filter{
		{},
		{ItemUIDs: []string{all[30].ItemUID}},
		{CollectionUIDs: []string{"half"}},
		{CollectionUIDs: []string{"tenth", "rest"}},
		{CollectionUIDs: []string{"none"}},
		{ItemUIDs: []string{all[0].ItemUID, all[60].ItemUID}, CollectionUIDs: []string{"none"}},
	} {
		query := randomUnit(r, dim)
		want := []library.Scored{}
		for _, hit := range all {
			if (f.ItemUIDs == nil || slices.Contains(f.ItemUIDs, hit.ItemUID)) && (f.CollectionUIDs == nil || slices.Contains(f.CollectionUIDs, collections[hit.ItemUID])) {
				exact := hit
				exact.Score = float64(dense.Dot(query, vectors[hit]))
				want = append(want, exact)
			}
		}
		slices.SortFunc(want, func(a, b library.Scored) int { return cmp.Compare(b.Score, a.Score) })
		want = want[:min(12, len(want))]
		got, err := g.Nearest(t.Context(), library.VectorQuery{Libraries: []string{lib}, Space: "test/100", Vector: query, Filter: f, Limit: 12})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+v: found %v, want %v", f, got, want)
		}
	}
}

// A search may see an older state of the file than another one has brought
// into memory.
func TestNearestFindsEveryDocumentWhileTheyArePublishedAnew(t *testing.T) {
	t.Parallel()
	const items = 5
	g, lib := open(t, t.TempDir(), sqlitegraph.Options{}), uuid.NewString()
	var uids []string
	for range items {
		uids = append(uids, put(t, g, lib, "apple", 1))
	}
	done := make(chan struct{})
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if n := len(nearest(t, g, lib)); n != items {
					t.Errorf("%d hits, want %d", n, items)
					return
				}
			}
		})
	}
	for generation := range int64(8) {
		for _, uid := range uids {
			republish(t, g, lib, uid, generation+2, "apple", 1)
		}
	}
	close(done)
	group.Wait()
}

// Vectors that do not fit in memory are read from the file.
func TestALibraryBeyondTheBudgetIsSearchedInItsFile(t *testing.T) {
	t.Parallel()
	g, lib := open(t, t.TempDir(), sqlitegraph.Options{VectorBytes: 1}), uuid.NewString()
	put(t, g, lib, "apple", 0.5)
	best := put(t, g, lib, "pear", 1)
	if found := nearest(t, g, lib); len(found) != 2 || found[0].ItemUID != best {
		t.Errorf("found %v", found)
	}
	if held := g.VectorBytes(); held != 0 {
		t.Errorf("%d bytes are held", held)
	}
}
