package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// The data folder's layout.
const (
	databaseFile   = "mnemosyne.db"
	graphFolder    = "graph"
	objectFolder   = "objects"
	handoverFolder = "handover"
	cacheFolder    = "cache"
	tempFolder     = "tmp"
	archiveFolder  = "archives" // while libraries are exported or imported; its files have no names
	secretKeyFile  = "secret_key"
	lockFile       = "lock"
	holderFile     = "holder.json"
)

// Holder says which process has a data folder.
type Holder struct {
	PID     int       `json:"pid"`
	Command string    `json:"command"`
	Address string    `json:"address,omitempty"`
	Since   time.Time `json:"since"`
}

// String names the holder as an error does.
func (h Holder) String() string {
	s := fmt.Sprintf("process %d (`mnemosyne %s`, since %s", h.PID, h.Command, h.Since.Local().Format("2006-01-02 15:04:05"))
	if h.Address != "" {
		s += ", at " + h.Address
	}
	return s + ")"
}

// HeldError says that another process has the data folder.
type HeldError struct {
	Dir    string
	Holder Holder
}

// Error names the folder and its holder.
func (e *HeldError) Error() string {
	who := "another process"
	if e.Holder.PID != 0 {
		who = e.Holder.String()
	}
	return fmt.Sprintf("the data folder %s is in use by %s; stop it first, or set MNEMOSYNE_DATA_DIR to another folder", e.Dir, who)
}

// dataDir makes the data folder. Only its owner may read it: it holds
// documents and keys.
func dataDir(path string) (string, error) {
	dir, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("find the data folder %s: %w", path, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the data folder: %w; set MNEMOSYNE_DATA_DIR to a folder that can be written", err)
	}
	return dir, nil
}

// folderLock is the right to run workers on a data folder. The kernel takes
// it back when the process ends, however it ends.
type folderLock struct {
	lock   *flock.Flock
	dir    string
	holder Holder
}

// A holder that was killed may have left a child that ends a moment after it,
// and a new holder takes a moment to say who it is.
const (
	staleChecks     = 20
	staleCheckEvery = 50 * time.Millisecond
)

// alive reports whether a process of this number runs. Where numbers mean
// something else, as between containers, it does not.
func alive(pid int) bool {
	if pid <= 0 {
		return false
	}
	p, err := os.FindProcess(pid)
	return err == nil && !errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone)
}

// livingHolder is who has the folder, unnamed when whoever said so is gone.
func livingHolder(dir string) Holder {
	h := readHolder(dir)
	if !alive(h.PID) {
		return Holder{}
	}
	return h
}

// lockFolder takes the folder, or says who has it.
func lockFolder(ctx context.Context, dir, command, address string) (*folderLock, error) {
	l := flock.New(filepath.Join(dir, lockFile), flock.SetPermissions(0o600))
	ok, err := l.TryLock()
	if err == nil && !ok && !alive(readHolder(dir).PID) {
		soon, cancel := context.WithTimeout(ctx, staleChecks*staleCheckEvery)
		ok, err = l.TryLockContext(soon, staleCheckEvery)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			err = nil // held all the while
		}
	}
	if err != nil {
		return nil, fmt.Errorf("lock the data folder: %w; let this user write there, or set MNEMOSYNE_DATA_DIR to another folder", err)
	}
	if !ok {
		return nil, &HeldError{Dir: dir, Holder: livingHolder(dir)}
	}
	h := Holder{PID: os.Getpid(), Command: command, Address: address, Since: time.Now().UTC()}
	fl := &folderLock{lock: l, dir: dir, holder: h}
	if err := fl.announce(address); err != nil {
		return nil, errors.Join(err, l.Unlock())
	}
	return fl, nil
}

// announce writes down where the holder can be reached.
func (l *folderLock) announce(address string) error {
	l.holder.Address = address
	b, err := json.Marshal(l.holder)
	if err != nil {
		return fmt.Errorf("describe the holder: %w", err)
	}
	if err := writeFile(filepath.Join(l.dir, holderFile), append(b, '\n')); err != nil {
		return fmt.Errorf("write down who holds the data folder: %w", err)
	}
	return nil
}

// release gives the folder back.
func (l *folderLock) release() error {
	return errors.Join(removeIfThere(filepath.Join(l.dir, holderFile)), l.lock.Unlock())
}

func readHolder(dir string) Holder {
	var h Holder
	b, err := os.ReadFile(filepath.Join(dir, holderFile)) //nolint:gosec // the operator's own folder
	if err != nil || json.Unmarshal(b, &h) != nil {
		return Holder{}
	}
	return h
}

// ensureSecretKey gives the key that signs sessions, forms and cursors: the
// setting's, or one made on the first start and kept in the data folder.
func ensureSecretKey(setting, dir string) ([]byte, error) {
	if setting != "" {
		return []byte(setting), nil
	}
	path := filepath.Join(dir, secretKeyFile)
	if key, err := readSecretKey(path); !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	// Two processes may start at once on a new folder: the first link stands.
	own, err := os.CreateTemp(dir, secretKeyFile+".*")
	if err != nil {
		return nil, fmt.Errorf("keep a secret key: %w", err)
	}
	defer func() { _ = os.Remove(own.Name()) }()
	_, err = own.WriteString(rand.Text() + rand.Text())
	if err = errors.Join(err, own.Sync(), own.Close()); err != nil {
		return nil, fmt.Errorf("keep a secret key: %w", err)
	}
	if err := os.Link(own.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("keep a secret key: %w", err)
	}
	return readSecretKey(path)
}

const secretKeyBytes = 52 // two texts of 128 random bits

func readSecretKey(path string) ([]byte, error) {
	key, err := os.ReadFile(path) //nolint:gosec // the operator's own folder
	if err != nil {
		return nil, fmt.Errorf("read the secret key: %w", err)
	}
	if len(key) < secretKeyBytes {
		return nil, fmt.Errorf("the secret key in %s is damaged; remove the file to have a new one made, which signs everybody out", path)
	}
	return key, nil
}

// writeFile puts a small file in place whole or not at all.
func writeFile(path string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, removeIfThere(f.Name()))
		}
	}()
	if _, err := f.Write(content); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
