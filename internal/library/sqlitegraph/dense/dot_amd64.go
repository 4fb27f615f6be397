package dense

import "golang.org/x/sys/cpu"

// dotAVX2 computes out[i] = Σ query[j]·rows[i·stride+j] for n rows. stride is
// a multiple of eight.
//
//go:noescape
func dotAVX2(query, rows *float32, stride, n int, out *float32)

func dotRows(query, rows, out []float32) {
	if len(out) == 0 || len(query) == 0 {
		return
	}
	if !cpu.X86.HasAVX2 || !cpu.X86.HasFMA {
		dotPortable(query, rows, out)
		return
	}
	_ = rows[len(query)*len(out)-1] // the kernel checks no bounds
	dotAVX2(&query[0], &rows[0], len(query), len(out), &out[0])
}
