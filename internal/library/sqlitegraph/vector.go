package sqlitegraph

import (
	"encoding/binary"
	"fmt"
	"math"
)

const floatBytes = 4

// packVector writes a vector as [n]float32, little-endian.
func packVector(v []float32) []byte {
	out := make([]byte, 0, len(v)*floatBytes)
	for _, f := range v {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(f))
	}
	return out
}

// unpackVector reads a vector into dst and gives it back, grown if need be.
func unpackVector(dst []float32, b []byte) ([]float32, error) {
	if len(b)%floatBytes != 0 {
		return nil, fmt.Errorf("a vector of %d bytes is damaged", len(b))
	}
	dst = dst[:0]
	for i := 0; i < len(b); i += floatBytes {
		dst = append(dst, math.Float32frombits(binary.LittleEndian.Uint32(b[i:])))
	}
	return dst, nil
}

// finite tells that every number of a vector is one.
func finite(v []float32) bool {
	var sum float64
	for _, f := range v {
		sum += float64(f) * float64(f)
	}
	return !math.IsNaN(sum) && !math.IsInf(sum, 0)
}
