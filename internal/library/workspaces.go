package library

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// A workspace is a library that another system keeps for a person, under an
// id of that system's. It is its owner's alone, superusers included, and is
// found by (owner, id): two people may use one id, and a workspace that was
// deleted has nothing to do with the next one of its id.

var workspaceIDs = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,200}$`)

// CheckWorkspaceID refuses what is no id. One of "." and ".." could be made
// and never reached: in a path they are steps, which clients and proxies take.
func CheckWorkspaceID(id string) error {
	switch {
	case id == "":
		return errs.Field("workspace_id", "This field may not be blank.")
	case !workspaceIDs.MatchString(id):
		return errs.Field("workspace_id", "Use 1 to 200 of the letters A-Z and a-z, digits, and _ . : -")
	case id == ".", id == "..":
		return errs.Field("workspace_id", `"." and ".." are steps in a path: no workspace can be called so.`)
	}
	return nil
}

// NoWorkspace is what everybody gets who has no workspace of an id, whether
// somebody else has or not.
func NoWorkspace() error { return errs.New(errs.NotFound, "Workspace is not registered.") }

const readWorkspace = `SELECT ` + libraryColumns + ` FROM library l
WHERE l.owner_username = $1 AND l.workspace_id = $2 AND l.deleted_at IS NULL`

func scanLibrary(row sqldb.Row) (l Library, err error) { return l, row.Scan(libraryFields(&l)...) }

// Workspace gives the caller's workspace of an id, for them to read.
func (a *Access) Workspace(ctx context.Context, p accounts.Principal, id string) (Library, error) {
	if !p.SignedIn() || CheckWorkspaceID(id) != nil {
		return Library{}, NoWorkspace()
	}
	l, err := sqldb.One(ctx, a.db.Read(), scanLibrary, readWorkspace, p.Username, id)
	if sqldb.Missing(err) || (err == nil && !inScope(p, l)) {
		return Library{}, NoWorkspace()
	}
	if err != nil {
		return Library{}, fmt.Errorf("read workspace: %w", err)
	}
	return l, nil
}

// OwnWorkspace gives the caller's workspace of an id for them to change.
func (a *Access) OwnWorkspace(ctx context.Context, p accounts.Principal, id string) (Library, error) {
	l, err := a.Workspace(ctx, p, id)
	if err != nil {
		return Library{}, err
	}
	if err := mayChangeAnything(p); err != nil {
		return Library{}, err
	}
	return l, nil
}

const workspacePage = `SELECT ` + libraryColumns + ` FROM library l
WHERE l.owner_username = $1 AND l.workspace_id IS NOT NULL AND l.deleted_at IS NULL AND (l.created_at, l.uid) < ($2, $3)
ORDER BY l.created_at DESC, l.uid DESC LIMIT CAST($4 AS BIGINT)`

// Workspaces gives a page of the caller's workspaces, newest first.
func (s *Service) Workspaces(ctx context.Context, p accounts.Principal, after Position, limit int) ([]Library, error) {
	if !p.SignedIn() {
		return nil, nil
	}
	after = after.start()
	all, err := sqldb.All(ctx, s.db.Read(), scanLibrary, workspacePage, p.Username, sqldb.At(after.CreatedAt), after.UID, limit)
	if err != nil {
		return nil, fmt.Errorf("list workspaces: %w", err)
	}
	out := all[:0]
	for _, l := range all {
		if inScope(p, l) {
			out = append(out, l)
		}
	}
	return out, nil
}

// NewWorkspace describes a workspace to be made. An empty name is the id, an
// empty type DefaultType.
type NewWorkspace struct {
	ID, Name, Description, Type string
}

const insertWorkspace = insertLibrary + ` ON CONFLICT DO NOTHING`

// CreateWorkspace makes a workspace of the caller's, or gives the one of that
// id that they have, as it is.
func (s *Service) CreateWorkspace(ctx context.Context, p accounts.Principal, n NewWorkspace) (l Library, created bool, err error) {
	if !p.SignedIn() {
		return Library{}, false, errs.New(errs.Forbidden, "Sign in to create a workspace.")
	}
	if err := CheckWorkspaceID(n.ID); err != nil {
		return Library{}, false, err
	}
	if n.Name == "" {
		n.Name = n.ID
	}
	if n.Type == "" {
		n.Type = DefaultType
	}
	if err := checkLibrary(&n.Name, &n.Description, &n.Type); err != nil {
		return Library{}, false, err
	}
	const tries = 5 // each lost to somebody who made it, and then to one who deleted it
	for range tries {
		l, err = s.access.Workspace(ctx, p, n.ID)
		if !errs.Is(err, errs.NotFound) {
			return l, false, err
		}
		if err := p.Need(accounts.RightWrite); err != nil {
			return Library{}, false, err
		}
		at := sqldb.At(s.now())
		l = Library{
			UID: uuid.NewString(), WorkspaceID: &n.ID, OwnerID: &p.UserID, OwnerUsername: &p.Username,
			Name: n.Name, Description: n.Description, Type: n.Type, Revision: 1, CreatedAt: at.Time, UpdatedAt: at.Time,
		}
		made := false
		err := s.audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
			n, err := sqldb.Exec(ctx, tx, insertWorkspace,
				l.UID, l.WorkspaceID, l.OwnerID, l.OwnerUsername, l.Name, l.Description, l.Type, at)
			if made = err == nil && n > 0; !made {
				return nil, err
			}
			return event(ctx, p, l, "create", "created", slog.String("name", l.Name)), nil
		})
		if err != nil {
			return Library{}, false, fmt.Errorf("create workspace: %w", err)
		}
		if made {
			return l, true, nil
		}
	}
	return Library{}, false, errs.New(errs.Unavailable, "The workspace is made and deleted by others this moment. Try again.")
}

// UpdateWorkspace changes what a workspace says of itself.
func (s *Service) UpdateWorkspace(ctx context.Context, p accounts.Principal, id string, patch Patch) (Library, error) {
	l, err := s.access.OwnWorkspace(ctx, p, id)
	if err != nil {
		return Library{}, err
	}
	patch.Global = nil
	return s.update(ctx, p, l, patch, NoWorkspace())
}

// DeleteWorkspace takes the caller's workspace of an id out of sight, at
// once, and frees the id. Where they have none it does nothing.
func (s *Service) DeleteWorkspace(ctx context.Context, p accounts.Principal, id string) error {
	l, err := s.access.OwnWorkspace(ctx, p, id)
	if err == nil {
		err = s.remove(ctx, p, l)
	}
	return gone(err)
}

// DeleteWorkspaceItem deletes a document of the caller's workspace, if it is
// there.
func (s *Service) DeleteWorkspaceItem(ctx context.Context, p accounts.Principal, id, itemUID string) error {
	l, err := s.access.OwnWorkspace(ctx, p, id)
	if err != nil || !known(itemUID) {
		return err
	}
	return gone(s.dropItem(ctx, p, l, deleteItem, itemUID))
}

// DeleteWorkspaceFile deletes the document of the caller's workspace that
// came under a file id, if it is there.
func (s *Service) DeleteWorkspaceFile(ctx context.Context, p accounts.Principal, id, fileID string) error {
	l, err := s.access.OwnWorkspace(ctx, p, id)
	if err != nil || fileID == "" {
		return err
	}
	return gone(s.dropItem(ctx, p, l, deleteFile, fileID))
}

// gone is for those who only want a thing not to be there.
func gone(err error) error {
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	return err
}
