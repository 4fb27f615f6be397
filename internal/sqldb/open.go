package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// OpenSQLite opens (and makes) the SQLite file at path. One connection
// writes, several read; both wait up to ten seconds for a lock that another
// process holds.
func OpenSQLite(ctx context.Context, path string) (*DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", path, err)
	}
	reserve(abs)
	write, err := openSQLitePool(ctx, abs, 1, url.Values{"_txlock": {"immediate"}})
	if err != nil {
		return nil, err
	}
	read, err := openSQLitePool(ctx, abs, max(4, runtime.GOMAXPROCS(0)), url.Values{"_txlock": {"deferred"}, "_pragma": {"query_only(1)"}})
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	reads, writes := newPrepared(read), newPrepared(write)
	return &DB{
		engine: SQLite, where: abs, read: read, reads: reads, write: write, writes: writes,
		close: func() error { return errors.Join(reads.Close(), writes.Close()) },
	}, nil
}

// reserve makes a new file that only its owner may read; the journal beside it
// takes over its mode. What goes wrong here SQLite says better. A file that is
// there is not touched: to close it would drop this process's locks on it.
func reserve(path string) {
	const ownerOnly = 0o600
	if f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, ownerOnly); err == nil { //nolint:gosec // the operator's own path
		_ = f.Close() // nothing was written
	}
}

func openSQLitePool(ctx context.Context, path string, conns int, q url.Values) (*sql.DB, error) {
	q["_pragma"] = append([]string{
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "cache_size(-8000)", "temp_store(MEMORY)",
	}, q["_pragma"]...)
	pool, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	if _, err := pool.ExecContext(ctx, "SELECT name FROM sqlite_master LIMIT 1"); err != nil {
		return nil, errors.Join(explain(path, fmt.Errorf("open %s: %w", path, err)), pool.Close())
	}
	return pool, nil
}

// OpenPostgres opens a pool on a PostgreSQL server. dsn is a URL or a
// keyword string as libpq takes it.
func OpenPostgres(ctx context.Context, dsn string) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("read the PostgreSQL address: %w", err)
	}
	// Times as text are what SQLite has, whatever zone the server is in.
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	where := fmt.Sprintf("%s:%d/%s", cfg.ConnConfig.Host, cfg.ConnConfig.Port, cfg.ConnConfig.Database)
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, explain(where, fmt.Errorf("reach PostgreSQL: %w", err))
	}
	db := stdlib.OpenDBFromPool(pool)
	return &DB{
		engine: PostgreSQL, read: db, reads: db, write: db, where: where, postgres: pool,
		close: func() error { err := db.Close(); pool.Close(); return err },
	}, nil
}
