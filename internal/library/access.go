package library

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Access is the one place that decides who may see and change what. Every
// surface asks it, and each answer is one query with the caller in its WHERE:
// nothing is remembered, so that what is revoked is gone at the next request.
//
// What a caller may not read is NotFound, exactly as what is not there. What
// they may read and not change is Forbidden.
type Access struct {
	db  *sqldb.DB
	opt AccessOptions
}

// AccessOptions are the settings that widen or narrow the rules.
type AccessOptions struct {
	// GlobalIngestMembersOnly lets only members put documents into a global
	// library, instead of everybody who is signed in.
	GlobalIngestMembersOnly bool
}

// NewAccess makes the rules over the store that they read.
func NewAccess(db *sqldb.DB, opt AccessOptions) *Access {
	return &Access{db: db, opt: opt}
}

// Grant is a library with what the caller is to it.
type Grant struct {
	Library Library
	Role    Role
	// member tells that the role is a LibraryMembership and not implied.
	member bool
}

// Columns of a library and the caller's membership in it. Every query that
// decides selects from grantTables: $1 is the caller's user id, $2 their name.
const (
	libraryColumns = `l.uid, l.workspace_id, l.owner_id, l.owner_username, l.name, l.description, l.library_type,
	l.item_count, l.chunk_count, l.revision, l.embedding_space, l.other_space, l.space_switched, l.created_at, l.updated_at`
	grantColumns = libraryColumns + `, COALESCE(m.role, '')`
	memberJoin   = ` LEFT JOIN library_membership m ON m.library_uid = l.uid AND m.user_id = $1`
	// visible holds the rules of reading. The membership is asked for by a
	// list of uids, so that each branch has an index.
	visible = ` l.deleted_at IS NULL AND (l.owner_username = $2 OR l.owner_username IS NULL
	OR (l.workspace_id IS NULL AND l.uid IN (SELECT v.library_uid FROM library_membership v WHERE v.user_id = $1)))`
	// visibleOne holds the same rules for a row that is named by its uid. The
	// membership is that of the join: another's library takes no longer to
	// refuse than one that there is not.
	visibleOne = ` l.deleted_at IS NULL AND (l.owner_username = $2 OR l.owner_username IS NULL
	OR (l.workspace_id IS NULL AND m.role IS NOT NULL))`
)

func scanGrant(p accounts.Principal) func(sqldb.Row) (Grant, error) {
	return func(row sqldb.Row) (Grant, error) {
		var g Grant
		var member Role
		err := row.Scan(append(libraryFields(&g.Library), &member)...)
		g.Role, g.member = roleOf(p, g.Library, member), member != ""
		return g, err
	}
}

func libraryFields(l *Library) []any {
	return []any{
		&l.UID, &l.WorkspaceID, &l.OwnerID, &l.OwnerUsername, &l.Name, &l.Description, &l.Type,
		&l.ItemCount, &l.ChunkCount, &l.Revision, &l.Space, &l.OtherSpace, &l.Switched, scanTime(&l.CreatedAt), scanTime(&l.UpdatedAt),
	}
}

// roleOf is the caller's role in a library that they may read. member is
// their LibraryMembership, or empty. Their groups raise it in global
// libraries; whoever may change nothing is a reader of their own, too.
func roleOf(p accounts.Principal, l Library, member Role) Role {
	switch {
	case !p.May(accounts.RightWrite):
		return RoleReader
	case l.OwnerUsername != nil && *l.OwnerUsername == p.Username:
		return RoleOwner
	case l.Global() && p.May(accounts.RightAdminister):
		return RoleOwner
	case l.Global() && p.May(accounts.RightCurate) && member != RoleOwner:
		return RoleManager
	case member != "":
		return member
	}
	return RoleReader
}

// inScope tells whether the credential lets its user reach the library. It
// narrows what the user may see and never widens it.
func inScope(p accounts.Principal, l Library) bool {
	switch p.Scope.Kind {
	case accounts.ScopeUser:
		return p.SignedIn()
	case accounts.ScopeLibraries:
		return p.SignedIn() &&
			(slices.Contains(p.Scope.Libraries, l.UID) || slices.Contains(p.Scope.Libraries, accounts.AllLibraries))
	case accounts.ScopeWorkspaces:
		return p.SignedIn() && l.Workspace() && l.OwnerUsername != nil && *l.OwnerUsername == p.Username &&
			slices.Contains(p.Scope.Workspaces, *l.WorkspaceID)
	case accounts.ScopeGlobal:
		return l.Global()
	case accounts.ScopeNone:
	}
	return false
}

// NoLibrary is what everybody gets who may not read a library, whether there
// is one or not.
func NoLibrary() error { return errs.New(errs.NotFound, "No such library.") }

// known tells whether a text can be the uid of anything stored.
func known(uid string) bool { return len(uid) == 36 && uuid.Validate(uid) == nil }

const readableLibraries = `SELECT ` + grantColumns + ` FROM library l` + memberJoin + `
WHERE` + visible + `
ORDER BY l.created_at DESC, l.uid DESC`

// assignedWorkspaces reads no more rows than a scope of workspaces can open:
// a team has a few of its owner's many. $3 holds the ids between blanks, which
// no id has. An underscore in an id fits any character; inScope is exact.
const assignedWorkspaces = `SELECT ` + grantColumns + ` FROM library l` + memberJoin + `
WHERE l.deleted_at IS NULL AND l.owner_username = $2 AND l.workspace_id IS NOT NULL
	AND $3 LIKE '% ' || l.workspace_id || ' %'
ORDER BY l.created_at DESC, l.uid DESC`

// Readable lists every library that the caller may read, workspaces
// included, newest first.
func (a *Access) Readable(ctx context.Context, p accounts.Principal) ([]Library, error) {
	query, args := readableLibraries, []any{p.UserID, p.Username}
	switch p.Scope.Kind {
	case accounts.ScopeNone:
		return nil, nil
	case accounts.ScopeWorkspaces:
		if len(p.Scope.Workspaces) == 0 {
			return nil, nil
		}
		query, args = assignedWorkspaces, append(args, " "+strings.Join(p.Scope.Workspaces, " ")+" ")
	case accounts.ScopeUser, accounts.ScopeLibraries, accounts.ScopeGlobal:
	}
	grants, err := sqldb.All(ctx, a.db.Read(), scanGrant(p), query, args...)
	if err != nil {
		return nil, fmt.Errorf("list readable libraries: %w", err)
	}
	out := make([]Library, 0, len(grants))
	for _, g := range grants {
		if inScope(p, g.Library) {
			out = append(out, g.Library)
		}
	}
	return out, nil
}

const readableLibrary = `SELECT ` + grantColumns + ` FROM library l` + memberJoin + `
WHERE l.uid = $3 AND` + visibleOne

func (a *Access) grant(ctx context.Context, p accounts.Principal, uid string) (Grant, error) {
	if p.Scope.Kind == accounts.ScopeNone || !known(uid) {
		return Grant{}, NoLibrary()
	}
	g, err := sqldb.One(ctx, a.db.Read(), scanGrant(p), readableLibrary, p.UserID, p.Username, uid)
	if sqldb.Missing(err) || (err == nil && !inScope(p, g.Library)) {
		return Grant{}, NoLibrary()
	}
	if err != nil {
		return Grant{}, fmt.Errorf("read library %s: %w", uid, err)
	}
	return g, nil
}

// changeable is a grant for a caller who may change anything at all. Whoever
// may not is told so of what they may read only.
func (a *Access) changeable(ctx context.Context, p accounts.Principal, uid string) (Grant, error) {
	g, err := a.grant(ctx, p, uid)
	if err == nil {
		err = mayChangeAnything(p)
	}
	return g, err
}

// mayChangeAnything gives the error of a user whose group changes nothing.
// Callers who are no users are the roles' to refuse.
func mayChangeAnything(p accounts.Principal) error {
	if !p.SignedIn() {
		return nil
	}
	return p.Need(accounts.RightWrite)
}

// Read gives a library that the caller may read, and their role in it.
func (a *Access) Read(ctx context.Context, p accounts.Principal, uid string) (Library, Role, error) {
	g, err := a.grant(ctx, p, uid)
	return g.Library, g.Role, err
}

// Write gives a library that the caller may add documents to.
func (a *Access) Write(ctx context.Context, p accounts.Principal, uid string) (Library, Role, error) {
	g, err := a.changeable(ctx, p, uid)
	if err != nil {
		return Library{}, "", err
	}
	if !a.mayAdd(p, g) {
		return Library{}, "", errs.New(errs.Forbidden, "You may read this library, not add documents to it or remove them.")
	}
	return g.Library, g.Role, nil
}

// mayAdd holds the rules of adding documents to a library that may be read.
func (a *Access) mayAdd(p accounts.Principal, g Grant) bool {
	if p.Scope.Kind == accounts.ScopeGlobal {
		return false
	}
	if g.Role.CanWrite() {
		return true
	}
	return g.Library.Global() && p.May(accounts.RightWrite) && (g.member || !a.opt.GlobalIngestMembersOnly)
}

// Administer gives a library whose settings and members the caller may
// change: their own, or a global one that they manage.
func (a *Access) Administer(ctx context.Context, p accounts.Principal, uid string) (Library, Role, error) {
	g, err := a.changeable(ctx, p, uid)
	if err != nil {
		return Library{}, "", err
	}
	allowed := g.Role == RoleOwner || (g.Library.Global() && g.Role == RoleManager)
	if !allowed || p.Scope.Kind == accounts.ScopeGlobal {
		return Library{}, "", errs.New(errs.Forbidden, "Only those who manage this library may change its settings or its members.")
	}
	return g.Library, g.Role, nil
}

// Own gives a library that the caller may delete, or whose owners they may
// choose.
func (a *Access) Own(ctx context.Context, p accounts.Principal, uid string) (Library, error) {
	g, err := a.changeable(ctx, p, uid)
	if err != nil {
		return Library{}, err
	}
	if g.Role != RoleOwner || p.Scope.Kind == accounts.ScopeGlobal {
		return Library{}, errs.New(errs.Forbidden, "Only an owner of this library may do that.")
	}
	return g.Library, nil
}
