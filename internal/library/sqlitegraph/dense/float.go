package dense

const floatLane = 8 // floats that the kernel takes at once

// Dot is the dot product of two vectors of one length.
func Dot(a, b []float32) float32 {
	var out float32
	whole := len(a) / floatLane * floatLane
	if whole > 0 {
		out = dotFloats(a[:whole], b[:whole])
	}
	for i := whole; i < len(a); i++ {
		out += a[i] * b[i]
	}
	return out
}

// dotFloatsPortable is dotFloats in plain Go, for a multiple of eight.
func dotFloatsPortable(x, y []float32) float32 {
	var a, b, c, d float32
	for len(x) >= floatLane && len(y) >= floatLane {
		q, r := x[:floatLane:floatLane], y[:floatLane:floatLane]
		a += q[0]*r[0] + q[4]*r[4]
		b += q[1]*r[1] + q[5]*r[5]
		c += q[2]*r[2] + q[6]*r[6]
		d += q[3]*r[3] + q[7]*r[7]
		x, y = x[floatLane:], y[floatLane:]
	}
	return (a + b) + (c + d)
}
