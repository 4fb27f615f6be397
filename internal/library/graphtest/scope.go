package graphtest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/library"
)

func scope() map[string]func(*testing.T, Fixture) {
	return map[string]func(*testing.T, Fixture){
		"ASmallLibraryBesideABigOneAnswersAsAlone": testScope,
		"OnlyTheLibrariesAskedForAreSearched":      testOnlyTheLibrariesAskedForAreSearched,
		"SeveralLibrariesGiveOneList":              testSeveralLibrariesGiveOneList,
		"FiltersApplyBeforeTheCut":                 testFiltersApplyBeforeTheCut,
		"AnItemThatMovesIsFoundInItsNewCollection": testAnItemThatMovesIsFoundInItsNewCollection,
		"AFilterOfManyItemsIsExact":                testAFilterOfManyItemsIsExact,
	}
}

func testOnlyTheLibrariesAskedForAreSearched(t *testing.T, f Fixture) {
	a, b := newShelf(t, f), newShelf(t, f)
	a.put("apple of a")
	b.put("apple of b", "apple too")
	a.sees("apple", "apple of a")
	b.sees("apple", "apple of b", "apple too")
	found, err := a.g.FullText(t.Context(), library.FullTextQuery{Text: "apple", Limit: 9})
	a.must(err)
	a.equal(len(found), 0)
	near, err := a.g.Nearest(t.Context(), library.VectorQuery{Space: space, Vector: vectorOf("x"), Limit: 9})
	a.must(err)
	a.equal(len(near), 0)
}

func testSeveralLibrariesGiveOneList(t *testing.T, f Fixture) {
	a, b := newShelf(t, f), newShelf(t, f)
	a.put("apple pie recipe", "car")
	b.put("apple orchard", "boat", "train")
	both := []string{a.uid, b.uid, a.uid, uuid.NewString()}
	found, err := a.g.FullText(t.Context(), library.FullTextQuery{Libraries: both, Text: "apple pie", Limit: 9})
	a.must(err)
	a.equal(a.texts(found), []string{"apple pie recipe", "apple orchard"})
	near, err := a.g.Nearest(t.Context(), library.VectorQuery{Libraries: both, Space: space, Vector: vectorOf("boat"), Limit: 9})
	a.must(err)
	got := a.texts(near)
	a.equal(len(got), 5)
	a.equal(got[0], "boat")
}

func testFiltersApplyBeforeTheCut(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	s.put(many(80, "apple apple apple")...)
	item := uuid.NewString()
	s.stage(item, 1, "one lonely apple among a great many other words", "nothing here")
	s.must(s.g.Publish(t.Context(), s.ref(item, 1), library.IndexItem{UID: item, CollectionUID: "c1"}, 2))
	for _, filter := range []library.Filter{
		{ItemUIDs: []string{item}}, {CollectionUIDs: []string{"c1"}}, {CollectionUIDs: []string{"c0", "c1"}}, {ItemUIDs: []string{item}, CollectionUIDs: []string{"c1"}},
	} {
		found, err := s.g.FullText(t.Context(), library.FullTextQuery{Libraries: []string{s.uid}, Text: "apple", Filter: filter, Limit: 1})
		s.must(err)
		s.equal(s.texts(found), []string{"one lonely apple among a great many other words"})
		s.equal(len(s.near("apple apple apple number3 of several", filter)), 2)
	}
	for _, filter := range []library.Filter{
		{ItemUIDs: []string{uuid.NewString()}}, {CollectionUIDs: []string{"c2"}}, {ItemUIDs: []string{item}, CollectionUIDs: []string{"c2"}}, {CollectionUIDs: []string{""}, ItemUIDs: []string{item}},
	} {
		s.equal(s.words("apple", filter), []string{})
		s.equal(s.near("apple", filter), []string{})
	}
}

// testAFilterOfManyItemsIsExact names few of a library's items among very many
// that are not there, which no engine may take for all or for too many.
func testAFilterOfManyItemsIsExact(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	var mine, others []string
	for i := range 40 {
		item := s.put(fmt.Sprintf("apple pear number%d", i), "pear alone")
		if i%4 == 3 {
			mine = append(mine, item)
		} else {
			others = append(others, item)
		}
	}
	for _, strangers := range []int{0, 950, 12_000} {
		filter := library.Filter{ItemUIDs: slices.Clone(mine)}
		for range strangers {
			filter.ItemUIDs = append(filter.ItemUIDs, uuid.NewString())
		}
		filter.ItemUIDs = append(filter.ItemUIDs, mine[0]) // named twice
		for _, limit := range []int{3, 50} {
			words, err := s.g.FullText(t.Context(), library.FullTextQuery{Libraries: []string{s.uid}, Text: "apple", Filter: filter, Limit: limit})
			s.must(err)
			near, err := s.g.Nearest(t.Context(), library.VectorQuery{
				Libraries: []string{s.uid}, Space: space, Vector: vectorOf("pear"), Filter: filter, Limit: limit,
			})
			s.must(err)
			s.equal(len(words), min(limit, len(mine)))
			s.equal(len(near), min(limit, 2*len(mine)))
			for _, hit := range slices.Concat(words, near) {
				if !slices.Contains(mine, hit.ItemUID) {
					t.Errorf("with %d strangers, a hit is of another item", strangers)
				}
			}
		}
	}
	s.equal(len(s.words("apple", library.Filter{ItemUIDs: others})), len(others))
}

func testAnItemThatMovesIsFoundInItsNewCollection(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := s.put("apple")
	in := library.Filter{CollectionUIDs: []string{"c1"}}
	s.equal(s.near("apple", in), []string{})
	s.must(s.g.SetItem(t.Context(), s.uid, library.IndexItem{UID: item, CollectionUID: "c1"}))
	s.equal(s.near("apple", in), []string{"apple"})
	s.equal(s.words("apple", in), []string{"apple"})
	s.must(s.g.SetItem(t.Context(), s.uid, library.IndexItem{UID: item}))
	s.equal(s.near("apple", in), []string{})
	s.equal(s.words("apple", in), []string{})
}

// testScope fills one store with a small library, asks it, puts a big library
// beside it whose words and vectors are the same, and asks again.
func testScope(t *testing.T, f Fixture) {
	small, big := newShelf(t, f), newShelf(t, f)
	topics := []string{"valve", "pump", "manual", "pressure", "safety", "warning", "engine", "oil"}
	var texts []string
	for i := range 100 {
		texts = append(texts, fmt.Sprintf("%s %s part %d", topics[i%8], topics[i*3%7], i))
	}
	for _, page := range slices.Collect(slices.Chunk(texts, 10)) {
		small.put(page...)
	}
	queries := []string{"valve pressure", "pump", "safety warning engine", "part 7", "oil manual", "unknown"}
	alone := map[string][2][]library.Scored{}
	for _, q := range queries {
		alone[q] = small.scores(q)
	}
	for i := range 20 {
		var more []string
		for j := range 100 {
			more = append(more, fmt.Sprintf("%s %s %s volume %d", topics[(i+j)%8], topics[j%5], texts[j], i))
		}
		big.put(more...)
	}
	for _, q := range queries {
		beside := small.scores(q)
		for leg := range beside {
			if leg == 0 && f.SharedStatistics {
				continue
			}
			small.equal(beside[leg], alone[q][leg])
		}
	}
}
