package library_test

import (
	"testing"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

func TestBrowsingTellsOwnSharedGlobalAndWorkspacesApart(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db, library.AccessOptions{})
		w.member(w.bobs, w.alice, library.RoleReader)
		for name, row := range map[string]struct {
			f    library.BrowseFilter
			want map[string]bool
		}{
			"all":         {library.BrowseFilter{}, map[string]bool{w.private: true, w.empty: true, w.bobs: true, w.global: true, w.workspace: true}},
			"own":         {library.BrowseFilter{Kind: library.KindOwn}, map[string]bool{w.private: true, w.empty: true}},
			"shared":      {library.BrowseFilter{Kind: library.KindShared}, map[string]bool{w.bobs: true}},
			"global":      {library.BrowseFilter{Kind: library.KindGlobal}, map[string]bool{w.global: true}},
			"workspace":   {library.BrowseFilter{Kind: library.KindWorkspace}, map[string]bool{w.workspace: true}},
			"none such":   {library.BrowseFilter{Kind: "'; --"}, nil},
			"by name":     {library.BrowseFilter{Text: "pAPer"}, map[string]bool{w.private: true, w.bobs: true}},
			"by type":     {library.BrowseFilter{Type: "business"}, map[string]bool{w.workspace: true}},
			"all of them": {library.BrowseFilter{Text: "paper", Kind: library.KindOwn, Type: library.DefaultType}, map[string]bool{w.private: true}},
		} {
			got, err := w.svc.Browse(t.Context(), w.alice, row.f, library.Position{}, 50)
			if err != nil || len(got) != len(row.want) {
				t.Errorf("%s: %d libraries, %v, want %d", name, len(got), err, len(row.want))
			}
			for _, g := range got {
				if !row.want[g.Library.UID] {
					t.Errorf("%s: %s is there", name, g.Library.Name)
				}
				if row.f.Kind != "" && library.KindFor(w.alice, g.Library) != row.f.Kind {
					t.Errorf("%s: %s is %s", name, g.Library.Name, library.KindFor(w.alice, g.Library))
				}
			}
		}
	})
}

func TestAMemberLeavesByThemselves(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db, library.AccessOptions{})
		w.member(w.bobs, w.alice, library.RoleReader)
		if role, err := w.svc.MembershipOf(t.Context(), w.alice, w.bobs); err != nil || role != library.RoleReader {
			t.Errorf("alice is %q, %v", role, err)
		}
		if err := w.svc.Leave(t.Context(), w.bob, w.bobs); !errs.Is(err, errs.Conflict) {
			t.Errorf("the owner leaves: %v", err)
		}
		if err := w.svc.Leave(t.Context(), w.carol, w.bobs); !errs.Is(err, errs.NotFound) {
			t.Errorf("a stranger leaves: %v", err)
		}
		if err := w.svc.Leave(t.Context(), w.alice, w.bobs); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.access.Read(t.Context(), w.alice, w.bobs); !errs.Is(err, errs.NotFound) {
			t.Errorf("alice still reads: %v", err)
		}
	})
}

func TestCollectionsAreCountedRenamedAndDroppedWhenEmpty(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db, library.AccessOptions{})
		for _, name := range []string{"Birds", "Fish"} {
			collection := new(name)
			uid := w.addItem(w.private, w.alice, name+".md", 1)
			if _, err := w.svc.UpdateItem(t.Context(), w.alice, uid, library.ItemPatch{Collection: &collection}); err != nil {
				t.Fatal(err)
			}
		}
		folders, err := w.svc.Folders(t.Context(), w.alice, w.private, "", 10)
		if err != nil || len(folders) != 2 || folders[0].Name != "Birds" || folders[0].Documents != 1 {
			t.Fatalf("the folders are %+v, %v", folders, err)
		}
		birds := folders[0].UID
		if next, err := w.svc.Folders(t.Context(), w.alice, w.private, "Birds", 10); err != nil || len(next) != 1 {
			t.Errorf("behind Birds come %+v, %v", next, err)
		}
		if err := w.svc.RenameCollection(t.Context(), w.alice, w.private, birds, "Fish"); !errs.Is(err, errs.Invalid) {
			t.Errorf("a name twice: %v", err)
		}
		if err := w.svc.RenameCollection(t.Context(), w.alice, w.private, birds, " Owls "); err != nil {
			t.Fatal(err)
		}
		if err := w.svc.DropCollection(t.Context(), w.alice, w.private, birds); !errs.Is(err, errs.Conflict) {
			t.Errorf("a full one is dropped: %v", err)
		}
		page, err := w.svc.Documents(t.Context(), w.alice, library.DocumentFilter{LibraryUID: w.private, Collection: &birds}, library.DocumentPosition{}, 5)
		if err != nil || len(page.Items) != 1 {
			t.Fatalf("the documents are %+v, %v", page.Items, err)
		}
		if err := w.svc.DeleteItem(t.Context(), w.alice, page.Items[0].UID); err != nil {
			t.Fatal(err)
		}
		if err := w.svc.DropCollection(t.Context(), w.bob, w.private, birds); !errs.Is(err, errs.NotFound) {
			t.Errorf("a stranger drops: %v", err)
		}
		if err := w.svc.DropCollection(t.Context(), w.alice, w.private, birds); err != nil {
			t.Fatal(err)
		}
		if err := w.svc.DropCollection(t.Context(), w.alice, w.private, birds); !errs.Is(err, errs.NotFound) {
			t.Errorf("dropped twice: %v", err)
		}
		w.member(w.private, w.bob, library.RoleReader)
		if err := w.svc.RenameCollection(t.Context(), w.bob, w.private, folders[1].UID, "X"); !errs.Is(err, errs.Forbidden) {
			t.Errorf("a reader renames: %v", err)
		}
	})
}

func TestTheVersionsOfADocumentComeNewestFirst(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db, library.AccessOptions{})
		uid := w.addItem(w.private, w.alice, "owls.md", 3)
		for n, status := range map[int]string{1: "retired", 2: "published", 3: "staged"} {
			w.exec(`INSERT INTO item_generation (item_uid, generation, status, original_key, text_key, content_hash, size_bytes, created_at)
				VALUES ($1, $2, $3, $4, CASE WHEN $3 = 'staged' THEN '' ELSE 'k' END, 'sha256:x', 7, $5)`, uid, n, status, uid+status, "2026-05-01T00:00:00.000000Z")
		}
		got, err := w.svc.Versions(t.Context(), library.Item{UID: uid}, 2)
		if err != nil || len(got) != 2 || got[0].Number != 3 || got[0].HasText || got[1].Status != library.VersionPublished || !got[1].HasText {
			t.Errorf("the versions are %+v, %v", got, err)
		}
	})
}
