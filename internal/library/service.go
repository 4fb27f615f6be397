package library

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Lengths in code points of what people write.
const (
	maxName        = 200
	maxDescription = 10_000
)

// Indexer is what the service needs of the Graph.
type Indexer interface {
	SetItem(ctx context.Context, libraryUID string, item IndexItem) error
}

// Service keeps libraries, their members, collections and items. Documents
// come in through ingest; here they are listed, described and taken out.
type Service struct {
	db     *sqldb.DB
	access *Access
	index  Indexer
	purger Purger // nil: nobody is told
	log    *slog.Logger
	audit  *accounts.Audit
	now    func() time.Time
}

// Purger is told that something was deleted, so that what is stored of it
// goes now and not at the next turn. It does not wait.
type Purger interface{ Nudge() }

// NewService makes a service over the store.
func NewService(db *sqldb.DB, access *Access, index Indexer, log *slog.Logger) *Service {
	return &Service{db: db, access: access, index: index, log: log, audit: accounts.NewAudit(db, log, nil), now: time.Now}
}

// PurgeBy names who takes away what is stored of what was deleted. It is
// called before the service is used.
func (s *Service) PurgeBy(p Purger) { s.purger = p }

func (s *Service) purge() {
	if s.purger != nil {
		s.purger.Nudge()
	}
}

// Access is the rules that the service keeps to.
func (s *Service) Access() *Access { return s.access }

// NewLibrary describes a library to be made.
type NewLibrary struct {
	Name        string
	Description string
	Type        string // empty: DefaultType
	Global      bool   // takes accounts.RightAdminister
}

// Patch holds what is to change; nil leaves a value as it is.
type Patch struct {
	Name        *string
	Description *string
	Type        *string
	Global      *bool
}

const insertLibrary = `INSERT INTO library
	(uid, workspace_id, owner_id, owner_username, name, description, library_type, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)`

// Create makes a library of the caller's own, or a global one.
func (s *Service) Create(ctx context.Context, p accounts.Principal, n NewLibrary) (Grant, error) {
	if err := p.Need(accounts.RightWrite); err != nil {
		return Grant{}, err
	}
	if n.Global {
		if err := p.Need(accounts.RightAdminister); err != nil {
			return Grant{}, err
		}
	}
	if n.Type == "" {
		n.Type = DefaultType
	}
	if err := checkLibrary(&n.Name, &n.Description, &n.Type); err != nil {
		return Grant{}, err
	}
	l := Library{
		UID: uuid.NewString(), Name: n.Name, Description: n.Description, Type: n.Type, Revision: 1,
		CreatedAt: sqldb.At(s.now()).Time,
	}
	if !n.Global {
		l.OwnerID, l.OwnerUsername = &p.UserID, &p.Username
	}
	l.UpdatedAt = l.CreatedAt
	err := s.audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		_, err := sqldb.Exec(ctx, tx, insertLibrary,
			l.UID, l.WorkspaceID, l.OwnerID, l.OwnerUsername, l.Name, l.Description, l.Type, sqldb.At(l.CreatedAt))
		return event(ctx, p, l, "create", "created", slog.String("name", l.Name), slog.Bool("global", n.Global)), err
	})
	if err != nil {
		return Grant{}, fmt.Errorf("create library: %w", err)
	}
	return Grant{Library: l, Role: RoleOwner}, nil
}

const libraryPage = `SELECT ` + grantColumns + ` FROM library l` + memberJoin + `
WHERE` + visible + ` AND l.workspace_id IS NULL AND (l.created_at, l.uid) < ($3, $4)
ORDER BY l.created_at DESC, l.uid DESC LIMIT CAST($5 AS BIGINT)`

// List gives a page of the libraries that the caller may read, without the
// workspaces, newest first.
func (s *Service) List(ctx context.Context, p accounts.Principal, after Position, limit int) ([]Grant, error) {
	after = after.start()
	all, err := sqldb.All(ctx, s.db.Read(), scanGrant(p), libraryPage,
		p.UserID, p.Username, sqldb.At(after.CreatedAt), after.UID, limit)
	if err != nil {
		return nil, fmt.Errorf("list libraries: %w", err)
	}
	out := all[:0]
	for _, g := range all {
		if inScope(p, g.Library) {
			out = append(out, g)
		}
	}
	return out, nil
}

const (
	// What the patch leaves alone may be changed by others this moment.
	updateLibrary = `UPDATE library
SET name = COALESCE($2, name), description = COALESCE($3, description), library_type = COALESCE($4, library_type),
	owner_id = CASE WHEN $5 THEN NULL ELSE owner_id END, owner_username = CASE WHEN $5 THEN NULL ELSE owner_username END,
	revision = revision + 1, updated_at = $6
WHERE uid = $1 AND deleted_at IS NULL`
	readLibrary = `SELECT ` + libraryColumns + ` FROM library l WHERE l.uid = $1`
)

// Update changes what a library says of itself, and may make it global.
func (s *Service) Update(ctx context.Context, p accounts.Principal, uid string, patch Patch) (Grant, error) {
	l, role, err := s.access.Administer(ctx, p, uid)
	if err != nil {
		return Grant{}, err
	}
	l, err = s.update(ctx, p, l, patch, NoLibrary())
	return Grant{Library: l, Role: role}, err
}

// update changes a library that the caller was granted; missing is the answer
// when it goes meanwhile.
func (s *Service) update(ctx context.Context, p accounts.Principal, l Library, patch Patch, missing error) (Library, error) {
	former, freed := l.OwnerID, patch.Global != nil && *patch.Global
	if err := applyPatch(p, &l, &patch); err != nil {
		return Library{}, err
	}
	uid, at := l.UID, sqldb.At(s.now())
	err := s.audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		n, err := sqldb.Exec(ctx, tx, updateLibrary, uid, patch.Name, patch.Description, patch.Type, freed, at)
		if err != nil || n == 0 {
			return nil, orGone(err)
		}
		if l, err = sqldb.One(ctx, tx, scanLibrary, readLibrary, uid); err != nil {
			return nil, err
		}
		events := event(ctx, p, l, "update", "updated", patch.changes()...)
		if former == nil || !freed {
			return events, nil
		}
		// Whoever owned it goes on managing it.
		_, err = sqldb.Exec(ctx, tx, putMember, uid, *former, RoleOwner, at)
		return append(events, event(ctx, p, l, "global", "set", slog.String("former_owner_id", *former))...), err
	})
	if err != nil {
		return Library{}, goneAs(err, missing, "update library")
	}
	return l, nil
}

// applyPatch checks what a library would be, and puts the patch into the form
// that is stored.
func applyPatch(p accounts.Principal, l *Library, patch *Patch) error {
	if patch.Name != nil {
		l.Name = *patch.Name
	}
	if patch.Description != nil {
		l.Description = *patch.Description
	}
	if patch.Type != nil {
		l.Type = *patch.Type
	}
	if err := checkLibrary(&l.Name, &l.Description, &l.Type); err != nil {
		return err
	}
	if patch.Name != nil {
		patch.Name = new(l.Name) // trimmed
	}
	if patch.Global == nil || *patch.Global == l.Global() {
		return nil
	}
	if !*patch.Global {
		return errs.Field("global", "A global library stays global.")
	}
	if err := p.Need(accounts.RightAdminister); err != nil {
		return err
	}
	l.OwnerID, l.OwnerUsername = nil, nil
	return nil
}

const (
	deleteLibrary = `UPDATE library SET deleted_at = $2, updated_at = $2, revision = revision + 1 WHERE uid = $1 AND deleted_at IS NULL`
	deleteItems   = `UPDATE item SET deleted_at = $2, updated_at = $2 WHERE library_uid = $1 AND deleted_at IS NULL AND parent_uid IS NULL`
	// A mail is locked before its attachments.
	deleteAttachments = `UPDATE item SET deleted_at = $2, updated_at = $2 WHERE library_uid = $1 AND deleted_at IS NULL AND parent_uid IS NOT NULL`
)

// Delete takes a library and all it holds out of everybody's sight, at once.
// What is stored of it goes soon after.
func (s *Service) Delete(ctx context.Context, p accounts.Principal, uid string) error {
	l, err := s.access.Own(ctx, p, uid)
	if err != nil {
		return err
	}
	return s.remove(ctx, p, l)
}

func (s *Service) remove(ctx context.Context, p accounts.Principal, l Library, more ...slog.Attr) error {
	at := sqldb.At(s.now())
	err := s.audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		// Items first: whoever takes documents in locks them in this order.
		items, err := sqldb.Exec(ctx, tx, deleteItems, l.UID, at)
		if err != nil {
			return nil, err
		}
		attachments, err := sqldb.Exec(ctx, tx, deleteAttachments, l.UID, at)
		if err != nil {
			return nil, err
		}
		n, err := sqldb.Exec(ctx, tx, deleteLibrary, l.UID, at)
		if err != nil || n == 0 {
			return nil, orGone(err)
		}
		return event(ctx, p, l, "delete", "deleted", append(more, slog.String("name", l.Name), slog.Int64("items", items+attachments))...), nil
	})
	if err != nil {
		return goneAs(err, NoLibrary(), "delete library")
	}
	s.purge()
	return nil
}

const bumpLibrary = `UPDATE library
SET item_count = item_count + $2, chunk_count = chunk_count + $3, revision = revision + 1, updated_at = $4
WHERE uid = $1`

// Bump raises a library's revision and adds to its counts, in the transaction
// that changes what it holds.
func Bump(ctx context.Context, tx sqldb.Querier, libraryUID string, items, chunks int64, now time.Time) error {
	if _, err := sqldb.Exec(ctx, tx, bumpLibrary, libraryUID, items, chunks, sqldb.At(now)); err != nil {
		return fmt.Errorf("bump library %s: %w", libraryUID, err)
	}
	return nil
}

func orGone(err error) error {
	if err != nil {
		return err
	}
	return errNone
}

// goneAs turns a row that went between the decision and the statement into
// the answer that the caller gets had they come later.
func goneAs(err, gone error, doing string) error {
	switch {
	case err == nil:
		return nil
	case err == errNone: //nolint:errorlint // made here, never wrapped
		return gone
	case errs.As(err) != nil:
		return err
	}
	return fmt.Errorf("%s: %w", doing, err)
}

func checkLibrary(name, description, kind *string) error {
	*name = strings.TrimSpace(*name)
	if err := CheckLine("name", *name, maxName); err != nil {
		return err
	}
	if *name == "" {
		return errs.Field("name", "This field may not be blank.")
	}
	if utf8.RuneCountInString(*description) > maxDescription {
		return errs.Field("description", fmt.Sprintf("Ensure this field has no more than %d characters.", maxDescription))
	}
	return checkType(*kind)
}

// CheckLine refuses what is no single line of text of at most limit code points.
func CheckLine(field, value string, limit int) error {
	switch {
	case utf8.RuneCountInString(value) > limit:
		return errs.Field(field, fmt.Sprintf("Ensure this field has no more than %d characters.", limit))
	case !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl):
		return errs.Field(field, "Control characters are not allowed.")
	}
	return nil
}
