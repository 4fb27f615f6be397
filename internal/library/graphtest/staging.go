package graphtest

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/library"
)

func staging() map[string]func(*testing.T, Fixture) {
	return map[string]func(*testing.T, Fixture){
		"AnUnknownLibraryIsEmpty":                testAnUnknownLibraryIsEmpty,
		"StagedChunksAreSeenByNobody":            testStagedChunksAreSeenByNobody,
		"StagedTellsWhereWorkStopped":            testStagedTellsWhereWorkStopped,
		"StagingAgainReplaces":                   testStagingAgainReplaces,
		"DiscardDropsWhatWasStagedOnly":          testDiscardDropsWhatWasStagedOnly,
		"ChunksKeepEverythingThatACitationNeeds": testChunksKeepEverythingThatACitationNeeds,
		"ChunksAreCutByOrdinal":                  testChunksAreCutByOrdinal,
		"ChunksWithoutVectorsAreFoundByWords":    testChunksWithoutVectorsAreFoundByWords,
	}
}

func testAnUnknownLibraryIsEmpty(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	s.sees("anything")
	s.equal(s.stats(), library.GraphStats{})
	item := uuid.NewString()
	s.must(s.g.DeleteItem(t.Context(), s.uid, item))
	s.must(s.g.DeleteLibrary(t.Context(), s.uid))
	s.must(s.g.Discard(t.Context(), s.ref(item, 1)))
	s.must(s.g.SetItem(t.Context(), s.uid, library.IndexItem{UID: item}))
	s.publish(item, 1)
	s.equal(s.chunks(item, 1), []string{})
	s.equal(s.stats(), library.GraphStats{})
	s.must(s.g.Ping(t.Context()))
}

func testStagedChunksAreSeenByNobody(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := uuid.NewString()
	s.stage(item, 1, "hidden one", "hidden two")
	s.sees("hidden")
	s.equal(s.chunks(item, 1), []string{})
	spaces, err := s.g.Spaces(t.Context(), []string{s.uid})
	s.must(err)
	s.equal(len(spaces), 0)
	vectors, err := s.g.Vectors(t.Context(), s.uid, item, space, []string{"hash of hidden one"})
	s.must(err)
	s.equal(len(vectors), 0)
	st := s.stats()
	s.equal([]int64{st.Items, st.Chunks, st.Vectors}, []int64{1, 2, 2})
}

func testStagedTellsWhereWorkStopped(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := uuid.NewString()
	chunks := chunksOf("a", "b", "c", "d")
	s.must(s.g.Stage(t.Context(), s.ref(item, 1), chunks[:1]))
	s.must(s.g.Stage(t.Context(), s.ref(item, 1), chunks[2:3]))
	got, err := s.g.Staged(t.Context(), s.ref(item, 1))
	s.must(err)
	s.equal(got, map[int]bool{0: true, 2: true})
	got, err = s.g.Staged(t.Context(), s.ref(item, 2))
	s.must(err)
	s.equal(got, map[int]bool{})
	s.must(s.g.Stage(t.Context(), s.ref(item, 1), chunks))
	s.publish(item, 1)
	got, err = s.g.Staged(t.Context(), s.ref(item, 1))
	s.must(err)
	s.equal(len(got), 4)
	s.equal(s.chunks(item, 1), []string{"a", "b", "c", "d"})
}

func testStagingAgainReplaces(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := uuid.NewString()
	s.stage(item, 1, "draft")
	s.stage(item, 1, "final")
	s.publish(item, 1)
	s.sees("draft final", "final")
	s.equal(s.stats().Chunks, int64(1))
}

func testDiscardDropsWhatWasStagedOnly(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := s.put("kept")
	s.stage(item, 2, "dropped")
	s.must(s.g.Discard(t.Context(), s.ref(item, 2)))
	s.must(s.g.Discard(t.Context(), s.ref(item, 2)))
	s.must(s.g.Discard(t.Context(), s.ref(item, 1)))
	s.sees("kept", "kept")
	other := uuid.NewString()
	s.stage(other, 1, "alone")
	s.must(s.g.Discard(t.Context(), s.ref(other, 1)))
	st := s.stats()
	s.equal([]int64{st.Items, st.Chunks, st.Vectors}, []int64{1, 1, 1})
}

func testChunksKeepEverythingThatACitationNeeds(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item, page := uuid.NewString(), 7
	chunk := library.IndexChunk{
		Ordinal: 3, Text: "  exact \"words\"\n\tand spaces ü 語  ", HeadingPath: []string{"Part", "Chapter / 2"},
		Context: "Column A | Column B", Page: &page, Start: 120, End: 151, Hash: "h", Space: space, Vector: vectorOf("x"),
	}
	s.must(s.g.Stage(t.Context(), s.ref(item, 1), []library.IndexChunk{chunk}))
	s.publish(item, 1)
	got, err := s.g.Chunks(t.Context(), s.ref(item, 1), 0, 10)
	s.must(err)
	uid, err := library.ChunkUID(item, 1, 3)
	s.must(err)
	s.equal(got, []library.Chunk{{
		UID: uid, ItemUID: item, LibraryUID: s.uid, Generation: 1, Ordinal: 3, Text: chunk.Text,
		HeadingPath: chunk.HeadingPath, Page: &page, Start: 120, End: 151,
	}})
	s.equal(s.words("column"), []string{chunk.Text})
}

func testChunksAreCutByOrdinal(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := s.put("a", "b", "c", "d", "e")
	for _, span := range [][2]int{{0, 5}, {1, 3}, {4, 100}, {5, 9}, {3, 3}, {-4, 1}} {
		chunks, err := s.g.Chunks(t.Context(), s.ref(item, 1), span[0], span[1])
		s.must(err)
		want := max(min(span[1], 5)-max(span[0], 0), 0)
		if len(chunks) != want || !slices.IsSortedFunc(chunks, func(a, b library.Chunk) int { return a.Ordinal - b.Ordinal }) {
			t.Errorf("[%d, %d) gives %d chunks, want %d", span[0], span[1], len(chunks), want)
		}
	}
}

func testChunksWithoutVectorsAreFoundByWords(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := uuid.NewString()
	chunk := chunksOf("plain words")
	chunk[0].Vector, chunk[0].Space = nil, ""
	s.must(s.g.Stage(t.Context(), s.ref(item, 1), chunk))
	s.publish(item, 1)
	s.equal(s.words("plain"), []string{"plain words"})
	s.equal(s.near("plain words"), []string{})
	s.equal(s.stats().Vectors, int64(0))
}
