package libraryapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

func TestADocumentIsTakenInByItsAddress(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWhole(t, db)
		w.space("alice", "ws")
		var words atomic.Value
		words.Store("the first words of a page")
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/guide/tides.txt" {
				http.NotFound(rw, r)
				return
			}
			fmt.Fprint(rw, words.Load())
		}))
		t.Cleanup(server.Close)
		at := server.URL + "/guide/tides.txt"

		job, _ := w.send(202, "alice", map[string]any{"workspace_id": "ws", "url": at + "#part"})
		w.work()
		if j := w.ended("alice", job.ID); j.Status != "done" {
			t.Fatalf("ended as %+v %+v", j, j.Error)
		}
		a := w.must(200, "alice", "GET", itemsAt+job.ItemUID+"/", nil)
		if a.field(t, "source") != at || a.field(t, "filename") != strings.TrimPrefix(at, "http://") {
			t.Errorf("the item is %s", a.Body)
		}
		words.Store("other words of the same page")
		again, _ := w.send(202, "alice", map[string]any{"workspace_id": "ws", "url": at})
		if j := w.ended("alice", again.ID); j.Status != "done" || j.ItemUID != job.ItemUID {
			t.Errorf("fetched again, it ended as %+v %+v", j, j.Error)
		}
		if a := w.must(200, "alice", "GET", itemsAt+job.ItemUID+"/content/", nil); a.Body != "other words of the same page" {
			t.Errorf("its content is %q", a.Body)
		}

		long := server.URL + "/guide/tides.txt?q=" + strings.Repeat("x", 1200)
		one, _ := w.send(202, "alice", map[string]any{"workspace_id": "ws", "url": long + "1"})
		two, _ := w.send(202, "alice", map[string]any{"workspace_id": "ws", "url": long + "2"})
		if one.ItemUID == two.ItemUID {
			t.Error("two long addresses that differ at their ends are one document")
		}

		gone, _ := w.send(202, "alice", map[string]any{"workspace_id": "ws", "url": server.URL + "/gone"})
		if j := w.ended("alice", gone.ID); j.Error == nil || j.Error.Code != ingest.CodeSourceMissing {
			t.Errorf("a missing page ended as %+v %+v", j, j.Error)
		}
		for _, wrong := range []string{"file:///etc/passwd", "http://169.254.169.254/latest/", "example.org", "http://" + strings.Repeat("x", 2000)} {
			if a := w.must(400, "alice", "POST", ingestAt, map[string]any{"workspace_id": "ws", "url": wrong}); a.field(t, "url") == nil {
				t.Errorf("%.60s is refused with %s", wrong, a.Body)
			}
		}
	})
}
