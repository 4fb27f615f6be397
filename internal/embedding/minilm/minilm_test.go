package minilm_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/embedding/minilm"
	"git.helu.ca/r/mnemosyne/internal/embedding/minilm/kernel"
)

// leastCosine is what rounding the weights to int8 may cost.
const leastCosine = 0.999

// reference is what the Python model makes of a text, see testdata/reference.py.
type reference struct {
	Text   string
	Repeat int
	IDs    []int32
	Vector []byte
}

func (r reference) input() string { return strings.Repeat(r.Text, r.Repeat) }

func (r reference) vector() []float32 {
	vector := make([]float32, len(r.Vector)/4)
	for i := range vector {
		vector[i] = math.Float32frombits(binary.LittleEndian.Uint32(r.Vector[4*i:]))
	}
	return vector
}

func references(t *testing.T) []reference {
	t.Helper()
	file, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []reference
	if err := json.Unmarshal(file, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("only %d references", len(all))
	}
	return all
}

func cosine(a, b []float32) float64 {
	dot, aa, bb := 0.0, 0.0, 0.0
	for i := range a {
		dot += float64(a[i]) * float64(b[i])
		aa += float64(a[i]) * float64(a[i])
		bb += float64(b[i]) * float64(b[i])
	}
	return dot / math.Sqrt(aa*bb)
}

func TestDocumentsAreThePythonModels(t *testing.T) {
	t.Parallel()
	for _, set := range kernel.All() {
		t.Run(set.Name, func(t *testing.T) {
			t.Parallel()
			refs := references(t)
			if set.Name != kernel.Best().Name { // slow: one long text will do
				refs = slices.DeleteFunc(refs, func(r reference) bool { return r.Repeat > 13 })
			}
			inputs := make([]embedding.Input, len(refs))
			for i, ref := range refs {
				inputs[i].Text = ref.input()
			}
			vectors, err := minilm.New(minilm.Options{Kernel: set}).EmbedDocuments(t.Context(), inputs)
			if err != nil {
				t.Fatal(err)
			}
			lowest := 1.0
			for i, ref := range refs {
				c := cosine(vectors[i], ref.vector())
				lowest = min(lowest, c)
				if !(c >= leastCosine) {
					t.Errorf("%.40q x %d: cosine %.6f", ref.Text, ref.Repeat, c)
				}
			}
			t.Logf("lowest cosine %.6f", lowest)
		})
	}
}

func embedOne(t *testing.T, model *minilm.Model, input embedding.Input) []float32 {
	t.Helper()
	vectors, err := model.EmbedDocuments(t.Context(), []embedding.Input{input})
	if err != nil {
		t.Fatal(err)
	}
	return vectors[0]
}

func TestQueryIsTheVectorOfTheSameText(t *testing.T) {
	t.Parallel()
	model := minilm.New(minilm.Options{})
	for _, ref := range references(t) {
		query, err := model.EmbedQuery(t.Context(), embedding.Query{Text: ref.input()})
		if err != nil {
			t.Fatal(err)
		}
		if c := cosine(query, ref.vector()); !(c >= leastCosine) {
			t.Errorf("%.40q x %d: cosine %.6f", ref.Text, ref.Repeat, c)
		}
	}
}

func TestVectorsHaveUnitLength(t *testing.T) {
	t.Parallel()
	model := minilm.New(minilm.Options{})
	for _, text := range []string{"", "word", strings.Repeat("many words ", 900)} {
		vector := embedOne(t, model, embedding.Input{Text: text})
		if len(vector) != model.Space().Dimensions {
			t.Fatalf("%d dimensions, want %d", len(vector), model.Space().Dimensions)
		}
		squares := 0.0
		for _, v := range vector {
			squares += float64(v) * float64(v)
		}
		if math.Abs(squares-1) > 1e-5 {
			t.Errorf("%.20q: squared length %g", text, squares)
		}
	}
}

func TestAVectorDoesNotDependOnItsNeighbours(t *testing.T) {
	t.Parallel()
	for _, threads := range []int{1, 3} {
		model := minilm.New(minilm.Options{Threads: threads})
		var inputs []embedding.Input
		for i := range 60 {
			inputs = append(inputs, embedding.Input{Text: strings.Repeat("word and number ", i*7%50) + "end"})
		}
		together, err := model.EmbedDocuments(t.Context(), inputs)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(inputs); i += 7 {
			if c := cosine(together[i], embedOne(t, model, inputs[i])); !(c > 0.999999) {
				t.Errorf("%d threads: text %d alone has cosine %.7f to itself among others", threads, i, c)
			}
		}
	}
}

func TestContextIsReadBeforeText(t *testing.T) {
	t.Parallel()
	model := minilm.New(minilm.Options{})
	apart := embedOne(t, model, embedding.Input{Context: "Annual report, risk factors", Text: "One vendor supplies us."})
	joined := embedOne(t, model, embedding.Input{Text: "Annual report, risk factors\nOne vendor supplies us."})
	if !slices.Equal(apart, joined) {
		t.Fatal("context and text apart differ from both joined")
	}
}

func TestContextIsCutBeforeText(t *testing.T) {
	t.Parallel()
	model := minilm.New(minilm.Options{})
	limit := model.MaxTokens()
	word := func(n int) string { return strings.Repeat("word ", n) }
	for name, c := range map[string]struct{ given, same embedding.Input }{
		"context gives up what text needs": {
			embedding.Input{Context: "alpha beta gamma delta", Text: word(limit - 2)},
			embedding.Input{Text: "alpha beta " + word(limit-2)},
		},
		"a full text leaves no context": {
			embedding.Input{Context: "alpha beta", Text: word(limit)},
			embedding.Input{Text: word(limit)},
		},
		"a text too long is cut at its end": {
			embedding.Input{Context: "alpha", Text: word(limit) + "omega"},
			embedding.Input{Text: word(limit)},
		},
	} {
		if !slices.Equal(embedOne(t, model, c.given), embedOne(t, model, c.same)) {
			t.Errorf("%s: it did not", name)
		}
	}
}

func TestNoInputsAreNoVectors(t *testing.T) {
	t.Parallel()
	vectors, err := minilm.New(minilm.Options{}).EmbedDocuments(t.Context(), nil)
	if err != nil || len(vectors) != 0 {
		t.Fatalf("got %d vectors and the error %v", len(vectors), err)
	}
}

func TestAnEndedContextStopsTheWork(t *testing.T) {
	t.Parallel()
	model := minilm.New(minilm.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := model.EmbedDocuments(ctx, make([]embedding.Input, 3)); !errors.Is(err, context.Canceled) {
		t.Errorf("EmbedDocuments gave the error %v", err)
	}
	if _, err := model.EmbedQuery(ctx, embedding.Query{Text: "query"}); !errors.Is(err, context.Canceled) {
		t.Errorf("EmbedQuery gave the error %v", err)
	}
	if err := model.Ping(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Ping gave the error %v", err)
	}
	if err := model.Ping(t.Context()); err != nil {
		t.Errorf("after an ended context, Ping gave the error %v", err)
	}
}

func TestManyCallersShareTheModel(t *testing.T) {
	t.Parallel()
	model := minilm.New(minilm.Options{Threads: 2})
	want, err := model.EmbedQuery(t.Context(), embedding.Query{Text: "shared"})
	if err != nil {
		t.Fatal(err)
	}
	var group errgroup.Group
	for range 8 {
		group.Go(func() error {
			query, err := model.EmbedQuery(t.Context(), embedding.Query{Text: "shared"})
			if err == nil && !slices.Equal(query, want) {
				err = errors.New("a query's vector changed")
			}
			return err
		})
		group.Go(func() error {
			vectors, err := model.EmbedDocuments(t.Context(), make([]embedding.Input, 50))
			if err == nil && len(vectors) != 50 {
				err = fmt.Errorf("%d vectors of 50", len(vectors))
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

func TestCountTokensLeavesSpecialTokensOut(t *testing.T) {
	t.Parallel()
	model := minilm.New(minilm.Options{})
	for _, ref := range references(t) {
		if got := model.CountTokens(ref.input()); got != len(ref.IDs) {
			t.Errorf("%.40q x %d: %d tokens, want %d", ref.Text, ref.Repeat, got, len(ref.IDs))
		}
	}
}
