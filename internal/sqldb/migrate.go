package sqldb

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	sqlite3 "modernc.org/sqlite/lib"

	"git.helu.ca/r/mnemosyne/internal/errs"
)

// Migrate brings the schema to its newest version and names the migrations
// that it ran. fsys holds a folder an engine, named as the engine is. Only one
// process migrates at a time: goose sees to it on PostgreSQL. A schema that a
// newer program made is left as it is.
func (db *DB) Migrate(ctx context.Context, fsys fs.FS) (ran []string, err error) {
	s, err := db.Schema(ctx, fsys)
	if err != nil || s.Newer() {
		return nil, err
	}
	// An SQLite file that is up to date needs no lock, and may lie where none can be made.
	if db.engine == PostgreSQL || s.Missing+s.Deferred == 0 {
		return db.migrate(ctx, fsys)
	}
	err = db.Exclusive(ctx, "migrations", func() {}, func(ctx context.Context) error {
		ran, err = db.migrate(ctx, fsys)
		return err
	})
	return ran, err
}

func (db *DB) migrate(ctx context.Context, fsys fs.FS) ([]string, error) {
	p, err := db.provider(fsys)
	if err != nil {
		return nil, err
	}
	results, err := p.Up(ctx)
	if err != nil {
		return nil, db.examined(ctx, fmt.Errorf("migrate: %w", err))
	}
	names := make([]string, 0, len(results))
	for _, r := range results {
		names = append(names, r.Source.Path)
	}
	return names, nil
}

// examined looks whether a file on which the schema cannot be read is damaged:
// SQLite often says something else of one, such as that a table is there already.
func (db *DB) examined(ctx context.Context, err error) error {
	if db.engine != SQLite || errs.As(err) != nil {
		return err
	}
	found, examine := One(ctx, db.Read(), func(row Row) (v string, err error) { return v, row.Scan(&v) }, "PRAGMA quick_check(1)")
	if examine == nil && found != "ok" {
		return explainSQLite(db.where, sqlite3.SQLITE_CORRUPT, err)
	}
	if errs.As(examine) != nil {
		return examine
	}
	return err
}

func (db *DB) provider(fsys fs.FS) (*goose.Provider, error) {
	// A number may be given before another and be done after it.
	dialect, opts := goose.DialectSQLite3, []goose.ProviderOption{goose.WithAllowOutofOrder(true)}
	if db.engine == PostgreSQL {
		locker, err := newLocker()
		if err != nil {
			return nil, err
		}
		dialect, opts = goose.DialectPostgres, append(opts, goose.WithSessionLocker(locker))
	}
	sub, err := fs.Sub(fsys, string(db.engine))
	if err != nil {
		return nil, fmt.Errorf("find the migrations of %s: %w", db.engine, err)
	}
	p, err := goose.NewProvider(dialect, db.write, sub, opts...)
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return p, nil
}
