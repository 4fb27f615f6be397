package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// storeFact and storeFile name the store in its database and in its data
// folder. What one of the two does not know is swept from the other, so they
// must belong together.
const (
	storeFact = "store_id"
	storeFile = "store_id"
)

const (
	readFact  = `SELECT value FROM setting WHERE name = $1`
	writeFact = `INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`
	firstFact = `INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`
)

// fact is something that the program keeps of itself; empty: not known.
func (c *Core) fact(ctx context.Context, name string) (string, error) {
	value, err := sqldb.One(ctx, c.DB.Read(), func(row sqldb.Row) (v string, err error) { return v, row.Scan(&v) }, readFact, name)
	if sqldb.Missing(err) {
		return "", nil
	}
	return value, err
}

func (c *Core) setFact(ctx context.Context, name, value string) error {
	_, err := sqldb.Exec(ctx, c.DB.Write(), writeFact, name, value)
	return err
}

// storeOf is the store that a data folder belongs to, or empty.
func storeOf(dir string) string {
	kept, err := os.ReadFile(filepath.Join(dir, storeFile)) //nolint:gosec // the operator's own folder
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(kept))
}

// sameStore refuses a database and a data folder that do not belong together,
// as after one of them was lost or exchanged. New ones are joined.
func (c *Core) sameStore(ctx context.Context) error {
	path := filepath.Join(c.Dir, storeFile)
	kept, err := os.ReadFile(path) //nolint:gosec // the operator's own folder
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read which store the data folder belongs to: %w", err)
	}
	folder := strings.TrimSpace(string(kept))
	known, err := c.fact(ctx, storeFact)
	if err != nil {
		return err
	}
	if known == "" && folder == "" {
		if _, err := sqldb.Exec(ctx, c.DB.Write(), firstFact, storeFact, uuid.NewString()); err != nil {
			return err
		}
		if known, err = c.fact(ctx, storeFact); err != nil {
			return err
		}
	}
	switch folder {
	case known:
		return nil
	case "":
		return writeFile(path, []byte(known+"\n"))
	}
	return fmt.Errorf("the data folder %s belongs to another database than %s: put the right one in its place, or set MNEMOSYNE_DATA_DIR to a new folder", c.Dir, c.DB.Where())
}
