package library

import (
	"context"
	"fmt"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Kind tells libraries apart by whose they are to somebody who may read them.
type Kind string

// The kinds of libraries.
const (
	KindOwn       Kind = "own"
	KindShared    Kind = "shared" // by its owner, with the caller
	KindGlobal    Kind = "global"
	KindWorkspace Kind = "workspace"
)

// KindFor is what a library is to somebody who may read it.
func KindFor(p accounts.Principal, l Library) Kind {
	switch {
	case l.Global():
		return KindGlobal
	case l.Workspace():
		return KindWorkspace
	case *l.OwnerUsername == p.Username:
		return KindOwn
	}
	return KindShared
}

// BrowseFilter narrows a list of libraries. Zero values narrow nothing.
type BrowseFilter struct {
	Text string // in the name or the description, whatever its case
	Type string
	Kind Kind
}

// $2 is the caller's name, as in grantTables. A kind that there is none of
// finds nothing.
const ofKind = ` AND CASE WHEN l.owner_username IS NULL THEN 'global' WHEN l.workspace_id IS NOT NULL THEN 'workspace'
	WHEN l.owner_username = $2 THEN 'own' ELSE 'shared' END`

// Browse gives a page of the libraries that the caller may read, workspaces
// included, newest first.
func (s *Service) Browse(ctx context.Context, p accounts.Principal, f BrowseFilter, after Position, limit int) ([]Grant, error) {
	after = after.start()
	where := clause{args: []any{p.UserID, p.Username, sqldb.At(after.CreatedAt), after.UID, limit}}
	if f.Text != "" {
		where.holds(f.Text, "l.name", "l.description")
	}
	if f.Type != "" {
		where.in("l.library_type", []string{f.Type})
	}
	kind := ""
	if f.Kind != "" {
		where.args = append(where.args, string(f.Kind))
		kind = fmt.Sprintf("%s = $%d", ofKind, len(where.args))
	}
	all, err := sqldb.All(ctx, s.db.Read(), scanGrant(p), `SELECT `+grantColumns+` FROM library l`+memberJoin+`
WHERE`+visible+` AND (l.created_at, l.uid) < ($3, $4)`+where.text.String()+kind+`
ORDER BY l.created_at DESC, l.uid DESC`+sqldb.Limit("$5"), where.args...)
	if err != nil {
		return nil, fmt.Errorf("browse libraries: %w", err)
	}
	out := all[:0]
	for _, g := range all {
		if inScope(p, g.Library) {
			out = append(out, g)
		}
	}
	return out, nil
}
