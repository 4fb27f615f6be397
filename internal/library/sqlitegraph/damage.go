package sqlitegraph

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
)

// explain turns what SQLite says of a file into what a person can do about
// it. The message names the file alone; where it lies is in the cause.
func explain(path string, err error) error {
	if err == nil || errs.As(err) != nil {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	err = fmt.Errorf("%s: %w", path, err)
	var lite *sqlite.Error
	if !errors.As(err, &lite) {
		return err
	}
	name := filepath.Base(path)
	switch lite.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT:
		return errs.Wrap(errs.Unavailable, errors.Join(library.ErrDamaged, err), "The index file "+name+" is damaged. "+
			"`mnemosyne reindex --library "+strings.TrimSuffix(name, fileSuffix)+"` makes it again from the stored documents.")
	case sqlite3.SQLITE_FULL:
		return errs.Wrap(errs.Unavailable, err, "The disk that holds the index file "+name+" is full. Make room and try again.")
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN:
		return errs.Wrap(errs.Unavailable, err, "The index file "+name+" cannot be opened for writing. "+
			"Check who owns it and its folder.")
	case sqlite3.SQLITE_IOERR:
		return errs.Wrap(errs.Unavailable, err, "The disk that holds the index file "+name+" reports errors. Check it.")
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return errs.Wrap(errs.Unavailable, err, "The index file "+name+" is in use by another program. Try again.")
	case sqlite3.SQLITE_INTERRUPT:
		return fmt.Errorf("%w: %w", context.Canceled, err)
	}
	return err
}
