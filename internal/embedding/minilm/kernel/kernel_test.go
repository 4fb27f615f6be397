package kernel_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/embedding/minilm/kernel"
)

func random(source *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(source.NormFloat64())
	}
	return x
}

func seeded() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func near(t *testing.T, what string, got float32, want, tolerance float64) {
	t.Helper()
	if d := math.Abs(float64(got) - want); !(d <= tolerance) {
		t.Fatalf("%s = %g, want %g, off by %g", what, got, want, d)
	}
}

func TestBestIsTheFirstOfAll(t *testing.T) {
	t.Parallel()
	if best, all := kernel.Best().Name, kernel.All()[0].Name; best != all {
		t.Fatalf("Best is %s, the first of All %s", best, all)
	}
}

func TestMultiplyAddsTheProductToInit(t *testing.T) {
	t.Parallel()
	for _, set := range kernel.All() {
		t.Run(set.Name, func(t *testing.T) {
			t.Parallel()
			source := seeded()
			for _, k := range []int{1, 2, 3, 4, 5, 7, 32, 61, 384} {
				for _, rows := range []int{6, 12, 30} {
					checkMultiply(t, set, source, k, rows, k+3, 40, 21)
					checkMultiply(t, set, source, k, rows, k, kernel.Columns, 0)
				}
			}
		})
	}
}

func checkMultiply(t *testing.T, set kernel.Set, source *rand.Rand, k, rows, lda, ldc, ldinit int) {
	t.Helper()
	a, b := random(source, rows*lda), random(source, k*kernel.Columns)
	init, c := random(source, rows*ldinit+kernel.Columns), random(source, rows*ldc)
	before := slices.Clone(c)
	set.Multiply(c, ldc, a, lda, b, k, rows, init, ldinit)
	for r := range rows {
		for j := range ldc {
			if j >= kernel.Columns {
				near(t, "beyond the tile", c[r*ldc+j], float64(before[r*ldc+j]), 0)
				continue
			}
			want := float64(init[r*ldinit+j])
			for i := range k {
				want += float64(a[r*lda+i]) * float64(b[i*kernel.Columns+j])
			}
			near(t, "Multiply", c[r*ldc+j], want, 1e-5*math.Sqrt(float64(k))*4)
		}
	}
}

func TestMultiplyAccumulatesInPlace(t *testing.T) {
	t.Parallel()
	for _, set := range kernel.All() {
		t.Run(set.Name, func(t *testing.T) {
			t.Parallel()
			source := seeded()
			const rows, k = 12, 16
			a, b, c := random(source, rows*k), random(source, k*kernel.Columns), random(source, rows*kernel.Columns)
			want := make([]float32, len(c))
			set.Multiply(want, kernel.Columns, a, k, b, k, rows, c, kernel.Columns)
			set.Multiply(c, kernel.Columns, a, k, b, k, rows, c, kernel.Columns)
			if !slices.Equal(c, want) {
				t.Fatal("a product added in place differs from the same one added elsewhere")
			}
		})
	}
}

func TestDequantizeScalesEachColumnOfAGroup(t *testing.T) {
	t.Parallel()
	for _, set := range kernel.All() {
		t.Run(set.Name, func(t *testing.T) {
			t.Parallel()
			source := seeded()
			const k = 3 * kernel.Group
			codes, scales := make([]int8, k*kernel.Columns), random(source, k/kernel.Group*kernel.Columns)
			for i := range codes {
				codes[i] = int8(source.IntN(255) - 127)
			}
			panel := make([]float32, len(codes))
			set.Dequantize(panel, codes, scales)
			for i, got := range panel {
				scale := scales[i/(kernel.Columns*kernel.Group)*kernel.Columns+i%kernel.Columns]
				near(t, "Dequantize", got, float64(float32(codes[i])*scale), 0)
			}
		})
	}
}

func TestExpIsTheNumeratorOfSoftmax(t *testing.T) {
	t.Parallel()
	for _, set := range kernel.All() {
		t.Run(set.Name, func(t *testing.T) {
			t.Parallel()
			source := seeded()
			for _, n := range []int{8, 16, 264} {
				x := random(source, n)
				for i := range x {
					x[i] *= 30
				}
				x[n-1] = kernel.Least
				want, total, largest := slices.Clone(x), 0.0, float64(slices.Max(x))
				sum := set.Exp(x)
				for i := range x {
					e := math.Exp(float64(want[i]) - largest)
					total += e
					near(t, "Exp", x[i], e, 2e-7)
				}
				near(t, "sum", sum, total, 1e-5*total)
				near(t, "padding", x[n-1], 0, 1e-37)
			}
		})
	}
}

func TestGELUIsExact(t *testing.T) {
	t.Parallel()
	for _, set := range kernel.All() {
		t.Run(set.Name, func(t *testing.T) {
			t.Parallel()
			var x []float32
			for v := -12.0; v < 12; v += 1.0 / 64 {
				x = append(x, float32(v))
			}
			before := slices.Clone(x)
			set.GELU(x)
			for i, got := range x {
				v := float64(before[i])
				near(t, "GELU", got, v/2*(1+math.Erf(v/math.Sqrt2)), 2e-6)
			}
		})
	}
}

func TestAddNormHasMeanZeroAndDeviationOne(t *testing.T) {
	t.Parallel()
	for _, set := range kernel.All() {
		t.Run(set.Name, func(t *testing.T) {
			t.Parallel()
			source := seeded()
			for _, n := range []int{8, 384} {
				x, y, gain, bias := random(source, n), random(source, n), random(source, n), random(source, n)
				mean, square := 0.0, 0.0
				for i := range x {
					mean += float64(x[i]+y[i]) / float64(n)
				}
				for i := range x {
					d := float64(x[i]+y[i]) - mean
					square += d * d / float64(n)
				}
				want := make([]float64, n)
				for i := range x {
					want[i] = (float64(x[i]+y[i])-mean)/math.Sqrt(square+1e-12)*float64(gain[i]) + float64(bias[i])
				}
				set.AddNorm(x, y, gain, bias)
				for i := range x {
					near(t, "AddNorm", x[i], want[i], 1e-5)
				}
			}
		})
	}
}

func BenchmarkMultiply(b *testing.B) {
	for _, set := range kernel.All() {
		b.Run(set.Name, func(b *testing.B) {
			const rows, k = 252, 384
			x, w, c := make([]float32, rows*k), make([]float32, k*kernel.Columns), make([]float32, rows*kernel.Columns)
			for b.Loop() {
				set.Multiply(c, kernel.Columns, x, k, w, k, rows, c, kernel.Columns)
			}
			flops := 2 * rows * k * kernel.Columns * float64(b.N)
			b.ReportMetric(flops/1e9/b.Elapsed().Seconds(), "GFLOP/s")
		})
	}
}

func BenchmarkPointwise(b *testing.B) {
	for _, set := range kernel.All() {
		x, y := make([]float32, 1536), make([]float32, 1536)
		codes, scales := make([]int8, 384*kernel.Columns), make([]float32, 6*kernel.Columns)
		panel := make([]float32, len(codes))
		for name, operation := range map[string]struct {
			size int
			do   func()
		}{
			"GELU":       {1536, func() { set.GELU(x) }},
			"Exp":        {256, func() { set.Exp(x[:256]) }},
			"AddNorm":    {384, func() { set.AddNorm(x[:384], y[:384], y[:384], y[:384]) }},
			"Dequantize": {len(codes), func() { set.Dequantize(panel, codes, scales) }},
		} {
			b.Run(set.Name+"/"+name, func(b *testing.B) {
				for b.Loop() {
					operation.do()
				}
				b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/float64(operation.size), "ns/number")
			})
		}
	}
}
