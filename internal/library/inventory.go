package library

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Inventory is what those who run the place see of everybody's libraries:
// whose they are, what they are called and how much they hold. It opens none
// of them. Who may read and change what is in one stays Access's to say, and
// whoever administers is asked there like anybody else.
//
// To those who do not administer, nothing is here.
type Inventory struct{ s *Service }

// Inventory gives the list of everybody's libraries.
func (s *Service) Inventory() *Inventory { return &Inventory{s: s} }

// Holding is a library without what it holds, its description included.
type Holding struct {
	Library

	OwnerActive bool // also true of a global library
	Members     int64
}

// HoldingKind says whose a library is.
type HoldingKind string

// The kinds of holdings.
const (
	HoldingGlobal    HoldingKind = "global"
	HoldingPrivate   HoldingKind = "private"
	HoldingWorkspace HoldingKind = "workspace"
)

// Kind tells whose the library is.
func (l Library) Kind() HoldingKind {
	switch {
	case l.Workspace():
		return HoldingWorkspace
	case l.Global():
		return HoldingGlobal
	}
	return HoldingPrivate
}

// HoldingFilter chooses among everybody's libraries. The zero value chooses
// all.
type HoldingFilter struct {
	Owner string // user name, in whatever case it is written
	Kind  HoldingKind
	Name  string // part of the name, the workspace id or the uid
}

const (
	fromHoldings = `SELECT ` + libraryColumns + `, COALESCE(u.is_active, TRUE),
	(SELECT COUNT(*) FROM library_membership m WHERE m.library_uid = l.uid)
FROM library l LEFT JOIN auth_user u ON u.id = l.owner_id
WHERE l.deleted_at IS NULL`
	pageOfHoldings = fromHoldings + ` AND ($1 = '' OR u.username_key = $1)
	AND ($2 = '' OR $2 = CASE WHEN l.workspace_id IS NOT NULL THEN 'workspace' WHEN l.owner_username IS NULL THEN 'global' ELSE 'private' END)
	AND ($3 = '' OR l.name LIKE $3 ESCAPE '!' OR LOWER(l.name) LIKE $4 ESCAPE '!'
		OR LOWER(COALESCE(l.workspace_id, '')) LIKE $4 ESCAPE '!' OR l.uid LIKE $4 ESCAPE '!')
	AND (l.created_at, l.uid) < ($5, $6)
ORDER BY l.created_at DESC, l.uid DESC LIMIT CAST($7 AS BIGINT)`
	oneHolding = fromHoldings + ` AND l.uid = $1`
)

func scanHolding(row sqldb.Row) (h Holding, err error) {
	err = row.Scan(append(libraryFields(&h.Library), &h.OwnerActive, &h.Members)...)
	h.Description = ""
	return h, err
}

// Page gives a page of everybody's libraries, newest first.
func (i *Inventory) Page(ctx context.Context, p accounts.Principal, f HoldingFilter, after Position, limit int) ([]Holding, error) {
	if !accounts.Administers(p) {
		return nil, NoLibrary()
	}
	after = after.start()
	out, err := sqldb.All(ctx, i.s.db.Read(), scanHolding, pageOfHoldings,
		accounts.UsernameKey(f.Owner), string(f.Kind), holds(f.Name), holds(strings.ToLower(f.Name)), sqldb.At(after.CreatedAt), after.UID, limit)
	if err != nil {
		return nil, fmt.Errorf("list everybody's libraries: %w", err)
	}
	return out, nil
}

// holds is the pattern of texts that hold a part, empty when that is.
func holds(part string) string {
	if part == "" {
		return ""
	}
	return "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(part) + "%"
}

// One gives anybody's library.
func (i *Inventory) One(ctx context.Context, p accounts.Principal, uid string) (Holding, error) {
	if !accounts.Administers(p) || !known(uid) {
		return Holding{}, NoLibrary()
	}
	h, err := sqldb.One(ctx, i.s.db.Read(), scanHolding, oneHolding, uid)
	if sqldb.Missing(err) {
		return Holding{}, NoLibrary()
	}
	if err != nil {
		return Holding{}, fmt.Errorf("read a library of the inventory: %w", err)
	}
	return h, nil
}

// Rename calls anybody's library something else.
func (i *Inventory) Rename(ctx context.Context, p accounts.Principal, uid, name string) error {
	h, err := i.One(ctx, p, uid)
	if err != nil {
		return err
	}
	if name = strings.TrimSpace(name); name == "" {
		return errs.Field("name", "This field may not be blank.")
	}
	if err := CheckLine("name", name, maxName); err != nil || name == h.Name {
		return err
	}
	err = i.s.audit.Do(ctx, func(tx sqldb.Querier) ([]accounts.Event, error) {
		n, err := sqldb.Exec(ctx, tx, updateLibrary, uid, name, nil, nil, false, sqldb.At(i.s.now()))
		if err != nil || n == 0 {
			return nil, orGone(err)
		}
		return event(ctx, p, h.Library, "update", "updated_by_administrator",
			slog.String("owner", h.owner()), slog.String("former_name", h.Name), slog.String("name", name)), nil
	})
	return goneAs(err, NoLibrary(), "rename library")
}

func (l Library) owner() string {
	if l.OwnerUsername == nil {
		return ""
	}
	return *l.OwnerUsername
}

// Delete takes anybody's library and all it holds out of everybody's sight,
// as its owner would.
func (i *Inventory) Delete(ctx context.Context, p accounts.Principal, uid string) error {
	h, err := i.One(ctx, p, uid)
	if err != nil {
		return err
	}
	return i.s.remove(ctx, p, h.Library, slog.Bool("by_administrator", true), slog.String("owner", h.owner()))
}

const sumHoldings = `SELECT COUNT(*), COALESCE(SUM(item_count), 0), COALESCE(SUM(chunk_count), 0) FROM library WHERE deleted_at IS NULL`

// Total is how much everybody keeps.
type Total struct{ Libraries, Documents, Passages int64 }

// Total counts what everybody keeps.
func (i *Inventory) Total(ctx context.Context, p accounts.Principal) (Total, error) {
	if !accounts.Administers(p) {
		return Total{}, NoLibrary()
	}
	t, err := sqldb.One(ctx, i.s.db.Read(), func(row sqldb.Row) (t Total, err error) {
		return t, row.Scan(&t.Libraries, &t.Documents, &t.Passages)
	}, sumHoldings)
	if err != nil {
		return t, fmt.Errorf("count what everybody keeps: %w", err)
	}
	return t, nil
}
