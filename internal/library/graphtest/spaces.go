package graphtest

import (
	"math"
	"testing"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/library"
)

func spaces() map[string]func(*testing.T, Fixture) {
	return map[string]func(*testing.T, Fixture){
		"AnotherSpaceIsFilledBesideTheOldOne":          testAnotherSpaceIsFilledBesideTheOldOne,
		"ADroppedSpaceLeavesTheOtherAsItWas":           testADroppedSpaceLeavesTheOtherAsItWas,
		"VectorsForWhatIsNotThereArePassedOver":        testVectorsForWhatIsNotThereArePassedOver,
		"AStagedGenerationTakesVectorsOfTwoSpaces":     testAStagedGenerationTakesVectorsOfTwoSpaces,
		"ASpaceThatComesBackHoldsNothingOfItsOld":      testASpaceThatComesBackHoldsNothingOfItsOld,
		"StagingOtherWordsDropsTheirVectorsEverywhere": testStagingOtherWordsDropsTheirVectorsEverywhere,
	}
}

// next is a space of other dimensions than the suite's.
const next = "next/4"

func nextVector(text string) []float32 {
	v := vectorOf(text)[:4]
	var sum float32
	for _, x := range v {
		sum += x * x
	}
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = x / float32(math.Sqrt(float64(sum)))
	}
	return out
}

// fill gives the next space what it lacks, a few at a time, and counts the
// chunks that it filled.
func (s shelf) fill() int {
	s.Helper()
	for filled := 0; ; {
		pending, err := s.g.WithoutVector(s.Context(), s.uid, next, 3)
		s.must(err)
		if len(pending) == 0 {
			return filled
		}
		for _, c := range pending {
			s.must(s.g.AddVectors(s.Context(), c.GenerationRef, next, map[int][]float32{c.Ordinal: nextVector(c.Text)}))
		}
		filled += len(pending)
		if filled > 1000 {
			s.Fatal("the space is never whole")
		}
	}
}

// nearNext gives the texts found in the next space.
func (s shelf) nearNext(like string) []string {
	s.Helper()
	found, err := s.g.Nearest(s.Context(), library.VectorQuery{
		Libraries: []string{s.uid}, Space: next, Vector: nextVector(like), Limit: 50,
	})
	s.must(err)
	return s.texts(found)
}

func testAnotherSpaceIsFilledBesideTheOldOne(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := s.put("one", "two")
	s.put(many(5, "apple")...)
	s.stage(item, 2, "three") // staged only: nobody waits for its vectors
	pending, err := s.g.WithoutVector(t.Context(), s.uid, next, 50)
	s.must(err)
	s.equal(len(pending), 7)
	s.equal([]any{pending[0].GenerationRef, pending[0].Text, pending[0].Hash}, []any{s.ref(item, 1), "one", "hash of one"})
	s.equal(s.nearNext("one"), []string{})
	s.equal(s.fill(), 7)
	s.equal(len(s.near("one")), 7)
	s.equal(len(s.nearNext("one")), 7)
	s.equal(s.nearNext("one")[0], "one")
	s.equal(s.stats().Vectors, int64(15)) // one staged
	spaces, err := s.g.Spaces(t.Context(), []string{s.uid})
	s.must(err)
	s.equal(spaces, []string{next, space})
	found, err := s.g.Vectors(t.Context(), s.uid, item, next, []string{"hash of two"})
	s.must(err)
	s.equal(found, map[string][]float32{"hash of two": nextVector("two")})
	pending, err = s.g.WithoutVector(t.Context(), s.uid, space, 50)
	s.must(err)
	s.equal(len(pending), 0)
	s.publish(item, 2)
	s.equal(s.fill(), 1) // what is published later waits again
}

func testADroppedSpaceLeavesTheOtherAsItWas(t *testing.T, f Fixture) {
	s, other := newShelf(t, f), newShelf(t, f)
	s.put(many(5, "apple")...)
	other.put("elsewhere")
	s.fill()
	other.fill()
	for range 2 {
		s.must(s.g.DropSpace(t.Context(), s.uid, next))
	}
	s.equal(s.nearNext("one"), []string{})
	s.equal(len(s.near("one")), 5)
	s.equal(s.stats().Vectors, int64(5))
	s.equal(other.nearNext("one"), []string{"elsewhere"})
	spaces, err := s.g.Spaces(t.Context(), []string{s.uid})
	s.must(err)
	s.equal(spaces, []string{space})
}

func testVectorsForWhatIsNotThereArePassedOver(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := s.put("one")
	s.stage(item, 2, "two")
	s.publish(item, 2)
	for _, ref := range []library.GenerationRef{
		s.ref(item, 1), s.ref(item, 3), s.ref(uuid.NewString(), 1), newShelf(t, f).ref(item, 1),
	} {
		s.must(s.g.AddVectors(t.Context(), ref, next, map[int][]float32{0: nextVector("one"), 9: nextVector("nine")}))
	}
	s.equal(s.nearNext("one"), []string{})
	s.equal(s.stats().Vectors, int64(1))
}

func testAStagedGenerationTakesVectorsOfTwoSpaces(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := s.put("one")
	s.stage(item, 2, "two", "three")
	s.must(s.g.AddVectors(t.Context(), s.ref(item, 2), next, map[int][]float32{0: nextVector("two"), 1: nextVector("three")}))
	s.equal(s.nearNext("two"), []string{})
	s.publish(item, 2)
	s.equal(s.nearNext("two"), []string{"two", "three"})
	s.equal(len(s.near("two")), 2)
	s.equal(s.fill(), 0)
}

func testASpaceThatComesBackHoldsNothingOfItsOld(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := s.put("one", "two")
	s.fill()
	s.equal(len(s.nearNext("one")), 2)
	s.must(s.g.DropSpace(t.Context(), s.uid, next))
	s.must(s.g.AddVectors(t.Context(), s.ref(item, 1), next, map[int][]float32{1: nextVector("two")}))
	s.equal(s.nearNext("one"), []string{"two"})
}

func testStagingOtherWordsDropsTheirVectorsEverywhere(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := uuid.NewString()
	s.stage(item, 1, "one", "two")
	s.must(s.g.AddVectors(t.Context(), s.ref(item, 1), next, map[int][]float32{0: nextVector("one"), 1: nextVector("two")}))
	s.stage(item, 1, "other", "two")
	s.publish(item, 1)
	s.equal(s.nearNext("two"), []string{"two"})
	s.equal(s.fill(), 1)
}
