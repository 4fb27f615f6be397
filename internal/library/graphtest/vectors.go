package graphtest

import (
	"math"
	"testing"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/library"
)

func vectors() map[string]func(*testing.T, Fixture) {
	return map[string]func(*testing.T, Fixture){
		"TheNearestComesFirstAndItsScoreIsTheCosine": testTheNearestComesFirstAndItsScoreIsTheCosine,
		"VectorsOfAnotherSpaceAreNotCompared":        testVectorsOfAnotherSpaceAreNotCompared,
		"WhatChangesIsSeenByTheNextSearch":           testWhatChangesIsSeenByTheNextSearch,
		"TheLimitOfVectorsHolds":                     testTheLimitOfVectorsHolds,
	}
}

func testTheNearestComesFirstAndItsScoreIsTheCosine(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	texts := many(60, "apple")
	s.put(texts[:30]...)
	s.put(texts[30:]...)
	query := vectorOf("apple number17 of several")
	found, err := s.g.Nearest(t.Context(), library.VectorQuery{Libraries: []string{s.uid}, Space: space, Vector: query, Limit: 60})
	s.must(err)
	got := s.texts(found)
	s.equal(len(got), 60)
	s.equal(got[0], "apple number17 of several")
	for i, text := range got {
		var want float64
		for j, x := range vectorOf(text) {
			want += float64(x) * float64(query[j])
		}
		if math.Abs(found[i].Score-want) > 1e-5 {
			t.Errorf("%q scores %v, want %v", text, found[i].Score, want)
		}
	}
}

func testVectorsOfAnotherSpaceAreNotCompared(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	s.put("old space")
	item := uuid.NewString()
	chunks := chunksOf("new space")
	chunks[0].Space, chunks[0].Vector = "other/4", []float32{1, 0, 0, 0}
	s.must(s.g.Stage(t.Context(), s.ref(item, 1), chunks))
	s.publish(item, 1)
	s.equal(s.near("x"), []string{"old space"})
	found, err := s.g.Nearest(t.Context(), library.VectorQuery{
		Libraries: []string{s.uid}, Space: "other/4", Vector: []float32{0, 1, 0, 0}, Limit: 5,
	})
	s.must(err)
	s.equal(s.texts(found), []string{"new space"})
	spaces, err := s.g.Spaces(t.Context(), []string{s.uid, uuid.NewString()})
	s.must(err)
	s.equal(spaces, []string{"other/4", space})
}

func testWhatChangesIsSeenByTheNextSearch(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := s.put("one")
	s.equal(s.near("x"), []string{"one"})
	s.put("two")
	s.equal(len(s.near("x")), 2)
	s.stage(item, 2, "three", "four")
	s.publish(item, 2)
	s.sees("two three four", "two", "three", "four")
	s.must(s.g.DeleteItem(t.Context(), s.uid, item))
	s.equal(s.near("x"), []string{"two"})
}

func testTheLimitOfVectorsHolds(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	s.put(many(30, "apple")...)
	for _, limit := range []int{0, 1, 7} {
		found, err := s.g.Nearest(t.Context(), library.VectorQuery{
			Libraries: []string{s.uid}, Space: space, Vector: vectorOf("x"), Limit: limit,
		})
		s.must(err)
		s.equal(len(found), limit)
	}
}
