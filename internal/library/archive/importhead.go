package archive

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// head reads what the archive is, decides whose it becomes, and writes the
// library's row, which nobody sees yet.
func (m *imports) head(ctx context.Context) error {
	if err := m.r.record(manifestEntry, &m.manifest); err != nil {
		return err
	}
	switch {
	case m.manifest.Format != formatName:
		return damaged("its format is %s and not %s.", printable(m.manifest.Format), formatName)
	case m.manifest.Version < 1 || m.manifest.Version > formatVersion:
		return errs.Newf(errs.Invalid, "The archive has version %d of the format, and this program reads versions up to %d. Import it with the program that made it (%s), or a newer one.",
			m.manifest.Version, formatVersion, printable(m.manifest.MadeBy))
	case !canonical(m.manifest.ArchiveID):
		return damaged("its archive_id is no UUID.")
	}
	m.made.Spaces, m.progress.Total = m.manifest.Spaces, m.manifest.Items
	var l libraryRecord
	if err := m.r.record(libraryEntry, &l); err != nil {
		return err
	}
	if err := m.checkLibrary(&l); err != nil {
		return err
	}
	if err := m.knownAlready(ctx, l); err != nil {
		return err
	}
	ownerID, err := m.owner(ctx, &l)
	if err != nil {
		return err
	}
	return m.insertLibrary(ctx, l, ownerID)
}

// canonical tells whether a text is a UUID as this program writes it.
func canonical(uid string) bool {
	id, err := uuid.Parse(uid)
	return err == nil && id.String() == uid
}

const maxDescription = 10_000

func (m *imports) checkLibrary(l *libraryRecord) error {
	if m.opt.Name != "" {
		l.Name = m.opt.Name
		if err := library.CheckLine("library-name", l.Name, 200); err != nil {
			return err
		}
	}
	if !canonical(l.UID) {
		return damaged("the library's uid is no UUID.")
	}
	if err := library.CheckLine("name", l.Name, 200); err != nil || l.Name == "" {
		return damaged("the library's name is not one that a library can have.")
	}
	if !utf8.ValidString(l.Description) || utf8.RuneCountInString(l.Description) > maxDescription || hasNUL(l.Description) {
		return damaged("the library's description is not one that a library can have.")
	}
	if _, ok := library.TypeNamed(l.Type); !ok {
		m.made.Notes.add(fmt.Sprintf("there is no library type %s here; the library has the type %s", printable(l.Type), library.DefaultType))
		l.Type = library.DefaultType
	}
	if l.WorkspaceID != nil {
		if err := library.CheckWorkspaceID(*l.WorkspaceID); err != nil {
			return damaged("the library's workspace_id is not one that a workspace can have.")
		}
	}
	return nil
}

const (
	importedBefore = `SELECT l.uid FROM library_import m JOIN library l ON l.uid = m.library_uid
WHERE m.archive_id = $1 AND m.finished_at IS NOT NULL AND l.deleted_at IS NULL ORDER BY l.uid LIMIT 1`
	importedNow = `SELECT EXISTS (SELECT 1 FROM library_import m WHERE (m.archive_id = $1 OR m.library_uid = $2)
	AND m.finished_at IS NULL AND m.lease_until > $3)`
	libraryHere = `SELECT uid FROM library WHERE uid = $1 AND deleted_at IS NULL`
)

// knownAlready refuses to take a library in twice unless that is asked for.
func (m *imports) knownAlready(ctx context.Context, l libraryRecord) error {
	if m.opt.Again {
		return nil
	}
	if err := m.waitForOther(ctx, l.UID); err != nil {
		return err
	}
	for query, what := range map[string]string{importedBefore: m.manifest.ArchiveID, libraryHere: l.UID} {
		uid, err := sqldb.One(ctx, m.db.Read(), scanString, query, what)
		if err == nil {
			return errs.Newf(errs.Conflict, "This archive's library is here already, as %s. To have it a second time, under uids of its own, import it with --again.", uid)
		}
		if !sqldb.Missing(err) {
			return fmt.Errorf("look whether the library is here: %w", err)
		}
	}
	return nil
}

// waitForOther waits while the same archive is being imported, or its import
// has just been cut off and still counts as alive.
func (m *imports) waitForOther(ctx context.Context, uid string) error {
	const every = 500 * time.Millisecond
	for said := false; ; said = true {
		busy, err := sqldb.One(ctx, m.db.Read(), func(row sqldb.Row) (v bool, err error) { return v, row.Scan(&v) },
			importedNow, m.manifest.ArchiveID, uid, sqldb.At(m.now()))
		if err != nil {
			return fmt.Errorf("look for other imports: %w", err)
		}
		if !busy {
			if said {
				return m.Service.opt.Purge(ctx)
			}
			return nil
		}
		if !said && m.opt.Waiting != nil {
			m.opt.Waiting("Another import of this library runs, or was cut off a moment ago; waiting for its end.")
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

const workspaceHere = `SELECT uid FROM library WHERE owner_username = $1 AND workspace_id = $2 AND deleted_at IS NULL`

// owner decides whose the library becomes, and gives their id; nil: everybody's.
func (m *imports) owner(ctx context.Context, l *libraryRecord) (*string, error) {
	was := l.Owner
	switch {
	case m.opt.Global || (l.Owner == nil && m.opt.Owner == ""):
		l.Owner = nil
		m.dropWorkspace(l, "a library of everybody's is none")
		return nil, nil //nolint:nilnil // everybody's is nobody's
	case m.opt.Owner != "":
		l.Owner = &m.opt.Owner
	}
	id, err := m.user(ctx, *l.Owner)
	if err != nil {
		return nil, err
	}
	if id == "" && m.opt.Owner == "" && m.opt.Orphan != "" {
		m.made.Notes.add(fmt.Sprintf("there is no user %s here; the library is %s's", printable(*l.Owner), m.opt.Orphan))
		l.Owner = &m.opt.Orphan
		id, err = m.user(ctx, *l.Owner)
	}
	switch {
	case err != nil:
		return nil, err
	case id == "":
		return nil, errs.Newf(errs.NotFound, "There is no user %s here, whose the library would be. Say with --user whose it becomes, or --global.", printable(*l.Owner))
	}
	if was == nil || *was != *l.Owner {
		m.dropWorkspace(l, "it is another's, so that it becomes a library without one")
	}
	return &id, m.freeWorkspace(ctx, l)
}

func (m *imports) dropWorkspace(l *libraryRecord, why string) {
	if l.WorkspaceID != nil {
		m.made.Notes.add(fmt.Sprintf("left out the workspace id %s: %s", *l.WorkspaceID, why))
		l.WorkspaceID = nil
	}
}

// freeWorkspace leaves a workspace id out that its owner has in use.
func (m *imports) freeWorkspace(ctx context.Context, l *libraryRecord) error {
	if l.WorkspaceID == nil {
		return nil
	}
	uid, err := sqldb.One(ctx, m.db.Read(), scanString, workspaceHere, *l.Owner, *l.WorkspaceID)
	if sqldb.Missing(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for the workspace: %w", err)
	}
	m.dropWorkspace(l, fmt.Sprintf("%s has one of this id, %s", *l.Owner, uid))
	return nil
}

const userNamed = `SELECT id FROM auth_user WHERE username = $1`

// maxUsers bounds how many names are remembered.
const maxUsers = 10_000

// user is the id of a user, or empty where there is none of that name.
func (m *imports) user(ctx context.Context, name string) (string, error) {
	if id, known := m.users[name]; known {
		return id, nil
	}
	if !utf8.ValidString(name) || hasNUL(name) {
		return "", nil
	}
	id, err := sqldb.One(ctx, m.db.Read(), scanString, userNamed, name)
	if err != nil && !sqldb.Missing(err) {
		return "", fmt.Errorf("find a user: %w", err)
	}
	if len(m.users) < maxUsers {
		m.users[name] = id
	}
	return id, nil
}

const (
	insertLibrary = `INSERT INTO library (uid, workspace_id, owner_id, owner_username, name, description, library_type, created_at, updated_at, deleted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) ON CONFLICT (uid) DO NOTHING`
	insertImport = `INSERT INTO library_import (library_uid, archive_id, lease_token, lease_until, created_at) VALUES ($1, $2, $3, $4, $5)`
)

// insertLibrary writes the library's row, under its own uid where that is free.
func (m *imports) insertLibrary(ctx context.Context, l libraryRecord, ownerID *string) error {
	for _, uid := range []string{l.UID, uuid.NewString()} {
		taken := false
		err := m.db.Tx(ctx, func(tx sqldb.Querier) error {
			now := m.now()
			n, err := sqldb.Exec(ctx, tx, insertLibrary, uid, l.WorkspaceID, ownerID, l.Owner, l.Name, l.Description, l.Type,
				m.past(l.CreatedAt), sqldb.At(now))
			if taken = err == nil && n == 0; err != nil || taken {
				return err
			}
			_, err = sqldb.Exec(ctx, tx, insertImport, uid, m.manifest.ArchiveID, m.token, sqldb.At(now.Add(m.Service.opt.Lease)), sqldb.At(now))
			return err
		})
		if err != nil {
			return fmt.Errorf("write the library: %w", err)
		}
		if taken {
			continue
		}
		if uid != l.UID {
			m.made.Notes.add(fmt.Sprintf("the library's uid %s is taken; it has a new one", l.UID))
		}
		m.made.LibraryUID, m.made.Name = uid, l.Name
		if l.Owner != nil {
			m.made.Owner = *l.Owner
		}
		if l.WorkspaceID != nil {
			m.made.WorkspaceID = *l.WorkspaceID
		}
		return nil
	}
	return errors.New("no uid is free for the library; try again")
}

// past is a time that an archive states, at most now.
func (m *imports) past(t time.Time) sqldb.Time {
	now := m.now()
	if t.IsZero() || t.After(now) || t.Year() < 1970 {
		t = now
	}
	return sqldb.At(t)
}
