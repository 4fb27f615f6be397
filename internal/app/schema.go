package app

import (
	"context"
	"errors"
	"fmt"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/migrations"
)

// behindError says that the schema lacks what this program needs.
type behindError struct{ missing int }

func (e behindError) Error() string {
	return fmt.Sprintf("the database schema is %d migrations behind; run `mnemosyne migrate`", e.missing)
}

// newerError says that the schema is for newer programs alone.
type newerError struct {
	version int64
	reason  string
}

func (e newerError) Error() string {
	return fmt.Sprintf("a newer version of Mnemosyne has changed the database schema (migration %d: %s), and this version cannot work with it: run the newer version, "+
		"or put back a backup of the database from before", e.version, e.reason)
}

// fits is an error when this program cannot run on the store's schema.
func fits(ctx context.Context, db *sqldb.DB) (sqldb.Schema, error) {
	s, err := db.Schema(ctx, migrations.FS)
	switch {
	case err != nil:
		return s, err
	case s.Breaking > 0:
		return s, newerError{s.Breaking, s.Reason}
	case s.Missing > 0:
		return s, behindError{s.Missing}
	}
	return s, nil
}

// schemaNote says what is particular about a schema that fits; empty: nothing.
func schemaNote(s sqldb.Schema) string {
	switch {
	case s.Newer():
		return fmt.Sprintf("The schema was made by a newer version (migration %d, this one knows %d) and serves this one too.", s.Have, s.Want)
	case s.Deferred > 0:
		return fmt.Sprintf("%d migrations that nothing waits for have not run; `mnemosyne migrate` runs them.", s.Deferred)
	}
	return ""
}

// Migrate brings the schema up to date and names the migrations it ran. Where a
// newer version made the schema it changes nothing, and the note says so.
// Another command that works on the installation is waited for, and waiting is
// told so.
func Migrate(ctx context.Context, p Program, waiting func()) (ran []string, note string, err error) {
	c, err := openStore(ctx, p)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, c.DB.Close()) }()
	err = c.Alone(ctx, waiting, func(ctx context.Context) (err error) {
		ran, err = c.DB.Migrate(ctx, migrations.FS)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	s, err := c.DB.Schema(ctx, migrations.FS)
	switch {
	case err != nil:
		return ran, "", err
	case s.Breaking > 0:
		return ran, fmt.Sprintf("Nothing was changed: %s.", newerError{s.Breaking, s.Reason}), nil
	case s.Newer():
		return ran, "Nothing was changed. " + schemaNote(s), nil
	}
	return ran, "", nil
}
