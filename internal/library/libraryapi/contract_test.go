package libraryapi_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

const (
	ingestAt = "/library/api/ingest/"
	jobsAt   = "/library/api/jobs/"
	itemsAt  = "/library/api/items/"
)

func TestADocumentIsTakenInByItsKey(t *testing.T) { // §7.6
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWhole(t, db)
		w.space("alice", "ws")
		w.hand("users/alice/a b/é.txt", "first words")
		w.hand("users/bob/b.txt", "bob's words")
		job, _ := w.send(202, "alice", map[string]any{"workspace_id": "ws", "s3_key": "users/alice/a b/é.txt", "file_id": "f1"})
		if job.Status != "queued" || job.FileID != "f1" || job.WorkspaceID != "ws" {
			t.Errorf("accepted as %+v", job)
		}
		w.work()
		if j := w.ended("alice", job.ID); j.Status != "done" {
			t.Fatalf("ended as %+v %+v", j, j.Error)
		}
		a := w.must(200, "alice", "GET", spaces+"ws/items/?file_id=f1", nil)
		if !strings.Contains(a.Body, `"filename":"é.txt"`) || !strings.Contains(a.Body, digest("first words")) {
			t.Errorf("the item is %s", a.Body)
		}
		if a := w.must(200, "alice", "GET", itemsAt+job.ItemUID+"/content/", nil); a.Body != "first words" {
			t.Errorf("its content is %q", a.Body)
		}

		again := map[string]any{"workspace_id": "ws", "s3_key": "users/alice/a b/é.txt", "file_id": "f1", "s3_bucket": "daedalus"}
		same, _ := w.send(202, "alice", again)
		if j := w.ended("alice", same.ID); j.Status != "done" || j.Counts.Chunks != 0 || j.ItemUID != job.ItemUID {
			t.Errorf("the same content ended as %+v", j)
		}
		again["content_hash"] = digest("first words")
		if _, a := w.send(200, "alice", again); a.field(t, "status") != "unchanged" || a.field(t, "item_uid") != job.ItemUID || a.field(t, "workspace_id") != "ws" {
			t.Errorf("content whose hash is known: %s", a.Body)
		}
		again["content_hash"] = digest("other words")
		wrong, _ := w.send(202, "alice", again)
		if j := w.ended("alice", wrong.ID); j.Error == nil || j.Error.Code != ingest.CodeHashMismatch {
			t.Errorf("another hash ended as %+v %+v", j, j.Error)
		}
		w.hand("users/alice/a b/é.txt", "other words")
		w.must(202, "alice", "POST", jobsAt+wrong.ID+"/retry/", nil)
		if j := w.ended("alice", wrong.ID); j.Status != "done" {
			t.Errorf("retried once it is there: %+v %+v", j, j.Error)
		}
		gone, _ := w.send(202, "alice", map[string]any{"workspace_id": "ws", "s3_key": "users/alice/gone"})
		if j := w.ended("alice", gone.ID); j.Error == nil || j.Error.Code != ingest.CodeSourceMissing || j.Attempts != 1 {
			t.Errorf("a missing object ended as %+v %+v", j, j.Error)
		}
		before := w.must(200, "alice", "GET", jobsAt, nil).Body
		for _, key := range []string{"users/bob/b.txt", "users/alice/../bob/b.txt", "users/alice/", "users/alicex/b.txt", "/users/alice/a", "b.txt", "users/alice/x\x00"} {
			if a := w.must(400, "alice", "POST", ingestAt, map[string]any{"workspace_id": "ws", "s3_key": key}); a.field(t, "s3_key") == nil {
				t.Errorf("%q: %s", key, a.Body)
			}
		}
		if a := w.must(400, "alice", "POST", ingestAt, map[string]any{"workspace_id": "ws", "s3_key": "users/alice/x", "s3_bucket": "mnemosyne-content"}); a.field(t, "s3_bucket") == nil {
			t.Errorf("another bucket: %s", a.Body)
		}
		if after := w.must(200, "alice", "GET", jobsAt, nil).Body; after != before {
			t.Error("a refused key left a job")
		}
	})
}

func TestIngestAndJobsAreTheOwnersAlone(t *testing.T) { // §7.6, §14.3
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWhole(t, db)
		lib := w.space("alice", "hers")
		w.hand("users/bob/b.txt", "bob's words")
		job, _ := w.send(202, "alice", map[string]any{"workspace_id": "hers", "text": "corrupt", "file_id": "f"})
		none := uuid.NewString()
		for _, who := range []string{"bob", "root"} {
			for _, what := range []map[string]any{{"text": "x"}, {"s3_key": "users/bob/b.txt"}, {"s3_key": "users/alice/a.txt"}, {"text": "x", "file_id": "f"}} {
				for field, ids := range map[string][2]string{"workspace_id": {"hers", "none"}, "library_uid": {lib, none}} {
					var answers [2]answer
					for i, id := range ids {
						body := map[string]any{field: id}
						maps.Copy(body, what)
						answers[i] = w.must(404, who, "POST", ingestAt, body)
					}
					want := map[string]string{"workspace_id": `{"detail":"Workspace is not registered."}`, "library_uid": `{"detail":"Library is not registered."}`}[field]
					if answers[0].Body != want || answers[1].Body != want {
						t.Errorf("%s into %s: %s, into none: %s", who, field, answers[0].Body, answers[1].Body)
					}
				}
			}
			for _, act := range []struct{ method, below string }{{"GET", ""}, {"GET", "events/"}, {"POST", "retry/"}, {"POST", "cancel/"}} {
				foreign := w.must(404, who, act.method, jobsAt+job.ID+"/"+act.below, nil)
				missing := w.must(404, who, act.method, jobsAt+none+"/"+act.below, nil)
				if foreign.Body != missing.Body || strings.Join(shape(foreign.Header), "\n") != strings.Join(shape(missing.Header), "\n") {
					t.Errorf("%s %s: %s, of a missing one %s", who, act.below, foreign.Body, missing.Body)
				}
			}
			for _, filter := range []string{"", "?library_uid=" + lib, "?workspace_id=hers", "?library_uid=" + none, "?workspace_id=none", "?library_uid=" + lib + "&workspace_id=hers"} {
				if a := w.must(200, who, "GET", jobsAt+filter, nil); a.Body != "[]" || a.Header.Get("Link") != "" {
					t.Errorf("%s lists %s with %q", who, a.Body, filter)
				}
			}
		}
		for _, filter := range []string{"", "?library_uid=" + lib, "?workspace_id=hers", "?library_uid=" + lib + "&workspace_id=hers&status=queued"} {
			if a := w.must(200, "alice", "GET", jobsAt+filter, nil); listLen(t, a) != 1 {
				t.Errorf("the owner lists %s with %q", a.Body, filter)
			}
		}
		if a := w.must(200, "alice", "GET", jobsAt+"?status=done", nil); a.Body != "[]" {
			t.Errorf("done are %s", a.Body)
		}
		w.must(400, "alice", "GET", jobsAt+"?status=nope", nil)
		w.must(400, "alice", "GET", jobsAt+"?limit=1001", nil)
		w.must(409, "alice", "POST", jobsAt+job.ID+"/retry/", nil)
		if a := w.must(202, "alice", "POST", jobsAt+job.ID+"/cancel/", nil); a.field(t, "status") != "cancelled" {
			t.Errorf("cancelled as %s", a.Body)
		}
		w.must(202, "alice", "POST", jobsAt+job.ID+"/retry/", nil)
		w.work()
		if j := w.ended("alice", job.ID); j.Status != "failed" || j.Error.Code != "corrupt" {
			t.Errorf("ended as %+v", j)
		}
	})
}

func TestJobsOfAGlobalLibraryAreShared(t *testing.T) { // §7.6: null owner_username
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWhole(t, db)
		lib, _ := w.must(201, "root", "POST", "/library/api/libraries/", map[string]any{"name": "All", "global": true}).field(t, "uid").(string)
		job, _ := w.send(202, "alice", map[string]any{"library_uid": lib, "text": "words", "filename": "a.txt"})
		if job.WorkspaceID != "" {
			t.Errorf("a job of no workspace: %+v", job)
		}
		w.must(200, "bob", "GET", jobsAt+job.ID+"/", nil)
		if a := w.must(200, "bob", "GET", jobsAt+"?library_uid="+lib, nil); listLen(t, a) != 1 {
			t.Errorf("bob lists %s", a.Body)
		}
		w.must(404, "bob", "POST", jobsAt+job.ID+"/cancel/", nil) // another's document is not his to change
		w.must(202, "alice", "POST", jobsAt+job.ID+"/cancel/", nil)
		w.must(202, "root", "POST", jobsAt+job.ID+"/retry/", nil)
		mine, _ := w.send(202, "bob", map[string]any{"library_uid": lib, "text": "bob's", "filename": "b.txt"})
		w.must(202, "bob", "POST", jobsAt+mine.ID+"/cancel/", nil)
	})
}

func TestADeletedWorkspaceIsGoneFromEveryStore(t *testing.T) { // §4.1, §6.5
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWhole(t, db)
		w.work()
		old := w.space("alice", "ws")
		take := func(fileID, text string) string {
			t.Helper()
			job, _ := w.send(202, "alice", map[string]any{"workspace_id": "ws", "text": text, "file_id": fileID})
			if j := w.ended("alice", job.ID); j.Status != "done" {
				t.Fatalf("ended as %+v %+v", j, j.Error)
			}
			return job.ID
		}
		job := take("f1", "some words")
		take("f2", "more words")
		var items []string
		for _, o := range w.itemsOf("ws") {
			items = append(items, o.UID)
		}
		w.must(204, "alice", "DELETE", spaces+"ws/", nil)
		next := w.space("alice", "ws") // at once
		paths := []string{jobsAt + job + "/", jobsAt + job + "/events/", itemsAt + "?library_uid=" + old}
		for _, item := range items {
			paths = append(paths, itemsAt+item+"/", itemsAt+item+"/content/", itemsAt+item+"/text/", itemsAt+item+"/chunks/", itemsAt+item+"/pages/1.png")
		}
		for _, path := range paths {
			w.must(404, "alice", "GET", path, nil)
		}
		for _, path := range []string{itemsAt, jobsAt, jobsAt + "?library_uid=" + old, jobsAt + "?workspace_id=ws", spaces + "ws/items/"} {
			if a := w.must(200, "alice", "GET", path, nil); a.Body != "[]" {
				t.Errorf("%s: %s", path, a.Body)
			}
		}
		w.must(404, "alice", "POST", ingestAt, map[string]any{"library_uid": old, "text": "late"})
		take("f1", "words of the new one") // while the old one waits to be purged
		must(t, ingest.NewReconciler(w.ingest, ingest.ReconcilerOptions{}).Run(t.Context()))
		left, err := w.ingest.Residue(t.Context(), 0)
		must(t, err)
		for _, r := range left {
			if r.Count != 0 {
				t.Errorf("left: %+v", r)
			}
		}
		stats, err := w.graph.Stats(t.Context(), old)
		must(t, err)
		if stats.Items != 0 || stats.Chunks != 0 || stats.Vectors != 0 {
			t.Errorf("the index holds %+v of the old one", stats)
		}
		for object, err := range w.objects.List(t.Context(), "") {
			must(t, err)
			if !strings.HasPrefix(object.Key, next) {
				t.Errorf("the object %s is left", object.Key)
			}
		}
		for _, table := range []string{"library WHERE uid", "item WHERE library_uid", "ingest_job WHERE library_uid", "collection WHERE library_uid"} {
			n, err := sqldb.One(t.Context(), db.Read(), func(row sqldb.Row) (n int, err error) { return n, row.Scan(&n) }, `SELECT COUNT(*) FROM `+table+` = $1`, old)
			if err != nil || n != 0 {
				t.Errorf("%d rows of %s are left, %v", n, table, err)
			}
		}
		if now := w.itemsOf("ws"); len(now) != 1 || now[0].FileID != "f1" || now[0].Status != "ready" {
			t.Errorf("the new one holds %+v", now)
		}
	})
}

func TestIngestTakesNoWrongBody(t *testing.T) { // §7.6
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWhole(t, db)
		w.space("alice", "ws")
		for _, row := range []struct {
			body, field string
			status      int
		}{
			{`not json`, "detail", 400},
			{`{"workspace_id":"ws"}`, "file", 400},
			{`{"text":"x"}`, "library_uid", 400},
			{`{"workspace_id":"ws","library_uid":"x","text":"x"}`, "library_uid", 400},
			{`{"workspace_id":"ws","text":"x","s3_key":"users/alice/a"}`, "file", 400},
			{`{"workspace_id":"ws","text":"x","nope":1}`, "nope", 400},
			{`{"workspace_id":"ws","text":"x","text":"y"}`, "text", 400},
			{`{"workspace_id":"ws","text":7}`, "text", 400},
			{`{"workspace_id":"ws","text":null}`, "text", 400},
			{`{"workspace_id":"ws","text":" "}`, "text", 400},
			{`{"workspace_id":"ws","text":"a\u0000"}`, "text", 400},
			{`{"workspace_id":"ws","text":"a\ud800"}`, "text", 400},
			{`{"workspace_id":"ws\u0000","text":"a"}`, "workspace_id", 400},
			{`{"workspace_id":"ws","text":"a","file_id":"a\u0007"}`, "file_id", 400},
			{`{"workspace_id":"ws","text":"a","file_id":".."}`, "file_id", 400},
			{`{"workspace_id":"ws","text":"a","file_id":"` + strings.Repeat("f", 201) + `"}`, "file_id", 400},
			{`{"workspace_id":"ws","text":"a","filename":"` + strings.Repeat("f", 1025) + `"}`, "filename", 400},
			{`{"workspace_id":"ws","text":"a","title":"` + strings.Repeat("t", 501) + `"}`, "title", 400},
			{`{"workspace_id":"ws","text":"a","content_hash":"md5:1"}`, "content_hash", 400},
			{`{"workspace_id":"ws","text":"a","metadata":[]}`, "metadata", 400},
			{`{"workspace_id":"ws","text":"a","metadata":null}`, "metadata", 400},
			{`{"workspace_id":"ws","text":"a","metadata":{"k":1,"k":2}}`, "metadata", 400},
			{`{"workspace_id":"ws","text":"a","metadata":{"k":"\udc00"}}`, "metadata", 400},
			{`{"workspace_id":"ws","text":"a","metadata":{"k":"` + strings.Repeat("v", 65<<10) + `"}}`, "metadata", 400},
			{`{"workspace_id":"ws","text":"a","metadata":` + strings.Repeat(`{"a":`, 1000) + `1` + strings.Repeat(`}`, 1000) + `}`, "metadata", 400},
			{`{"workspace_id":"ws","text":"` + strings.Repeat("x", 10<<20) + `"}`, "detail", 413},
			{`{"workspace_id":"ws","s3_key":"users/alice/` + strings.Repeat("x", 1024) + `"}`, "s3_key", 400},
			{`{"workspace_id":"ws","s3_key":7}`, "s3_key", 400},
		} {
			a := w.request("alice", "POST", ingestAt, "application/json", strings.NewReader(row.body))
			if a.Status != row.status || a.field(t, row.field) == nil {
				t.Errorf("%.80s: %d %.200s, want %d and %s", row.body, a.Status, a.Body, row.status, row.field)
			}
		}
		for _, path := range []string{spaces + "ws/items/", jobsAt} {
			if a := w.must(200, "alice", "GET", path, nil); a.Body != "[]" {
				t.Errorf("%s: %s", path, a.Body)
			}
		}
		for object, err := range w.objects.List(t.Context(), "") {
			t.Errorf("the object %s is left, %v", object.Key, err)
		}
	})
}

func TestAFormIsTakenIntoTheCallersWorkspaceOnly(t *testing.T) { // §7.6
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWhole(t, db)
		w.space("alice", "ws")
		form := func(workspace string) string {
			return "--b\r\nContent-Disposition: form-data; name=\"workspace_id\"\r\n\r\n" + workspace +
				"\r\n--b\r\nContent-Disposition: form-data; name=\"file_id\"\r\n\r\nf1\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nwords\r\n--b--\r\n"
		}
		send := func(who, workspace string) answer {
			return w.request(who, "POST", ingestAt, "multipart/form-data; boundary=b", strings.NewReader(form(workspace)))
		}
		foreign, missing := send("bob", "ws"), send("bob", "none")
		if foreign.Status != 404 || foreign.Body != missing.Body || missing.Body != `{"detail":"Workspace is not registered."}` {
			t.Errorf("into another's: %d %s, into none: %s", foreign.Status, foreign.Body, missing.Body)
		}
		a := send("alice", "ws")
		if a.Status != 202 || a.field(t, "file_id") != "f1" {
			t.Fatalf("into one's own: %d %s", a.Status, a.Body)
		}
		w.must(204, "alice", "DELETE", spaces+"ws/files/f1/", nil)
		if now := w.itemsOf("ws"); len(now) != 0 {
			t.Errorf("left: %+v", now)
		}
	})
}
