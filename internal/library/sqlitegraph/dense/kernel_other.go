//go:build !amd64

package dense

func dotFloats(a, b []float32) float32 { return dotFloatsPortable(a, b) }

func dotBytes(query []int16, rows []int8, out []int32) { dotBytesPortable(query, rows, out) }
