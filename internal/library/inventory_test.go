package library_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
	"git.helu.ca/r/mnemosyne/internal/telemetry"
)

func (w *world) holdings(f library.HoldingFilter) []string {
	w.t.Helper()
	var out []string
	for after := (library.Position{}); ; {
		page, err := w.svc.Inventory().Page(w.t.Context(), w.root, f, after, 2)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, h := range page {
			out = append(out, string(h.Kind())+" "+h.Name)
			after = library.Position{CreatedAt: h.CreatedAt, UID: h.UID}
		}
		if len(page) < 2 {
			slices.Sort(out)
			return out
		}
	}
}

func TestTheInventoryNamesEverybodysLibraries(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db, library.AccessOptions{})
		w.create(w.carol, library.NewLibrary{Name: "Über 100%", Description: "Secret plans"})
		w.addItem(w.private, w.alice, "a.txt", 3)
		w.addItem(w.workspace, w.alice, "b.txt", 4)
		w.member(w.private, w.bob, library.RoleReader)
		all := []string{"global Everybody's", "private Empty", "private Papers", "private Papers", "private Über 100%", "workspace ws_1"}
		for _, row := range []struct {
			f    library.HoldingFilter
			want []string
		}{
			{library.HoldingFilter{}, all},
			{library.HoldingFilter{Owner: "Alice"}, []string{"private Empty", "private Papers", "workspace ws_1"}},
			{library.HoldingFilter{Kind: library.HoldingGlobal}, all[:1]},
			{library.HoldingFilter{Kind: library.HoldingPrivate, Owner: "bob"}, []string{"private Papers"}},
			{library.HoldingFilter{Kind: library.HoldingWorkspace}, all[5:]},
			{library.HoldingFilter{Name: "PAPER"}, []string{"private Papers", "private Papers"}},
			{library.HoldingFilter{Name: "Über"}, []string{"private Über 100%"}},
			{library.HoldingFilter{Name: "%"}, []string{"private Über 100%"}},
			{library.HoldingFilter{Name: "ws_"}, all[5:]},
			{library.HoldingFilter{Name: w.bobs}, []string{"private Papers"}},
			{library.HoldingFilter{Name: "'; DROP TABLE library; --"}, nil},
		} {
			if got := w.holdings(row.f); !slices.Equal(got, row.want) {
				t.Errorf("%+v gives %q, want %q", row.f, got, row.want)
			}
		}
		h, err := w.svc.Inventory().One(t.Context(), w.root, w.private)
		if err != nil || h.ItemCount != 1 || h.ChunkCount != 3 || h.Members != 1 || !h.OwnerActive || *h.OwnerUsername != "alice" {
			t.Errorf("One = %+v, %v", h, err)
		}
		total, err := w.svc.Inventory().Total(t.Context(), w.root)
		if err != nil || total != (library.Total{Libraries: 6, Documents: 2, Passages: 7}) {
			t.Errorf("Total = %+v, %v", total, err)
		}
	})
}

func TestTheInventoryIsNotForThoseWhoDoNotAdminister(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db, library.AccessOptions{})
		inventory := w.svc.Inventory()
		for _, p := range []accounts.Principal{w.alice, {}} {
			_, err := inventory.Page(t.Context(), p, library.HoldingFilter{}, library.Position{}, 10)
			wantNotFound(t, err)
			_, err = inventory.One(t.Context(), p, w.private)
			wantNotFound(t, err)
			_, err = inventory.Total(t.Context(), p)
			wantNotFound(t, err)
			wantNotFound(t, inventory.Rename(t.Context(), p, w.bobs, "Mine"))
			wantNotFound(t, inventory.Delete(t.Context(), p, w.bobs))
		}
		w.carol.Groups = []string{accounts.GroupAdmin}
		if _, err := inventory.One(t.Context(), w.carol, w.private); err != nil {
			t.Errorf("the group Admin is refused: %v", err)
		}
		// What one sees there one cannot read.
		_, _, err := w.access.Read(t.Context(), w.root, w.private)
		wantNotFound(t, err)
	})
}

func wantNotFound(t *testing.T, err error) {
	t.Helper()
	if !errs.Is(err, errs.NotFound) {
		t.Errorf("error = %v, want that there is nothing", err)
	}
}

func TestAnAdministratorRenamesAndDeletesAndTheTrailSaysSo(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db, library.AccessOptions{})
		const address = "192.0.2.9"
		ctx := telemetry.WithRequest(t.Context(), "r1", address)
		inventory := w.svc.Inventory()
		item := w.addItem(w.workspace, w.alice, "b.txt", 4)
		for i, err := range []error{
			inventory.Rename(ctx, w.root, w.private, " Files "),
			inventory.Rename(ctx, w.root, w.private, "Files"), // nothing to do
			inventory.Delete(ctx, w.root, w.workspace),
		} {
			if err != nil {
				t.Errorf("step %d: %v", i, err)
			}
		}
		if got := errs.As(inventory.Rename(ctx, w.root, w.private, "\x00")); got == nil || len(got.Fields["name"]) == 0 {
			t.Errorf("a control character is answered %v", got)
		}
		if got := errs.As(inventory.Rename(ctx, w.root, w.private, "  ")); got == nil || len(got.Fields["name"]) == 0 {
			t.Errorf("no name is answered %v", got)
		}
		wantNotFound(t, inventory.Delete(ctx, w.root, w.workspace))
		wantNotFound(t, inventory.Rename(ctx, w.root, "x", "y"))
		l, _, err := w.access.Read(t.Context(), w.alice, w.private)
		if err != nil || l.Name != "Files" {
			t.Errorf("the owner reads %+v, %v", l, err)
		}
		if _, err := w.access.Workspace(t.Context(), w.alice, "ws_1"); !errs.Is(err, errs.NotFound) {
			t.Errorf("the workspace is still there: %v", err)
		}
		if _, _, _, err := w.access.Item(t.Context(), w.alice, item); !errs.Is(err, errs.NotFound) {
			t.Errorf("its document is still there: %v", err)
		}
		trail := w.trail(address)
		for _, part := range []string{
			"library_update updated_by_administrator by root", "former_name:Papers", "name:Files", "owner:alice",
			"workspace_delete deleted by root", "by_administrator:true", "items:1",
		} {
			if !strings.Contains(trail, part) {
				t.Errorf("the trail lacks %q:\n%s", part, trail)
			}
		}
		if n := strings.Count(trail, "\n") + 1; n != 2 {
			t.Errorf("the trail has %d lines:\n%s", n, trail)
		}
		if h, err := inventory.One(t.Context(), w.root, w.private); err != nil || h.UpdatedAt.Before(time.Now().Add(-time.Minute)) {
			t.Errorf("One = %+v, %v", h, err)
		}
	})
}
