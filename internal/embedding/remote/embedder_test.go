package remote_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/embedding/remote"
	"git.helu.ca/r/mnemosyne/internal/embedding/remote/remotetest"
)

const vlDocument = "Represent the user's input."

// shapes are the APIs that embeddings are asked for in.
func shapes() []remote.API { return []remote.API{remote.OpenAI, remote.TEI, remote.VLLM} }

func newEmbedder(t *testing.T, s *remotetest.Server, change ...func(*remote.EmbedderOptions)) *remote.Embedder {
	t.Helper()
	opt := remote.EmbedderOptions{Server: remote.Server{BaseURL: s.URL, Model: remotetest.Model}}
	for _, c := range change {
		c(&opt)
	}
	e, err := remote.NewEmbedder(opt)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func in(api remote.API) func(*remote.EmbedderOptions) {
	return func(o *remote.EmbedderOptions) { o.API = api }
}

func inputs(n int) []embedding.Input {
	out := make([]embedding.Input, n)
	for i := range out {
		out[i] = embedding.Input{Context: "Title", Text: fmt.Sprintf("passage number %d", i)}
	}
	return out
}

// read is what a model of a shape reads of a document.
func read(api remote.API, in embedding.Input) string {
	text := in.Text
	if in.Context != "" {
		text = in.Context + "\n" + in.Text
	}
	if api == remote.VLLM {
		return vlDocument + "\n" + text
	}
	return text
}

func alike(a, b []float32) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if math.Abs(float64(a[i]-b[i])) > 1e-5 {
			return false
		}
	}
	return true
}

func TestEveryShapeGivesEachTextItsVector(t *testing.T) {
	t.Parallel()
	for _, api := range shapes() {
		for name, does := range map[string]remotetest.Behaviour{
			"plain":       {},
			"backwards":   {Backwards: true},
			"bare":        {Bare: true},
			"gzip":        {Gzip: true},
			"no base64":   {NoBase64: true},
			"no unit":     {Unit: 40},
			"small batch": {MaxBatch: 3},
		} {
			s := remotetest.New(t, does)
			e := newEmbedder(t, s, in(api))
			docs := inputs(21)
			vectors, err := e.EmbedDocuments(t.Context(), docs)
			if err != nil {
				t.Errorf("%s, %s: %v", api, name, err)
				continue
			}
			for i, v := range vectors {
				if want := remotetest.Vector(read(api, docs[i]), 8); !alike(v, want) {
					t.Errorf("%s, %s: text %d has the vector %v, want %v", api, name, i, v, want)
				}
			}
			query, err := e.EmbedQuery(t.Context(), embedding.Query{Text: "what?"})
			want := "what?"
			if api == remote.VLLM {
				want = "Retrieve images or text relevant to the user's query.\nwhat?"
			}
			if err != nil || !alike(query, remotetest.Vector(want, 8)) {
				t.Errorf("%s, %s: the query has %v, %v", api, name, query, err)
			}
		}
	}
}

func TestTheSpaceIsKnownOnceTheServerWasAsked(t *testing.T) {
	t.Parallel()
	for _, api := range shapes() {
		e := newEmbedder(t, remotetest.New(t, remotetest.Behaviour{Dimensions: 12}), in(api))
		if d := e.Space().Dimensions; d != 0 {
			t.Errorf("%s: before, the space has %d dimensions", api, d)
		}
		space, err := embedding.KnownSpace(t.Context(), e)
		if err != nil || space.Dimensions != 12 || space.Model != remotetest.Model || (space.Instruction != "") != (api == remote.VLLM) {
			t.Errorf("%s: the space is %+v, %v", api, space, err)
		}
	}
}

func TestVectorsAreCutToTheDimensionsAskedFor(t *testing.T) {
	t.Parallel()
	for name, does := range map[string]remotetest.Behaviour{
		"a server that cuts":    {Dimensions: 16},
		"one that refuses":      {Dimensions: 16, NoDimensions: true},
		"one that does nothing": {Dimensions: 16, AllWhole: true},
		"one that takes little": {Dimensions: 16, NoDimensions: true, NoBase64: true},
	} {
		for _, api := range shapes() {
			s := remotetest.New(t, does)
			e := newEmbedder(t, s, in(api), func(o *remote.EmbedderOptions) { o.Dimensions = 6 })
			v, err := e.EmbedDocuments(t.Context(), []embedding.Input{{Text: "a"}})
			if err != nil {
				t.Fatalf("%s, %s: %v", name, api, err)
			}
			want := remotetest.Vector(read(api, embedding.Input{Text: "a"}), 16)[:6]
			if !alike(v[0], unit(want)) || e.Space().Dimensions != 6 {
				t.Errorf("%s, %s: %v in %s", name, api, v[0], e.Space().ID())
			}
		}
	}
}

func unit(v []float32) []float32 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	out := make([]float32, len(v))
	for i := range v {
		out[i] = v[i] / float32(math.Sqrt(sum))
	}
	return out
}

func TestMoreDimensionsThanTheModelHasAreRefused(t *testing.T) {
	t.Parallel()
	e := newEmbedder(t, remotetest.New(t, remotetest.Behaviour{AllWhole: true}), func(o *remote.EmbedderOptions) { o.Dimensions = 1024 })
	err := e.Ping(t.Context())
	if err == nil || !strings.Contains(err.Error(), "EMBEDDING_DIMENSIONS") || !strings.Contains(err.Error(), "8 dimensions") {
		t.Errorf("the error is %v", err)
	}
}

func TestAModelThatChangesItsDimensionsIsFoundOut(t *testing.T) {
	t.Parallel()
	s := remotetest.New(t, remotetest.Behaviour{})
	e := newEmbedder(t, s)
	if err := e.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, other := range []int{7, 9} {
		s.Do(func(b *remotetest.Behaviour) { b.Dimensions = other })
		if _, err := e.EmbedQuery(t.Context(), embedding.Query{Text: "a"}); err == nil || !strings.Contains(err.Error(), "model has changed") {
			t.Errorf("with %d dimensions: %v", other, err)
		}
	}
}

func TestOneBadTextCostsNoOtherItsVector(t *testing.T) {
	t.Parallel()
	for name, does := range map[string]remotetest.Behaviour{
		"refused": {Refuse: "poison"},
		"NaN":     {NaN: "poison"},
		"nulls":   {Null: "poison"},
	} {
		for _, api := range shapes() {
			e := newEmbedder(t, remotetest.New(t, does), in(api))
			docs := inputs(20)
			docs[3].Text, docs[13].Text = "poison one", "poison two"
			vectors, err := e.EmbedDocuments(t.Context(), docs)
			refused, ok := errors.AsType[*embedding.RefusedError](err)
			if !ok || !slices.Equal(refused.Inputs, []int{3, 13}) {
				t.Errorf("%s, %s: the error is %v", name, api, err)
				continue
			}
			for i, v := range vectors {
				bad := i == 3 || i == 13
				if !bad && !alike(v, remotetest.Vector(read(api, docs[i]), 8)) || bad && v != nil {
					t.Errorf("%s, %s: text %d has %v", name, api, i, v)
				}
			}
			if errors.Is(err, embedding.ErrDown) {
				t.Errorf("%s, %s: the server is called down: %v", name, api, err)
			}
		}
	}
}

func TestAServerThatRefusesEveryTextIsAtFaultItself(t *testing.T) {
	t.Parallel()
	s := remotetest.New(t, remotetest.Behaviour{})
	e := newEmbedder(t, s)
	if err := e.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Do(func(b *remotetest.Behaviour) { b.Refuse = "passage" })
	_, err := e.EmbedDocuments(t.Context(), inputs(4))
	if _, refused := errors.AsType[*embedding.RefusedError](err); err == nil || refused {
		t.Errorf("the error is %v", err)
	}
}

func TestATextThatIsTooLongIsCutAndNotRefused(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a b c d ", 400)
	for _, api := range []remote.API{remote.OpenAI, remote.VLLM} {
		s := remotetest.New(t, remotetest.Behaviour{MaxModelLen: 100})
		e := newEmbedder(t, s, in(api), func(o *remote.EmbedderOptions) { o.MaxTokens = 2000 }) // more than it reads
		docs := []embedding.Input{{Text: "short"}, {Context: "Title", Text: long}, {Text: "short too"}}
		vectors, err := e.EmbedDocuments(t.Context(), docs)
		if err != nil || len(vectors[1]) != 8 {
			t.Errorf("%s: %v", api, err)
		}
		if _, err := e.EmbedQuery(t.Context(), embedding.Query{Text: long}); err != nil {
			t.Errorf("%s, the query: %v", api, err)
		}
	}
}

func TestLimitsAreAskedFromTheServer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		api        remote.API
		says, set  int
		least, max int
	}{
		{remote.OpenAI, 300, 0, 280, 300},
		{remote.VLLM, 300, 0, 270, 300},
		{remote.TEI, 300, 0, 280, 300},
		{remote.OpenAI, 40_000, 0, 1000, 1024},
		{remote.OpenAI, 0, 0, 490, 512},
		{remote.OpenAI, 300, 200, 200, 200},
	} {
		e := newEmbedder(t, remotetest.New(t, remotetest.Behaviour{MaxModelLen: c.says}), in(c.api), func(o *remote.EmbedderOptions) { o.MaxTokens = c.set })
		if err := e.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		if n := e.MaxTokens(); n < c.least || n > c.max {
			t.Errorf("%+v: MaxTokens is %d", c, n)
		}
	}
}

func TestBatchesHaveTheSizeAndTheNumberThatAreAllowed(t *testing.T) {
	t.Parallel()
	s := remotetest.New(t, remotetest.Behaviour{MaxBatch: 5})
	e := newEmbedder(t, s, in(remote.OpenAI), func(o *remote.EmbedderOptions) { o.BatchSize, o.Concurrency = 16, 3 })
	for range 2 {
		if _, err := e.EmbedDocuments(t.Context(), inputs(64)); err != nil {
			t.Fatal(err)
		}
	}
	for i, r := range s.Requests() {
		if len(r.Texts) > 16 || (i > 40 && len(r.Texts) > 5) {
			t.Errorf("request %d has %d texts", i, len(r.Texts))
		}
	}
	if n := s.MostAtOnce(); n > 3 {
		t.Errorf("%d requests ran at once", n)
	}
	v := remotetest.New(t, remotetest.Behaviour{})
	e = newEmbedder(t, v, in(remote.VLLM), func(o *remote.EmbedderOptions) { o.Concurrency = 3 })
	if _, err := e.EmbedDocuments(t.Context(), inputs(30)); err != nil {
		t.Fatal(err)
	}
	if n := v.MostAtOnce(); n > 3 || len(v.Requests()) != 31 { // one asked for the dimensions
		t.Errorf("%d requests, %d at once", len(v.Requests()), n)
	}
}

func TestInstructionsReachTheModelsThatTakeThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		model string
		api   remote.API
		query string
		doc   string
		takes bool
	}{
		{"Qwen/Qwen3-VL-Embedding-2B", "", "Find it.\nq", vlDocument + "\nd", true},
		{"Qwen/Qwen3-Embedding-0.6B", "", "Instruct: Find it.\nQuery:q", "d", true},
		{"intfloat/multilingual-e5-large-instruct", remote.TEI, "Instruct: Find it.\nQuery: q", "d", true},
		{"intfloat/e5-small-v2", remote.TEI, "query: q", "passage: d", false},
		{"BAAI/bge-m3", "", "q", "d", false},
		{"text-embedding-3-small", "", "q", "d", false},
	} {
		s := remotetest.New(t, remotetest.Behaviour{Model: c.model})
		e := newEmbedder(t, s, in(c.api), func(o *remote.EmbedderOptions) { o.Model = c.model })
		query, err := e.EmbedQuery(t.Context(), embedding.Query{Text: "q", Instruction: "Find it."})
		if err != nil || !alike(query, remotetest.Vector(c.query, 8)) {
			t.Errorf("%s: the query was read otherwise: %v", c.model, err)
		}
		docs, err := e.EmbedDocuments(t.Context(), []embedding.Input{{Text: "d"}})
		if err != nil || !alike(docs[0], remotetest.Vector(c.doc, 8)) {
			t.Errorf("%s: the document was read otherwise: %v", c.model, err)
		}
		if e.TakesInstructions() != c.takes || (e.Space().Instruction != "") != (c.doc != "d") {
			t.Errorf("%s: takes instructions %v, space %+v", c.model, e.TakesInstructions(), e.Space())
		}
	}
}

func TestPromptsOfTheSettingsTakeTheirPlaces(t *testing.T) {
	t.Parallel()
	s := remotetest.New(t, remotetest.Behaviour{})
	e := newEmbedder(t, s, func(o *remote.EmbedderOptions) {
		o.Prompts = remote.Prompts{Query: "[{instruction}] {text}", Document: "doc: {text}"}
	})
	query, err := e.EmbedQuery(t.Context(), embedding.Query{Text: "a {instruction} b", Instruction: "why {text}"})
	if err != nil || !alike(query, remotetest.Vector("[why {text}] a {instruction} b", 8)) {
		t.Errorf("%q, %v", s.Requests()[1].Texts, err)
	}
	if e.Space().ID() == newEmbedder(t, s).Space().ID() {
		t.Error("another prompt for documents is the same space")
	}
}

// account keeps what was used.
type account struct {
	mu    sync.Mutex
	calls []embedding.Usage
}

func (a *account) RecordUsage(_ context.Context, u embedding.Usage) {
	a.mu.Lock()
	defer a.mu.Unlock()
	u.Took = min(u.Took, 1)
	a.calls = append(a.calls, u)
}

func TestUsageIsRecordedAsTheServerCountsIt(t *testing.T) {
	t.Parallel()
	var a account
	s := remotetest.New(t, remotetest.Behaviour{})
	e := newEmbedder(t, s, func(o *remote.EmbedderOptions) { o.Recorder = &a })
	if _, err := e.EmbedDocuments(t.Context(), inputs(20)); err != nil {
		t.Fatal(err)
	}
	if _, err := e.EmbedQuery(t.Context(), embedding.Query{Text: "two words"}); err != nil {
		t.Fatal(err)
	}
	want := []embedding.Usage{
		{Purpose: embedding.PurposeDocuments, Provider: "openai", Model: remotetest.Model, Tokens: 80, Items: 20, Took: 1},
		{Purpose: embedding.PurposeQuery, Provider: "openai", Model: remotetest.Model, Tokens: 2, Items: 1, Took: 1},
	}
	if !slices.Equal(a.calls, want) {
		t.Errorf("recorded %+v, want %+v", a.calls, want)
	}
}

func TestACallerWhoLeavesEndsTheRequest(t *testing.T) {
	t.Parallel()
	s := remotetest.New(t, remotetest.Behaviour{})
	e := newEmbedder(t, s)
	if err := e.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s.Do(func(b *remotetest.Behaviour) { b.Before = hangs(cancel) })
	if _, err := e.EmbedDocuments(ctx, inputs(3)); !errors.Is(err, context.Canceled) || errors.Is(err, embedding.ErrDown) {
		t.Errorf("the error is %v", err)
	}
}

func TestTheFirstQuestionIsAskedOnceByAll(t *testing.T) {
	t.Parallel()
	s := remotetest.New(t, remotetest.Behaviour{})
	e := newEmbedder(t, s)
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() {
			if _, err := embedding.KnownSpace(t.Context(), e); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := len(s.Requests()); n != 1 {
		t.Errorf("%d requests were made", n)
	}
}

func TestNothingToEmbedAsksNobody(t *testing.T) {
	t.Parallel()
	e := newEmbedder(t, remotetest.New(t, remotetest.Behaviour{}), func(o *remote.EmbedderOptions) { o.BaseURL = "http://127.0.0.1:1" })
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if v, err := e.EmbedDocuments(ctx, nil); err != nil || len(v) != 0 {
		t.Errorf("%v, %v", v, err)
	}
}
