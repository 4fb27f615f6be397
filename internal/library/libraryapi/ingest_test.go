package libraryapi_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

// form writes name, value pairs in order; a value of the name "file" is a
// file's content.
func form(t *testing.T, pairs ...string) (contentType string, body *bytes.Buffer) {
	t.Helper()
	body = &bytes.Buffer{}
	m := multipart.NewWriter(body)
	for i := 0; i < len(pairs); i += 2 {
		create := m.CreateFormField
		if pairs[i] == "file" {
			create = func(name string) (io.Writer, error) { return m.CreateFormFile(name, "own.txt") }
		}
		part, err := create(pairs[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte(pairs[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return m.FormDataContentType(), body
}

func TestADocumentComesAsJSONOrAsAFormInAnyOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	lib := w.library("alice", "One")
	w.must(202, "alice", "POST", "/library/api/ingest/", map[string]any{
		"library_uid": lib, "text": "words", "file_id": "f", "title": "T", "metadata": map[string]any{"a": 1},
	})
	if sub := w.ingest.submitted[0]; sub.LibraryUID != lib || *sub.Text != "words" || sub.FileID != "f" || sub.Title != "T" || len(sub.Metadata) != 1 {
		t.Errorf("from JSON: %+v", sub)
	}
	for _, pairs := range [][]string{
		{"library_uid", lib, "title", "T", "metadata", `{"a":1}`, "file", "bytes"},
		{"file", "bytes", "metadata", `{"a":1}`, "library_uid", lib, "title", "T"},
	} {
		contentType, body := form(t, pairs...)
		if a := w.request("alice", "POST", "/library/api/ingest/", contentType, body); a.Status != 202 || a.field(t, "id") != jobID {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
		n := len(w.ingest.submitted) - 1
		sub := w.ingest.submitted[n]
		if sub.LibraryUID != lib || sub.Title != "T" || sub.Filename != "own.txt" || len(sub.Metadata) != 1 || w.ingest.bodies[n-1] != "bytes" {
			t.Errorf("from a form: %+v, %q", sub, w.ingest.bodies)
		}
	}
	contentType, body := form(t, "file", "x", "filename", "a/b.txt", "library_uid", lib)
	w.request("alice", "POST", "/library/api/ingest/", contentType, body)
	if sub := w.ingest.submitted[3]; sub.Filename != "a/b.txt" {
		t.Errorf("the filename given is %q", sub.Filename)
	}

	w.ingest.unchanged = w.item(lib, "alice", "a.html", "o", "t")
	a := w.must(200, "alice", "POST", "/library/api/ingest/", map[string]any{"library_uid": lib, "text": "same"})
	if a.field(t, "status") != "unchanged" || a.field(t, "item_uid") != w.ingest.unchanged {
		t.Errorf("unchanged: %s", a.Body)
	}
}

func TestWrongFormsAreNamedAndSubmitNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	lib, foreign := w.library("alice", "One"), w.library("bob", "Two")
	for _, row := range []struct {
		name   string
		pairs  []string
		status int
		says   string
	}{
		{"no file", []string{"library_uid", lib}, 400, `"file"`},
		{"two files", []string{"library_uid", lib, "file", "a", "file", "b"}, 400, `"file"`},
		{"a field twice", []string{"title", "a", "title", "b", "file", "a"}, 400, `"title"`},
		{"an unknown field", []string{"titel", "a", "file", "a"}, 400, `"titel"`},
		{"metadata that is none", []string{"metadata", "[1]", "file", "a"}, 400, `"metadata"`},
		{"metadata with more behind", []string{"metadata", `{}, "x": 1`, "file", "a"}, 400, `"x"`},
		{"a null character", []string{"title", "a\x00", "file", "a"}, 400, `"title"`},
		{"not UTF-8", []string{"title", "\xff", "file", "a"}, 400, `"title"`},
		{"a field that is too large", []string{"title", strings.Repeat("a", 1<<20+1), "file", "a"}, 413, "1 MiB"},
		{"a file that is too large", []string{"library_uid", lib, "file", strings.Repeat("a", maxUpload+1)}, 413, "larger"},
		{"another's library", []string{"library_uid", foreign, "file", "a"}, 404, `{"detail":"Library is not registered."}`},
	} {
		contentType, body := form(t, row.pairs...)
		if a := w.request("alice", "POST", "/library/api/ingest/", contentType, body); a.Status != row.status || !strings.Contains(a.Body, row.says) {
			t.Errorf("%s: %d %s, want %d and %s", row.name, a.Status, a.Body, row.status, row.says)
		}
	}
	contentType, body := form(t, "library_uid", lib, "file", "whole")
	for name, row := range map[string]struct {
		contentType, body string
		status            int
	}{
		"cut short":      {contentType, body.String()[:body.Len()-30], 400},
		"no boundary":    {"multipart/form-data", body.String(), 400},
		"other boundary": {"multipart/form-data; boundary=x", body.String(), 400},
		"empty":          {contentType, "", 400},
		"another kind":   {"text/plain", "x", 415},
		"no kind":        {"", "x", 415},
	} {
		if a := w.request("alice", "POST", "/library/api/ingest/", row.contentType, strings.NewReader(row.body)); a.Status != row.status {
			t.Errorf("%s: %d %s, want %d", name, a.Status, a.Body, row.status)
		}
	}
	if n := len(w.ingest.submitted); n != 0 {
		t.Errorf("%d were submitted", n)
	}
}

func TestEventsAreTheJobEachTimeItChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	w.ingest.steps = []ingest.Job{{ID: jobID, Status: ingest.StatusRunning}, {ID: jobID, Status: ingest.StatusDone}}
	a := w.must(200, "alice", "GET", "/library/api/jobs/"+jobID+"/events/", nil)
	if strings.Count(a.Body, "event: job\ndata: {") != 2 || !strings.Contains(a.Body, `"status":"done"`) || !strings.HasSuffix(a.Body, "}\n\n") ||
		a.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("events: %q, %v", a.Body, a.Header)
	}
	w.must(404, "alice", "GET", "/library/api/jobs/nope/events/", nil)
}

func TestJobsAreFilteredAndActedOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	w.must(200, "alice", "GET", "/library/api/jobs/?library_uid=u&workspace_id=w&status=failed&limit=7", nil)
	want := ingest.Filter{LibraryUID: "u", WorkspaceID: "w", Status: ingest.StatusFailed, Limit: 7}
	if w.ingest.filters[0] != want {
		t.Errorf("asked for %+v, want %+v", w.ingest.filters[0], want)
	}
	w.must(400, "alice", "GET", "/library/api/jobs/?status=odd", nil)
	w.must(200, "alice", "GET", "/library/api/jobs/"+jobID+"/", nil)
	w.must(202, "alice", "POST", "/library/api/jobs/"+jobID+"/cancel/", nil)
	w.must(409, "alice", "POST", "/library/api/jobs/"+jobID+"/retry/", nil)
}
