package extract

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// reader reads files within this process. It is what a child does; nothing
// here guards against a file that takes too long or too much memory.
type reader struct {
	limits Limits
	pdf    pdfReader
}

// extract reads one file and writes its document under dir.
func (r *reader) extract(in Input, dir string, progress Progress) (Result, error) {
	k, err := r.check(in)
	if err != nil {
		return Result{}, err
	}
	text, err := os.Create(filepath.Join(dir, TextFile)) //nolint:gosec // the caller names the folder
	if err != nil {
		return Result{}, fmt.Errorf("create the extracted text: %w", err)
	}
	defer text.Close()
	structure, err := os.Create(filepath.Join(dir, StructureFile)) //nolint:gosec // the caller names the folder
	if err != nil {
		return Result{}, fmt.Errorf("create the extracted structure: %w", err)
	}
	defer structure.Close()
	w := newWriter(text, structure, r.limits, progress)
	w.contentType = k.contentType
	if err := r.read(w, in, k); err != nil {
		return Result{}, err
	}
	res, err := w.close()
	if err != nil {
		return Result{}, err
	}
	res.Dir = dir
	return res, errors.Join(text.Close(), structure.Close())
}

func (r *reader) check(in Input) (kind, error) {
	info, err := os.Stat(in.Path)
	if err != nil {
		return kind{}, fmt.Errorf("look at the file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return kind{}, fmt.Errorf("look at the file: %w", fs.ErrInvalid)
	}
	if info.Size() > r.limits.MaxBytes {
		return kind{}, &Error{CodeTooLarge, fmt.Sprintf("The file has %s and at most %s are read; split it and submit the parts.", size(info.Size()), size(r.limits.MaxBytes))}
	}
	return sniff(in)
}

func (r *reader) read(w *writer, in Input, k kind) error {
	switch k.format {
	case formatMarkdown:
		return readMarkdown(w, in.Path)
	case formatHTML:
		return readHTML(w, in)
	case formatPDF:
		return r.pdf.read(w, in.Path)
	case formatDOCX:
		return readDOCX(w, in.Path)
	case formatCode:
		return readCode(w, in.Path, k.language)
	case formatLines:
		return readLines(w, in.Path, Code)
	case formatCSV:
		return readLines(w, in.Path, Table)
	case formatText:
	}
	return readText(w, in.Path)
}
