package dense

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func random(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

func TestDotAgreesWithThePlainSum(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 7, 8, 16, 30, 40, 64, 384, 393, 1024} {
		a, b := random(r, n), random(r, n)
		var want float64
		for i := range a {
			want += float64(a[i]) * float64(b[i])
		}
		if got := Dot(a, b); math.Abs(float64(got)-want) > 1e-3 {
			t.Errorf("%d dimensions: %v, want %v", n, got, want)
		}
		whole := n / floatLane * floatLane
		if got, portable := Dot(a[:whole], b[:whole]), dotFloatsPortable(a[:whole], b[:whole]); math.Abs(float64(got-portable)) > 1e-3 {
			t.Errorf("%d dimensions: %v, and %v in plain Go", whole, got, portable)
		}
	}
}

func TestEveryKernelGivesTheSameProductsOfBytes(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for _, stride := range []int{32, 64, 96, 384, 416, 1024, 4096} {
		for _, n := range []int{1, 2, 7, 130} {
			query, rows := make([]int16, stride), make([]int8, stride*n)
			most := min(mostShort, math.MaxInt32/(mostByte*stride))
			for i := range query {
				query[i] = int16(r.IntN(2*most+1) - most)
			}
			for i := range rows {
				rows[i] = int8(r.IntN(2*mostByte+1) - mostByte)
			}
			// The greatest sum that there can be.
			for i := range stride {
				if n > 1 {
					rows[i] = mostByte
				}
				if n == 7 {
					query[i] = int16(most)
				}
			}
			fast, portable, want := make([]int32, n), make([]int32, n), make([]int32, n)
			dotBytes(query, rows, fast)
			dotBytesPortable(query, rows, portable)
			for i := range n {
				var sum int64
				for j := range stride {
					sum += int64(query[j]) * int64(rows[i*stride+j])
				}
				want[i] = int32(sum)
			}
			if !slices.Equal(fast, want) || !slices.Equal(portable, want) {
				t.Fatalf("stride %d, %d rows: %v and in plain Go %v, want %v", stride, n, fast, portable, want)
			}
		}
	}
}
