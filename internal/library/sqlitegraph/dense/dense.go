// Package dense holds vectors in memory and finds those nearest to another,
// exactly, by looking at every one.
//
// Vectors come and go in groups (a document's chunks). The package owns the
// arithmetic and the memory; it knows nothing of files, libraries or what a
// vector stands for, and does no locking: one writer, or any number of
// readers, at a time.
package dense

import (
	"errors"
	"fmt"
	"slices"
)

const (
	slabRows = 1024 // rows that are allocated together
	lane     = 8    // rows are padded to a multiple, for the kernel
)

// ErrDimensions says that a vector has another length than the matrix.
var ErrDimensions = errors.New("dense: wrong number of dimensions")

// Key names a row: the group it belongs to and a number of the caller's.
type Key struct {
	Group   int64
	Ordinal int32
}

// Matrix is [rows][dim]float32 with a key for each row.
type Matrix struct {
	dim    int
	stride int
	slabs  [][]float32
	keys   []Key // of each row; the group of a row without vector is free
	groups map[int64][]int32
	unused []int32
}

// free marks a row without a vector. Groups are positive.
const free = -1

// New makes an empty matrix of vectors with dim dimensions.
func New(dim int) *Matrix {
	return &Matrix{dim: dim, stride: (dim + lane - 1) / lane * lane, groups: map[int64][]int32{}}
}

// Dim is the number of dimensions.
func (m *Matrix) Dim() int { return m.dim }

// Len counts the vectors.
func (m *Matrix) Len() int { return len(m.keys) - len(m.unused) }

// Bytes is the memory that the matrix holds, nearly.
func (m *Matrix) Bytes() int64 {
	const bookkeeping = 24 // a key, its place in its group
	return int64(len(m.slabs))*slabRows*int64(m.stride)*4 + int64(len(m.keys))*bookkeeping + int64(len(m.groups))*64
}

// BytesFor is the memory that rows vectors of dim dimensions take, nearly.
func BytesFor(rows, dim int) int64 { return int64(rows) * int64((dim+lane-1)/lane*lane) * 4 }

// Add copies a vector into a group. The group is a positive number.
func (m *Matrix) Add(key Key, vector []float32) error {
	if len(vector) != m.dim {
		return fmt.Errorf("%w: %d, not %d", ErrDimensions, len(vector), m.dim)
	}
	row := m.takeRow()
	copy(m.row(row), vector)
	m.keys[row] = key
	m.groups[key.Group] = append(m.groups[key.Group], row)
	return nil
}

func (m *Matrix) takeRow() int32 {
	if n := len(m.unused); n > 0 {
		row := m.unused[n-1]
		m.unused = m.unused[:n-1]
		return row
	}
	if len(m.keys) == len(m.slabs)*slabRows {
		m.slabs = append(m.slabs, make([]float32, slabRows*m.stride))
	}
	m.keys = append(m.keys, Key{Group: free})
	return int32(len(m.keys) - 1) //nolint:gosec // two thousand million rows do not fit in memory
}

// Remove drops a group's vectors. Their rows are used again.
func (m *Matrix) Remove(group int64) {
	for _, row := range m.groups[group] {
		m.keys[row].Group = free
		m.unused = append(m.unused, row)
	}
	delete(m.groups, group)
}

// row gives the dimensions of a row, without its padding.
func (m *Matrix) row(i int32) []float32 {
	at := int(i%slabRows) * m.stride
	return slices.Clip(m.slabs[i/slabRows][at : at+m.dim])
}
