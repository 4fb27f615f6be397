//go:build unix

package document

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mapFile gives a file's content as it lies in the system's cache.
func mapFile(f *os.File) (string, []byte, error) {
	info, err := f.Stat()
	if err != nil {
		return "", nil, fmt.Errorf("find the size: %w", err)
	}
	if info.Size() == 0 {
		return "", nil, nil
	}
	bytes, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED) //nolint:gosec // a descriptor fits
	if err != nil {
		return "", nil, fmt.Errorf("map the file: %w", err)
	}
	return unsafe.String(&bytes[0], len(bytes)), bytes, nil //nolint:gosec // nothing writes there
}

// Release lets go of the memory that reading the text has taken. What is read
// again comes back from the file.
func (m *Mapped) Release() {
	if len(m.bytes) > 0 {
		_ = unix.Madvise(m.bytes, unix.MADV_DONTNEED) // advice; without it the system decides
	}
}

// Close ends the text. It may be called again.
func (m *Mapped) Close() error {
	bytes := m.bytes
	m.bytes, m.Text = nil, ""
	if len(bytes) == 0 {
		return nil
	}
	if err := unix.Munmap(bytes); err != nil {
		return fmt.Errorf("unmap the extracted text: %w", err)
	}
	return nil
}
