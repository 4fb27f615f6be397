package library_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// index remembers what it was told of items.
type index struct {
	told []library.IndexItem
	fail error
}

func (i *index) SetItem(_ context.Context, _ string, item library.IndexItem) error {
	if i.fail == nil {
		i.told = append(i.told, item)
	}
	return i.fail
}

// world is a store with people and libraries of each kind.
type world struct {
	t      *testing.T
	db     *sqldb.DB
	access *library.Access
	svc    *library.Service
	index  *index

	alice, bob, carol, root                 accounts.Principal // carol is nobody's member, root a superuser
	private, global, workspace, bobs, empty string
}

func newWorld(t *testing.T, db *sqldb.DB, opt library.AccessOptions) *world {
	t.Helper()
	w := &world{t: t, db: db, access: library.NewAccess(db, opt), index: &index{}}
	w.svc = library.NewService(db, w.access, w.index, slog.New(slog.DiscardHandler))
	w.alice, w.bob, w.carol, w.root = w.user("alice"), w.user("bob"), w.user("carol"), w.user("root")
	w.root.Superuser = true
	w.private = w.create(w.alice, library.NewLibrary{Name: "Papers"})
	w.empty = w.create(w.alice, library.NewLibrary{Name: "Empty"})
	w.bobs = w.create(w.bob, library.NewLibrary{Name: "Papers"})
	w.global = w.create(w.root, library.NewLibrary{Name: "Everybody's", Global: true})
	w.workspace = w.addWorkspace(w.alice, "ws_1")
	return w
}

func (w *world) user(name string) accounts.Principal {
	w.t.Helper()
	id := uuid.NewString()
	w.exec(`INSERT INTO auth_user (id, username, username_key, created_at, updated_at) VALUES ($1, $2, $2, $3, $3)`,
		id, name, sqldb.At(time.Now()))
	return accounts.Principal{UserID: id, Username: name, Scope: accounts.Scope{Kind: accounts.ScopeUser}}
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	if _, err := sqldb.Exec(w.t.Context(), w.db.Write(), query, args...); err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
}

func (w *world) create(p accounts.Principal, n library.NewLibrary) string {
	w.t.Helper()
	g, err := w.svc.Create(w.t.Context(), p, n)
	if err != nil {
		w.t.Fatalf("create %+v: %v", n, err)
	}
	return g.Library.UID
}

func (w *world) addWorkspace(p accounts.Principal, id string) string {
	w.t.Helper()
	uid := uuid.NewString()
	w.exec(`INSERT INTO library (uid, workspace_id, owner_id, owner_username, name, library_type, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $2, 'business', $5, $5)`, uid, id, p.UserID, p.Username, sqldb.At(time.Now()))
	return uid
}

func (w *world) member(uid string, p accounts.Principal, role library.Role) {
	w.t.Helper()
	w.exec(`INSERT INTO library_membership (library_uid, user_id, role, created_at) VALUES ($1, $2, $3, $4)`,
		uid, p.UserID, role, sqldb.At(time.Now()))
}

func (w *world) addItem(libraryUID string, by accounts.Principal, filename string, chunks int64) string {
	w.t.Helper()
	uid := uuid.NewString()
	now := time.Now()
	w.exec(`INSERT INTO item (uid, library_uid, created_by, title, filename, status, generation, chunk_count, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $4, 'ready', 1, $5, $6, $6)`, uid, libraryUID, by.UserID, filename, chunks, sqldb.At(now))
	if err := library.Bump(w.t.Context(), w.db.Write(), libraryUID, 1, chunks, now); err != nil {
		w.t.Fatal(err)
	}
	return uid
}

func scoped(p accounts.Principal, s accounts.Scope) accounts.Principal {
	p.Scope = s
	return p
}
