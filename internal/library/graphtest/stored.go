package graphtest

import (
	"testing"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/library"
)

func stored() map[string]func(*testing.T, Fixture) {
	return map[string]func(*testing.T, Fixture){
		"ACopyOfWhatIsStoredMakesTheSameIndex":   testACopyOfWhatIsStoredMakesTheSameIndex,
		"OfARetiredGenerationTheChunksAreStored": testOfARetiredGenerationTheChunksAreStored,
	}
}

func testACopyOfWhatIsStoredMakesTheSameIndex(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item, page := uuid.NewString(), 7
	chunk := library.IndexChunk{
		Text: "exact \"words\" ü 語", HeadingPath: []string{"Part", "Chapter / 2"}, Context: "Column A | Column B",
		Page: &page, Start: 120, End: 138, Hash: "h", Space: space, Vector: vectorOf("x"),
	}
	s.must(s.g.Stage(t.Context(), s.ref(item, 1), []library.IndexChunk{chunk}))
	staged, err := s.g.Stored(t.Context(), s.ref(item, 1), 0, 10)
	s.must(err)
	s.equal(len(staged), 0)
	s.must(s.g.AddVectors(t.Context(), s.ref(item, 1), next, map[int][]float32{0: nextVector("x")}))
	s.publish(item, 1)
	got, err := s.g.Stored(t.Context(), s.ref(item, 1), 0, 10)
	s.must(err)
	uid, err := library.ChunkUID(item, 1, 0)
	s.must(err)
	s.equal(got, []library.StoredChunk{{
		Chunk: library.Chunk{
			UID: uid, ItemUID: item, LibraryUID: s.uid, Generation: 1, Text: chunk.Text,
			HeadingPath: chunk.HeadingPath, Page: &page, Start: 120, End: 138,
		},
		Context: chunk.Context, Hash: "h", Vectors: map[string][]float32{space: chunk.Vector, next: nextVector("x")},
	}})
	part, err := s.g.Stored(t.Context(), s.ref(item, 1), 1, 10)
	s.must(err)
	s.equal(len(part), 0)
}

func testOfARetiredGenerationTheChunksAreStored(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := s.put("apple old", "apple gone")
	s.stage(item, 2, "apple new")
	s.publish(item, 2)
	for generation, want := range map[int64][]string{1: {"apple old", "apple gone"}, 2: {"apple new"}} {
		got, err := s.g.Stored(t.Context(), s.ref(item, generation), 0, 10)
		s.must(err)
		texts := []string{}
		for _, c := range got {
			texts = append(texts, c.Text)
		}
		s.equal(texts, want)
	}
}
