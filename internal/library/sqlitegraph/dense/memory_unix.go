//go:build linux || darwin || freebsd

package dense

import (
	"fmt"
	"syscall"
	"unsafe"
)

// reserve takes a whole slab from the system and not from the heap: the
// garbage collector lets a heap double before it collects, and would let this
// one grow by as many bytes again as vectors are held.
func reserve(size int) ([]int8, error) {
	raw, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("take memory for vectors: %w", err)
	}
	return unsafe.Slice((*int8)(unsafe.Pointer(&raw[0])), size), nil //nolint:gosec // the same bytes
}

// release gives a slab back. Smaller ones are on the heap.
func release(slab []int8, whole int) {
	if len(slab) == whole {
		_ = syscall.Munmap(unsafe.Slice((*byte)(unsafe.Pointer(&slab[0])), len(slab))) //nolint:gosec // what reserve gave
	}
}
