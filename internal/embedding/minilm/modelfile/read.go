package modelfile

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"unsafe"
)

// Read parses a file. The codes are not copied: data's memory is what the model
// multiplies with, so that an embedded file stays where the system mapped it.
func Read(data string) (*Model, error) {
	rest, ok := strings.CutPrefix(data, magic)
	if !ok {
		return nil, errors.New("not a MiniLM weights file of this version")
	}
	r := reader{rest: rest}
	m := &Model{
		Positions:  r.floats(Positions * Width),
		Norm:       r.norm(),
		WordScales: r.floats(Vocabulary * Width / Group),
		WordCodes:  r.codes(Vocabulary * Width),
	}
	for i := range m.Layers {
		m.Layers[i] = Layer{
			QKV:       r.matrix(Width, 3*Width),
			Output:    r.matrix(Width, Width),
			MidNorm:   r.norm(),
			Expand:    r.matrix(Width, Inner),
			Contract:  r.matrix(Inner, Width),
			FinalNorm: r.norm(),
		}
	}
	if r.short {
		return nil, fmt.Errorf("weights file ends early, after %d bytes", len(data))
	}
	if len(r.rest) > 0 {
		return nil, fmt.Errorf("weights file has %d bytes too many", len(r.rest))
	}
	return m, nil
}

// reader takes arrays from the start of rest. Once it came up short it hands
// out empty ones.
type reader struct {
	rest  string
	short bool
}

func (r *reader) take(n int) string {
	if r.short || n > len(r.rest) {
		r.short = true
		return ""
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *reader) floats(n int) []float32 {
	b := r.take(4 * n)
	out := make([]float32, len(b)/4)
	for i := range out {
		c := b[4*i : 4*i+4]
		out[i] = math.Float32frombits(uint32(c[0]) | uint32(c[1])<<8 | uint32(c[2])<<16 | uint32(c[3])<<24)
	}
	return out
}

func (r *reader) codes(n int) []int8 {
	b := r.take(n)
	//nolint:gosec // a string's bytes as the same number of int8, never written to
	return unsafe.Slice((*int8)(unsafe.Pointer(unsafe.StringData(b))), len(b))
}

func (r *reader) norm() Norm {
	return Norm{Gain: r.floats(Width), Bias: r.floats(Width)}
}

func (r *reader) matrix(in, out int) Matrix {
	return Matrix{
		In: in, Out: out,
		Bias:   r.floats(out),
		Scales: r.floats(in * out / Group),
		Codes:  r.codes(in * out),
	}
}
