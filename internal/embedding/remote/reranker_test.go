package remote_test

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/embedding/remote"
	"git.helu.ca/r/mnemosyne/internal/embedding/remote/remotetest"
)

func newReranker(t *testing.T, s *remotetest.Server, change ...func(*remote.RerankerOptions)) *remote.Reranker {
	t.Helper()
	opt := remote.RerankerOptions{Server: remote.Server{BaseURL: s.URL, Model: remotetest.Model}}
	for _, c := range change {
		c(&opt)
	}
	r, err := remote.NewReranker(opt)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func reranks(api remote.API) func(*remote.RerankerOptions) {
	return func(o *remote.RerankerOptions) { o.API = api }
}

func TestEveryShapeScoresEachPassage(t *testing.T) {
	t.Parallel()
	passages := []string{"nothing of it", "a red apple", "an apple", "a red car", "more"}
	query := embedding.Query{Text: "red apple"}
	for _, api := range []remote.API{remote.Cohere, remote.TEI} {
		for name, does := range map[string]remotetest.Behaviour{
			"plain": {}, "bare": {Bare: true}, "gzip": {Gzip: true}, "small batch": {MaxBatch: 2},
		} {
			r := newReranker(t, remotetest.New(t, does), reranks(api))
			for range 2 {
				scores, err := r.Rerank(t.Context(), query, passages)
				if err != nil || len(scores) != len(passages) {
					t.Fatalf("%s, %s: %v, %v", api, name, scores, err)
				}
				for i, p := range passages {
					if scores[i] != remotetest.Score(query.Text, p) {
						t.Errorf("%s, %s: %q has %v", api, name, p, scores[i])
					}
				}
			}
		}
	}
}

func TestScoresThatAreLogitsAreBroughtBetweenZeroAndOne(t *testing.T) {
	t.Parallel()
	r := newReranker(t, remotetest.New(t, remotetest.Behaviour{Logits: true}))
	scores, err := r.Rerank(t.Context(), embedding.Query{Text: "red apple"}, []string{"a red apple", "an apple", "a pear"})
	if err != nil || !(scores[0] > scores[1] && scores[1] > scores[2] && scores[0] < 1 && scores[2] > 0) || math.Abs(scores[1]-.5) > 1e-9 {
		t.Errorf("%v, %v", scores, err)
	}
}

func TestAPassageWithoutAScoreIsLeftOut(t *testing.T) {
	t.Parallel()
	for name, does := range map[string]remotetest.Behaviour{
		"refused": {Refuse: "poison"}, "NaN": {NaN: "poison"}, "null": {Null: "poison"},
	} {
		for _, api := range []remote.API{remote.Cohere, remote.TEI} {
			r := newReranker(t, remotetest.New(t, does), reranks(api))
			scores, err := r.Rerank(t.Context(), embedding.Query{Text: "apple"}, []string{"apple", "poison", "pear", "an apple"})
			if _, there := scores[1]; err != nil || len(scores) != 3 || there || scores[3] != 1 {
				t.Errorf("%s, %s: %v, %v", api, name, scores, err)
			}
		}
	}
}

func TestARerankerThatRefusesEverythingHasFailed(t *testing.T) {
	t.Parallel()
	r := newReranker(t, remotetest.New(t, remotetest.Behaviour{Refuse: "e"}))
	if scores, err := r.Rerank(t.Context(), embedding.Query{Text: "q"}, []string{"one", "eel", "me"}); err == nil {
		t.Errorf("it gave %v", scores)
	}
}

func TestLongPassagesAreCutWhereTheRerankerReadsLess(t *testing.T) {
	t.Parallel()
	s := remotetest.New(t, remotetest.Behaviour{MaxModelLen: 40})
	r := newReranker(t, s)
	long := "apple " + strings.Repeat("words ", 100)
	scores, err := r.Rerank(t.Context(), embedding.Query{Text: "apple"}, []string{"pear", long})
	if err != nil || scores[1] != 1 {
		t.Errorf("%v, %v", scores, err)
	}
}

func TestScoresThatCannotBeTrustedAreRefused(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"two of one index": `{"results":[{"index":0,"relevance_score":0.1},{"index":0,"relevance_score":0.2}]}`,
		"too high":         `{"results":[{"index":2,"relevance_score":0.1}]}`,
		"below zero":       `[{"index":-1,"score":0.1}]`,
		"no index":         `[{"score":0.1},{"score":0.2}]`,
		"no scores":        `{"results":[]}`,
		"something else":   `{"hello":1}`,
		"a page":           `<html></html>`,
		"endless":          `[` + strings.Repeat(" ", 3<<20) + `]`,
	} {
		s := remotetest.New(t, remotetest.Behaviour{Before: answers(http.StatusOK, body)})
		if scores, err := newReranker(t, s).Rerank(t.Context(), embedding.Query{Text: "q"}, []string{"a", "b"}); err == nil || errors.Is(err, embedding.ErrDown) {
			t.Errorf("%s: %v, %v", name, scores, err)
		}
	}
}

func TestARerankersFailureNamesItsOwnSettings(t *testing.T) {
	t.Parallel()
	s := remotetest.New(t, remotetest.Behaviour{Before: answers(401, `{"message":"no"}`)})
	if err := newReranker(t, s).Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "RERANKER_API_KEY") {
		t.Errorf("the error is %v", err)
	}
}

func TestARerankerThatIsDownIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := remotetest.New(t, remotetest.Behaviour{Before: answers(502, ``)})
	r := newReranker(t, s)
	var err error
	for range 3 {
		_, err = r.Rerank(t.Context(), embedding.Query{Text: "q"}, []string{"a"})
	}
	if n := len(s.Requests()); !errors.Is(err, embedding.ErrDown) || n != 3 {
		t.Errorf("after %d requests: %v", n, err)
	}
}

func TestARerankersPromptAndUsage(t *testing.T) {
	t.Parallel()
	var a account
	s := remotetest.New(t, remotetest.Behaviour{})
	r := newReranker(t, s, func(o *remote.RerankerOptions) {
		o.Recorder = &a
		o.Prompts = remote.Prompts{Query: "<Instruct>: {instruction}\n<Query>: {text}", Document: "<Document>: {text}"}
	})
	if _, err := r.Rerank(t.Context(), embedding.Query{Text: "q", Instruction: "Find."}, []string{"a b", "c"}); err != nil {
		t.Fatal(err)
	}
	got := s.Requests()[0]
	if got.Query != "<Instruct>: Find.\n<Query>: q" || fmt.Sprint(got.Texts) != "[<Document>: a b <Document>: c]" {
		t.Errorf("it was asked %q of %q", got.Query, got.Texts)
	}
	want := embedding.Usage{Purpose: embedding.PurposeRerank, Provider: "cohere", Model: remotetest.Model, Tokens: 5, Items: 2, Took: 1}
	if len(a.calls) != 1 || a.calls[0] != want {
		t.Errorf("recorded %+v", a.calls)
	}
}
