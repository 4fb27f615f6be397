package mcpserver

import (
	"context"
	"fmt"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Reach counts the credentials that name a library, and lose it when it goes.
// Tokens for all libraries name none.
type Reach struct {
	Tokens int64
	Teams  int64 // that a workspace is assigned to
}

const countReach = `SELECT
	(SELECT COUNT(*) FROM user_token WHERE is_active AND allowed_libraries LIKE '%"' || $1 || '"%'),
	(SELECT COUNT(*) FROM team_workspace_assignment a JOIN team t ON t.id = a.team_id
		WHERE t.active AND a.workspace_id = $2 AND t.owner_id = $3)`

// ReachOf counts the active tokens, whoever's, that name a library, and the
// active teams that its workspace is assigned to.
func (s *Tokens) ReachOf(ctx context.Context, l library.Library) (Reach, error) {
	workspace, owner := "", ""
	if l.WorkspaceID != nil && l.OwnerID != nil {
		workspace, owner = *l.WorkspaceID, *l.OwnerID
	}
	r, err := sqldb.One(ctx, s.db.Read(), func(row sqldb.Row) (r Reach, err error) { return r, row.Scan(&r.Tokens, &r.Teams) },
		countReach, l.UID, workspace, owner)
	if err != nil {
		return Reach{}, fmt.Errorf("count the credentials of library %s: %w", l.UID, err)
	}
	return r, nil
}
