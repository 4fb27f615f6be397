//go:build amd64 || arm64

package kernel

// multiplyTiles is Multiply by the processor's own multiply6x16. It touches the
// last element of every slice first, so that a wrong size panics here and does
// not read or write beyond it in the assembly.
func multiplyTiles(c []float32, ldc int, a []float32, lda int, b []float32, k, rows int, init []float32, ldinit int) {
	if rows <= 0 || k <= 0 || rows%Rows != 0 {
		panic("kernel: Multiply of no rows, or not a multiple of 6")
	}
	_ = c[(rows-1)*ldc+Columns-1]
	_ = a[(rows-1)*lda+k-1]
	_ = b[k*Columns-1]
	_ = init[(rows-1)*ldinit+Columns-1]
	multiply6x16(&c[0], ldc, &a[0], lda, &b[0], k, rows/Rows, &init[0], ldinit)
}

//go:noescape
func multiply6x16(c *float32, ldc int, a *float32, lda int, b *float32, k, tiles int, init *float32, ldinit int)
