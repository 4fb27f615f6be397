package kernel

import "math"

// Portable is the set in plain Go, for processors without one of their own.
func Portable() Set {
	return Set{
		Name:       "go",
		Multiply:   multiplyGo,
		Dequantize: dequantizeGo,
		Exp:        expGo,
		GELU:       geluGo,
		AddNorm:    addNormGo,
	}
}

// multiplyGo keeps 2 rows by 4 columns in registers, the most that the
// compiler holds without spilling on amd64.
func multiplyGo(c []float32, ldc int, a []float32, lda int, b []float32, k, rows int, init []float32, ldinit int) {
	for r := 0; r < rows; r += 2 {
		a0, a1 := a[r*lda:][:k], a[(r+1)*lda:][:k]
		i0, i1 := init[r*ldinit:][:Columns], init[(r+1)*ldinit:][:Columns]
		c0, c1 := c[r*ldc:][:Columns], c[(r+1)*ldc:][:Columns]
		for j := 0; j < Columns; j += 4 {
			s00, s01, s02, s03 := i0[j], i0[j+1], i0[j+2], i0[j+3]
			s10, s11, s12, s13 := i1[j], i1[j+1], i1[j+2], i1[j+3]
			column := b[j : (k-1)*Columns+j+4]
			for i, x := range a0 {
				y := a1[i]
				w := column[i*Columns:][:4]
				s00 += x * w[0]
				s10 += y * w[0]
				s01 += x * w[1]
				s11 += y * w[1]
				s02 += x * w[2]
				s12 += y * w[2]
				s03 += x * w[3]
				s13 += y * w[3]
			}
			c0[j], c0[j+1], c0[j+2], c0[j+3] = s00, s01, s02, s03
			c1[j], c1[j+1], c1[j+2], c1[j+3] = s10, s11, s12, s13
		}
	}
}

func dequantizeGo(panel []float32, codes []int8, scales []float32) {
	panel = panel[:len(codes)]
	for from := 0; from < len(codes); from += Columns {
		group := from / (Columns * Group) * Columns
		scale, code, out := scales[group:][:Columns], codes[from:][:Columns], panel[from:][:Columns]
		for j := range Columns {
			out[j] = float32(code[j]) * scale[j]
		}
	}
}

func expGo(x []float32) float32 {
	largest := x[0]
	for _, v := range x {
		largest = max(largest, v)
	}
	sum := float32(0)
	for i, v := range x {
		v = exp(v - largest)
		x[i] = v
		sum += v
	}
	return sum
}

// exp is e^x for x <= 0, within 2 units in the last place: 2^n * e^r with
// |r| <= ln(2)/2 and the polynomial of Cephes' expf.
func exp(x float32) float32 {
	const (
		least = -87.33654 // below it the result is not a normal number
		ln2Hi = 0.693359375
		ln2Lo = -2.12194440e-4
	)
	if x < least {
		x = least
	}
	n := float32(int32(x*math.Log2E - 0.5))
	r := x - n*ln2Hi - n*ln2Lo
	p := float32(1.9875691500e-4)
	p = p*r + 1.3981999507e-3
	p = p*r + 8.3334519073e-3
	p = p*r + 4.1665795894e-2
	p = p*r + 1.6666665459e-1
	p = p*r + 5.0000001201e-1
	return (p*r*r + r + 1) * math.Float32frombits(uint32(n+127)<<23)
}

func geluGo(x []float32) {
	for i, v := range x {
		x[i] = 0.5 * v * (1 + erf(v*(1/math.Sqrt2)))
	}
}

// erf is the error function within 4e-7: the rational approximation on [-4, 4]
// that Eigen and XNNPACK use, odd polynomial over even.
func erf(x float32) float32 {
	x = min(max(x, -4), 4)
	y := x * x
	p := float32(-2.72614225801306e-10)
	p = p*y + 2.77068142495902e-08
	p = p*y - 2.10102402082508e-06
	p = p*y - 5.69250639462346e-05
	p = p*y - 7.34990630326855e-04
	p = p*y - 2.95459980854025e-03
	p = p*y - 1.60960333262415e-02
	q := float32(-1.45660718464996e-05)
	q = q*y - 2.13374055278905e-04
	q = q*y - 1.68282697438203e-03
	q = q*y - 7.37332916720468e-03
	q = q*y - 1.42647390514189e-02
	return x * p / q
}

func addNormGo(x, y, gain, bias []float32) {
	n := len(x)
	y, gain, bias = y[:n], gain[:n], bias[:n]
	sum := float32(0)
	for i := range x {
		x[i] += y[i]
		sum += x[i]
	}
	mean := sum / float32(n)
	squares := float32(0)
	for i := range x {
		x[i] -= mean
		squares += x[i] * x[i]
	}
	scale := float32(1 / math.Sqrt(float64(squares/float32(n))+normEpsilon))
	for i := range x {
		x[i] = x[i]*scale*gain[i] + bias[i]
	}
}
