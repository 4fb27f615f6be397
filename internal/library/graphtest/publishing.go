package graphtest

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/library"
)

func publishing() map[string]func(*testing.T, Fixture) {
	return map[string]func(*testing.T, Fixture){
		"PublishedChunksAreSeen":                 testPublishedChunksAreSeen,
		"ANewGenerationReplacesTheOld":           testANewGenerationReplacesTheOld,
		"EveryWriteMayBeRepeated":                testEveryWriteMayBeRepeated,
		"AnOlderGenerationCannotComeBack":        testAnOlderGenerationCannotComeBack,
		"NothingStagedPublishesNothing":          testNothingStagedPublishesNothing,
		"RetiredGenerationsStayReadableUpToKeep": testRetiredGenerationsStayReadableUpToKeep,
		"KeepZeroLeavesNothingOfTheOld":          testKeepZeroLeavesNothingOfTheOld,
		"AHitOfAnOldGenerationIsNotHydrated":     testAHitOfAnOldGenerationIsNotHydrated,
		"HydrateKeepsTheOrderItWasAskedIn":       testHydrateKeepsTheOrderItWasAskedIn,
		"VectorsAreGivenForReuse":                testVectorsAreGivenForReuse,
		"TheTitleIsSearchedAndCanChange":         testTheTitleIsSearchedAndCanChange,
		"WhatIsStoredOutlivesARestart":           testWhatIsStoredOutlivesARestart,
	}
}

func testPublishedChunksAreSeen(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	s.put("apple one", "apple two")
	s.put("apple three")
	s.sees("apple", "apple one", "apple two", "apple three")
}

func testANewGenerationReplacesTheOld(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := s.put("apple old", "apple gone")
	s.stage(item, 2, "apple new")
	s.sees("apple", "apple old", "apple gone")
	s.publish(item, 2)
	s.sees("apple", "apple new")
	s.equal(s.words("old gone"), []string{})
}

func testEveryWriteMayBeRepeated(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := s.put("apple old")
	s.stage(item, 2, "apple new")
	s.publish(item, 2)
	before := s.stats()
	s.stage(item, 1, "apple late")
	s.stage(item, 2, "apple late")
	s.publish(item, 1)
	s.publish(item, 2)
	after := s.stats()
	before.Bytes, after.Bytes = 0, 0
	s.equal(after, before)
	s.sees("apple late", "apple new")
}

func testAnOlderGenerationCannotComeBack(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := uuid.NewString()
	s.stage(item, 1, "apple first")
	s.stage(item, 2, "apple second")
	s.publish(item, 2)
	s.publish(item, 1)
	s.sees("apple", "apple second")
	s.equal(s.chunks(item, 1), []string{})
	s.equal(s.stats().Chunks, int64(1))
}

func testNothingStagedPublishesNothing(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := s.put("apple")
	s.publish(item, 2)
	s.sees("apple", "apple")
	s.publish(uuid.NewString(), 1)
	s.equal(s.stats().Items, int64(1))
}

func testRetiredGenerationsStayReadableUpToKeep(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := uuid.NewString()
	for g := range int64(6) {
		s.stage(item, g+1, fmt.Sprintf("apple version %d", g+1))
		s.publish(item, g+1)
	}
	for g, want := range map[int64]int{1: 0, 2: 0, 3: 0, 4: 1, 5: 1, 6: 1} {
		if got := s.chunks(item, g); len(got) != want {
			t.Errorf("generation %d gives %q, want %d chunks", g, got, want)
		}
	}
	s.sees("apple", "apple version 6")
	s.equal(s.stats().Chunks, int64(3))
	refs, err := s.g.Generations(t.Context(), s.uid)
	s.must(err)
	s.equal(refs, []library.GenerationRef{s.ref(item, 4), s.ref(item, 5), s.ref(item, 6)})
}

func testKeepZeroLeavesNothingOfTheOld(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := s.put("apple old")
	s.stage(item, 2, "apple new")
	s.must(s.g.Publish(t.Context(), s.ref(item, 2), library.IndexItem{UID: item}, 0))
	s.equal(s.chunks(item, 1), []string{})
	s.equal(s.stats().Chunks, int64(1))
}

func testAHitOfAnOldGenerationIsNotHydrated(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := s.put("apple old")
	found, err := s.g.FullText(t.Context(), library.FullTextQuery{Libraries: []string{s.uid}, Text: "apple", Limit: 5})
	s.must(err)
	s.stage(item, 2, "apple new")
	s.publish(item, 2)
	chunks, err := s.g.Hydrate(t.Context(), found)
	s.must(err)
	s.equal(len(chunks), 0)
}

func testHydrateKeepsTheOrderItWasAskedIn(t *testing.T, f Fixture) {
	s, other := newShelf(t, f), newShelf(t, f)
	a, b := s.put("one", "two"), other.put("three")
	found := []library.Scored{
		{LibraryUID: s.uid, ItemUID: a, Generation: 1, Ordinal: 1},
		{LibraryUID: other.uid, ItemUID: b, Generation: 1, Ordinal: 0},
		{LibraryUID: s.uid, ItemUID: a, Generation: 1, Ordinal: 9},
		{LibraryUID: uuid.NewString(), ItemUID: a, Generation: 1, Ordinal: 0},
		{LibraryUID: s.uid, ItemUID: a, Generation: 1, Ordinal: 0},
	}
	chunks, err := s.g.Hydrate(t.Context(), found)
	s.must(err)
	got := []string{}
	for _, c := range chunks {
		got = append(got, c.Text)
	}
	s.equal(got, []string{"two", "three", "one"})
}

func testVectorsAreGivenForReuse(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := s.put("same", "other")
	s.stage(item, 2, "staged")
	got, err := s.g.Vectors(t.Context(), s.uid, item, space, []string{"hash of same", "hash of staged", "unknown"})
	s.must(err)
	s.equal(got, map[string][]float32{"hash of same": vectorOf("same")})
	for name, ask := range map[string][2]string{"another space": {item, "other/8"}, "another item": {s.put("x"), space}} {
		got, err := s.g.Vectors(t.Context(), s.uid, ask[0], ask[1], []string{"hash of same"})
		s.must(err)
		if len(got) != 0 {
			t.Errorf("%s gives %v", name, got)
		}
	}
}

func testTheTitleIsSearchedAndCanChange(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := uuid.NewString()
	s.stage(item, 1, "plain text", "more text")
	index := library.IndexItem{UID: item, Title: "Quarterly Zebra"}
	s.must(s.g.Publish(t.Context(), s.ref(item, 1), index, 2))
	s.equal(len(s.words("zebra")), 2)
	index.Title = "Yearly Giraffe"
	for range 2 {
		s.must(s.g.SetItem(t.Context(), s.uid, index))
	}
	s.equal(len(s.words("zebra")), 0)
	s.equal(len(s.words("giraffe")), 2)
	s.equal(s.chunks(item, 1), []string{"plain text", "more text"})
	s.equal(s.stats().Visible, int64(2))
}

func testWhatIsStoredOutlivesARestart(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := s.put("apple one", "apple two")
	s.stage(item, 2, "apple three")
	scores := s.scores("apple one")
	s.g = f.Reopen(t)
	s.sees("apple", "apple one", "apple two")
	again := s.scores("apple one")
	if f.SharedStatistics {
		s.equal(s.texts(again[0]), s.texts(scores[0]))
		again[0] = scores[0]
	}
	s.equal(again, scores)
	staged, err := s.g.Staged(t.Context(), s.ref(item, 2))
	s.must(err)
	s.equal(staged, map[int]bool{0: true})
	s.publish(item, 2)
	s.sees("apple", "apple three")
}

// scores gives both legs' answers with their scores.
func (s shelf) scores(query string) [2][]library.Scored {
	s.Helper()
	words, err := s.g.FullText(s.Context(), library.FullTextQuery{Libraries: []string{s.uid}, Text: query, Limit: 10})
	s.must(err)
	near, err := s.g.Nearest(s.Context(), library.VectorQuery{
		Libraries: []string{s.uid}, Space: space, Vector: vectorOf(query), Limit: 10,
	})
	s.must(err)
	return [2][]library.Scored{words, near}
}
