package dense

import "math"

const (
	mostByte  = math.MaxInt8
	mostShort = math.MaxInt16
)

// round writes a vector as bytes and gives the factor that brings it back, and
// the lengths of the vector and of what is lost. The factor is that of least squares, so that the
// loss is at right angles to what is kept: rounding then moves no product with
// a vector of nearly the same direction to one side.
func round(dst []int8, v []float32) (factor, length, loss float32) {
	var most float32
	for _, x := range v {
		most = max(most, max(x, -x))
	}
	if most == 0 {
		clear(dst)
		return 0, 0, 0
	}
	scale := mostByte / most
	if math.IsInf(float64(scale), 0) {
		scale = math.MaxFloat32
	}
	const ties = 1<<23 + 1<<22 // adding it leaves no place for a fraction
	var product float32
	var square int32
	dst = dst[:len(v)]
	for i, x := range v {
		b := int32((x*scale + ties) - ties)
		dst[i] = int8(b) //nolint:gosec // within ±127
		product += x * float32(b)
		square += b * b
	}
	factor = product / float32(square)
	var left, whole float32
	for i, x := range v {
		d := x - factor*float32(dst[i])
		left += d * d
		whole += x * x
	}
	return factor, float32(math.Sqrt(float64(whole))), float32(math.Sqrt(float64(left)))
}

// asked is a query as the kernel takes it.
type asked struct {
	shorts []int16 // [stride]
	factor float32
	length float32
}

// roundQuery keeps twice the digits of a row's, as many as leave the sum of
// products within 32 bits.
func roundQuery(v []float32, stride int) asked {
	q := asked{shorts: make([]int16, stride)}
	var most, square float64
	for _, x := range v {
		most = max(most, math.Abs(float64(x)))
		square += float64(x) * float64(x)
	}
	q.length = float32(math.Sqrt(square))
	if most == 0 {
		return q
	}
	scale := float64(min(mostShort, math.MaxInt32/(mostByte*stride))) / most
	for i, x := range v {
		q.shorts[i] = int16(math.Round(float64(x) * scale))
	}
	q.factor = float32(1 / scale)
	return q
}

// slack is how far below the k-th best of the rounded products that of one of
// the k best rows may lie: what the k-th may have gained by rounding, and what
// the row may have lost. A row's loss is in no direction that the query knows
// of, so it is taken for a random one: four times its deviation, and never
// more than the whole.
func (m *Matrix) slack(q asked) float32 {
	const deviations = 4
	root := float32(math.Sqrt(float64(m.dim)))
	ofRows := min(1, deviations/root) * m.loss * q.length
	ofQuery := q.factor * root / 2 * m.longest
	return 2 * (ofRows + ofQuery)
}
