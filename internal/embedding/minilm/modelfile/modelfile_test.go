package modelfile_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/embedding/minilm/modelfile"
)

// tensors are made up: numbers between -1 and 1 that depend on name and place.
func tensors(name string, size int) ([]float32, error) {
	out := make([]float32, size)
	for i := range out {
		out[i] = value(name, i)
	}
	return out, nil
}

func value(name string, i int) float32 {
	return float32((i*7919+len(name)*104729)%20011)/10005.5 - 1
}

func written(t *testing.T) string {
	t.Helper()
	var file bytes.Buffer
	if err := modelfile.Write(&file, tensors); err != nil {
		t.Fatal(err)
	}
	return file.String()
}

// TestFile writes one file, which takes a while, for all its subtests.
func TestFile(t *testing.T) {
	t.Parallel()
	file := written(t)
	model, err := modelfile.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("holds the words up to rounding", func(t *testing.T) {
		t.Parallel()
		for i := 0; i < len(model.WordCodes); i += 9973 {
			got := float32(model.WordCodes[i]) * model.WordScales[i/modelfile.Group]
			near(t, "word", got, value("embeddings.word_embeddings.weight", i), halfStep)
		}
	})
	t.Run("holds matrices in panels up to rounding", func(t *testing.T) {
		t.Parallel()
		checkMatrix(t, model.Layers[5].Contract, "encoder.layer.5.output.dense.")
	})
	t.Run("divides queries by the root of the head's width", func(t *testing.T) {
		t.Parallel()
		bias := model.Layers[0].QKV.Bias
		const prefix = "encoder.layer.0.attention.self."
		for i := range modelfile.Width {
			near(t, "query", bias[i], value(prefix+"query.bias", i)/float32(math.Sqrt(32)), 1e-6)
			near(t, "key", bias[modelfile.Width+i], value(prefix+"key.bias", i), 0)
		}
	})
	t.Run("is the same bytes again", func(t *testing.T) {
		t.Parallel()
		if written(t) != file {
			t.Fatal("two files of the same tensors differ")
		}
	})
	t.Run("is refused when broken", func(t *testing.T) {
		t.Parallel()
		for want, broken := range map[string]string{
			"not a MiniLM weights file": "x" + file[1:],
			"ends early":                file[:len(file)-1],
			"1 bytes too many":          file + "x",
		} {
			if _, err := modelfile.Read(broken); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Read gave the error %v, want one that says %q", err, want)
			}
		}
	})
}

// halfStep is the most that rounding may move a number below 1.
const halfStep = 0.5/127 + 1e-6

func checkMatrix(t *testing.T, m modelfile.Matrix, name string) {
	t.Helper()
	const panel, group = modelfile.Panel, modelfile.Group
	for out := 0; out < m.Out; out += 7 {
		near(t, "bias", m.Bias[out], value(name+"bias", out), 0)
		first, column := out/panel*panel*m.In, out%panel
		for in := 0; in < m.In; in += 11 {
			code := m.Codes[first+in*panel+column]
			scale := m.Scales[first/group+in/group*panel+column]
			near(t, "weight", float32(code)*scale, value(name+"weight", out*m.In+in), halfStep)
		}
	}
}

func near(t *testing.T, what string, got, want float32, tolerance float64) {
	t.Helper()
	if d := math.Abs(float64(got - want)); !(d <= tolerance) {
		t.Fatalf("%s = %g, want %g", what, got, want)
	}
}

func TestWriteReportsAMissingTensor(t *testing.T) {
	t.Parallel()
	missing := errors.New("missing")
	err := modelfile.Write(&bytes.Buffer{}, func(name string, size int) ([]float32, error) {
		if name == "encoder.layer.3.output.dense.bias" {
			return nil, missing
		}
		return tensors(name, size)
	})
	if !errors.Is(err, missing) {
		t.Fatalf("Write gave the error %v", err)
	}
}
