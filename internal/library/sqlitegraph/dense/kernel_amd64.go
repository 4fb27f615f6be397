package dense

import "golang.org/x/sys/cpu"

// dotAVX2 computes out[i] = Σ query[j]·rows[i·stride+j] for n rows. stride is
// a multiple of eight.
//
//go:noescape
func dotAVX2(query, rows *float32, stride, n int, out *float32)

// dotBytesAVX2 computes out[i] = Σ query[j]·rows[i·stride+j] for n rows.
// stride is a positive multiple of 32.
//
//go:noescape
func dotBytesAVX2(query *int16, rows *int8, stride, n int, out *int32)

// dotFloats takes two vectors of one length, a multiple of eight.
func dotFloats(a, b []float32) float32 {
	if !cpu.X86.HasAVX2 || !cpu.X86.HasFMA {
		return dotFloatsPortable(a, b)
	}
	_ = b[len(a)-1] // the kernel checks no bounds
	var out float32
	dotAVX2(&a[0], &b[0], len(a), 1, &out)
	return out
}

// dotBytes takes a query of a multiple of 32 numbers and len(out) rows.
func dotBytes(query []int16, rows []int8, out []int32) {
	if len(out) == 0 || len(query) == 0 {
		return
	}
	if !cpu.X86.HasAVX2 {
		dotBytesPortable(query, rows, out)
		return
	}
	_ = rows[len(query)*len(out)-1]
	dotBytesAVX2(&query[0], &rows[0], len(query), len(out), &out[0])
}
