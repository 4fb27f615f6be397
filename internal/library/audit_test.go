package library_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
	"git.helu.ca/r/mnemosyne/internal/telemetry"
)

// trail is what the audit trail holds from one address.
func (w *world) trail(address string) string {
	w.t.Helper()
	var lines []string
	for e, err := range accounts.NewAudit(w.db, slog.New(slog.DiscardHandler), nil).List(w.t.Context(), accounts.AuditFilter{}) {
		if err != nil {
			w.t.Fatal(err)
		}
		if e.Address == address {
			lines = append(lines, fmt.Sprint(e.Event, " ", e.Outcome, " by ", e.Username, " with ", e.Credential, " in ", e.RequestID, " ", e.Detail))
		}
	}
	return strings.Join(lines, "\n")
}

func TestWhatHappensToLibrariesIsRecorded(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db, library.AccessOptions{})
		const address = "192.0.2.1"
		ctx := telemetry.WithRequest(t.Context(), "r1", address)
		w.alice.Credential = accounts.Credential{Kind: accounts.CredentialUserToken, Masked: "tok_…01234567"}
		w.root.Credential = accounts.Credential{Kind: accounts.CredentialSession, Masked: "session"}
		made, err := w.svc.Create(ctx, w.alice, library.NewLibrary{Name: "New"})
		if err != nil {
			t.Fatal(err)
		}
		uid := made.Library.UID
		workspace, _, err := w.svc.CreateWorkspace(ctx, w.alice, library.NewWorkspace{ID: "ws_9"})
		if err != nil {
			t.Fatal(err)
		}
		item := w.addItem(workspace.UID, w.alice, "a.txt", 3)
		name := "Newer"
		for i, do := range []func() error{
			func() error { // known already: nothing is done
				_, _, err := w.svc.CreateWorkspace(ctx, w.alice, library.NewWorkspace{ID: "ws_9"})
				return err
			},
			func() error { _, err := w.svc.Update(ctx, w.alice, uid, library.Patch{Name: &name}); return err },
			func() error { _, err := w.svc.PutMember(ctx, w.alice, uid, "bob", library.RoleReader); return err },
			func() error { _, err := w.svc.PutMember(ctx, w.alice, uid, "bob", library.RoleReader); return err },
			func() error { _, err := w.svc.PutMember(ctx, w.alice, uid, "bob", library.RoleManager); return err },
			func() error { return w.svc.DropMember(ctx, w.alice, uid, "bob") },
			func() error { return w.svc.DropMember(ctx, w.alice, uid, "bob") },
			func() error { return w.svc.DeleteWorkspaceItem(ctx, w.alice, "ws_9", item) },
			func() error { return w.svc.DeleteWorkspaceItem(ctx, w.alice, "ws_9", item) },
			func() error { return w.svc.DeleteWorkspace(ctx, w.alice, "ws_9") },
			func() error { return w.svc.DeleteWorkspace(ctx, w.alice, "ws_9") },
			func() error { return w.svc.DeleteWorkspace(ctx, w.carol, "ws_9") },
			func() error { _, err := w.svc.PutMember(ctx, w.root, w.global, "root", library.RoleOwner); return err },
			func() error { return w.svc.Delete(ctx, w.alice, uid) },
		} {
			if err := do(); err != nil {
				t.Fatalf("step %d: %v", i, err)
			}
		}
		by, as := " by alice with tok_…01234567 in r1 ", "library_uid:"+uid
		of := "library_uid:" + workspace.UID
		want := []string{
			"library_create created" + by + "map[global:false " + as + " name:New]",
			"workspace_create created" + by + "map[" + of + " name:ws_9 workspace_id:ws_9]",
			"library_update updated" + by + "map[fields:[name] " + as + "]",
			"library_member set" + by + "map[before: " + as + " role:reader username:bob]",
			"library_member set" + by + "map[before:reader " + as + " role:manager username:bob]",
			"library_member removed" + by + "map[before:manager " + as + " role: username:bob]",
			"workspace_item_delete deleted" + by + "map[item_uid:" + item + " " + of + " workspace_id:ws_9]",
			"workspace_delete deleted" + by + "map[items:0 " + of + " name:ws_9 workspace_id:ws_9]",
			"library_member set by root with session in r1 map[before: library_uid:" + w.global + " role:owner username:root]",
			"library_delete deleted" + by + "map[items:0 " + as + " name:Newer]",
		}
		if got := w.trail(address); got != strings.Join(want, "\n") {
			t.Errorf("the trail holds\n%s\nwant\n%s", got, strings.Join(want, "\n"))
		}
	})
}

func TestMakingALibraryGlobalIsRecordedWithItsFormerOwner(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db, library.AccessOptions{})
		own := w.create(w.root, library.NewLibrary{Name: "Mine"})
		global := true
		if _, err := w.svc.Update(telemetry.WithRequest(t.Context(), "r1", "192.0.2.1"), w.root, own, library.Patch{Global: &global}); err != nil {
			t.Fatal(err)
		}
		want := "library_update updated by root with  in r1 map[fields:[] library_uid:" + own + "]\n" +
			"library_global set by root with  in r1 map[former_owner_id:" + w.root.UserID + " library_uid:" + own + "]"
		if got := w.trail("192.0.2.1"); got != want {
			t.Errorf("the trail holds\n%s\nwant\n%s", got, want)
		}
	})
}

func TestReadingIsNotRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t), library.AccessOptions{})
	ctx := telemetry.WithRequest(t.Context(), "r1", "192.0.2.1")
	if _, err := w.svc.List(ctx, w.alice, library.Position{}, 10); err != nil {
		t.Fatal(err)
	}
	if _, err := w.svc.Members(ctx, w.alice, w.private); err != nil {
		t.Fatal(err)
	}
	if _, err := w.svc.Update(ctx, w.carol, w.private, library.Patch{}); err == nil {
		t.Fatal("a stranger changed a library")
	}
	if got := w.trail("192.0.2.1"); got != "" {
		t.Errorf("the trail holds %s", got)
	}
}
