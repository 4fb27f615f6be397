package library_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

func TestSpacesInUseAreThoseThatSearchesNeed(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db, library.AccessOptions{})
		expect := func(want string) {
			t.Helper()
			named, unnamed, err := library.SpacesInUse(t.Context(), db)
			if got := fmt.Sprint(named, unnamed); err != nil || got != want {
				t.Errorf("in use are %s, %v; want %s", got, err, want)
			}
		}
		expect("[] []")
		put := func(libraryUID, status, space string) {
			uid := w.addItem(libraryUID, w.alice, libraryUID+status+space+uuid.NewString(), 1)
			w.exec(`INSERT INTO item_generation (item_uid, generation, status, original_key, content_hash, size_bytes, embedding_space, created_at)
				VALUES ($1, 1, $2, $1, 'sha256:x', 7, $3, '2026-05-01T00:00:00.000000Z')`, uid, status, space)
		}
		put(w.private, "published", "a/1")
		put(w.private, "published", "a/1")
		put(w.global, "published", "b/1")
		put(w.private, "retired", "old/1")
		put(w.bobs, "published", "a/1")
		expect("[] [a/1 b/1]")
		w.exec(`UPDATE library SET embedding_space = 'b/1', other_space = 'c/1' WHERE uid = $1`, w.global)
		expect("[b/1 c/1] [a/1]")
		w.exec(`UPDATE library SET deleted_at = '2026-05-01T00:00:00.000000Z' WHERE uid = $1 OR uid = $2`, w.private, w.bobs)
		expect("[b/1 c/1] []")
	})
}
