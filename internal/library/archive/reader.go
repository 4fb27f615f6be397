package archive

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"

	"git.helu.ca/r/mnemosyne/internal/errs"
)

// reader reads the entries of an archive in the order in which they must come,
// and notes their checksums. Where the archive is not what an export writes,
// its errors say so.
type reader struct {
	packed *bomb
	zst    *zstd.Decoder
	tar    *tar.Reader
	next   *tar.Header // nil: the end
	file   *os.File    // of the checksums found
	sums   *bufio.Writer
}

const maxWindow = 128 << 20 // bytes that the decoder may look back

func newReader(in io.Reader, tempDir string) (*reader, error) {
	r := &reader{packed: &bomb{in: in}}
	var err error
	if r.zst, err = zstd.NewReader(r.packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true)); err != nil {
		return nil, fmt.Errorf("begin to read the archive: %w", err)
	}
	if r.file, err = tempFile(tempDir); err != nil {
		r.zst.Close()
		return nil, err
	}
	r.sums = bufio.NewWriter(r.file)
	r.tar = tar.NewReader(unpacked{r.zst, r.packed})
	if err := r.advance(); err != nil {
		r.close()
		if errs.As(err) != nil && r.packed.fault == nil {
			return nil, damaged("it is not a tar file compressed with zstd, as `mnemosyne export` writes it.")
		}
		return nil, err
	}
	return r, nil
}

func (r *reader) close() {
	r.zst.Close()
	_ = r.file.Close() // it has no name any more
}

// bomb counts what goes into the decoder and what comes out.
type bomb struct {
	in       io.Reader
	packed   int64
	unpacked int64
	fault    error // of the input itself
}

// Documents and vectors shrink to a third; text to a tenth. What unpacks to
// far more was made to fill a disk.
const (
	bombFloor = 1 << 30
	bombRatio = 500
)

func (b *bomb) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	b.packed += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		b.fault = err
	}
	return n, err
}

type unpacked struct {
	zst *zstd.Decoder
	b   *bomb
}

var errBomb = errors.New("archive: it unpacks to far more than a library does")

// Read unpacks some more.
func (u unpacked) Read(p []byte) (int, error) {
	n, err := u.zst.Read(p)
	u.b.unpacked += int64(n)
	if u.b.unpacked > bombFloor && u.b.unpacked/bombRatio > u.b.packed {
		return n, errBomb
	}
	return n, err
}

// broken says what a fault of reading means.
func (r *reader) broken(err error) error {
	switch {
	case r.packed.fault != nil:
		return fmt.Errorf("read the archive: %w", r.packed.fault)
	case errors.Is(err, errBomb):
		return damaged("it unpacks to more than %d times its size.", bombRatio)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return damaged("it ends too early; copy or export it again.")
	}
	return damaged("it is damaged (%s); copy or export it again.", err.Error())
}

// advance goes to the next entry.
func (r *reader) advance() error {
	h, err := r.tar.Next()
	if errors.Is(err, io.EOF) {
		r.next = nil
		return nil
	}
	if err != nil {
		return r.broken(err)
	}
	if h.Typeflag != tar.TypeReg {
		return damaged("%s is no plain file.", printable(h.Name))
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse") {
			return damaged("%s is a file with holes.", printable(h.Name))
		}
	}
	r.next = h
	return nil
}

// printable makes a name that a stranger wrote fit for a message.
func printable(name string) string {
	const long = 120
	if len(name) > long {
		name = name[:long] + "…"
	}
	return fmt.Sprintf("%q", name)
}

// at tells whether the next entry has this name.
func (r *reader) at(name string) bool { return r.next != nil && r.next.Name == name }

// entry reads the next entry, which must have the name. What read leaves of
// it is read to its end.
func (r *reader) entry(name string, limit int64, read func(body *sound, size int64) error) error {
	if !r.at(name) {
		return r.misplaced(name)
	}
	size := r.next.Size
	if size > limit {
		return damaged("%s has %d bytes, and at most %d are allowed.", printable(name), size, limit)
	}
	sum := sha256.New()
	body := &sound{r: r, in: io.TeeReader(r.tar, sum)}
	if err := read(body, size); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		return err
	}
	if _, err := r.sums.WriteString(sumLine(sum.Sum(nil), name)); err != nil {
		return fmt.Errorf("note the checksum of %s: %w", name, err)
	}
	return r.advance()
}

// sound is an entry's body whose faults say what they mean.
type sound struct {
	r     *reader
	in    io.Reader
	fault error // that reading met
}

// Read reads some more of the entry.
func (s *sound) Read(p []byte) (int, error) {
	n, err := s.in.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = s.r.broken(err)
		s.fault = err
	}
	return n, err
}

func (r *reader) misplaced(want string) error {
	if r.next == nil {
		return damaged("it ends where %s should come; copy or export it again.", want)
	}
	return damaged("%s comes where %s should.", printable(r.next.Name), want)
}

// record reads an entry of one JSON value.
func (r *reader) record(name string, into any) error {
	return r.entry(name, maxRecord, func(body *sound, _ int64) error {
		raw, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		return decode(name, raw, into)
	})
}

func decode(name string, raw []byte, into any) error {
	if err := json.Unmarshal(raw, into); err != nil {
		return damaged("%s is not as it should be: %s.", name, err.Error())
	}
	return nil
}

// lines reads a list that is cut into parts.
func (r *reader) lines(folder string, each func(line []byte) error) error {
	for n := 0; r.at(part(folder, n)); n++ {
		name := part(folder, n)
		err := r.entry(name, maxPart, func(body *sound, _ int64) error {
			scan := bufio.NewScanner(body)
			scan.Buffer(make([]byte, 0, 64<<10), maxLine)
			for scan.Scan() && body.fault == nil { // what was read before a fault may be half a line
				if err := each(scan.Bytes()); err != nil {
					return err
				}
			}
			if errors.Is(scan.Err(), bufio.ErrTooLong) {
				return damaged("%s has a line of more than %d bytes.", name, maxLine)
			}
			return scan.Err()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// finish compares the checksums with those that were found. Nothing may come
// behind them.
func (r *reader) finish() error {
	if err := r.sums.Flush(); err != nil {
		return fmt.Errorf("note the checksums: %w", err)
	}
	if _, err := r.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read the checksums: %w", err)
	}
	found := bufio.NewReader(r.file)
	r.sums.Reset(io.Discard)
	err := r.entry(sumsEntry, maxSums, func(body *sound, _ int64) error { return compare(bufio.NewReader(body), found) })
	if err != nil {
		return err
	}
	if r.next != nil {
		return damaged("%s comes behind its end.", printable(r.next.Name))
	}
	// Behind the end of the tar there is nothing but zeros.
	rest, err := io.Copy(io.Discard, unpacked{r.zst, r.packed})
	if err != nil {
		return r.broken(err)
	}
	const padding = 1 << 20
	if rest > padding {
		return damaged("something comes behind its end.")
	}
	return nil
}

func compare(stated, found *bufio.Reader) error {
	for {
		want, err := stated.ReadSlice('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			if errors.Is(err, bufio.ErrBufferFull) {
				return damaged("its checksums are not as they should be.")
			}
			return err
		}
		got, gotErr := found.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF) && errors.Is(gotErr, io.EOF) && len(want) == 0 && len(got) == 0:
			return nil
		case bytes.Equal(want, got):
			continue
		}
		_, name, ok := strings.Cut(strings.TrimSpace(string(got)), "  ")
		if !ok {
			return damaged("there are checksums of entries that it does not have.")
		}
		return damaged("%s is not what was exported: its checksum is another. Copy or export it again.", printable(name))
	}
}
