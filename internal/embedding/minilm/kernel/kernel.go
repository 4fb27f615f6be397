// Package kernel is the arithmetic of a small transformer: matrix products,
// softmax, GELU and LayerNorm on float32, in assembly for AVX2, in part for arm64,
// and in plain Go for the rest. It owns no memory and knows no model.
package kernel

// The shape of one step of Multiply: Rows of a by Columns of b. Callers pad
// their rows to a multiple of Rows.
const (
	Rows    = 6
	Columns = 16
)

// Group is how many consecutive rows of a panel share a scale in Dequantize.
const Group = 64

// Set is one implementation. All of them agree within float32 rounding.
type Set struct {
	Name string

	// Multiply does, for r < rows and j < Columns,
	//
	//	c[r*ldc+j] = init[r*ldinit+j] + sum over i < k of a[r*lda+i] * b[i*Columns+j]
	//
	// rows is a multiple of Rows. init may be c; with ldinit 0 it is one row, a
	// bias.
	Multiply func(c []float32, ldc int, a []float32, lda int, b []float32, k, rows int, init []float32, ldinit int)

	// Dequantize fills panel [k][Columns] with codes [k][Columns] times scales
	// [k/Group][Columns]. k is a multiple of Group.
	Dequantize func(panel []float32, codes []int8, scales []float32)

	// Exp replaces each x by exp(x - max x) and returns their sum. len(x) is a
	// multiple of 8 and not 0; pad with Least.
	Exp func(x []float32) float32

	// GELU replaces each x by x times the normal distribution's integral up to
	// x, the exact form with erf. len(x) is a multiple of 8.
	GELU func(x []float32)

	// AddNorm replaces x by LayerNorm(x + y) * gain + bias. All have the same
	// length, a multiple of 8 and not 0.
	AddNorm func(x, y, gain, bias []float32)
}

// Least is a padding for Exp: it adds nothing to the sum.
const Least = -1e30

// normEpsilon is added to the variance by AddNorm.
const normEpsilon = 1e-12
