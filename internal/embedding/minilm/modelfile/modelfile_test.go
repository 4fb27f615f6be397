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

func TestReadGivesWhatWasWrittenUpToRounding(t *testing.T) {
	t.Parallel()
	model, err := modelfile.Read(written(t))
	if err != nil {
		t.Fatal(err)
	}
	const halfStep = 0.5/127 + 1e-6
	for i := 0; i < len(model.WordCodes); i += 9973 {
		got := float32(model.WordCodes[i]) * model.WordScales[i/modelfile.Group]
		near(t, "word", got, value("embeddings.word_embeddings.weight", i), halfStep)
	}
	const name = "encoder.layer.5.output.dense."
	last := model.Layers[5].Contract
	for out := 0; out < last.Out; out += 7 {
		near(t, "bias", last.Bias[out], value(name+"bias", out), 0)
		for in := 0; in < last.In; in += 11 {
			at := out/modelfile.Panel*modelfile.Panel*last.In + in*modelfile.Panel + out%modelfile.Panel
			group := (out/modelfile.Panel*last.In/modelfile.Group+in/modelfile.Group)*modelfile.Panel + out%modelfile.Panel
			near(t, "weight", float32(last.Codes[at])*last.Scales[group], value(name+"weight", out*last.In+in), halfStep)
		}
	}
}

func TestQueriesAreDividedByTheRootOfTheHeadsWidth(t *testing.T) {
	t.Parallel()
	model, err := modelfile.Read(written(t))
	if err != nil {
		t.Fatal(err)
	}
	bias := model.Layers[0].QKV.Bias
	const prefix = "encoder.layer.0.attention.self."
	for i := range modelfile.Width {
		query := value(prefix+"query.bias", i) / float32(math.Sqrt(32))
		near(t, "query", bias[i], query, 1e-6)
		near(t, "key", bias[modelfile.Width+i], value(prefix+"key.bias", i), 0)
	}
}

func near(t *testing.T, what string, got, want float32, tolerance float64) {
	t.Helper()
	if d := math.Abs(float64(got - want)); !(d <= tolerance) {
		t.Fatalf("%s = %g, want %g", what, got, want)
	}
}

func TestTheSameTensorsGiveTheSameBytes(t *testing.T) {
	t.Parallel()
	if written(t) != written(t) {
		t.Fatal("two files of the same tensors differ")
	}
}

func TestReadRefusesABrokenFile(t *testing.T) {
	t.Parallel()
	file := written(t)
	for want, broken := range map[string]string{
		"not a MiniLM weights file": "x" + file[1:],
		"ends early":                file[:len(file)-1],
		"1 bytes too many":          file + "x",
	} {
		if _, err := modelfile.Read(broken); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Read gave the error %v, want one that says %q", err, want)
		}
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
