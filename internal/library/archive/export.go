package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Exported is what an archive holds.
type Exported struct {
	ArchiveID string
	Counts    Counts
	Spaces    []string
	Notes     Notes
}

const (
	readLibrary = `SELECT uid, name, description, library_type, workspace_id, owner_username, created_at, updated_at
FROM library WHERE uid = $1 AND deleted_at IS NULL`
	countItems  = `SELECT COUNT(*) FROM item WHERE library_uid = $1 AND generation > 0 AND deleted_at IS NULL`
	listMembers = `SELECT u.username, m.role, m.created_at FROM library_membership m JOIN auth_user u ON u.id = m.user_id
WHERE m.library_uid = $1 AND u.username > $2 ORDER BY u.username LIMIT $3`
	listCollections = `SELECT uid, name, created_at FROM collection WHERE library_uid = $1 AND uid > $2 ORDER BY uid LIMIT $3`
	listItems       = `SELECT uid, generation, title FROM item WHERE library_uid = $1 AND uid > $2 AND deleted_at IS NULL ORDER BY uid LIMIT $3`

	page = 500 // rows read at once
)

// Export writes a library that the caller was granted. What is shown of it
// goes into the archive, and what of earlier versions is kept; a document that
// is changed meanwhile is there as it was before or as it is after. tell may
// be nil.
func (s *Service) Export(ctx context.Context, by accounts.Actor, libraryUID string, out io.Writer, tell func(Progress)) (_ Exported, err error) {
	record, err := sqldb.One(ctx, s.db.Read(), scanLibrary, readLibrary, libraryUID)
	if sqldb.Missing(err) {
		return Exported{}, errs.New(errs.NotFound, "No such library.")
	}
	if err != nil {
		return Exported{}, fmt.Errorf("read the library: %w", err)
	}
	now := s.now().UTC().Truncate(time.Second)
	w, err := newWriter(out, s.opt.TempDir, now)
	if err != nil {
		return Exported{}, err
	}
	defer w.close()
	items, err := newSpool(s.opt.TempDir, now)
	if err != nil {
		return Exported{}, err
	}
	defer items.close()
	x := &export{Service: s, w: w, spool: items, library: record, tell: tell}
	if err := x.run(ctx); err != nil {
		return Exported{}, err
	}
	return x.made, s.opt.Audit.Record(ctx, accounts.Event{Name: "library_export", Outcome: "done", Actor: by, Detail: []slog.Attr{
		slog.String("library_uid", libraryUID), slog.String("archive_id", x.made.ArchiveID), slog.Int64("items", x.made.Counts.Items),
	}})
}

// export is one library on its way into an archive.
type export struct {
	*Service

	w        *writer
	spool    *spool
	library  libraryRecord
	made     Exported
	progress Progress
	tell     func(Progress)
}

func (x *export) run(ctx context.Context) (err error) {
	if x.progress.Total, err = sqldb.One(ctx, x.db.Read(), scanInt, countItems, x.library.UID); err != nil {
		return fmt.Errorf("count documents: %w", err)
	}
	if x.made.Spaces, err = x.opt.Graph.Spaces(ctx, []string{x.library.UID}); err != nil {
		return fmt.Errorf("list the embedding spaces: %w", err)
	}
	if x.made.Spaces == nil {
		x.made.Spaces = []string{}
	}
	x.made.ArchiveID = uuid.NewString()
	steps := []func(context.Context) error{x.head, x.members, x.collections, x.items}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if err := x.w.record(countsEntry, x.made.Counts); err != nil {
		return err
	}
	return x.w.finish()
}

func (x *export) head(context.Context) error {
	return errors.Join(x.w.record(manifestEntry, manifest{
		Format: formatName, Version: formatVersion, ArchiveID: x.made.ArchiveID, MadeAt: x.w.at, MadeBy: x.opt.Program,
		Library: manifestTarget{x.library.UID, x.library.Name}, Spaces: x.made.Spaces, Items: x.progress.Total,
	}), x.w.record(libraryEntry, x.library))
}

func (x *export) members(ctx context.Context) error {
	return each(ctx, x, membersFolder, &x.made.Counts.Members, listMembers, func(row sqldb.Row) (m memberRecord, err error) {
		return m, row.Scan(&m.Username, &m.Role, at(&m.CreatedAt))
	}, func(m memberRecord) string { return m.Username })
}

func (x *export) collections(ctx context.Context) error {
	return each(ctx, x, collectionsFolder, &x.made.Counts.Collections, listCollections, func(row sqldb.Row) (c collectionRecord, err error) {
		return c, row.Scan(&c.UID, &c.Name, at(&c.CreatedAt))
	}, func(c collectionRecord) string { return c.UID })
}

// each writes the rows of a query, a page at a time, as lines.
func each[T any](ctx context.Context, x *export, folder string, count *int64, query string, scan func(sqldb.Row) (T, error), key func(T) string) error {
	out, last := x.w.lines(folder), ""
	for {
		rows, err := sqldb.All(ctx, x.db.Read(), scan, query, x.library.UID, last, page)
		if err != nil {
			return fmt.Errorf("read %s of the library: %w", folder[:len(folder)-1], err)
		}
		for _, r := range rows {
			if err := out.add(r); err != nil {
				return err
			}
			*count++
			last = key(r)
		}
		if len(rows) < page {
			return out.flush()
		}
	}
}

// listed is a document as the list has it.
type listed struct {
	uid, title string
	generation int64
}

func (x *export) items(ctx context.Context) error {
	last := ""
	for {
		rows, err := sqldb.All(ctx, x.db.Read(), func(row sqldb.Row) (i listed, err error) {
			return i, row.Scan(&i.uid, &i.generation, &i.title)
		}, listItems, x.library.UID, last, page)
		if err != nil {
			return fmt.Errorf("list documents: %w", err)
		}
		for _, i := range rows {
			last = i.uid
			if i.generation == 0 {
				x.made.Notes.add(fmt.Sprintf("left out %q (%s): it has never been read whole", i.title, i.uid))
				continue
			}
			if err := x.item(ctx, i.uid); err != nil {
				return fmt.Errorf("document %q (%s): %w", i.title, i.uid, err)
			}
			x.progress.Items++
			x.progress.Chunks = x.made.Counts.Chunks
			if x.tell != nil {
				x.tell(x.progress)
			}
		}
		if len(rows) < page {
			return nil
		}
	}
}

func scanLibrary(row sqldb.Row) (l libraryRecord, err error) {
	return l, row.Scan(&l.UID, &l.Name, &l.Description, &l.Type, &l.WorkspaceID, &l.Owner, at(&l.CreatedAt), at(&l.UpdatedAt))
}

func scanInt(row sqldb.Row) (v int64, err error) { return v, row.Scan(&v) }

func scanString(row sqldb.Row) (v string, err error) { return v, row.Scan(&v) }
