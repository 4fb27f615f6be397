package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
)

// CopySQLite writes a copy of the SQLite file at path, as it is at one moment,
// while others read and write it. There must be nothing at to. An interrupted
// copy leaves a file there that is not whole.
func CopySQLite(ctx context.Context, path, to string) (err error) {
	const ownerOnly = 0o600
	f, err := os.OpenFile(to, os.O_RDWR|os.O_CREATE|os.O_EXCL, ownerOnly) //nolint:gosec // the operator's own path
	if err != nil {
		return fmt.Errorf("copy %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("copy %s: %w", path, err)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("find %s: %w", path, err)
	}
	q := url.Values{"mode": {"rw"}, "_pragma": {"busy_timeout(10000)"}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: abs}).EscapedPath(), RawQuery: q.Encode()}).String())
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, `VACUUM INTO $1`, to); err != nil {
		return explain(abs, fmt.Errorf("copy %s: %w", path, err))
	}
	return syncFile(to)
}

// syncFile sees that a file outlives a power cut.
func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // written a moment ago
	if err == nil {
		err = errors.Join(f.Sync(), f.Close())
	}
	if err != nil {
		return fmt.Errorf("write %s to disk: %w", path, err)
	}
	return nil
}
