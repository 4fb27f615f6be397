package graphtest

import (
	"slices"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library"
)

func deleting() map[string]func(*testing.T, Fixture) {
	return map[string]func(*testing.T, Fixture){
		"ADeletedItemIsGoneFromEverywhere": testADeletedItemIsGoneFromEverywhere,
		"TheLastItemLeavesZeroBehind":      testTheLastItemLeavesZeroBehind,
		"ADeletedLibraryLeavesNothing":     testADeletedLibraryLeavesNothing,
		"WhatWasDeletedNoLongerCounts":     testWhatWasDeletedNoLongerCounts,
	}
}

func testADeletedItemIsGoneFromEverywhere(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	keep := s.put("apple kept")
	item := s.put("apple gone", "apple away")
	s.stage(item, 2, "apple retired it")
	s.publish(item, 2)
	s.stage(item, 3, "apple staged")
	for range 2 {
		s.must(s.g.DeleteItem(t.Context(), s.uid, item))
	}
	s.sees("apple", "apple kept")
	for g := range int64(4) {
		s.equal(s.chunks(item, g), []string{})
	}
	st := s.stats()
	s.equal([]int64{st.Items, st.Chunks, st.Vectors}, []int64{1, 1, 1})
	refs, err := s.g.Generations(t.Context(), s.uid)
	s.must(err)
	s.equal(refs, []library.GenerationRef{s.ref(keep, 1)})
}

func testTheLastItemLeavesZeroBehind(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := s.put(many(40, "apple")...)
	s.must(s.g.DeleteItem(t.Context(), s.uid, item))
	st := s.stats()
	st.Bytes = 0
	s.equal(st, library.GraphStats{})
	s.sees("apple")
	spaces, err := s.g.Spaces(t.Context(), []string{s.uid})
	s.must(err)
	s.equal(len(spaces), 0)
}

func testADeletedLibraryLeavesNothing(t *testing.T, f Fixture) {
	s, other := newShelf(t, f), newShelf(t, f)
	item := s.put("apple one")
	s.stage(item, 2, "apple two")
	other.put("apple elsewhere")
	s.sees("apple", "apple one")
	for range 2 {
		s.must(s.g.DeleteLibrary(t.Context(), s.uid))
	}
	s.equal(s.stats(), library.GraphStats{})
	held, err := s.g.Libraries(t.Context())
	s.must(err)
	s.equal([]bool{slices.Contains(held, s.uid), slices.Contains(held, other.uid)}, []bool{false, true})
	s.sees("apple")
	other.sees("apple", "apple elsewhere")
	s.put("apple anew")
	s.sees("apple", "apple anew")
}

func testWhatWasDeletedNoLongerCounts(t *testing.T, f Fixture) {
	if f.SharedStatistics {
		t.Skip("scores depend on other libraries here")
	}
	texts := []string{"red apple pie", "green apple", "red car"}
	clean, used := newShelf(t, f), newShelf(t, f)
	item := used.put("an apple a day", "red red wine")
	clean.put(texts...)
	used.put(texts...)
	used.must(used.g.DeleteItem(t.Context(), used.uid, item))
	a, b := clean.scores("red apple"), used.scores("red apple")
	for leg := range a {
		clean.equal(onlyScores(b[leg]), onlyScores(a[leg]))
	}
}

func onlyScores(found []library.Scored) []float64 {
	out := []float64{}
	for _, f := range found {
		out = append(out, f.Score)
	}
	return out
}
