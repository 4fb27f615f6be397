package minilm_test

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

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
	refs := references(t)
	inputs := make([]embedding.Input, len(refs))
	for i, ref := range refs {
		inputs[i].Text = ref.input()
	}
	for _, set := range kernel.All() {
		t.Run(set.Name, func(t *testing.T) {
			t.Parallel()
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

