package dense

// dotPortable is dotRows in plain Go: out[i] is the dot product of query and
// the i-th row of rows, both of len(query) floats, a multiple of eight.
func dotPortable(query, rows, out []float32) {
	stride := len(query)
	for i := range out {
		row := rows[i*stride : (i+1)*stride]
		var a, b, c, d float32
		for j := 0; j+7 < len(row) && j+7 < stride; j += 8 {
			q, r := query[j:j+8:j+8], row[j:j+8:j+8]
			a += q[0]*r[0] + q[4]*r[4]
			b += q[1]*r[1] + q[5]*r[5]
			c += q[2]*r[2] + q[6]*r[6]
			d += q[3]*r[3] + q[7]*r[7]
		}
		out[i] = (a + b) + (c + d)
	}
}
