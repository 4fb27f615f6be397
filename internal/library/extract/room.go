package extract

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/sandbox"
)

// room is the folder of one child, which reaches no other: what it is to read
// is put in, and what it writes is taken out.
type room struct{ dir string }

// Parts of a room.
const (
	roomIn  = "in"  // the child reads it
	roomOut = "out" // the child writes it; its programs find room for temporary files there
	roomDoc = "document"
)

// programs are where other programs lie that a reader may start.
func programs() []string {
	folders := []string{
		"/usr", "/bin", "/sbin", "/lib", "/lib64",
		"/etc/ld.so.cache", "/etc/fonts", "/etc/alternatives", "/etc/libreoffice",
		"/var/lib/libreoffice", "/var/spool/libreoffice", "/var/cache/fontconfig",
	}
	// Whole installations may lie beside it, with their settings and data.
	office, err := filepath.Glob("/opt/libreoffice*")
	if err != nil {
		return folders
	}
	return append(folders, office...)
}

func newRoom(parent string) (room, error) {
	dir, err := os.MkdirTemp(parent, "child-")
	if err != nil {
		return room{}, fmt.Errorf("make a folder for an extraction process: %w", err)
	}
	r := room{dir}
	for _, part := range []string{roomIn, roomOut} {
		if err := os.Mkdir(filepath.Join(dir, part), 0o700); err != nil {
			return room{}, fmt.Errorf("make a folder for an extraction process: %w", err)
		}
	}
	return r, nil
}

func (r room) in() string  { return filepath.Join(r.dir, roomIn) }
func (r room) out() string { return filepath.Join(r.dir, roomOut) }
func (r room) doc() string { return filepath.Join(r.dir, roomIn, roomDoc) }

// folders are what the room's child is left with. The compiled code is read
// by all children, so only one that reads no file may write it.
func (r room) folders(cache string, compiles bool) sandbox.Folders {
	f := sandbox.Folders{Read: []string{r.in()}, Write: []string{r.out()}, Run: programs()}
	if cache != "" && compiles {
		f.Write = append(f.Write, cache)
	} else if cache != "" {
		f.Read = append(f.Read, cache)
	}
	return f
}

// put brings a file into the room: by a second name, or as a copy where it
// lies on another disk.
func (r room) put(path string) error {
	if err := os.Link(path, r.doc()); err == nil {
		return nil
	}
	from, err := os.Open(path) //nolint:gosec // the caller's file
	if err != nil {
		return fmt.Errorf("open the file: %w", err)
	}
	defer func() { _ = from.Close() }()
	to, err := os.OpenFile(r.doc(), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("copy the file: %w", err)
	}
	_, err = io.Copy(to, from)
	if err := errors.Join(err, to.Close()); err != nil {
		return fmt.Errorf("copy the file: %w", err)
	}
	return nil
}

// take moves what the child wrote into dir: regular files of known names, for
// a child that was taken over may have left anything. Those that may be absent
// are left out. What a file is, is looked at where the child cannot change it
// any more.
func (r room) take(dir string) error {
	for _, name := range []string{document.TextFile, document.StructureFile, document.RegionsFile, PictureFile} {
		if _, err := r.takeFile(dir, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// takeAttachments moves what the document carries into dir: files that the
// child lists and that are as it says, in all no longer than most bytes.
func (r room) takeAttachments(dir string, most int64) ([]document.Attachment, error) {
	if _, err := r.takeFile(dir, document.AttachmentsFile); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	list, err := document.ReadAttachments(dir)
	if err != nil {
		return nil, err
	}
	for _, a := range list {
		size, err := r.takeFile(dir, document.AttachmentFile(a.Number))
		if err != nil {
			return nil, err
		}
		if most -= size; size != a.Size || most < 0 {
			return nil, fmt.Errorf("attachment %d has %d bytes and is said to have %d", a.Number, size, a.Size)
		}
	}
	return list, nil
}

// takeFile moves one file, and gives how long it is.
func (r room) takeFile(dir, name string) (int64, error) {
	to := filepath.Join(dir, name)
	if err := move(filepath.Join(r.out(), name), to); err != nil {
		return 0, fmt.Errorf("take what was extracted: %w", err)
	}
	info, err := os.Lstat(to)
	if err != nil {
		return 0, fmt.Errorf("take what was extracted: %w", err)
	}
	if !info.Mode().IsRegular() {
		return 0, errors.Join(fmt.Errorf("take what was extracted: %s is no file", name), os.RemoveAll(to))
	}
	return info.Size(), nil
}

// move renames a file, or copies it to another disk. A link is not followed,
// a pipe not waited for.
func move(from, to string) error {
	err := os.Rename(from, to)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	src, err := os.OpenFile(from, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer func() { _ = src.Close() }()
	if info, err := src.Stat(); err != nil || !info.Mode().IsRegular() {
		return errors.Join(err, errors.New("it is no file"))
	}
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) //nolint:gosec // the caller names the folder
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close(), os.Remove(from))
}

// overfull reports whether the child wrote more bytes or files than it may.
func (r room) overfull(maxBytes int64) bool {
	const maxFiles = 10_000
	var written int64
	files := 0
	err := filepath.WalkDir(r.out(), func(_ string, e fs.DirEntry, err error) error {
		if err != nil { // removed meanwhile
			return nil //nolint:nilerr // as it says
		}
		if info, err := e.Info(); err == nil {
			written += info.Size()
		}
		if files++; files > maxFiles || written > maxBytes {
			return errOverfull
		}
		return nil
	})
	return errors.Is(err, errOverfull)
}

var errOverfull = errors.New("more was written than may be")

// empty clears the room for the next file.
func (r room) empty() error {
	var errs []error
	for _, part := range []string{r.in(), r.out()} {
		entries, err := os.ReadDir(part)
		errs = append(errs, err)
		for _, e := range entries {
			errs = append(errs, os.RemoveAll(filepath.Join(part, e.Name())))
		}
	}
	return errors.Join(errs...)
}

func (r room) remove() error { return os.RemoveAll(r.dir) }
