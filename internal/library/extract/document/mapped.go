package document

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// Mapped is a document whose text stays in its file: it is read where it is
// used and held by nobody, so that a book costs no more memory than a letter.
//
// Text is valid until Close. A part of it that is kept longer has to be
// cloned.
type Mapped struct {
	*Document

	bytes []byte
}

// Map reads a document from its two stored forms, as Decode does, and leaves
// its text in its file. One that is no file is copied to one in tempDir, the
// system's when empty, which is gone with the document.
func Map(text, structure io.Reader, tempDir string) (*Mapped, error) {
	f, isFile := text.(*os.File)
	if !isFile {
		var err error
		if f, err = spool(text, tempDir); err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
	}
	words, bytes, err := mapFile(f)
	if err != nil {
		return nil, fmt.Errorf("read extracted text: %w", err)
	}
	m := &Mapped{Document: &Document{Text: words}, bytes: bytes}
	if err := m.decode(structure); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// spool copies a text to a file that has no name any more.
func spool(text io.Reader, dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "mnemosyne-text-")
	if err != nil {
		return nil, fmt.Errorf("make a file for the extracted text: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("make a file for the extracted text: %w", err), f.Close())
	}
	if _, err := io.Copy(f, text); err != nil {
		return nil, errors.Join(fmt.Errorf("copy the extracted text: %w", err), f.Close())
	}
	return f, nil
}
