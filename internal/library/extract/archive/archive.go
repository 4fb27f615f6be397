// Package archive opens the ZIP archives that documents of many formats are.
//
// It owns the guards that all of them need: how many entries there may be, how
// much they may unpack to, and that none is read from outside. Nothing is ever
// unpacked to disk, so a name that climbs out of its folder is only a name.
package archive

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

const (
	// An entry that unpacks to more than maxEntry, or beyond bombMinBytes to
	// bombRatio times its packed size, is a bomb; so are entries that unpack
	// to more than maxTotal together.
	maxEntry     = 512 << 20
	maxTotal     = 1 << 30
	bombRatio    = 100
	bombMinBytes = 32 << 20
	maxEntries   = 20_000

	// directoryBytes bounds the list of entries: it is held in memory several
	// times over.
	directoryBytes = 16 << 20

	encrypted = 1 // the flag of an entry
)

// Archive is an opened ZIP archive.
type Archive struct {
	file   *os.File
	names  []string
	byName map[string]*zip.File
	folded map[string]*zip.File // by name in lower case
	read   int64                // unpacked so far
}

// Open opens an archive and looks at its list of entries. Of several entries
// of one name the first counts. Faults are *document.Error.
func Open(name string) (*Archive, error) {
	f, err := os.Open(name) //nolint:gosec // reading the caller's file is the task
	if err != nil {
		return nil, fmt.Errorf("open the file: %w", err)
	}
	a := &Archive{file: f}
	if err := a.list(); err != nil {
		f.Close()
		return nil, err
	}
	return a, nil
}

func (a *Archive) list() error {
	info, err := a.file.Stat()
	if err != nil {
		return fmt.Errorf("look at the file: %w", err)
	}
	bounded := &boundedReaderAt{r: a.file, left: directoryBytes}
	z, err := zip.NewReader(bounded, info.Size())
	if bounded.left < 0 {
		return Bomb()
	}
	if err != nil {
		return document.Fault(document.CodeCorrupt, "The file is a damaged ZIP archive or Office document; open it in its program and save it again.")
	}
	bounded.unbound = true
	if len(z.File) > maxEntries {
		return Bomb()
	}
	a.byName, a.folded = make(map[string]*zip.File, len(z.File)), map[string]*zip.File{}
	var packed uint64
	for _, f := range z.File {
		packed += min(f.CompressedSize64, 1<<40)
		name := clean(f.Name)
		if a.byName[name] != nil || strings.HasSuffix(f.Name, "/") {
			continue
		}
		a.names, a.byName[name] = append(a.names, name), f
		if lower := strings.ToLower(name); a.folded[lower] == nil {
			a.folded[lower] = f
		}
	}
	if packed > uint64(info.Size()) { //nolint:gosec // a length is not negative
		return Bomb() // entries lie over each other
	}
	return nil
}

// clean makes a name as other entries refer to it: without a leading slash,
// and with those of Unix.
func clean(name string) string {
	return strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(name, `\`, "/")), "/")
}

// Bomb is the fault of an archive that unpacks to too much.
func Bomb() error {
	return document.Fault(document.CodeTooLarge, "The document unpacks to far more than it should; it may be damaged or hostile.")
}

// Close ends the reading.
func (a *Archive) Close() error {
	if err := a.file.Close(); err != nil {
		return fmt.Errorf("close the file: %w", err)
	}
	return nil
}

// Names lists the entries that are files, in the archive's order.
func (a *Archive) Names() []string { return a.names }

// Has reports whether there is an entry of that name.
func (a *Archive) Has(name string) bool { return a.find(name) != nil }

func (a *Archive) find(name string) *zip.File {
	name = clean(name)
	if f := a.byName[name]; f != nil {
		return f
	}
	return a.folded[strings.ToLower(name)]
}

// ErrMissing says that there is no such entry.
var ErrMissing = errors.New("archive: no such entry")

// Open unpacks an entry as it is read. One that unpacks to too much, is
// encrypted or damaged ends in a *document.Error.
func (a *Archive) Open(name string) (io.ReadCloser, error) {
	f := a.find(name)
	if f == nil {
		return nil, ErrMissing
	}
	if f.Flags&encrypted != 0 {
		return nil, document.Fault(document.CodePasswordRequired, "The document is protected by a password; save it without one and submit it again.")
	}
	if size := f.UncompressedSize64; size > maxEntry || size > bombMinBytes && size/bombRatio > f.CompressedSize64 {
		return nil, Bomb()
	}
	rc, err := f.Open()
	if err != nil {
		return nil, damaged(name)
	}
	return &entry{rc: rc, archive: a, name: name, packed: int64(min(f.CompressedSize64, maxEntry))}, nil
}

// ReadFile unpacks a whole entry of at most limit bytes.
func (a *Archive) ReadFile(name string, limit int64) ([]byte, error) {
	rc, err := a.Open(name)
	if err != nil {
		return nil, err
	}
	defer rc.Close()
	data, err := io.ReadAll(io.LimitReader(rc, limit+1))
	if err != nil {
		return nil, err //nolint:wrapcheck // an entry's own fault
	}
	if int64(len(data)) > limit {
		return nil, Bomb()
	}
	return data, nil
}

func damaged(name string) error {
	return document.Fault(document.CodeCorrupt, fmt.Sprintf("The document is damaged: %.100q cannot be unpacked; open it in its program and save it again.", name))
}

// entry guards what an entry unpacks to.
type entry struct {
	rc           io.ReadCloser
	archive      *Archive
	name         string
	packed, read int64
}

func (e *entry) Read(p []byte) (int, error) {
	n, err := e.rc.Read(p)
	e.read += int64(n)
	e.archive.read += int64(n)
	if e.read > maxEntry || e.archive.read > maxTotal || e.read > bombMinBytes && e.read > e.packed*bombRatio {
		return 0, Bomb()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, damaged(e.name)
	}
	return n, err //nolint:wrapcheck // io.EOF
}

func (e *entry) Close() error {
	if err := e.rc.Close(); err != nil {
		return damaged(e.name)
	}
	return nil
}

// boundedReaderAt ends the reading of a list of entries that is too long.
type boundedReaderAt struct {
	r       io.ReaderAt
	left    int64
	unbound bool
}

func (b *boundedReaderAt) ReadAt(p []byte, off int64) (int, error) {
	if !b.unbound {
		if b.left -= int64(len(p)); b.left < 0 {
			return 0, io.ErrUnexpectedEOF
		}
	}
	return b.r.ReadAt(p, off) //nolint:wrapcheck // io.EOF
}
