package sqlitegraph

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"strings"
	"time"

	// The SQLite driver.
	_ "modernc.org/sqlite"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// store is one library's open file: one connection that writes, a few that
// read.
type store struct {
	path  string
	info  os.FileInfo // of the file that was opened
	place *place
	read  *sql.DB
	write *sql.DB
}

const (
	readCache  = 4 << 10 // KiB of pages a connection may hold
	writeCache = 16 << 10
	idleAfter  = time.Minute // a connection that nobody needs is closed
)

// openStore opens the file at path, and its tables are made where it has
// none. Where there is no file it is made if create says so; else, or when it
// goes meanwhile, that is fs.ErrNotExist.
func openStore(ctx context.Context, path string, create bool) (_ *store, err error) {
	defer func() {
		if err != nil {
			_, gone := os.Stat(path)
			err = errors.Join(err, gone)
		}
	}()
	if create {
		if err := makeFile(path); err != nil {
			return nil, err
		}
	}
	s := &store{path: path}
	if s.read, err = openPool(path, "deferred", readCache); err != nil {
		return nil, err
	}
	s.read.SetMaxOpenConns(max(4, runtime.GOMAXPROCS(0)))
	if s.write, err = openPool(path, "immediate", writeCache); err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.write.SetMaxOpenConns(1)
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if s.info, err = os.Stat(path); err != nil {
		return nil, errors.Join(fmt.Errorf("find the index: %w", err), s.close())
	}
	return s, nil
}

func makeFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // in a folder of ours
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return fmt.Errorf("make the index: %w", err)
	}
	return nil
}

// openPool opens connections to a file, and makes none: a connection that is
// opened late would otherwise bring a deleted library back, empty.
func openPool(path, txlock string, cacheKiB int) (*sql.DB, error) {
	q := url.Values{"mode": {"rw"}, "_txlock": {txlock}, "_pragma": {
		"busy_timeout(10000)", "page_size(8192)", "auto_vacuum(2)", "journal_mode(WAL)", "synchronous(FULL)",
		fmt.Sprintf("cache_size(-%d)", cacheKiB), "temp_store(MEMORY)", "secure_delete(FAST)",
		"journal_size_limit(16777216)",
	}}
	dsn := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}
	pool, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("open the index: %w", err)
	}
	pool.SetMaxIdleConns(2)
	pool.SetConnMaxIdleTime(idleAfter)
	return pool, nil
}

const schemaVersion = 4

// schema: words is fed with terms that are already folded and stemmed, so its
// tokenizer only parts them at spaces. It keeps no copy of them: to take a
// chunk out, its terms are made again, so a change of package terms is a new
// version of the schema. (contentless_delete would not need that, but goes on
// counting what was deleted.) words and term hold published chunks and nothing
// else, because their statistics rank. change is the log by which a
// process that holds vectors in memory learns what else was published.
const schema = `
CREATE TABLE item (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    uid            TEXT NOT NULL UNIQUE,
    collection_uid TEXT NOT NULL DEFAULT '',
    title          TEXT NOT NULL DEFAULT '',
    language       TEXT NOT NULL DEFAULT '', -- that its words are stemmed by
    generation     INTEGER NOT NULL DEFAULT 0 -- the published one; 0: none yet
);
CREATE INDEX item_language ON item (language) WHERE generation > 0;
CREATE TABLE chunk (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    item_id      INTEGER NOT NULL,
    generation   INTEGER NOT NULL,
    ordinal      INTEGER NOT NULL,
    text         TEXT NOT NULL,
    heading_path TEXT NOT NULL, -- JSON array
    context      TEXT NOT NULL,
    page         INTEGER,
    start_at     INTEGER NOT NULL,
    end_at       INTEGER NOT NULL,
    UNIQUE (item_id, generation, ordinal)
);
CREATE TABLE space (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    dimensions INTEGER NOT NULL
);
CREATE TABLE vector (
    item_id    INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    ordinal    INTEGER NOT NULL,
    space_id   INTEGER NOT NULL,
    hash       TEXT NOT NULL,
    value      BLOB NOT NULL, -- [dimensions]float32, little-endian
    UNIQUE (item_id, generation, ordinal, space_id)
);
CREATE INDEX vector_hash ON vector (item_id, generation, hash);
CREATE VIRTUAL TABLE words USING fts5 (
    title, heading, body, content='', tokenize='ascii'
);
INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
CREATE TABLE term (
    word   TEXT PRIMARY KEY,
    chunks INTEGER NOT NULL -- published ones that hold the word
) WITHOUT ROWID;
CREATE TABLE change (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    item_id  INTEGER NOT NULL,
    space_id INTEGER NOT NULL DEFAULT 0 -- where only vectors of one space came; 0: anything
);
CREATE TABLE total (
    visible INTEGER NOT NULL -- published chunks
);
INSERT INTO total (visible) VALUES (0);
` + conceptTables

// conceptTables came with version 3. Retired generations mention nothing.
const conceptTables = `
CREATE TABLE concept (
    id     INTEGER PRIMARY KEY,
    key    TEXT NOT NULL UNIQUE,
    name   TEXT NOT NULL, -- as it was written first
    kind   TEXT NOT NULL,
    chunks INTEGER NOT NULL DEFAULT 0 -- published ones that mention it
);
CREATE INDEX concept_chunks ON concept (chunks);
CREATE TABLE mention (
    item_id    INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    ordinal    INTEGER NOT NULL,
    concept_id INTEGER NOT NULL,
    weight     REAL NOT NULL,
    name       TEXT, -- where it is not the concept's, and likewise
    kind       TEXT,
    PRIMARY KEY (item_id, generation, ordinal, concept_id)
) WITHOUT ROWID;
CREATE INDEX mention_concept ON mention (concept_id, item_id, generation, ordinal, weight);
`

// itemLanguage came with version 4. The words of a file of before are those of
// documents of which no language is known, and stay as they are until somebody
// tells what it is.
const itemLanguage = `
ALTER TABLE item ADD COLUMN language TEXT NOT NULL DEFAULT '';
CREATE INDEX item_language ON item (language) WHERE generation > 0;
`

// severalVectors makes version 2 of version 1, where a chunk had one vector.
const severalVectors = `
ALTER TABLE change ADD COLUMN space_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE vector RENAME TO vector_1;
CREATE TABLE vector (
    item_id    INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    ordinal    INTEGER NOT NULL,
    space_id   INTEGER NOT NULL,
    hash       TEXT NOT NULL,
    value      BLOB NOT NULL,
    UNIQUE (item_id, generation, ordinal, space_id)
);
INSERT INTO vector SELECT item_id, generation, ordinal, space_id, hash, value FROM vector_1;
DROP TABLE vector_1;
CREATE INDEX vector_hash ON vector (item_id, generation, hash);
`

// prepare checks the file, makes the tables of a new one and brings an older
// one up to date.
func (s *store) prepare(ctx context.Context) error {
	version, err := schemaOf(ctx, s.read)
	if err != nil || version == schemaVersion {
		return err
	}
	return s.update(ctx, func(tx *snapshot) error {
		// Another process may have been first.
		version, err := schemaOf(ctx, tx)
		if err != nil || version == schemaVersion {
			return err
		}
		if _, err := tx.ExecContext(ctx, upgradeFrom(version)); err != nil {
			return fmt.Errorf("make the index: %w", err)
		}
		if _, err := tx.ExecContext(ctx, fmt.Sprintf(`PRAGMA user_version = %d`, schemaVersion)); err != nil {
			return fmt.Errorf("mark the index: %w", err)
		}
		return nil
	})
}

// upgradeFrom is what brings a file of a version up to date.
func upgradeFrom(version int) string {
	if version == 0 {
		return schema
	}
	steps := []string{severalVectors, conceptTables, itemLanguage}
	return strings.Join(steps[version-1:], "")
}

// schemaOf gives 0 for a new file, a version up to schemaVersion, or an error.
func schemaOf(ctx context.Context, q sqldb.Querier) (int, error) {
	var version int
	if err := q.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return 0, fmt.Errorf("read the index's version: %w", err)
	}
	if version < 0 || version > schemaVersion {
		return 0, errs.Newf(errs.Unavailable, "The index of a library has version %d and this program reads versions up to %d. "+
			"Use the program that made it, or a newer one.", version, schemaVersion)
	}
	return version, nil
}

// gone tells that the path no longer leads to the file that is open.
func (s *store) gone() bool {
	info, err := os.Stat(s.path)
	return err != nil || !os.SameFile(info, s.info)
}

func (s *store) close() error {
	var faults []error
	for _, pool := range []*sql.DB{s.read, s.write} {
		if pool != nil {
			faults = append(faults, pool.Close())
		}
	}
	return errors.Join(faults...)
}

// snapshot is a transaction on a library's file.
type snapshot struct {
	*sql.Tx
	store *store
}

// view runs fn on a state of the file that does not change under it.
func (s *store) view(ctx context.Context, fn func(*snapshot) error) error {
	tx, err := s.read.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	return fn(&snapshot{Tx: tx, store: s})
}

// update runs fn in a writing transaction and commits it when fn returns nil.
func (s *store) update(ctx context.Context, fn func(*snapshot) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if err := fn(&snapshot{Tx: tx, store: s}); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}
