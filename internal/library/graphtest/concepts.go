package graphtest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/library"
)

func concepts() map[string]func(*testing.T, Fixture) {
	return map[string]func(*testing.T, Fixture){
		"MentionsAreSeenOnceTheyArePublished":           testMentionsAreSeenOnceTheyArePublished,
		"MentionsGoWithTheirGeneration":                 testMentionsGoWithTheirGeneration,
		"AConceptThatNothingMentionsIsGone":             testAConceptThatNothingMentionsIsGone,
		"MentionsAddedTwiceAreThereOnce":                testMentionsAddedTwiceAreThereOnce,
		"MentionsAreStoredAndGivenBack":                 testMentionsAreStoredAndGivenBack,
		"AConceptIsNamedAsItsChunksMostlyWriteIt":       testAConceptIsNamedAsItsChunksMostlyWriteIt,
		"ChunksThatShareConceptsAreRelated":             testChunksThatShareConceptsAreRelated,
		"EachHopLeadsFurtherAndCountsLess":              testEachHopLeadsFurtherAndCountsLess,
		"NoHopLeadsThroughAnotherLibrary":               testNoHopLeadsThroughAnotherLibrary,
		"FiltersHoldOnEveryHop":                         testFiltersHoldOnEveryHop,
		"AConceptThatIsEverywhereLeadsNowhere":          testAConceptThatIsEverywhereLeadsNowhere,
		"ConceptsOfAChunkAndOfALibraryAreListed":        testConceptsOfAChunkAndOfALibraryAreListed,
		"ConceptsThatStandTogetherAreLinked":            testConceptsThatStandTogetherAreLinked,
		"DocumentsThatShareConceptsArePublishedAtATime": testDocumentsThatShareConceptsArePublishedAtATime,
	}
}

// about makes mentions of "key" or "key:weight"; a name is the key in capitals.
func about(list ...string) []library.Mention {
	var out []library.Mention
	for _, m := range list {
		key, weight, _ := strings.Cut(m, ":")
		w := 1.0
		if weight != "" {
			_, _ = fmt.Sscan(weight, &w)
		}
		out = append(out, library.Mention{Key: key, Name: strings.ToUpper(key), Kind: library.ConceptPhrase, Weight: w})
	}
	return out
}

// stageAbout stages chunks that mention concepts: their texts are "c0 a b" of
// what they mention, parted by spaces.
func (s shelf) stageAbout(item string, generation int64, chunks ...string) {
	s.Helper()
	staged := chunksOf(chunks...)
	for i, text := range chunks {
		staged[i].Mentions = about(strings.Fields(text)[1:]...)
	}
	s.must(s.g.Stage(s.Context(), s.ref(item, generation), staged))
}

func (s shelf) putAbout(chunks ...string) string {
	s.Helper()
	item := uuid.NewString()
	s.stageAbout(item, 1, chunks...)
	s.publish(item, 1)
	return item
}

func (s shelf) at(item string, generation int64, ordinal int) library.Scored {
	return library.Scored{LibraryUID: s.uid, ItemUID: item, Generation: generation, Ordinal: ordinal, Score: 1}
}

// related gives the first words of the chunks found, best first.
func (s shelf) related(q library.RelatedQuery) []string {
	s.Helper()
	if q.Libraries == nil {
		q.Libraries = []string{s.uid}
	}
	if q.Limit == 0 {
		q.Limit = 50
	}
	if q.Depth == 0 {
		q.Depth = 1
	}
	found, err := s.g.Related(s.Context(), q)
	s.must(err)
	again, err := s.g.Related(s.Context(), q)
	s.must(err)
	s.equal(again, found)
	out := []string{}
	for i, text := range s.texts(found) {
		if found[i].Score <= 0 || found[i].Score >= 1 {
			s.Errorf("score %g of %q", found[i].Score, text)
		}
		out = append(out, strings.Fields(text)[0])
	}
	return out
}

// known gives the library's concepts as "key chunks", in the order of the keys.
func (s shelf) known(keys ...string) []string {
	s.Helper()
	found, err := s.g.Concepts(s.Context(), library.ConceptQuery{Libraries: []string{s.uid}, Keys: keys, Limit: 100})
	s.must(err)
	out := []string{}
	for _, c := range found {
		if c.LibraryUID != s.uid {
			s.Errorf("%+v is of another library", c)
		}
		out = append(out, fmt.Sprint(c.Key, " ", c.Chunks))
	}
	slices.Sort(out)
	return out
}

func testMentionsAreSeenOnceTheyArePublished(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := uuid.NewString()
	s.stageAbout(item, 1, "c0 a", "c1 a b")
	s.equal(s.known(), []string{})
	s.equal(s.related(library.RelatedQuery{Keys: []string{"a"}}), []string{})
	s.publish(item, 1)
	s.equal(s.known(), []string{"a 2", "b 1"})
	s.equal(s.related(library.RelatedQuery{Keys: []string{"a"}}), []string{"c0", "c1"})
	s.g = f.Reopen(t)
	s.equal(s.known(), []string{"a 2", "b 1"})
	s.equal(s.known("b", "c"), []string{"b 1"})
}

func testMentionsGoWithTheirGeneration(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := s.putAbout("c0 a b")
	s.putAbout("c1 a")
	s.stageAbout(item, 2, "c2 b c")
	s.equal(s.known(), []string{"a 2", "b 1"})
	s.publish(item, 2)
	s.equal(s.known(), []string{"a 1", "b 1", "c 1"})
	found := s.related(library.RelatedQuery{Keys: []string{"a", "b"}})
	slices.Sort(found)
	s.equal(found, []string{"c1", "c2"})
	old, err := s.g.Stored(t.Context(), s.ref(item, 1), 0, 9)
	s.must(err)
	s.equal([]int{len(old), len(old[0].Mentions)}, []int{1, 0})
	s.must(s.g.DeleteItem(t.Context(), s.uid, item))
	s.equal(s.known(), []string{"a 1"})
}

func testAConceptThatNothingMentionsIsGone(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := uuid.NewString()
	s.stageAbout(item, 1, "c0 a b")
	s.stageAbout(item, 1, "c0 c") // under the same ordinal
	s.publish(item, 1)
	s.equal(s.stats().Concepts, int64(1))
	s.stageAbout(item, 2, "c1 d")
	s.must(s.g.Discard(t.Context(), s.ref(item, 2)))
	s.equal(s.stats().Concepts, int64(1))
	s.stageAbout(item, 3, "c2 e")
	s.publish(item, 3)
	s.equal(s.known(), []string{"e 1"})
	s.equal(s.stats().Concepts, int64(1))
	s.must(s.g.DeleteItem(t.Context(), s.uid, item))
	s.equal(s.stats().Concepts, int64(0))
	s.putAbout("c3 a b c")
	s.must(s.g.DeleteLibrary(t.Context(), s.uid))
	s.equal(s.stats(), library.GraphStats{})
	s.equal(s.known(), []string{})
}

func testMentionsAddedTwiceAreThereOnce(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := s.putAbout("c0 a:0.5", "c1 b")
	s.stageAbout(item, 2, "c0 a")
	more := map[int][]library.Mention{0: about("a:0.8", "b:0.4"), 1: about("b:0.2"), 7: about("x")}
	for range 2 {
		s.must(s.g.AddMentions(t.Context(), s.ref(item, 1), more))
		s.must(s.g.AddMentions(t.Context(), s.ref(item, 2), map[int][]library.Mention{0: about("z")}))
		s.must(s.g.AddMentions(t.Context(), s.ref(uuid.NewString(), 1), more))
	}
	s.equal(s.known(), []string{"a 1", "b 2"})
	got, err := s.g.Stored(t.Context(), s.ref(item, 1), 0, 9)
	s.must(err)
	s.equal([][]library.Mention{got[0].Mentions, got[1].Mentions}, [][]library.Mention{about("a:0.8", "b:0.4"), about("b")})
	s.publish(item, 2)
	s.equal(s.known(), []string{"a 1", "z 1"})
	s.must(s.g.AddMentions(t.Context(), s.ref(item, 1), more))
	s.equal(s.known(), []string{"a 1", "z 1"})
	if err := s.g.AddMentions(t.Context(), s.ref(item, 2), map[int][]library.Mention{0: {{Key: "k", Name: "K", Weight: 2}}}); err == nil {
		t.Error("a weight of 2 is taken")
	}
}

func testMentionsAreStoredAndGivenBack(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	item := uuid.NewString()
	chunks := chunksOf("one", "two", "three")
	chunks[0].Mentions = []library.Mention{
		{Key: "mutual tls", Name: "mTLS \"é 語\"", Kind: library.ConceptAcronym, Weight: 0.25},
		{Key: "server", Name: "Server", Kind: library.ConceptHeading, Weight: 1},
		{Key: "server", Name: "server", Kind: library.ConceptPhrase, Weight: 0.5},
	}
	chunks[2].Mentions = []library.Mention{{Key: "server", Name: "servers", Kind: library.ConceptModel, Weight: 0.125}}
	for range 2 {
		s.must(s.g.Stage(t.Context(), s.ref(item, 1), chunks))
	}
	s.publish(item, 1)
	got, err := s.g.Stored(t.Context(), s.ref(item, 1), 0, 9)
	s.must(err)
	want := [][]library.Mention{{chunks[0].Mentions[1], chunks[0].Mentions[0]}, nil, chunks[2].Mentions}
	for i := range want {
		s.equal(got[i].Mentions, want[i])
	}
}

func testAConceptIsNamedAsItsChunksMostlyWriteIt(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	for _, name := range []string{"SERVERS", "Server", "Server"} {
		item := uuid.NewString()
		chunk := chunksOf("a chunk about " + name)
		chunk[0].Mentions = []library.Mention{{Key: "server", Name: name, Kind: library.ConceptName, Weight: 1}}
		s.must(s.g.Stage(t.Context(), s.ref(item, 1), chunk))
		s.publish(item, 1)
	}
	found, err := s.g.Concepts(t.Context(), library.ConceptQuery{Libraries: []string{s.uid}, Limit: 5})
	s.must(err)
	s.equal(found, []library.Concept{{LibraryUID: s.uid, Key: "server", Name: "Server", Kind: library.ConceptName, Chunks: 3}})
}

func testConceptsOfAChunkAndOfALibraryAreListed(t *testing.T, f Fixture) {
	s, other := newShelf(t, f), newShelf(t, f)
	var chunks []string
	for i := range 16 {
		text := fmt.Sprintf("c%d everywhere own%d", i, i)
		if i < 4 {
			text += " topic"
		}
		chunks = append(chunks, text)
	}
	item := s.putAbout(chunks...)
	other.putAbout("c0 topic elsewhere")
	of := func(q library.ConceptQuery) []string {
		found, err := s.g.Concepts(t.Context(), q)
		s.must(err)
		out := []string{}
		for _, c := range found {
			out = append(out, fmt.Sprint(c.Key, " ", c.Name, " ", c.Chunks))
		}
		return out
	}
	s.equal(of(library.ConceptQuery{Libraries: []string{s.uid}, Limit: 1}), []string{"topic TOPIC 4"})
	all := of(library.ConceptQuery{Libraries: []string{s.uid}, Limit: 99})
	s.equal([]any{len(all), all[len(all)-1]}, []any{18, "everywhere EVERYWHERE 16"})
	chunk := s.at(item, 1, 2)
	s.equal(of(library.ConceptQuery{Libraries: []string{s.uid, other.uid}, Chunk: &chunk, Limit: 9}),
		[]string{"own2 OWN2 1", "topic TOPIC 4", "everywhere EVERYWHERE 16"})
	s.equal(of(library.ConceptQuery{Libraries: []string{other.uid}, Chunk: &chunk, Limit: 9}), []string{})
	s.equal(of(library.ConceptQuery{Limit: 9}), []string{})
	s.equal(len(of(library.ConceptQuery{Libraries: []string{s.uid, other.uid, uuid.NewString()}, Keys: []string{"topic"}, Limit: 9})), 2)
}

func testConceptsThatStandTogetherAreLinked(t *testing.T, f Fixture) {
	s, other := newShelf(t, f), newShelf(t, f)
	s.putAbout("c0 a b c", "c1 a b", "c2 c d")
	other.putAbout("c0 a d")
	got, err := s.g.ConceptLinks(t.Context(), s.uid, []string{"b", "a", "c", "x", "a"})
	s.must(err)
	s.equal(got, []library.ConceptLink{{From: "a", To: "b", Chunks: 2}, {From: "a", To: "c", Chunks: 1}, {From: "b", To: "c", Chunks: 1}})
	none, err := s.g.ConceptLinks(t.Context(), uuid.NewString(), []string{"a", "b"})
	s.must(err)
	s.equal(len(none), 0)
}

func testDocumentsThatShareConceptsArePublishedAtATime(t *testing.T, f Fixture) {
	s := newShelf(t, f)
	const writers, rounds, shared = 6, 3, 12
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			item := uuid.NewString()
			for round := range rounds {
				// Each names the concepts in another order, and lets go of them between.
				text := fmt.Sprintf("c%d own%d", w, w)
				for i := range shared {
					text += fmt.Sprintf(" shared%d", (i*[]int{1, 5, 7, 11}[w%4]+round)%shared)
				}
				staged := chunksOf(text, text+" more")
				for i := range staged {
					staged[i].Mentions = about(strings.Fields(text)[1:]...)
				}
				ref := s.ref(item, int64(round+1))
				err := s.g.Stage(t.Context(), ref, staged)
				if err == nil {
					err = s.g.Publish(t.Context(), ref, library.IndexItem{UID: item}, 1)
				}
				if err == nil && w == 0 {
					err = s.g.DeleteItem(t.Context(), s.uid, item)
				}
				if err != nil {
					t.Error(err)
				}
				if w == 0 {
					item = uuid.NewString()
				}
			}
		})
	}
	group.Wait()
	want := []string{}
	for i := range shared {
		want = append(want, fmt.Sprintf("shared%d %d", i, 2*(writers-1)))
	}
	for w := 1; w < writers; w++ {
		want = append(want, fmt.Sprintf("own%d 2", w))
	}
	slices.Sort(want)
	s.equal(s.known(), want)
}
