//go:build !amd64

package dense

func dotRows(query, rows, out []float32) { dotPortable(query, rows, out) }
