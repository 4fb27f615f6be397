package search_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/search"
)

// shortest is a reranker that likes short passages.
type shortest struct {
	err      error
	wait     bool
	leaveOut string // a passage with this in it gets no score
	queries  []embedding.Query
	passages [][]string
}

func (s *shortest) Model() string              { return "shortest" }
func (s *shortest) Ping(context.Context) error { return nil }

func (s *shortest) Rerank(ctx context.Context, q embedding.Query, passages []string) (map[int]float64, error) {
	s.queries, s.passages = append(s.queries, q), append(s.passages, passages)
	if s.wait {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	scores := map[int]float64{}
	for i, p := range passages {
		if s.leaveOut == "" || !strings.Contains(p, s.leaveOut) {
			scores[i] = 1 / float64(len(p))
		}
	}
	return scores, s.err
}

// apples puts documents that fusion ranks against their length.
func apples(w *world, n int) {
	w.Helper()
	w.opt.Fusion = search.Weighted
	for i := range n {
		w.put(w.papers, "", "T", strings.TrimSpace(strings.Repeat("apple ", n-i)))
	}
}

func TestTheRerankerDecidesTheOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	apples(w, 6)
	plain := texts(w.search(w.alice, search.Request{Query: "apple"}))
	judge := &shortest{}
	w.opt.Reranker = judge
	got := w.search(w.alice, search.Request{Query: "apple", Limit: 3})
	if want := []string{"apple", "apple apple", "apple apple apple"}; !slices.Equal(texts(got), want) || slices.Equal(plain[:3], want) {
		t.Errorf("the order is %q, and was %q", texts(got), plain)
	}
	if got.Status.Rerank != search.OK || got.Degraded {
		t.Errorf("%+v", got)
	}
	if score := 1 / float64(len("T > Part\napple")); got.Hits[0].Score != score {
		t.Errorf("the score is %v, want %v", got.Hits[0].Score, score)
	}
	last := got.Legs[len(got.Legs)-1]
	if last.Name != "rerank" || last.Hits != 6 || last.Took <= 0 {
		t.Errorf("the last leg is told as %+v", last)
	}
	ranks := map[string]int{}
	for _, f := range got.Hits[0].Found {
		ranks[f.Leg] = f.Rank
	}
	if ranks["rerank"] != 1 || ranks["fulltext"] == 1 {
		t.Errorf("the first hit was found at %+v", got.Hits[0].Found)
	}
	if len(judge.passages[0]) != 6 || !strings.HasPrefix(judge.passages[0][0], "T > Part\napple") {
		t.Errorf("it was shown %q", judge.passages[0])
	}
}

func TestHitsThatWereNotJudgedFollowInTheirOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	apples(w, 40)
	plain := texts(w.search(w.alice, search.Request{Query: "apple", Limit: 40}))
	w.opt.Reranker, w.opt.Candidates = &shortest{leaveOut: strings.Repeat("apple ", 35)}, 10
	got := w.search(w.alice, search.Request{Query: "apple", Limit: 40})
	if len(got.Hits) != 40 || !slices.Equal(texts(got)[10:], plain[10:]) {
		t.Fatalf("%d hits, after the judged ones %q", len(got.Hits), texts(got)[10:])
	}
	for i := 1; i < 40; i++ {
		if got.Hits[i].Score > got.Hits[i-1].Score || got.Hits[i].Score < 0 || got.Hits[i].Score > 1 {
			t.Errorf("hit %d has the score %v after %v", i, got.Hits[i].Score, got.Hits[i-1].Score)
		}
	}
	seen := map[string]bool{}
	for _, h := range got.Hits {
		seen[h.ChunkUID] = true
	}
	if len(seen) != 40 {
		t.Errorf("%d different hits", len(seen))
	}
}

func TestWithoutTheRerankerTheLegsAnswerAndItIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	apples(w, 6)
	plain := w.search(w.alice, search.Request{Query: "apple", Limit: 3})
	for name, c := range map[string]struct {
		judge *shortest
		want  search.LegStatus
	}{
		"broken": {&shortest{err: errors.New("broken")}, search.Failed},
		"slow":   {&shortest{wait: true}, search.Timeout},
		"late":   {&shortest{err: fmt.Errorf("ask: %w", context.DeadlineExceeded)}, search.Timeout},
	} {
		opt := w.opt
		opt.Reranker, opt.RerankTimeout = c.judge, 20*time.Millisecond
		got, err := search.New(opt).Search(t.Context(), w.alice, search.Request{Query: "apple", Limit: 3})
		if err != nil || got.Status.Rerank != c.want || !got.Degraded || !slices.Equal(texts(got), texts(plain)) || got.Hits[0].Score != plain.Hits[0].Score {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestNothingFoundIsShownToNoReranker(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	judge := &shortest{}
	w.opt.Reranker = judge
	got := w.search(w.alice, search.Request{Query: "apple"})
	if got.Status.Rerank != search.Skipped || got.Degraded || len(judge.queries) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestTheRerankerIsToldOfTheKindOfLibraryWhereThereIsOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	judge := &shortest{}
	w.opt.Reranker = judge
	w.put(w.papers, "", "A", "apple pie")
	w.search(w.alice, search.Request{Query: "apple"})
	w.put(w.notes, "", "B", "apple tart")
	w.search(w.alice, search.Request{Query: "apple"})
	technical, _ := library.TypeNamed("technical")
	if judge.queries[0].Instruction != technical.RerankInstruction || judge.queries[1].Instruction != "" {
		t.Errorf("it was told %+v", judge.queries)
	}
}

func TestACallerWhoLeavesEndsTheReranking(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	apples(w, 2)
	w.opt.Reranker, w.opt.RerankTimeout = &shortest{wait: true}, time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := search.New(w.opt).Search(ctx, w.alice, search.Request{Query: "apple"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
}
