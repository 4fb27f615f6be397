// Package dense holds vectors in memory, a byte a dimension, and finds those
// that may be nearest to another by looking at every one.
//
// A row is kept as int8 with a factor of its own, a quarter of what it takes
// in float32. What that loses is known and small, so a search gives all rows
// that can be among the best, a few more than were asked for, and the caller
// ranks them by the vectors themselves, which it keeps elsewhere.
//
// Vectors come and go in groups (a document's chunks). The package owns the
// arithmetic and the memory; it knows nothing of files, libraries or what a
// vector stands for, and does no locking: one writer, or any number of
// readers, at a time.
package dense

import (
	"errors"
	"fmt"
)

const (
	slabRows = 4096 // rows that are allocated together
	leastRow = 16   // rows of the first slab, which grows until it is whole
	lane     = 32   // bytes of a row are padded to a multiple, for the kernel
)

// ErrDimensions says that a vector has another length than the matrix.
var ErrDimensions = errors.New("dense: wrong number of dimensions")

// Key names a row: the group it belongs to and a number of the caller's.
type Key struct {
	Group   int64
	Ordinal int32
}

// Matrix is [rows][dim]int8 with a factor and a key for each row.
type Matrix struct {
	dim    int
	stride int
	slabs  [][]int8
	rows   []row
	groups []group
	places map[int64]int32 // of groups, by their numbers

	unusedRows, unusedGroups []int32

	longest float32 // length of any vector there was
	loss    float32 // and of what one lost to rounding
}

// row is what is known of one beside its bytes.
type row struct {
	factor  float32 // the vector is nearly factor times the bytes
	group   int32   // place in groups; none for a row without a vector
	ordinal int32
	next    int32 // the group's next row, or none
}

type group struct {
	id    int64
	first int32 // row
	size  int32
}

const none = -1

// New makes an empty matrix of vectors with dim dimensions.
func New(dim int) *Matrix {
	return &Matrix{dim: dim, stride: padded(dim), places: map[int64]int32{}}
}

func padded(dim int) int { return (dim + lane - 1) / lane * lane }

// Dim is the number of dimensions.
func (m *Matrix) Dim() int { return m.dim }

// Len counts the vectors.
func (m *Matrix) Len() int { return len(m.rows) - len(m.unusedRows) }

// Bytes a row or a group takes beside its vector, nearly.
const (
	bytesOfRow   = 16
	bytesOfGroup = 48
)

// Bytes is the memory that the matrix holds, nearly.
func (m *Matrix) Bytes() int64 {
	var vectors int64
	for _, s := range m.slabs {
		vectors += int64(len(s))
	}
	return vectors + int64(len(m.rows))*bytesOfRow + int64(len(m.groups))*bytesOfGroup
}

// BytesFor is the memory that rows vectors of dim dimensions take, nearly.
func BytesFor(rows, dim int) int64 { return int64(rows) * int64(padded(dim)+bytesOfRow) }

// Free gives the memory back. Nobody may be searching, and the matrix is empty
// afterwards.
func (m *Matrix) Free() {
	for _, s := range m.slabs {
		release(s, slabRows*m.stride)
	}
	*m = *New(m.dim)
}

// Add rounds a vector into a group. The group is a positive number.
func (m *Matrix) Add(key Key, vector []float32) error {
	if len(vector) != m.dim {
		return fmt.Errorf("%w: %d, not %d", ErrDimensions, len(vector), m.dim)
	}
	at, err := m.takeRow()
	if err != nil {
		return err
	}
	factor, length, loss := round(m.bytes(at), vector)
	m.longest, m.loss = max(m.longest, length), max(m.loss, loss)
	place := m.groupMade(key.Group)
	g := &m.groups[place]
	m.rows[at] = row{factor: factor, group: place, ordinal: key.Ordinal, next: g.first}
	g.first = at
	g.size++
	return nil
}

func (m *Matrix) groupMade(id int64) int32 {
	if place, ok := m.places[id]; ok {
		return place
	}
	fresh := group{id: id, first: none}
	place := int32(len(m.groups)) //nolint:gosec // fewer than rows
	if n := len(m.unusedGroups); n > 0 {
		place, m.unusedGroups = m.unusedGroups[n-1], m.unusedGroups[:n-1]
		m.groups[place] = fresh
	} else {
		m.groups = append(m.groups, fresh)
	}
	m.places[id] = place
	return place
}

func (m *Matrix) takeRow() (int32, error) {
	if n := len(m.unusedRows); n > 0 {
		at := m.unusedRows[n-1]
		m.unusedRows = m.unusedRows[:n-1]
		return at, nil
	}
	if err := m.makeRoom(); err != nil {
		return 0, err
	}
	m.rows = append(m.rows, row{group: none})
	return int32(len(m.rows) - 1), nil //nolint:gosec // two thousand million rows do not fit in memory
}

// makeRoom makes a slab when those there are full. The first one starts small,
// because most libraries are.
func (m *Matrix) makeRoom() error {
	last := len(m.slabs) - 1
	switch {
	case last < 0:
		m.slabs = append(m.slabs, make([]int8, leastRow*m.stride))
	case len(m.rows) < last*slabRows+len(m.slabs[last])/m.stride:
	case len(m.slabs[last]) == slabRows*m.stride:
		s, err := reserve(slabRows * m.stride)
		if err != nil {
			return err
		}
		m.slabs = append(m.slabs, s)
	default:
		grown, err := m.grown(2 * len(m.slabs[last]))
		if err != nil {
			return err
		}
		copy(grown, m.slabs[last])
		m.slabs[last] = grown
	}
	return nil
}

func (m *Matrix) grown(size int) ([]int8, error) {
	if size < slabRows*m.stride {
		return make([]int8, size), nil
	}
	return reserve(slabRows * m.stride)
}

// Remove drops a group's vectors. Their rows are used again.
func (m *Matrix) Remove(id int64) {
	place, ok := m.places[id]
	if !ok {
		return
	}
	for at := m.groups[place].first; at != none; {
		next := m.rows[at].next
		m.rows[at] = row{group: none}
		m.unusedRows = append(m.unusedRows, at)
		at = next
	}
	m.groups[place] = group{first: none}
	m.unusedGroups = append(m.unusedGroups, place)
	delete(m.places, id)
}

func (m *Matrix) key(at int32) Key {
	r := m.rows[at]
	return Key{m.groups[r.group].id, r.ordinal}
}

// bytes are those of a row, its padding included.
func (m *Matrix) bytes(at int32) []int8 {
	from := int(at%slabRows) * m.stride
	return m.slabs[at/slabRows][from : from+m.stride : from+m.stride]
}
