package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"git.helu.ca/r/mnemosyne/internal/errs"
)

// Missing tells that a query for one row found none.
func Missing(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// Duplicate tells that a statement met a uniqueness rule.
func Duplicate(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23505"
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return false
}

// Referenced tells that a statement met a foreign key: a row that others
// point at, or one that points at nothing.
func Referenced(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23503"
	}
	lite, ok := errors.AsType[*sqlite.Error](err)
	return ok && lite.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
}

// Away tells that the store could not be reached and may be later, without
// anybody changing a setting: its server is down, starting or full of others.
func Away(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "53300" || strings.HasPrefix(pg.Code, "08") || strings.HasPrefix(pg.Code, "57P")
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.DeadlineExceeded)
}

// where tells where the store behind a Querier is, as well as it is known.
func where(q Querier) string {
	if l, ok := q.(located); ok {
		return l.where
	}
	return "the database"
}

// explain gives faults of the store itself, which no query can help, the
// kind Unavailable and the advice that an operator needs. The advice names
// paths and hosts, so it is in the cause, which callers do not see. Text that
// PostgreSQL cannot hold is Invalid. Other errors come back as they are.
func explain(where string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return explainSQLite(where, lite.Code(), err)
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return explainPostgres(where, pg.Code, err)
	}
	var connect *pgconn.ConnectError
	var network net.Error
	if errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) {
		return unavailable("The database does not answer.", "see that PostgreSQL runs at "+where+" and that DB_HOST and DB_PORT are right", err)
	}
	return err
}

func explainSQLite(path string, code int, err error) error {
	const primary = 0xff // extended codes carry the primary one in the low byte
	switch code & primary {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return unavailable("The database is damaged.", path+" is damaged or is no SQLite file: stop Mnemosyne, keep a copy of it, then put a backup in its place or try `sqlite3 FILE .recover`", err)
	case sqlite3.SQLITE_FULL:
		return unavailable("There is no space left for the database.", "the disk that holds "+path+" is full: free some space; nothing that was accepted is lost", err)
	case sqlite3.SQLITE_IOERR:
		return unavailable("The database cannot be read or written.", "see that the disk that holds "+path+" is well and has space", err)
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return unavailable("The database cannot be opened.", "see that the folder of "+path+" exists and that this user may write there", err)
	case sqlite3.SQLITE_READONLY:
		return unavailable("The database cannot be written.", "see that this user may write "+path+" and its folder", err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return unavailable("The database is busy. Try again.", "another process holds "+path+" for longer than ten seconds", err)
	}
	return err
}

func explainPostgres(where, code string, err error) error {
	switch {
	case code == "53100":
		return unavailable("There is no space left for the database.", "the disk of the PostgreSQL server at "+where+" is full: free some space; nothing that was accepted is lost", err)
	case code == "53300":
		return unavailable("The database is busy. Try again.", "PostgreSQL at "+where+" has no connection left: raise its max_connections or run fewer processes", err)
	case strings.HasPrefix(code, "28") || code == "3D000":
		return unavailable("The database refuses the connection.", "PostgreSQL at "+where+" refuses the user, password or database name: see APP_DB_NAME, APP_DB_USER and APP_DB_PASSWORD", err)
	case strings.HasPrefix(code, "08") || strings.HasPrefix(code, "57P"):
		return unavailable("The database does not answer.", "PostgreSQL at "+where+" is starting, stopping or gone", err)
	case code == "40001" || code == "40P01":
		return unavailable("The database is busy. Try again.", "PostgreSQL at "+where+" ended one of two transactions that waited for each other", err)
	case code == "22021":
		return errs.Wrap(errs.Invalid, err, "The text holds bytes that are no text: NUL, or broken UTF-8.")
	case code == "XX001" || code == "XX002":
		return unavailable("The database is damaged.", "PostgreSQL at "+where+" reports damaged data: stop Mnemosyne and put a backup in its place", err)
	}
	return err
}

func unavailable(message, advice string, err error) error {
	return errs.Wrap(errs.Unavailable, fmt.Errorf("%s (%w)", advice, oneLineError{err}), message)
}

// oneLineError shows an error in one line: pgx takes one for each address tried.
type oneLineError struct{ error }

// Error joins the lines.
func (e oneLineError) Error() string {
	return strings.ReplaceAll(strings.ReplaceAll(e.error.Error(), ":\n\t", ": "), "\n\t", "; ")
}

// Unwrap gives the error as it was.
func (e oneLineError) Unwrap() error { return e.error }
