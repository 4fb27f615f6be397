// Package graphtest is the suite that every library.Graph passes. It owns what
// the interface's words mean where an engine could read them otherwise:
// what is seen and when, what repeats do, what scope and filters leave out.
//
// Each test gets an empty store of its own, or libraries of its own in a store
// that others use too.
package graphtest

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/library"
)

// Fixture is a store for one test.
type Fixture struct {
	Graph library.Graph
	// Reopen closes the store and opens what it left behind.
	Reopen func(t *testing.T) library.Graph
	// SharedStatistics says that full-text scores depend on other libraries
	// too. What is found must not.
	SharedStatistics bool
	// WithoutConcepts leaves out what chunks mention.
	WithoutConcepts bool
	// Forget drops what a test put into a library, when the test has ended.
	// It is there where one store serves all tests, beside others' libraries.
	Forget func(libraryUID string)
}

// Run runs the suite. make gives each test its own empty store and cleans up
// after it.
func Run(t *testing.T, open func(t *testing.T) Fixture) {
	t.Helper()
	groups := []map[string]func(*testing.T, Fixture){
		staging(), publishing(), deleting(), words(), scripts(), languages(), says(), vectors(), spaces(), scope(), contention(), stored(),
	}
	if !open(t).WithoutConcepts {
		groups = append(groups, concepts())
	}
	for _, group := range groups {
		for name, test := range group {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, open(t))
			})
		}
	}
}

// dim is small: the suite tests meaning, not arithmetic.
const (
	dim   = 8
	space = "test/8"
)

// shelf is a library in a store, with short ways to fill and ask it.
type shelf struct {
	*testing.T
	g   library.Graph
	uid string
}

func newShelf(t *testing.T, f Fixture) shelf {
	t.Helper()
	uid := uuid.NewString()
	if f.Forget != nil {
		t.Cleanup(func() { f.Forget(uid) })
	}
	return shelf{T: t, g: f.Graph, uid: uid}
}

func (s shelf) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s shelf) ref(item string, generation int64) library.GenerationRef {
	return library.GenerationRef{LibraryUID: s.uid, ItemUID: item, Generation: generation}
}

// chunksOf makes chunks of texts, each with a vector that its text decides.
func chunksOf(texts ...string) []library.IndexChunk {
	out := make([]library.IndexChunk, len(texts))
	at := 0
	for i, text := range texts {
		n := len([]rune(text))
		out[i] = library.IndexChunk{
			Ordinal: i, Text: text, Start: at, End: at + n,
			Hash: "hash of " + text, Space: space, Vector: vectorOf(text),
		}
		at += n
	}
	return out
}

// vectorOf is a unit vector, another for every text.
func vectorOf(text string) []float32 {
	v := make([]float32, dim)
	seed := uint64(14695981039346656037)
	for _, b := range []byte(text) {
		seed = (seed ^ uint64(b)) * 1099511628211
	}
	var sum float64
	for i := range v {
		seed = seed*6364136223846793005 + 1442695040888963407
		v[i] = float32(int64(seed>>33))/float32(1<<30) - 1
		sum += float64(v[i]) * float64(v[i])
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

func (s shelf) stage(item string, generation int64, texts ...string) {
	s.Helper()
	s.must(s.g.Stage(s.Context(), s.ref(item, generation), chunksOf(texts...)))
}

func (s shelf) publish(item string, generation int64) {
	s.Helper()
	s.must(s.g.Publish(s.Context(), s.ref(item, generation), library.IndexItem{UID: item}, 2))
}

// put publishes a new item of these texts.
func (s shelf) put(texts ...string) string {
	s.Helper()
	item := uuid.NewString()
	s.stage(item, 1, texts...)
	s.publish(item, 1)
	return item
}

// words gives the texts found for a query, best first.
func (s shelf) words(query string, filters ...library.Filter) []string {
	s.Helper()
	q := library.FullTextQuery{Libraries: []string{s.uid}, Text: query, Limit: 50}
	for _, f := range filters {
		q.Filter = f
	}
	found, err := s.g.FullText(s.Context(), q)
	s.must(err)
	return s.texts(found)
}

// near gives the texts found for a vector, best first.
func (s shelf) near(like string, filters ...library.Filter) []string {
	s.Helper()
	q := library.VectorQuery{Libraries: []string{s.uid}, Space: space, Vector: vectorOf(like), Limit: 50}
	for _, f := range filters {
		q.Filter = f
	}
	found, err := s.g.Nearest(s.Context(), q)
	s.must(err)
	return s.texts(found)
}

func (s shelf) texts(found []library.Scored) []string {
	s.Helper()
	if !slices.IsSortedFunc(found, func(a, b library.Scored) int {
		return int(math.Copysign(1, b.Score-a.Score))
	}) {
		s.Errorf("not best first: %+v", found)
	}
	chunks, err := s.g.Hydrate(s.Context(), found)
	s.must(err)
	if len(chunks) != len(found) {
		s.Fatalf("found %d, hydrated %d", len(found), len(chunks))
	}
	out := []string{}
	for _, c := range chunks {
		out = append(out, c.Text)
	}
	return out
}

// sees checks what readers see of the library: by words, by vectors, by count.
func (s shelf) sees(word string, want ...string) {
	s.Helper()
	slices.Sort(want)
	for leg, got := range map[string][]string{"words": s.words(word), "vectors": s.near(word)} {
		slices.Sort(got)
		if !slices.Equal(got, want) {
			s.Errorf("%s find %q, want %q", leg, got, want)
		}
	}
	if st := s.stats(); st.Visible != int64(len(want)) {
		s.Errorf("%d chunks are visible, want %d", st.Visible, len(want))
	}
}

func (s shelf) stats() library.GraphStats {
	s.Helper()
	st, err := s.g.Stats(s.Context(), s.uid)
	s.must(err)
	return st
}

func (s shelf) equal(got, want any) {
	s.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		s.Errorf("(-want +got)\n%s", diff)
	}
}

func (s shelf) chunks(item string, generation int64) []string {
	s.Helper()
	chunks, err := s.g.Chunks(s.Context(), s.ref(item, generation), 0, 1<<20)
	s.must(err)
	out := []string{}
	for _, c := range chunks {
		out = append(out, c.Text)
	}
	return out
}

// many makes texts that share a word and have one of their own.
func many(n int, word string) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s number%d of several", word, i)
	}
	return out
}
