package library_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

func TestListPagesThroughLibrariesNewestFirst(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db, library.AccessOptions{})
		var got []string
		var after library.Position
		for {
			page, err := w.svc.List(t.Context(), w.alice, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range page {
				got = append(got, g.Library.UID)
				after = library.Position{CreatedAt: g.Library.CreatedAt, UID: g.Library.UID}
			}
			if len(page) < 2 {
				break
			}
		}
		if want := []string{w.global, w.empty, w.private}; !slices.Equal(got, want) {
			t.Errorf("paged %v, want %v, without the workspace", got, want)
		}
	})
}

func TestUpdateChangesOnlyWhatIsGiven(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db, library.AccessOptions{})
		before, _, err := w.access.Read(t.Context(), w.alice, w.private)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.svc.Update(t.Context(), w.alice, w.private, library.Patch{Description: new("Read later")}); err != nil {
			t.Fatal(err)
		}
		after, _, err := w.access.Read(t.Context(), w.alice, w.private)
		if err != nil || after.Name != before.Name || after.Description != "Read later" || after.Revision <= before.Revision {
			t.Errorf("from %+v to %+v, %v", before, after, err)
		}
	})
}

func TestOnlyASuperuserMakesALibraryGlobalAndItStaysSo(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db, library.AccessOptions{})
		if _, err := w.svc.Create(t.Context(), w.alice, library.NewLibrary{Name: "X", Global: true}); !errs.Is(err, errs.Forbidden) {
			t.Errorf("create by a user: %v", err)
		}
		if _, err := w.svc.Update(t.Context(), w.alice, w.private, library.Patch{Global: new(true)}); !errs.Is(err, errs.Forbidden) {
			t.Errorf("change by its owner: %v", err)
		}
		if _, err := w.svc.Update(t.Context(), w.root, w.global, library.Patch{Global: new(false)}); !errs.Is(err, errs.Invalid) {
			t.Errorf("back to private: %v", err)
		}
		w.member(w.private, w.root, library.RoleOwner)
		if _, err := w.svc.Update(t.Context(), w.root, w.private, library.Patch{Global: new(true)}); err != nil {
			t.Fatal(err)
		}
		if got := w.verdict(w.alice, w.private); got != everything {
			t.Errorf("whoever owned it: %s, want %s", got, everything)
		}
		if got := w.verdict(w.carol, w.private); got != documents {
			t.Errorf("somebody else: %s, want %s", got, documents)
		}
	})
}

func TestADeletedLibraryAndItsItemsAreGoneAtOnce(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db, library.AccessOptions{})
		item := w.addItem(w.private, w.alice, "a.txt", 2)
		if err := w.svc.Delete(t.Context(), w.alice, w.private); err != nil {
			t.Fatal(err)
		}
		if got := w.verdict(w.alice, w.private); got != nothing {
			t.Errorf("the library: %s", got)
		}
		if _, _, _, err := w.access.Item(t.Context(), w.alice, item); !errs.Is(err, errs.NotFound) {
			t.Errorf("its item: %v", err)
		}
		if err := w.svc.Delete(t.Context(), w.alice, w.private); !errs.Is(err, errs.NotFound) {
			t.Errorf("again: %v", err)
		}
		items, err := w.svc.Items(t.Context(), w.alice, library.ItemFilter{}, library.Position{}, 10)
		if err != nil || len(items) != 0 {
			t.Errorf("items of all libraries: %v, %v", items, err)
		}
	})
}

func TestADeletedItemIsGoneAndCountedOut(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db, library.AccessOptions{})
		gone, stays := w.addItem(w.private, w.alice, "a.txt", 2), w.addItem(w.private, w.alice, "b.txt", 5)
		before, _, _ := w.access.Read(t.Context(), w.alice, w.private)
		if err := w.svc.DeleteItem(t.Context(), w.alice, gone); err != nil {
			t.Fatal(err)
		}
		l, _, err := w.access.Read(t.Context(), w.alice, w.private)
		if err != nil || l.ItemCount != 1 || l.ChunkCount != 5 || l.Revision <= before.Revision {
			t.Errorf("library says %d items, %d chunks, revision %d → %d, %v", l.ItemCount, l.ChunkCount, before.Revision, l.Revision, err)
		}
		items, err := w.svc.Items(t.Context(), w.alice, library.ItemFilter{LibraryUID: w.private}, library.Position{}, 10)
		if err != nil || len(items) != 1 || items[0].UID != stays {
			t.Errorf("items: %v, %v", items, err)
		}
		if err := w.svc.DeleteItem(t.Context(), w.alice, gone); !errs.Is(err, errs.NotFound) {
			t.Errorf("again: %v", err)
		}
		if _, _, _, err := w.access.Item(t.Context(), w.alice, gone); !errs.Is(err, errs.NotFound) {
			t.Errorf("the item: %v", err)
		}
		w.addItem(w.private, w.alice, "a.txt", 1) // the name is free again
	})
}

func TestChangesOfDifferentThingsAtOnceAreAllKept(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db, library.AccessOptions{})
		uid := w.addItem(w.private, w.alice, "a.txt", 1)
		for n := range 40 {
			text := strconv.Itoa(n)
			var group errgroup.Group
			group.Go(func() error {
				_, err := w.svc.UpdateItem(t.Context(), w.alice, uid, library.ItemPatch{Title: &text})
				return err
			})
			group.Go(func() error {
				_, err := w.svc.UpdateItem(t.Context(), w.alice, uid, library.ItemPatch{Metadata: map[string]any{"n": text}})
				return err
			})
			group.Go(func() error {
				_, err := w.svc.Update(t.Context(), w.alice, w.private, library.Patch{Name: &text})
				return err
			})
			group.Go(func() error {
				_, err := w.svc.Update(t.Context(), w.alice, w.private, library.Patch{Description: &text})
				return err
			})
			if err := group.Wait(); err != nil {
				t.Fatal(err)
			}
			item, l, _, err := w.access.Item(t.Context(), w.alice, uid)
			if err != nil || item.Title != text || item.Metadata["n"] != text || l.Name != text || l.Description != text {
				t.Fatalf("round %d: item %q %v, library %q %q, %v", n, item.Title, item.Metadata, l.Name, l.Description, err)
			}
		}
	})
}

func TestUpdateItemTellsTheIndex(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db, library.AccessOptions{})
		uid := w.addItem(w.private, w.alice, "a.txt", 2)
		name := new("Letters")
		patch := library.ItemPatch{
			Title: new(" A title "), Collection: &name,
			Metadata: map[string]any{"n": json.Number("12345678901234567890"), "s": "é"},
		}
		item, err := w.svc.UpdateItem(t.Context(), w.alice, uid, patch)
		if err != nil {
			t.Fatal(err)
		}
		stored, _, _, err := w.access.Item(t.Context(), w.alice, uid)
		if err != nil || stored.Title != "A title" || stored.Collection == nil || *stored.Collection != "Letters" ||
			stored.Metadata["n"] != json.Number("12345678901234567890") || !stored.UpdatedAt.Equal(item.UpdatedAt) {
			t.Errorf("stored %+v, %v", stored, err)
		}
		if len(w.index.told) != 1 || w.index.told[0].Title != "A title" || w.index.told[0].CollectionUID != *stored.CollectionUID {
			t.Errorf("the index was told %+v", w.index.told)
		}

		w.index.fail = errors.New("down")
		if _, err := w.svc.UpdateItem(t.Context(), w.alice, uid, patch); !errs.Is(err, errs.Unavailable) {
			t.Errorf("with the index down: %v", err)
		}
		w.index.fail = nil
		var none *string
		if _, err := w.svc.UpdateItem(t.Context(), w.alice, uid, library.ItemPatch{Collection: &none}); err != nil {
			t.Fatal(err)
		}
		if stored, _, _, _ := w.access.Item(t.Context(), w.alice, uid); stored.Collection != nil || stored.Title != "A title" {
			t.Errorf("taken out of its collection: %+v", stored)
		}
	})
}

func TestTwoItemsOfACollectionCannotShareAFilename(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db, library.AccessOptions{})
		name := new("Letters")
		first := w.addItem(w.private, w.alice, "a.txt", 0)
		if _, err := w.svc.UpdateItem(t.Context(), w.alice, first, library.ItemPatch{Collection: &name}); err != nil {
			t.Fatal(err)
		}
		second := w.addItem(w.private, w.alice, "a.txt", 0)
		if _, err := w.svc.UpdateItem(t.Context(), w.alice, second, library.ItemPatch{Collection: &name}); !errs.Is(err, errs.Conflict) {
			t.Errorf("the second one: %v", err)
		}
	})
}

func TestItemsAreFilteredAndPaged(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db, library.AccessOptions{})
		var want []string
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			want = append([]string{w.addItem(w.private, w.alice, name, 0)}, want...)
		}
		w.addItem(w.bobs, w.bob, "bob's", 0)
		var got []string
		var after library.Position
		for range 4 {
			page, err := w.svc.Items(t.Context(), w.alice, library.ItemFilter{LibraryUID: w.private, Status: library.ItemReady}, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range page {
				got, after = append(got, i.UID), library.Position{CreatedAt: i.CreatedAt, UID: i.UID}
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("paged %v, want %v", got, want)
		}
		all, err := w.svc.Items(t.Context(), w.alice, library.ItemFilter{}, library.Position{}, 100)
		if err != nil || len(all) != len(want) {
			t.Errorf("without a library: %d items, %v; want %d", len(all), err, len(want))
		}
		if _, err := w.svc.Items(t.Context(), w.alice, library.ItemFilter{LibraryUID: w.bobs}, library.Position{}, 2); !errs.Is(err, errs.NotFound) {
			t.Errorf("another's library: %v", err)
		}
		none, err := w.svc.Items(t.Context(), w.alice, library.ItemFilter{Collection: new("none")}, library.Position{}, 2)
		if err != nil || len(none) != 0 {
			t.Errorf("a collection that is not there: %v, %v", none, err)
		}
	})
}

func TestMembersKeepTheRulesOfOwners(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db, library.AccessOptions{})
		put := func(uid, name string, role library.Role) error {
			_, err := w.svc.PutMember(t.Context(), w.alice, uid, name, role)
			return err
		}
		for _, row := range []struct {
			name string
			role library.Role
			want errs.Kind
		}{{"nobody", library.RoleReader, errs.NotFound}, {"bob", "boss", errs.Invalid}, {"alice", library.RoleReader, errs.Conflict}} {
			if err := put(w.private, row.name, row.role); errs.KindOf(err) != row.want {
				t.Errorf("%s as %s: %v", row.name, row.role, err)
			}
		}
		if err := errors.Join(put(w.private, "bob", library.RoleReader), put(w.private, "bob", library.RoleManager)); err != nil {
			t.Fatal(err)
		}
		members, err := w.svc.Members(t.Context(), w.bob, w.private)
		want := []library.Member{{Username: "bob", Role: library.RoleManager}, {Username: "alice", Role: library.RoleOwner}}
		if err != nil || !slices.Equal(members, want) {
			t.Errorf("members %v, %v; want %v", members, err, want)
		}
		for range 2 {
			if err := w.svc.DropMember(t.Context(), w.alice, w.private, "bob"); err != nil {
				t.Errorf("drop: %v", err)
			}
		}
		if err := w.svc.DropMember(t.Context(), w.alice, w.private, "nobody"); err != nil {
			t.Errorf("drop nobody: %v", err)
		}
		if got := w.verdict(w.bob, w.private); got != nothing {
			t.Errorf("bob afterwards: %s", got)
		}

		w.member(w.global, w.alice, library.RoleManager)
		w.member(w.global, w.bob, library.RoleOwner)
		for _, err := range []error{
			put(w.global, "carol", library.RoleOwner), put(w.global, "bob", library.RoleReader), w.svc.DropMember(t.Context(), w.alice, w.global, "bob"),
		} {
			if !errs.Is(err, errs.Forbidden) {
				t.Errorf("a manager over owners: %v", err)
			}
		}
		if err := put(w.global, "carol", library.RoleManager); err != nil {
			t.Errorf("a manager makes a manager: %v", err)
		}
	})
}

func TestWhatIsWrongIsNamedByField(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t), library.AccessOptions{})
	uid := w.addItem(w.private, w.alice, "a", 0)
	for field, run := range map[string]func() error{
		"name": func() error { _, err := w.svc.Create(t.Context(), w.alice, library.NewLibrary{Name: "  "}); return err },
		"library_type": func() error {
			_, err := w.svc.Create(t.Context(), w.alice, library.NewLibrary{Name: "x", Type: "nope"})
			return err
		},
		"description": func() error {
			_, err := w.svc.Create(t.Context(), w.alice, library.NewLibrary{Name: "x", Description: strings.Repeat("é", 10_001)})
			return err
		},
		"title": func() error {
			_, err := w.svc.UpdateItem(t.Context(), w.alice, uid, library.ItemPatch{Title: new("a\nb")})
			return err
		},
		"metadata": func() error {
			_, err := w.svc.UpdateItem(t.Context(), w.alice, uid, library.ItemPatch{Metadata: map[string]any{"k": strings.Repeat("x", library.MaxMetadata)}})
			return err
		},
	} {
		if e := errs.As(run()); e == nil || e.Kind != errs.Invalid || len(e.Fields[field]) != 1 {
			t.Errorf("%s: %v", field, e)
		}
	}
}
