// Package filesource is the bucket that other systems hand documents over in
// where there is no object store: a folder of this machine, each key a path
// below it. It only reads, follows no symbolic link, and refuses whatever is
// no regular file.
package filesource

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"git.helu.ca/r/mnemosyne/internal/library/ingest"
)

// Source is a folder as an ingest.Source. It is safe for concurrent use.
type Source struct {
	ingest.Handover

	dir string
}

// New makes a source of a folder, which need not be there yet.
func New(dir string, rule ingest.Handover) *Source { return &Source{Handover: rule, dir: dir} }

// Where is the folder, for people.
func (s *Source) Where() string { return s.dir }

// Ping tells whether the folder can be read. One that is not there is empty.
func (s *Source) Ping(context.Context) error {
	folder, err := os.Open(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("see that this user may read the folder of documents handed over: %w", err)
	}
	return folder.Close()
}

// Empty tells whether nothing was ever handed over.
func (s *Source) Empty() bool {
	folder, err := os.Open(s.dir)
	if err != nil {
		return true
	}
	defer func() { _ = folder.Close() }()
	names, _ := folder.Readdirnames(1)
	return len(names) == 0
}

// errIrregular says that a key leads through a symbolic link, or to what is
// no file.
var errIrregular = errors.New("a symbolic link, or no regular file")

// Open opens the file of a key. The folder is opened as a root, which nothing
// below it leads out of; links within it are refused as well, since they
// would lead from one caller's folder into another's.
func (s *Source) Open(_ context.Context, key string) (io.ReadCloser, int64, error) {
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return nil, 0, failure(err)
	}
	defer func() { _ = root.Close() }()
	want, err := look(root, key)
	if err != nil {
		return nil, 0, failure(err)
	}
	f, err := root.OpenFile(key, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe put in its place does not hold us
	if err != nil {
		return nil, 0, failure(err)
	}
	is, err := f.Stat()
	if err == nil && !os.SameFile(want, is) {
		err = fmt.Errorf("it changed while it was opened: %w", errIrregular)
	}
	if err != nil {
		return nil, 0, failure(errors.Join(err, f.Close()))
	}
	return f, is.Size(), nil
}

// look walks down to a regular file without following a link.
func look(root *os.Root, key string) (fs.FileInfo, error) {
	if !fs.ValidPath(key) {
		return nil, fs.ErrNotExist // no file has such a path
	}
	for i := 0; ; i++ {
		end := strings.IndexByte(key[i:], '/')
		if end < 0 {
			break
		}
		i += end
		info, err := root.Lstat(key[:i])
		switch {
		case err != nil:
			return nil, err
		case info.Mode()&fs.ModeSymlink != 0:
			return nil, errIrregular
		case !info.IsDir():
			return nil, fs.ErrNotExist
		}
	}
	info, err := root.Lstat(key)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fs.ErrNotExist
	case !info.Mode().IsRegular():
		return nil, errIrregular
	}
	return info, nil
}

func failure(err error) *ingest.Failure {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENAMETOOLONG):
		return ingest.SourceMissing(err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, errIrregular):
		return ingest.SourceForbidden(err)
	}
	return ingest.SourceUnreachable("The folder of documents handed over cannot be read.", err)
}
