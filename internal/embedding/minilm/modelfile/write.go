package modelfile

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
)

// Tensors finds a tensor of the original model by its name there, and fails if
// it has not exactly size numbers. Matrices are [out][in].
type Tensors func(name string, size int) ([]float32, error)

// Write makes a file of the original model. Word embeddings and matrices are
// rounded to int8, the rest is kept. The same tensors give the same bytes.
func Write(to io.Writer, tensors Tensors) error {
	buffered := bufio.NewWriter(to)
	w := writer{to: buffered, tensors: tensors}
	w.write([]byte(magic))
	w.embeddings()
	for i := range Layers {
		w.layer(fmt.Sprintf("encoder.layer.%d.", i))
	}
	if w.err != nil {
		return w.err
	}
	return buffered.Flush()
}

// writer keeps the first error and does nothing after it.
type writer struct {
	to      io.Writer
	tensors Tensors
	err     error
}

func (w *writer) embeddings() {
	positions := slices.Clone(w.get("embeddings.position_embeddings.weight", 2*Positions*Width))
	kind := w.get("embeddings.token_type_embeddings.weight", 2*Width)
	words := w.get("embeddings.word_embeddings.weight", Vocabulary*Width)
	if w.err != nil {
		return
	}
	positions = positions[:Positions*Width]
	for i := range positions {
		positions[i] += kind[i%Width]
	}
	w.write(positions)
	w.norm("embeddings.LayerNorm")
	codes, scales := quantize(words)
	w.write(scales)
	w.write(codes)
}

func (w *writer) layer(prefix string) {
	w.attention(prefix + "attention.self.")
	w.matrix(prefix+"attention.output.dense", Width, Width)
	w.norm(prefix + "attention.output.LayerNorm")
	w.matrix(prefix+"intermediate.dense", Width, Inner)
	w.matrix(prefix+"output.dense", Inner, Width)
	w.norm(prefix + "output.LayerNorm")
}

// attention writes query, key and value as one matrix.
func (w *writer) attention(prefix string) {
	var weight, bias []float32
	for _, part := range []string{"query", "key", "value"} {
		weight = append(weight, w.get(prefix+part+".weight", Width*Width)...)
		bias = append(bias, w.get(prefix+part+".bias", Width)...)
		if part == "query" {
			divide(weight, math.Sqrt(HeadWidth))
			divide(bias, math.Sqrt(HeadWidth))
		}
	}
	w.panels(weight, bias, Width, 3*Width)
}

func divide(x []float32, by float64) {
	for i := range x {
		x[i] = float32(float64(x[i]) / by)
	}
}

func (w *writer) matrix(name string, in, out int) {
	weight := w.get(name+".weight", in*out)
	bias := w.get(name+".bias", out)
	w.panels(weight, bias, in, out)
}

// panels writes weight [out][in], transposed within each panel.
func (w *writer) panels(weight, bias []float32, in, out int) {
	if w.err != nil {
		return
	}
	codes, scales := quantize(weight)
	w.write(bias)
	w.write(transpose(scales, in/Group, out))
	w.write(transpose(codes, in, out))
}

// transpose turns [out][in] into [out/Panel][in][Panel].
func transpose[T any](x []T, in, out int) []T {
	turned := make([]T, 0, len(x))
	for panel := 0; panel < out; panel += Panel {
		for i := range in {
			for column := range Panel {
				turned = append(turned, x[(panel+column)*in+i])
			}
		}
	}
	return turned
}

// quantize rounds each Group numbers to -127…127 times their scale.
func quantize(x []float32) (codes []int8, scales []float32) {
	codes = make([]int8, len(x))
	scales = make([]float32, len(x)/Group)
	for g := range scales {
		group := x[g*Group : (g+1)*Group]
		largest := float32(0)
		for _, v := range group {
			largest = max(largest, v, -v)
		}
		if largest == 0 {
			continue
		}
		scales[g] = largest / math.MaxInt8
		for i, v := range group {
			codes[g*Group+i] = int8(math.RoundToEven(float64(v) / float64(scales[g])))
		}
	}
	return codes, scales
}

func (w *writer) norm(name string) {
	w.write(w.get(name+".weight", Width))
	w.write(w.get(name+".bias", Width))
}

func (w *writer) get(name string, size int) []float32 {
	if w.err != nil {
		return nil
	}
	tensor, err := w.tensors(name, size)
	w.err = err
	return tensor
}

func (w *writer) write(data any) {
	if w.err == nil {
		w.err = binary.Write(w.to, binary.LittleEndian, data)
	}
}
