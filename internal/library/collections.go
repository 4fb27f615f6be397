package library

import (
	"context"
	"fmt"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Folder is a collection and how much is in it.
type Folder struct {
	Collection

	Documents int64
}

const listFolders = `SELECT c.uid, c.library_uid, c.name,
	(SELECT COUNT(*) FROM item i WHERE i.collection_uid = c.uid AND i.deleted_at IS NULL)
FROM collection c WHERE c.library_uid = $1 AND c.name > $2 ORDER BY c.name LIMIT CAST($3 AS BIGINT)`

// Folders gives a page of the collections of a library that the caller may
// read, by name, behind one.
func (s *Service) Folders(ctx context.Context, p accounts.Principal, libraryUID, after string, limit int) ([]Folder, error) {
	if _, _, err := s.access.Read(ctx, p, libraryUID); err != nil {
		return nil, err
	}
	out, err := sqldb.All(ctx, s.db.Read(), func(row sqldb.Row) (f Folder, err error) {
		return f, row.Scan(&f.UID, &f.LibraryUID, &f.Name, &f.Documents)
	}, listFolders, libraryUID, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list folders of %s: %w", libraryUID, err)
	}
	return out, nil
}

const someCollections = `SELECT uid, library_uid, name FROM collection WHERE library_uid = $1 ORDER BY name LIMIT CAST($2 AS BIGINT)` // see sqldb.Limit

// SomeCollections gives the first collections of a library that the caller
// was granted, by name.
func (s *Service) SomeCollections(ctx context.Context, l Library, limit int) ([]Collection, error) {
	out, err := sqldb.All(ctx, s.db.Read(), func(row sqldb.Row) (c Collection, err error) {
		return c, row.Scan(&c.UID, &c.LibraryUID, &c.Name)
	}, someCollections, l.UID, limit)
	if err != nil {
		return nil, fmt.Errorf("list collections of %s: %w", l.UID, err)
	}
	return out, nil
}

const renameCollection = `UPDATE collection SET name = $3 WHERE library_uid = $1 AND uid = $2`

// RenameCollection calls a collection otherwise. It takes the right to change
// any document of the library.
func (s *Service) RenameCollection(ctx context.Context, p accounts.Principal, libraryUID, uid, name string) error {
	if err := s.curate(ctx, p, libraryUID); err != nil {
		return err
	}
	name = strings.TrimSpace(name)
	if name == "" {
		return errs.Field("name", "This field may not be blank.")
	}
	if err := CheckLine("name", name, MaxCollection); err != nil {
		return err
	}
	err := s.db.Tx(ctx, func(tx sqldb.Querier) error {
		n, err := sqldb.Exec(ctx, tx, renameCollection, libraryUID, uid, name)
		if err != nil || n == 0 {
			return orGone(err)
		}
		return Bump(ctx, tx, libraryUID, 0, 0, s.now())
	})
	if sqldb.Duplicate(err) {
		return errs.Field("name", "The library has a collection of this name already.")
	}
	return goneAs(err, noCollection(), "rename collection")
}

const (
	collectionThere = `SELECT uid FROM collection WHERE library_uid = $1 AND uid = $2`
	// Deleted documents wait for their purge and hold on to their collection.
	emptyCollection = `UPDATE item SET collection_uid = NULL WHERE library_uid = $1 AND collection_uid = $2 AND deleted_at IS NOT NULL`
	dropCollection  = `DELETE FROM collection WHERE library_uid = $1 AND uid = $2
	AND NOT EXISTS (SELECT 1 FROM item i WHERE i.library_uid = $1 AND i.collection_uid = $2)`
)

// DropCollection takes an empty collection away. One that holds documents is
// a Conflict.
func (s *Service) DropCollection(ctx context.Context, p accounts.Principal, libraryUID, uid string) error {
	if err := s.curate(ctx, p, libraryUID); err != nil {
		return err
	}
	err := s.db.Tx(ctx, func(tx sqldb.Querier) error {
		if _, err := sqldb.One(ctx, tx, func(row sqldb.Row) (v string, err error) { return v, row.Scan(&v) }, collectionThere, libraryUID, uid); sqldb.Missing(err) {
			return errNone
		} else if err != nil {
			return err
		}
		if _, err := sqldb.Exec(ctx, tx, emptyCollection, libraryUID, uid); err != nil {
			return err
		}
		n, err := sqldb.Exec(ctx, tx, dropCollection, libraryUID, uid)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.Conflict, "There are documents in this collection: move or delete them first.")
		}
		return Bump(ctx, tx, libraryUID, 0, 0, s.now())
	})
	if sqldb.Referenced(err) {
		return errs.New(errs.Conflict, "Documents came into this collection this moment: move or delete them first.")
	}
	return goneAs(err, noCollection(), "drop collection")
}

// curate grants what touches other people's documents too.
func (s *Service) curate(ctx context.Context, p accounts.Principal, libraryUID string) error {
	_, role, err := s.access.Write(ctx, p, libraryUID)
	if err == nil && !role.CanWrite() {
		err = errs.New(errs.Forbidden, "Only those who manage this library may change its collections.")
	}
	return err
}

func noCollection() error { return errs.New(errs.NotFound, "No such collection.") }
