package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// BackedUp is what a copy of a data folder holds.
type BackedUp struct {
	Objects   int64 // files of documents
	Bytes     int64
	Libraries int64 // indexes
	Lost      int64 // files that the copied database names and that were nowhere
}

// Backup copies the data folder to one that is not there yet, while others
// work on it. The copy is a data folder itself. It has its name when it is
// whole; tell is told how far it is.
//
// Documents' files are never changed, so they are copied first and, for those
// that came meanwhile, again when the database was copied: what the copied
// database names is there. The indexes come before the database: what they
// lack of it, `reindex` finds.
func Backup(ctx context.Context, p Program, to string, tell func(BackedUp)) (made BackedUp, err error) {
	if !p.Settings.Embedded() || p.Settings.Graph.URL != "" || !p.Settings.Storage.Local {
		return made, errors.New("this installation is not in a data folder alone; docs/backup.md tells how its servers are backed up")
	}
	dir, err := filepath.Abs(p.Settings.DataDir)
	if err != nil {
		return made, fmt.Errorf("find the data folder: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, databaseFile)); err != nil {
		return made, fmt.Errorf("there is nothing to back up in %s: %w", dir, err)
	}
	if to, err = filepath.Abs(to); err != nil {
		return made, fmt.Errorf("find %s: %w", to, err)
	}
	switch _, err := os.Lstat(to); {
	case err == nil:
		return made, fmt.Errorf("%s is there already; name a folder that is not", to)
	case !errors.Is(err, fs.ErrNotExist):
		return made, err
	case strings.HasPrefix(to, dir+string(filepath.Separator)):
		return made, fmt.Errorf("%s lies in the data folder itself; name a folder elsewhere, best on another disk", to)
	}
	part, err := os.MkdirTemp(filepath.Dir(to), "."+filepath.Base(to)+".*")
	if err != nil {
		return made, fmt.Errorf("make the copy's folder: %w", err)
	}
	b := &backup{from: dir, to: part, tell: tell}
	if err := b.run(ctx); err != nil {
		return made, errors.Join(err, os.RemoveAll(part))
	}
	if err := os.Rename(part, to); err != nil {
		return made, errors.Join(fmt.Errorf("name the copy: %w", err), os.RemoveAll(part))
	}
	return b.made, nil
}

type backup struct {
	from, to string
	made     BackedUp
	tell     func(BackedUp)
}

func (b *backup) run(ctx context.Context) error {
	steps := []func(context.Context) error{b.objects, b.indexes, b.database, b.objects, b.names, b.whole}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// objects copies files that the copy does not have. One that goes meanwhile
// was deleted.
func (b *backup) objects(ctx context.Context) error {
	root := filepath.Join(b.from, objectFolder)
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		name, err := filepath.Rel(b.from, path)
		if err != nil {
			return fmt.Errorf("find %s: %w", path, err)
		}
		if entry.IsDir() {
			if path != root && strings.HasPrefix(entry.Name(), ".") {
				return filepath.SkipDir // what is being written
			}
			return os.MkdirAll(filepath.Join(b.to, name), 0o700)
		}
		return b.file(name)
	})
}

// file copies one file, unless the copy has it.
func (b *backup) file(name string) error {
	in, err := os.Open(filepath.Join(b.from, name)) //nolint:gosec // in the data folder
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("copy %s: %w", name, err)
	}
	defer func() { _ = in.Close() }()                                                            // it was only read
	out, err := os.OpenFile(filepath.Join(b.to, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // in the copy
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("copy %s: %w", name, err)
	}
	n, err := io.Copy(out, in)
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return fmt.Errorf("copy %s: %w", name, err)
	}
	b.made.Objects++
	b.made.Bytes += n
	b.tell(b.made)
	return nil
}

func (b *backup) indexes(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Join(b.to, graphFolder), 0o700); err != nil {
		return fmt.Errorf("make the copy's folder: %w", err)
	}
	paths, err := filepath.Glob(filepath.Join(b.from, graphFolder, "*.db"))
	if err != nil {
		return fmt.Errorf("list the indexes: %w", err)
	}
	for _, path := range paths {
		to := filepath.Join(b.to, graphFolder, filepath.Base(path))
		err := sqldb.CopySQLite(ctx, path, to)
		if _, gone := os.Stat(path); err != nil && errors.Is(gone, fs.ErrNotExist) {
			if err := removeIfThere(to); err != nil { // deleted this moment
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		b.made.Libraries++
		b.tell(b.made)
	}
	return nil
}

func (b *backup) database(ctx context.Context) error {
	return sqldb.CopySQLite(ctx, filepath.Join(b.from, databaseFile), filepath.Join(b.to, databaseFile))
}

// names copies what the folder is called and its key.
func (b *backup) names(context.Context) error {
	for _, name := range []string{storeFile, folderFile, secretKeyFile} {
		if err := b.file(name); err != nil {
			return err
		}
	}
	return nil
}

const namedObjects = `SELECT g.original_key, g.text_key, g.structure_key FROM item_generation g JOIN item i ON i.uid = g.item_uid
JOIN library l ON l.uid = i.library_uid WHERE i.deleted_at IS NULL AND l.deleted_at IS NULL AND g.status = 'published' AND g.original_key > $1
ORDER BY g.original_key LIMIT 1000`

// whole counts the files that the copied database names and the copy lacks.
func (b *backup) whole(ctx context.Context) (err error) {
	db, err := sqldb.OpenSQLite(ctx, filepath.Join(b.to, databaseFile))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for last := ""; ; {
		rows, err := sqldb.All(ctx, db.Read(), func(row sqldb.Row) (keys [3]string, err error) {
			return keys, row.Scan(&keys[0], &keys[1], &keys[2])
		}, namedObjects, last)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, keys := range rows {
			last = keys[0]
			for _, key := range keys {
				if _, err := os.Stat(filepath.Join(b.to, objectFolder, filepath.FromSlash(key))); key != "" && err != nil {
					b.made.Lost++
				}
			}
		}
	}
}
