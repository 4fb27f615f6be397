package pages_test

import (
	"bytes"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/blob/files"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/pages"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

// onePage is the stored form of a page with the word of ten code points at x.
func onePage(t *testing.T, x float64) io.Reader {
	t.Helper()
	var regions bytes.Buffer
	w := document.NewWriter(io.Discard, io.Discard, document.Limits{}, nil)
	w.KeepRegions(&regions)
	w.Raw("text")
	w.PageSize(100, 200)
	w.Place(1, document.Word{Start: 0, End: 10, Box: document.Box{x, 20, x + 30, 40}})
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &regions
}

func TestEachCitationHasThePlacesOfItsOwnVersion(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		objects, err := files.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		now, libraryUID, item, other := sqldb.At(time.Now()), uuid.NewString(), uuid.NewString(), uuid.NewString()
		exec := func(query string, args ...any) {
			t.Helper()
			if _, err := sqldb.Exec(t.Context(), db.Write(), query, args...); err != nil {
				t.Fatal(err)
			}
		}
		exec(`INSERT INTO library (uid, name, library_type, created_at, updated_at) VALUES ($1, 'L', 'business', $2, $2)`, libraryUID, now)
		for _, uid := range []string{item, other} {
			exec(`INSERT INTO item (uid, library_uid, title, filename, content_type, status, generation, chunk_count, created_at, updated_at)
				VALUES ($1, $2, 'T', $1, 'application/pdf', 'ready', 2, 1, $3, $3)`, uid, libraryUID, now)
		}
		generation := func(uid string, number int, prefix string, regions io.Reader) {
			t.Helper()
			if regions != nil {
				if _, err := objects.Put(t.Context(), prefix+"regions", regions); err != nil {
					t.Fatal(err)
				}
			}
			exec(`INSERT INTO item_generation (item_uid, generation, status, original_key, text_key, structure_key, content_hash, content_type, size_bytes, created_at)
				VALUES ($1, $2, 'published', $3, $4, $5, 'sha256:ab', 'application/pdf', 1, $6)`, uid, number, prefix+"original", prefix+"text", prefix+"structure", now)
		}
		generation(item, 1, "a/b/", onePage(t, 10))
		generation(item, 2, "a/c/", onePage(t, 60))
		generation(other, 1, "a/d/", nil) // read before places were kept
		generation(other, 2, "a/e/", strings.NewReader("damaged"))
		one, places := 1, pages.NewPlaces(db, objects, slog.New(slog.DiscardHandler))
		got := places.Of(
			t.Context(),
			pages.Spot{ItemUID: item, Generation: 2, Page: &one, Start: 0, End: 10},
			pages.Spot{ItemUID: other, Generation: 1, Page: &one, Start: 0, End: 10},
			pages.Spot{ItemUID: item, Generation: 1, Page: &one, Start: 5, End: 6},
			pages.Spot{ItemUID: other, Generation: 2, Page: &one, Start: 0, End: 10},
			pages.Spot{ItemUID: item, Generation: 1, Start: 0, End: 10},
			pages.Spot{ItemUID: uuid.NewString(), Generation: 1, Page: &one, Start: 0, End: 10},
			pages.Spot{ItemUID: item, Generation: 9, Page: &one, Start: 0, End: 10},
		)
		if len(got) != 7 || len(got[0]) != 1 || len(got[2]) != 1 || got[0][0].Boxes[0][0] != 60 || got[2][0].Boxes[0][0] != 10 {
			t.Fatalf("the places are %+v", got)
		}
		for _, i := range []int{1, 3, 4, 5, 6} {
			if len(got[i]) != 0 {
				t.Errorf("spot %d has %+v", i, got[i])
			}
		}
	})
}
