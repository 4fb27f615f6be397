package mcpserver

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const maxAssigned = 1000 // workspaces of a team

// workspaceID is what the id of a workspace looks like.
var workspaceID = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,200}$`)

// checkAssigned gives a list of workspace ids sorted and each once.
func checkAssigned(ids []string) ([]string, error) {
	out := []string{}
	for i, id := range ids {
		if !workspaceID.MatchString(id) {
			return nil, errs.Field("workspace_ids", fmt.Sprintf("%d: A workspace id has 1 to 200 of the characters A-Z a-z 0-9 _ . : -", i))
		}
		out = append(out, id)
	}
	slices.Sort(out)
	out = slices.Compact(out)
	if len(out) > maxAssigned {
		return nil, errs.Field("workspace_ids", fmt.Sprintf("A team has at most %d workspaces.", maxAssigned))
	}
	return out, nil
}

// splitWorkspaces reads workspacesColumn.
func splitWorkspaces(text string) []string {
	ids := append([]string{}, strings.Fields(text)...)
	slices.Sort(ids)
	return ids
}

const (
	selectAssigned = `SELECT workspace_id FROM team_workspace_assignment WHERE team_id = $1`
	insertAssigned = `INSERT INTO team_workspace_assignment (team_id, workspace_id, created_at) VALUES ($1, $2, $3)`
	deleteAssigned = `DELETE FROM team_workspace_assignment WHERE team_id = $1 AND workspace_id = $2`
	touchTeam      = `UPDATE team SET updated_at = $2 WHERE id = $1`
)

// SetWorkspaces makes these the workspaces of a team of the caller's and no
// others, and gives them sorted. None at all pauses the team: its JWT stays
// valid and opens nothing. Ids that the owner has no workspace for are kept.
// An inactive team is a Conflict, another's NotFound.
func (s *Teams) SetWorkspaces(ctx context.Context, by accounts.Actor, id string, ids []string) ([]string, error) {
	ids, err := checkAssigned(ids)
	if err != nil {
		return nil, err
	}
	inactive := false
	err = s.audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		t, err := holdOwnTeam(ctx, tx, by.UserID, id)
		if err != nil {
			return nil, err
		}
		if err := by.Need(accounts.RightWrite); err != nil {
			return nil, err
		}
		if !t.Active {
			inactive = true
			return []accounts.Event{teamEvent("team_workspaces", "inactive", by, t.ID)}, nil
		}
		added, removed, err := s.assign(ctx, tx, t.ID, ids)
		if err != nil || added+removed == 0 {
			return nil, err
		}
		return []accounts.Event{teamEvent("team_workspaces", "replaced", by, t.ID,
			slog.Int("assigned", len(ids)), slog.Int("added", added), slog.Int("removed", removed))}, nil
	})
	if err == nil && inactive {
		err = inactiveTeam()
	}
	if err != nil {
		return nil, err
	}
	return ids, nil
}

func (s *Teams) assign(ctx context.Context, tx sqldb.Querier, id string, want []string) (added, removed int, err error) {
	have, err := sqldb.All(ctx, tx, func(r sqldb.Row) (id string, err error) {
		err = r.Scan(&id)
		return id, err
	}, selectAssigned, id)
	if err != nil {
		return 0, 0, fmt.Errorf("read a team's workspaces: %w", err)
	}
	slices.Sort(have)
	now := sqldb.At(s.now())
	for _, workspace := range without(want, have) {
		if _, err := sqldb.Exec(ctx, tx, insertAssigned, id, workspace, now); err != nil {
			return 0, 0, fmt.Errorf("assign a workspace: %w", err)
		}
		added++
	}
	for _, workspace := range without(have, want) {
		if _, err := sqldb.Exec(ctx, tx, deleteAssigned, id, workspace); err != nil {
			return 0, 0, fmt.Errorf("take a workspace away: %w", err)
		}
		removed++
	}
	if added+removed == 0 {
		return 0, 0, nil
	}
	if _, err := sqldb.Exec(ctx, tx, touchTeam, id, now); err != nil {
		return 0, 0, fmt.Errorf("note a team's change: %w", err)
	}
	return added, removed, nil
}

// without gives the entries of one sorted list that another does not have.
func without(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(id string) bool {
		_, has := slices.BinarySearch(other, id)
		return has
	})
}
