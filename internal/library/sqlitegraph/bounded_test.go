package sqlitegraph_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph"
)

// bounded is a library that is searched without bounds by one graph and with
// narrow ones by another.
type bounded struct {
	lib        string
	whole, few *sqlitegraph.Graph
}

// newBounded makes documents of words that are the more frequent the lower
// their number: half of the chunks hold w0, hardly any w59.
func newBounded(t *testing.T) bounded {
	t.Helper()
	dir := t.TempDir()
	b := bounded{uuid.NewString(), open(t, dir, sqlitegraph.Options{}), open(t, dir, sqlitegraph.Options{})}
	sqlitegraph.UnboundWords(b.whole)
	sqlitegraph.BoundWords(b.few, 60, 200)
	r := rand.New(rand.NewPCG(1, 2))
	for item := range 12 {
		ref := library.GenerationRef{LibraryUID: b.lib, ItemUID: uuid.NewString(), Generation: 1}
		var chunks []library.IndexChunk
		for i := range 50 {
			var words []string
			for w := range 60 {
				for r.IntN(w+2) == 0 && len(words) < 200 {
					words = append(words, fmt.Sprintf("w%d", w))
				}
			}
			r.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
			c := library.IndexChunk{Ordinal: i, Text: strings.Join(words, " "), Context: "w3"}
			if i%3 == 0 {
				c.HeadingPath = []string{"w1 w2", "Brief"}
			}
			chunks = append(chunks, c)
		}
		if err := b.whole.Stage(t.Context(), ref, chunks); err != nil {
			t.Fatal(err)
		}
		next := library.IndexItem{UID: ref.ItemUID, CollectionUID: fmt.Sprint(item % 3), Title: fmt.Sprintf("w%d w5", item%4)}
		if item%2 == 1 {
			next.Language = "de"
		}
		if err := b.whole.Publish(t.Context(), ref, next, 0); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func (b bounded) ask(t *testing.T, g *sqlitegraph.Graph, text string, begins []string, f library.Filter) []library.Scored {
	t.Helper()
	found, err := g.FullText(t.Context(), library.FullTextQuery{Libraries: []string{b.lib}, Text: text, Begins: begins, Filter: f, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestFrequentWordsThatAreLeftOutAtFirstRateTheBestAsAlways(t *testing.T) {
	t.Parallel()
	b := newBounded(t)
	for _, test := range []struct {
		text   string
		begins []string
		filter library.Filter
	}{
		{text: "w30 w1 w0"},
		{text: "w50 w45 w2 w2 w1 w1 w1 w1"},
		{text: "w48 w5 w3 missing"},
		{text: "w52 W1 brief"},
		{text: "w31 w1", begins: []string{"w5"}},
		{text: "w35 w37 w1 w2", filter: library.Filter{CollectionUIDs: []string{"1", "2"}}},
		{text: "w35 w37 w1 w2", filter: library.Filter{Not: []library.Clause{{Text: "w3 w1"}}}},
		{text: "w22 w20 w1 w2", filter: library.Filter{Must: []library.Clause{{Text: "w4"}}, Not: []library.Clause{{Title: true, Text: "w1"}}}},
	} {
		want, got := b.ask(t, b.whole, test.text, test.begins, test.filter), b.ask(t, b.few, test.text, test.begins, test.filter)
		if len(want) == 0 || len(got) != len(want) {
			t.Errorf("%+v: %d hits, want %d", test, len(got), len(want))
			continue
		}
		for i := range want {
			if diff := got[i].Score - want[i].Score; diff > 1e-9 || diff < -1e-9 {
				t.Errorf("%+v: hit %d is %+v, want %+v", test, i, got[i], want[i])
				break
			}
		}
	}
}

// Each of the words stands in more chunks than are rated.
func TestAQuestionOfFrequentWordsAloneFindsChunksThatHoldSeveral(t *testing.T) {
	t.Parallel()
	b := newBounded(t)
	sqlitegraph.BoundWords(b.few, 20, 4)
	const text = "w4 w5 w3 w0"
	for _, f := range []library.Filter{{}, {CollectionUIDs: []string{"2"}}} {
		scores := b.scores(t, text, f)
		rarest := f
		rarest.Must = []library.Clause{{Text: "w4"}, {Text: "w0"}}
		several := b.scores(t, text, rarest)
		got := b.ask(t, b.few, text, nil, f)
		if len(got) != 10 {
			t.Fatalf("%d hits within %+v, want 10", len(got), f)
		}
		for i, h := range got {
			at := fmt.Sprint(h.ItemUID, h.Ordinal)
			if _, ok := several[at]; !ok {
				t.Errorf("hit %d within %+v does not hold the two rarest words", i, f)
			}
			if diff := h.Score - scores[at]; diff > 1e-9 || diff < -1e-9 {
				t.Errorf("hit %d within %+v is %+v, want the score %v", i, f, h, scores[at])
			}
			if i > 0 && h.Score > got[i-1].Score {
				t.Errorf("hit %d within %+v scores higher than the one before it", i, f)
			}
		}
	}
}

// scores are those of all chunks that are found without bounds.
func (b bounded) scores(t *testing.T, text string, f library.Filter) map[string]float64 {
	t.Helper()
	found, err := b.whole.FullText(t.Context(), library.FullTextQuery{Libraries: []string{b.lib}, Text: text, Filter: f, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, h := range found {
		out[fmt.Sprint(h.ItemUID, h.Ordinal)] = h.Score
	}
	return out
}
