package library_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

// filled puts seven documents into alice's library, of which no order of
// names, sizes and times is another's.
func (w *world) filled() {
	w.t.Helper()
	now := time.Now().Add(-time.Hour)
	for i, title := range []string{"mole", "Ant", "bee", "ant", "Zebra", "50% off_", "owl"} {
		uid := w.addItem(w.private, w.alice, title, 1)
		w.exec(`UPDATE item SET size_bytes = $2, created_at = $3 WHERE uid = $1`, uid, (i*5)%7, sqldb.At(now.Add(time.Duration((i*3)%7)*time.Minute)))
	}
}

// walk pages through a list to its end and back, two documents at a time.
func (w *world) walk(f library.DocumentFilter) (forward, back []string) {
	w.t.Helper()
	page := func(at library.DocumentPosition) library.DocumentPage {
		got, err := w.svc.Documents(w.t.Context(), w.alice, f, at, 2)
		if err != nil {
			w.t.Fatal(err)
		}
		return got
	}
	at := library.DocumentPosition{}
	var last library.DocumentPage
	for {
		last = page(at)
		if last.Before != (at.UID != "") {
			w.t.Errorf("behind %+v the list says that it goes on before: %v", at, last.Before)
		}
		for _, i := range last.Items {
			forward = append(forward, i.Title)
		}
		if !last.After {
			break
		}
		at = library.PositionOf(last.Items[len(last.Items)-1], false)
	}
	for _, i := range slices.Backward(last.Items) {
		back = append(back, i.Title)
	}
	for last.Before {
		last = page(library.PositionOf(last.Items[0], true))
		for _, i := range slices.Backward(last.Items) {
			back = append(back, i.Title)
		}
	}
	slices.Reverse(back)
	return forward, back
}

func TestDocumentsArePagedInEachOrderForwardAndBack(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db, library.AccessOptions{})
		w.filled()
		for sort, want := range map[library.DocumentSort]string{
			library.ByNewest: "bee Zebra owl Ant ant 50% off_ mole",
			library.BySize:   "Zebra Ant 50% off_ bee owl ant mole",
			library.ByName:   "50% off_",
		} {
			forward, back := w.walk(library.DocumentFilter{LibraryUID: w.private, Sort: sort})
			if len(forward) != 7 || !slices.Equal(forward, back) || !strings.HasPrefix(strings.Join(forward, " "), want) {
				t.Errorf("by %s: %q, and back %q, want %q first", sort, forward, back, want)
			}
			if sort == library.ByName && !slices.IsSortedFunc(forward[1:], func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) }) {
				t.Errorf("by name: %q", forward)
			}
		}
	})
}

func TestDocumentsAreNarrowedByTextStatusAndCollection(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db, library.AccessOptions{})
		w.filled()
		birds := new("Birds")
		uid := w.addItem(w.private, w.alice, "heron", 1)
		if _, err := w.svc.UpdateItem(t.Context(), w.alice, uid, library.ItemPatch{Collection: &birds}); err != nil {
			t.Fatal(err)
		}
		w.exec(`UPDATE item SET status = 'failed' WHERE title = 'owl'`)
		folders, err := w.svc.Folders(t.Context(), w.alice, w.private, "", 1)
		if err != nil || len(folders) != 1 {
			t.Fatalf("the folders are %+v, %v", folders, err)
		}
		for name, row := range map[string]struct {
			f    library.DocumentFilter
			want int
		}{
			"whatever case":  {library.DocumentFilter{Text: "ANT"}, 2},
			"a percent sign": {library.DocumentFilter{Text: "%"}, 1},
			"an underscore":  {library.DocumentFilter{Text: "_"}, 1},
			"a backslash":    {library.DocumentFilter{Text: `\`}, 0},
			"failed":         {library.DocumentFilter{Status: library.ItemFailed}, 1},
			"a collection":   {library.DocumentFilter{Collection: &folders[0].UID}, 1},
			"no collection":  {library.DocumentFilter{Collection: new("")}, 7},
			"none such":      {library.DocumentFilter{Collection: new("Fish")}, 0},
		} {
			row.f.LibraryUID = w.private
			page, err := w.svc.Documents(t.Context(), w.alice, row.f, library.DocumentPosition{}, 50)
			if err != nil || len(page.Items) != row.want || page.After || page.Before {
				t.Errorf("%s: %d documents, %v, want %d", name, len(page.Items), err, row.want)
			}
		}
		if _, err := w.svc.Documents(t.Context(), w.bob, library.DocumentFilter{LibraryUID: w.private}, library.DocumentPosition{}, 5); !errs.Is(err, errs.NotFound) {
			t.Errorf("another's documents: %v", err)
		}
	})
}

func TestAPageOfDocumentsIsReadFromAnIndex(t *testing.T) {
	t.Parallel()
	db := sqldbtest.SQLite(t)
	for key, index := range map[string]string{"LOWER(i.title)": "item_library_title", "i.size_bytes": "item_library_size", "i.created_at": "item_library"} {
		plan, err := sqldb.All(t.Context(), db.Read(), func(r sqldb.Row) (detail string, err error) {
			var a, b, c any
			return detail, r.Scan(&a, &b, &c, &detail)
		}, fmt.Sprintf(`EXPLAIN QUERY PLAN SELECT i.uid FROM item i WHERE i.deleted_at IS NULL AND i.library_uid IN ('x') AND (%s, i.uid) < ('m', 'u')
ORDER BY %s DESC, i.uid DESC LIMIT 50`, key, key))
		if err != nil || !strings.Contains(strings.Join(plan, "; "), index) || strings.Contains(strings.Join(plan, "; "), "TEMP B-TREE") {
			t.Errorf("by %s: %q, %v", key, plan, err)
		}
	}
}
