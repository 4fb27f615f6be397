// Package blob says what an object store is: bytes under a key, as originals
// and extracted texts are kept. Engines live in packages below it. It knows
// nothing of documents, and refuses to change an object: what is written
// under a key again replaces the whole of it.
package blob

import (
	"context"
	"errors"
	"io"
	"iter"
	"strings"
	"time"
)

// Errors that engines wrap.
var (
	// ErrMissing says that there is no object under a key.
	ErrMissing = errors.New("there is no such object")
	// ErrFull says that the store has no space left.
	ErrFull = errors.New("there is no space left for objects")
	// ErrKey says that a key is not one that CheckKey takes.
	ErrKey = errors.New("this is no object key")
)

// Info is what a store knows of an object.
type Info struct {
	Key      string
	Size     int64
	Modified time.Time
	// SHA256 is the lower-case hex digest of the bytes. Put computes it while
	// it writes; Open and List leave it empty.
	SHA256 string
}

// Store keeps objects. It is safe for concurrent use.
type Store interface {
	// Put writes an object from a reader, whatever its size, in bounded
	// memory. It is there whole and durable when Put returns nil, and not
	// there (or still the old one) when Put fails.
	Put(ctx context.Context, key string, r io.Reader) (Info, error)
	// Open opens an object for reading. An absent one is ErrMissing.
	Open(ctx context.Context, key string) (io.ReadSeekCloser, Info, error)
	// Delete removes an object. An absent one is no error.
	Delete(ctx context.Context, key string) error
	// List gives the objects whose keys begin with prefix, in no order.
	List(ctx context.Context, prefix string) iter.Seq2[Info, error]
	// Sweep removes what writes that never ended left behind, when they
	// began before a time.
	Sweep(ctx context.Context, before time.Time) error
	// Ping asks the store for a sign of life.
	Ping(ctx context.Context) error
}

// Local is a Store whose objects are files of this machine.
type Local interface {
	// Path is where an object's bytes lie. The file is not to be changed.
	Path(key string) (string, error)
}

const maxKey = 512

// CheckKey tells whether a key is one that every engine takes: parts of
// letters, digits, '-', '_' and '.', joined by slashes, none of them empty
// or beginning with a dot.
func CheckKey(key string) error {
	if key == "" || len(key) > maxKey {
		return ErrKey
	}
	for part := range strings.SplitSeq(key, "/") {
		if part == "" || part[0] == '.' || strings.IndexFunc(part, notInKey) >= 0 {
			return ErrKey
		}
	}
	return nil
}

func notInKey(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
		return false
	}
	return true
}
