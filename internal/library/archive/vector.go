package archive

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math"
)

// vector is written as base64 of its numbers, each a little-endian float32.
type vector []float32

const floatBytes = 4

// MarshalText writes the vector.
func (v vector) MarshalText() ([]byte, error) {
	raw := make([]byte, 0, len(v)*floatBytes)
	for _, f := range v {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(f))
	}
	return base64.StdEncoding.AppendEncode(nil, raw), nil
}

// UnmarshalText reads a vector of unit length.
func (v *vector) UnmarshalText(text []byte) error {
	raw, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil || len(raw) == 0 || len(raw)%floatBytes != 0 {
		return errors.New("a vector is not base64 of float32 numbers")
	}
	out := make(vector, 0, len(raw)/floatBytes)
	var square float64
	for i := 0; i < len(raw); i += floatBytes {
		f := math.Float32frombits(binary.LittleEndian.Uint32(raw[i:]))
		square += float64(f) * float64(f)
		out = append(out, f)
	}
	const slack = 0.02 // models that count in halves are no closer
	if !(math.Abs(square-1) < slack) {
		return errors.New("a vector is not of unit length")
	}
	*v = out
	return nil
}
