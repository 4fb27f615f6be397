package dense

// dotBytesPortable is dotBytes in plain Go: out[i] is the product of query
// and the i-th row of rows, both of len(query) numbers. Sums are whole
// numbers, so every kernel gives the same.
func dotBytesPortable(query []int16, rows []int8, out []int32) {
	stride := len(query)
	for i := range out {
		r := rows[i*stride : (i+1)*stride]
		var a, b, c, d int32
		for j := 0; j+3 < len(r) && j+3 < len(query); j += 4 {
			q, v := query[j:j+4:j+4], r[j:j+4:j+4]
			a += int32(q[0]) * int32(v[0])
			b += int32(q[1]) * int32(v[1])
			c += int32(q[2]) * int32(v[2])
			d += int32(q[3]) * int32(v[3])
		}
		out[i] = a + b + c + d
	}
}
