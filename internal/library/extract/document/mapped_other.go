//go:build !unix

package document

import (
	"fmt"
	"io"
	"os"
)

func mapFile(f *os.File) (string, []byte, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", nil, fmt.Errorf("read the file: %w", err)
	}
	bytes, err := io.ReadAll(f)
	if err != nil {
		return "", nil, fmt.Errorf("read the file: %w", err)
	}
	return string(bytes), nil, nil
}

// Release does nothing where a text is held in memory.
func (m *Mapped) Release() {}

// Close ends the text.
func (m *Mapped) Close() error {
	m.Text = ""
	return nil
}
