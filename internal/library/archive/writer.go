package archive

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/klauspost/compress/zstd"
)

// entries writes entries of a tar file and notes their checksums.
type entries struct {
	tar  *tar.Writer
	sums io.Writer
	at   time.Time
}

const entryMode = 0o644

// add writes an entry of exactly size bytes.
func (e *entries) add(name string, size int64, body io.Reader) error {
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: entryMode, ModTime: e.at}
	if err := e.tar.WriteHeader(header); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(e.tar, sum), body)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if n != size {
		return fmt.Errorf("write %s: it has %d bytes and should have %d", name, n, size)
	}
	if _, err := io.WriteString(e.sums, sumLine(sum.Sum(nil), name)); err != nil {
		return fmt.Errorf("note the checksum of %s: %w", name, err)
	}
	return nil
}

// sumLine is as sha256sum writes it.
func sumLine(sum []byte, name string) string { return hex.EncodeToString(sum) + "  " + name + "\n" }

// record writes one value as one line of JSON.
func (e *entries) record(name string, v any) error {
	line, err := jsonLine(v)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return e.add(name, int64(len(line)), bytes.NewReader(line))
}

func jsonLine(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}

// lines cuts a list into entries that can be held in memory.
type lines struct {
	e      *entries
	folder string
	parts  int
	count  int
	buffer bytes.Buffer
}

func (e *entries) lines(folder string) *lines { return &lines{e: e, folder: folder} }

func (l *lines) add(v any) error {
	line, err := jsonLine(v)
	if err != nil {
		return fmt.Errorf("write %s: %w", l.folder, err)
	}
	if l.count > 0 && (l.count == partLines || l.buffer.Len()+len(line) > partBytes) {
		if err := l.flush(); err != nil {
			return err
		}
	}
	l.count++
	l.buffer.Write(line)
	return nil
}

// flush writes what is left. A list without lines has no entry.
func (l *lines) flush() error {
	if l.count == 0 {
		return nil
	}
	err := l.e.add(part(l.folder, l.parts), int64(l.buffer.Len()), &l.buffer)
	l.parts, l.count = l.parts+1, 0
	l.buffer.Reset()
	return err
}

// writer writes an archive.
type writer struct {
	entries

	zst  *zstd.Encoder
	file *os.File // of the checksums
	kept *bufio.Writer
}

func newWriter(out io.Writer, tempDir string, at time.Time) (*writer, error) {
	file, err := tempFile(tempDir)
	if err != nil {
		return nil, err
	}
	zst, err := zstd.NewWriter(out, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("begin the archive: %w", err), file.Close())
	}
	w := &writer{zst: zst, file: file, kept: bufio.NewWriter(file)}
	w.entries = entries{tar: tar.NewWriter(zst), sums: w.kept, at: at}
	return w, nil
}

// finish writes the checksums and the end.
func (w *writer) finish() error {
	if err := w.kept.Flush(); err != nil {
		return fmt.Errorf("note the checksums: %w", err)
	}
	size, err := w.file.Seek(0, io.SeekCurrent)
	if err == nil {
		_, err = w.file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("read the checksums: %w", err)
	}
	w.sums = io.Discard
	if err := w.add(sumsEntry, size, w.file); err != nil {
		return err
	}
	if err := errors.Join(w.tar.Close(), w.zst.Close()); err != nil {
		return fmt.Errorf("end the archive: %w", err)
	}
	return nil
}

func (w *writer) close() { _ = w.file.Close() } // it has no name any more

// tempFile is a file that goes with the process, however it ends.
func tempFile(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a folder for temporary files: %w", err)
	}
	f, err := os.CreateTemp(dir, "archive-*")
	if err != nil {
		return nil, fmt.Errorf("make a temporary file: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("make a temporary file: %w", err), f.Close())
	}
	return f, nil
}

// spool holds the entries of one document until it is known that nothing of
// it was changed while they were read.
type spool struct {
	entries

	file  *os.File
	out   *bufio.Writer
	noted bytes.Buffer
}

func newSpool(tempDir string, at time.Time) (*spool, error) {
	file, err := tempFile(tempDir)
	if err != nil {
		return nil, err
	}
	s := &spool{file: file, out: bufio.NewWriterSize(file, 1<<20)}
	s.at = at
	return s, s.reset()
}

// reset forgets everything.
func (s *spool) reset() error {
	s.out.Reset(s.file)
	s.noted.Reset()
	s.tar, s.sums = tar.NewWriter(s.out), &s.noted
	_, err := s.file.Seek(0, io.SeekStart)
	if err = errors.Join(err, s.file.Truncate(0)); err != nil {
		return fmt.Errorf("empty a temporary file: %w", err)
	}
	return nil
}

// moveTo appends the entries to the archive, as they are.
func (s *spool) moveTo(w *writer) error {
	if err := errors.Join(s.tar.Flush(), s.out.Flush(), w.tar.Flush()); err != nil {
		return fmt.Errorf("end a document: %w", err)
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read a temporary file: %w", err)
	}
	if _, err := io.Copy(w.zst, s.file); err != nil {
		return fmt.Errorf("write a document: %w", err)
	}
	if _, err := w.kept.Write(s.noted.Bytes()); err != nil {
		return fmt.Errorf("note the checksums: %w", err)
	}
	return s.reset()
}

func (s *spool) close() { _ = s.file.Close() } // it has no name any more
