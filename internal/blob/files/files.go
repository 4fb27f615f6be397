// Package files is the object store of a single machine: each object a file
// under one folder, at the path that its key spells.
package files

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/errs"
)

// partFolder holds what is being written. No key can name it.
const partFolder = ".part"

// Store keeps objects as files. It implements blob.Store and blob.Local.
type Store struct{ dir string }

// Open makes the folder when it is not there.
func Open(dir string) (*Store, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", dir, err)
	}
	if err := os.MkdirAll(filepath.Join(abs, partFolder), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of objects: %w", err)
	}
	return &Store{dir: abs}, nil
}

// Where is the folder, for people.
func (s *Store) Where() string { return s.dir }

// Path is the file of an object, which need not exist.
func (s *Store) Path(key string) (string, error) {
	if err := blob.CheckKey(key); err != nil {
		return "", fmt.Errorf("%q: %w", key, err)
	}
	return filepath.Join(s.dir, filepath.FromSlash(key)), nil
}

// Put writes beside, syncs, and renames, so that a crash at any point leaves
// the old object or the new one.
func (s *Store) Put(ctx context.Context, key string, r io.Reader) (blob.Info, error) {
	path, err := s.Path(key)
	if err != nil {
		return blob.Info{}, err
	}
	part, err := os.CreateTemp(filepath.Join(s.dir, partFolder), "put-")
	if err != nil {
		return blob.Info{}, s.explain("begin", key, err)
	}
	info, err := fill(part, reader{ctx, r})
	if err == nil {
		err = s.place(part.Name(), path)
	}
	if err != nil {
		return blob.Info{}, s.explain("write", key, errors.Join(err, os.Remove(part.Name())))
	}
	info.Key = key
	return info, nil
}

// fill writes and closes the file.
func fill(part *os.File, r io.Reader) (blob.Info, error) {
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(part, sum), r)
	if err == nil {
		err = part.Sync()
	}
	if err := errors.Join(err, part.Close()); err != nil {
		return blob.Info{}, err
	}
	return blob.Info{Size: n, SHA256: hex.EncodeToString(sum.Sum(nil)), Modified: time.Now().UTC()}, nil
}

// place moves a whole file to where it belongs and makes that durable. The
// folder may go between its making and the move, when the last object in it
// is deleted: then it is made again.
func (s *Store) place(part, path string) error {
	folder := filepath.Dir(path)
	for range 10 {
		if err := s.makeFolder(folder); err != nil {
			return err
		}
		err := os.Rename(part, path)
		if err == nil {
			return syncFolder(folder)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return fmt.Errorf("the folder %s does not stay", folder)
}

// makeFolder makes a folder below the store's own, and each new name durable
// in the folder above it.
func (s *Store) makeFolder(folder string) error {
	err := os.Mkdir(folder, 0o700)
	switch {
	case err == nil:
		return syncFolder(filepath.Dir(folder))
	case errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, fs.ErrNotExist) && len(folder) > len(s.dir):
		if err := s.makeFolder(filepath.Dir(folder)); err != nil {
			return err
		}
		return s.makeFolder(folder)
	}
	return err
}

func syncFolder(folder string) error {
	d, err := os.Open(folder) //nolint:gosec // made of a key that was checked
	if errors.Is(err, fs.ErrNotExist) {
		return nil // gone again: nothing to keep
	}
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Open opens the object's file.
func (s *Store) Open(_ context.Context, key string) (io.ReadSeekCloser, blob.Info, error) {
	path, err := s.Path(key)
	if err != nil {
		return nil, blob.Info{}, err
	}
	f, err := os.Open(path) //nolint:gosec // made of a key that was checked
	if err != nil {
		return nil, blob.Info{}, s.explain("open", key, err)
	}
	stat, err := f.Stat()
	if err == nil && stat.IsDir() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, blob.Info{}, s.explain("open", key, errors.Join(err, f.Close()))
	}
	return f, blob.Info{Key: key, Size: stat.Size(), Modified: stat.ModTime().UTC()}, nil
}

// Delete removes the file and the folders that it leaves empty.
func (s *Store) Delete(_ context.Context, key string) error {
	path, err := s.Path(key)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil {
		if noObject(err) {
			return nil
		}
		return s.explain("delete", key, err)
	}
	for folder := filepath.Dir(path); len(folder) > len(s.dir) && os.Remove(folder) == nil; {
		folder = filepath.Dir(folder) // until one is not empty
	}
	return nil
}

// noObject tells that there was nothing to delete, though others may have keys
// near it.
func noObject(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ENOTEMPTY)
}

// List walks the deepest folder that the prefix names.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		root := s.dir
		if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
			if err := blob.CheckKey(prefix[:i]); err != nil {
				yield(blob.Info{}, fmt.Errorf("%q: %w", prefix, err))
				return
			}
			root = filepath.Join(root, filepath.FromSlash(prefix[:i]))
		}
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil // deleted while we walk
			case err != nil:
				return err
			case ctx.Err() != nil:
				return ctx.Err()
			case entry.IsDir() && entry.Name() == partFolder:
				return filepath.SkipDir
			case entry.IsDir():
				return nil
			}
			return s.yield(path, prefix, entry, yield)
		})
		if err != nil && !errors.Is(err, fs.SkipAll) {
			yield(blob.Info{}, fmt.Errorf("list objects: %w", err))
		}
	}
}

func (s *Store) yield(path, prefix string, entry fs.DirEntry, yield func(blob.Info, error) bool) error {
	key := filepath.ToSlash(path[len(s.dir)+1:])
	if !strings.HasPrefix(key, prefix) {
		return nil
	}
	stat, err := entry.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !yield(blob.Info{Key: key, Size: stat.Size(), Modified: stat.ModTime().UTC()}, nil) {
		return fs.SkipAll
	}
	return nil
}

// Sweep removes files that a crash left half written.
func (s *Store) Sweep(ctx context.Context, before time.Time) error {
	folder := filepath.Join(s.dir, partFolder)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("sweep objects: %w", err)
	}
	for _, entry := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		stat, err := entry.Info()
		if err != nil || !stat.ModTime().Before(before) {
			continue // taken away, or still being written
		}
		if err := os.Remove(filepath.Join(folder, entry.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("sweep objects: %w", err)
		}
	}
	return nil
}

// Ping writes a file and reads nothing: what fails first is the disk.
func (s *Store) Ping(context.Context) error {
	f, err := os.CreateTemp(filepath.Join(s.dir, partFolder), "ping-")
	if err != nil {
		return s.explain("write to", s.dir, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// explain names the object, and gives a missing one and a full disk the
// errors that callers look for.
func (s *Store) explain(doing, key string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%s object %s: %w", doing, key, errors.Join(blob.ErrMissing, err))
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		cause := fmt.Errorf("%s object %s: the disk that holds %s is full: free some space (%w)", doing, key, s.dir, errors.Join(blob.ErrFull, err))
		return errs.Wrap(errs.Unavailable, cause, "There is no space left for documents.")
	}
	return fmt.Errorf("%s object %s: %w", doing, key, err)
}

// reader stops a long copy when its context ends.
type reader struct {
	ctx context.Context //nolint:containedctx // lives for one Put
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
