package sqldb

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"path"

	"github.com/pressly/goose/v3"
)

// Deferrable is the line in a migration that a program can do without, as one
// that only makes an index.
const Deferrable = "-- mnemosyne: deferrable"

// Schema is how a store's schema stands to the migrations that a program
// carries. A program runs on its own schema, and on a newer one: migrations
// add, and leave alone what is there. One that does not is marked as breaking,
// by a row in the table schema_break that it writes itself.
type Schema struct {
	Have int64 // the newest migration that has run; 0: none
	Want int64 // the newest that the program carries
	// Missing counts the migrations that the program needs and that have not
	// run, Deferred those that have not either and that it can do without.
	Missing, Deferred int
	// Breaking is the newest migration that programs must know to run here, if
	// this one does not know it, and Reason why. 0: there is none.
	Breaking int64
	Reason   string
}

// Newer tells that a newer program has made the schema.
func (s Schema) Newer() bool { return s.Have > s.Want }

const (
	versionTableSQLite   = `SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'goose_db_version'`
	versionTablePostgres = `SELECT COUNT(to_regclass('goose_db_version'))`
	appliedVersions      = `SELECT version_id FROM goose_db_version WHERE is_applied ORDER BY version_id`
	unknownBreaks        = `SELECT version, reason FROM schema_break WHERE version > $1 ORDER BY version DESC`
)

// Schema compares the store with migrations, and changes nothing.
func (db *DB) Schema(ctx context.Context, fsys fs.FS) (s Schema, err error) {
	applied, err := db.applied(ctx)
	if err != nil {
		return s, db.examined(ctx, fmt.Errorf("read the schema's version: %w", err))
	}
	for version := range applied {
		s.Have = max(s.Have, version)
	}
	names, err := fs.Glob(fsys, string(db.engine)+"/*.sql")
	if err != nil {
		return s, fmt.Errorf("list the migrations: %w", err)
	}
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return s, fmt.Errorf("read the number of the migration %s: %w", path.Base(name), err)
		}
		s.Want = max(s.Want, version)
		if applied[version] {
			continue
		}
		text, err := fs.ReadFile(fsys, name)
		switch {
		case err != nil:
			return s, fmt.Errorf("read a migration: %w", err)
		case bytes.Contains(text, []byte(Deferrable)):
			s.Deferred++
		default:
			s.Missing++
		}
	}
	if s.Newer() {
		err = db.breaking(ctx, &s)
	}
	return s, err
}

// applied are the numbers of the migrations that have run.
func (db *DB) applied(ctx context.Context) (map[int64]bool, error) {
	query := versionTableSQLite
	if db.engine == PostgreSQL {
		query = versionTablePostgres
	}
	count := func(row Row) (n int64, err error) { return n, row.Scan(&n) }
	if there, err := One(ctx, db.Read(), count, query); err != nil || there == 0 {
		return nil, err
	}
	versions, err := All(ctx, db.Read(), count, appliedVersions)
	if err != nil {
		return nil, err
	}
	applied := make(map[int64]bool, len(versions))
	for _, v := range versions {
		applied[v] = true
	}
	return applied, nil
}

// breaking looks for a migration that the program would have to know.
func (db *DB) breaking(ctx context.Context, s *Schema) error {
	type mark struct {
		version int64
		reason  string
	}
	marks, err := All(ctx, db.Read(), func(row Row) (m mark, err error) { return m, row.Scan(&m.version, &m.reason) }, unknownBreaks, s.Want)
	if err != nil {
		return fmt.Errorf("read which programs the schema is for: %w", err)
	}
	if len(marks) > 0 {
		s.Breaking, s.Reason = marks[0].version, marks[0].reason
	}
	return nil
}
