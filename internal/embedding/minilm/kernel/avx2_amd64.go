package kernel

// AVX2 is the set for x86-64 with AVX2 and FMA; the caller has checked that the
// processor has both.
func AVX2() Set {
	return Set{
		Name:       "avx2",
		Multiply:   multiplyTiles,
		Dequantize: dequantizeAVX2,
		Exp:        expAVX2,
		GELU:       geluAVX2,
		AddNorm:    addNormAVX2,
	}
}

// The Go halves check sizes as multiplyTiles does.

func dequantizeAVX2(panel []float32, codes []int8, scales []float32) {
	groups := len(codes) / (Columns * Group)
	if groups == 0 || len(codes)%(Columns*Group) != 0 {
		panic("kernel: Dequantize of no groups, or of a part of one")
	}
	_ = panel[len(codes)-1]
	_ = scales[groups*Columns-1]
	dequantizeGroups(&panel[0], &codes[0], &scales[0], groups)
}

func expAVX2(x []float32) float32 {
	if len(x) == 0 || len(x)%8 != 0 {
		panic("kernel: Exp of a length that is not a multiple of 8")
	}
	return expSum(&x[0], len(x))
}

func geluAVX2(x []float32) {
	if len(x) == 0 || len(x)%8 != 0 {
		panic("kernel: GELU of a length that is not a multiple of 8")
	}
	gelu(&x[0], len(x))
}

func addNormAVX2(x, y, gain, bias []float32) {
	n := len(x)
	if n == 0 || n%8 != 0 {
		panic("kernel: AddNorm of a length that is not a multiple of 8")
	}
	_, _, _ = y[n-1], gain[n-1], bias[n-1]
	addNorm(&x[0], &y[0], &gain[0], &bias[0], n)
}

//go:noescape
func dequantizeGroups(panel *float32, codes *int8, scales *float32, groups int)

//go:noescape
func expSum(x *float32, n int) float32

//go:noescape
func gelu(x *float32, n int)

//go:noescape
func addNorm(x, y, gain, bias *float32, n int)
