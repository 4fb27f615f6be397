package graphtest

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/library"
)

func testChunksThatShareConceptsAreRelated(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := s.putAbout("c0 rare often", "c1 often", "c2 rare", "c3 other", "c4 often", "c5 often rare:0.5")
	seed := []library.Scored{s.at(item, 1, 0)}
	// What shares more comes first, then what shares the rarer concept.
	s.equal(s.related(library.RelatedQuery{Seeds: seed}), []string{"c5", "c2", "c1", "c4"})
	s.equal(s.related(library.RelatedQuery{Seeds: seed, Limit: 2}), []string{"c5", "c2"})
	s.equal(s.related(library.RelatedQuery{Seeds: seed, Keys: []string{"other"}})[4:], []string{"c4"})
	s.equal(s.related(library.RelatedQuery{Keys: []string{"rare"}}), []string{"c0", "c2", "c5"})
	s.equal(s.related(library.RelatedQuery{Keys: []string{"unknown", ""}}), []string{})
	two := []library.Scored{s.at(item, 1, 0), s.at(item, 1, 3), s.at(uuid.NewString(), 1, 0), s.at(item, 2, 0)}
	two[0].Score = 0.01
	s.equal(s.related(library.RelatedQuery{Seeds: two[:1]}), []string{"c5", "c2", "c1", "c4"})
	s.equal(s.related(library.RelatedQuery{Seeds: two[1:]}), []string{})
	for _, q := range []library.RelatedQuery{{Seeds: seed, Limit: 5}, {Seeds: seed, Depth: 1}, {Depth: 1, Limit: 5}} {
		q.Libraries = []string{s.uid}
		found, err := s.g.Related(t.Context(), q)
		s.must(err)
		s.equal(len(found), 0)
	}
}

func testEachHopLeadsFurtherAndCountsLess(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := s.putAbout("c0 a", "c1 a b", "c2 b c", "c3 c d", "c4 d", "c5 x")
	seed := []library.Scored{s.at(item, 1, 0)}
	s.equal(s.related(library.RelatedQuery{Seeds: seed}), []string{"c1"})
	s.equal(s.related(library.RelatedQuery{Seeds: seed, Depth: 2}), []string{"c1", "c2"})
	s.equal(s.related(library.RelatedQuery{Seeds: seed, Depth: 3}), []string{"c1", "c2", "c3"})
	s.equal(s.related(library.RelatedQuery{Seeds: seed, Depth: 5}), []string{"c1", "c2", "c3", "c4"})
	s.equal(s.related(library.RelatedQuery{Keys: []string{"a"}, Depth: 2}), []string{"c0", "c1", "c2"})
}

func testNoHopLeadsThroughAnotherLibrary(t *testing.T, f Fixture) {
	a, b := newShelf(t, f), newShelf(t, f)
	here := a.putAbout("a0 x", "a1 y", "a2 z")
	there := b.putAbout("b0 x y", "b1 y z")
	seed := []library.Scored{a.at(here, 1, 0)}
	both := []string{a.uid, b.uid}
	// a0 and b0 speak of x, each library of its own.
	a.equal(a.related(library.RelatedQuery{Seeds: seed, Depth: 5, Libraries: both}), []string{})
	foreign := []library.Scored{b.at(there, 1, 0)}
	a.equal(a.related(library.RelatedQuery{Seeds: foreign, Depth: 5}), []string{})
	lying := foreign[0]
	lying.LibraryUID = a.uid
	a.equal(a.related(library.RelatedQuery{Seeds: []library.Scored{lying}, Depth: 5, Libraries: both}), []string{})
	a.equal(a.related(library.RelatedQuery{Seeds: foreign, Depth: 5, Libraries: both}), []string{"b1"})
	a.equal(len(a.related(library.RelatedQuery{Keys: []string{"y"}, Libraries: both})), 3)
	a.equal(a.related(library.RelatedQuery{Keys: []string{"y"}}), []string{"a1"})
	none, err := a.g.Related(t.Context(), library.RelatedQuery{Seeds: seed, Keys: []string{"x"}, Depth: 3, Limit: 9})
	a.must(err)
	a.equal(len(none), 0)
}

func testFiltersHoldOnEveryHop(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	in := func(collection string, chunks ...string) string {
		item := uuid.NewString()
		s.stageAbout(item, 1, chunks...)
		s.must(s.g.Publish(t.Context(), s.ref(item, 1), library.IndexItem{UID: item, CollectionUID: collection}, 2))
		return item
	}
	first := in("c1", "a0 x")
	in("c2", "b0 x y")
	last := in("c1", "d0 y", "d1 x:0.9")
	seed := []library.Scored{s.at(first, 1, 0)}
	s.equal(s.related(library.RelatedQuery{Seeds: seed, Depth: 2}), []string{"b0", "d1", "d0"})
	s.equal(s.related(library.RelatedQuery{Seeds: seed, Depth: 2, Filter: library.Filter{CollectionUIDs: []string{"c1"}}}), []string{"d1"})
	s.equal(s.related(library.RelatedQuery{Seeds: seed, Depth: 2, Filter: library.Filter{ItemUIDs: []string{last}}}), []string{"d1"})
	s.equal(s.related(library.RelatedQuery{Seeds: seed, Depth: 2, Filter: library.Filter{ItemUIDs: []string{last}, CollectionUIDs: []string{"c2"}}}), []string{})
}

func testAConceptThatIsEverywhereLeadsNowhere(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	var chunks []string
	for i := range 300 {
		text := fmt.Sprintf("c%d everywhere", i)
		if i%100 == 0 {
			text += " pair"
		}
		chunks = append(chunks, text)
	}
	item := s.putAbout(chunks...)
	seed := []library.Scored{s.at(item, 1, 0)}
	s.equal(s.related(library.RelatedQuery{Seeds: seed, Depth: 3}), []string{"c100", "c200"})
	s.equal(s.related(library.RelatedQuery{Seeds: []library.Scored{s.at(item, 1, 1)}, Depth: 3}), []string{})
	// Who names it is shown some of its chunks.
	s.equal(len(s.related(library.RelatedQuery{Keys: []string{"everywhere"}, Limit: 400})), 200)
}
