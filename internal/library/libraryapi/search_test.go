package libraryapi_test

import (
	"reflect"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

func TestASearchIsPassedOnAndAnsweredWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	a := w.must(200, "alice", "POST", "/library/api/search/", map[string]any{
		"query": "q", "libraries": []string{"One"}, "workspace_id": "ws", "limit": 7, "item_uid": "i", "collection": "c", "library_type": "art",
		"file": "f", "content_type": "pdf", "language": "de", "source": "s", "metadata": map[string]string{"k": "v"}, "since": "2026-01-31", "before": "2026-02-01T00:00:00Z",
		"max_chars": 9,
	})
	want := search.Request{
		Query: "q", Libraries: []string{"One"}, WorkspaceID: "ws", Limit: 7, ItemUID: "i", Collection: "c", LibraryType: "art", Surface: "rest",
		Filters: search.Filters{
			File: "f", ContentType: "pdf", Language: "de", Source: "s", Metadata: map[string]string{"k": "v"},
			Since: time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC), Before: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC),
		},
		MaxChars: 9,
	}
	if got := w.search.asked[0]; !reflect.DeepEqual(got, want) {
		t.Errorf("asked %+v, want %+v", got, want)
	}
	const body = `{"hits":[{"chunk_uid":"c","item_uid":"","library_uid":"","library_name":"","title":"","source":"","heading_path":[],` +
		`"page":null,"start":0,"end":0,"text":"words","score":0.5,"regions":[],` +
		`"score_kind":"fusion","chunk_uids":["c"],"duplicates":[]}],` +
		`"status":{"vector":"skipped","fulltext":"ok","graph":"skipped","rerank":"skipped"},"degraded":false,"took_ms":0,"omitted":0}`
	if a.Body != body {
		t.Errorf("answered %s", a.Body)
	}
	for _, wrong := range []map[string]any{
		{},
		{"query": nil},
		{"query": "q", "limit": 0},
		{"query": "q", "max_chars": 0},
		{"query": "q", "file": " "},
		{"query": "q", "since": "yesterday"},
		{"query": "q", "before": ""},
		{"query": "q", "metadata": map[string]string{}},
		{"query": "q", "metadata": map[string]any{"k": 1}},
		{"query": "q", "metadata": "k=v"},
		{"query": "q", "filters": map[string]string{"file": "f"}},
		{"query": "q", "limit": -1},
		{"query": "q", "limit": "5"},
		{"query": "q", "librarys": []string{}},
		{"query": "q", "libraries": "One"},
		{"query": "q", "libraries": nil},
		{"query": "q", "libraries": []string{}},
	} {
		w.must(400, "alice", "POST", "/library/api/search/", wrong)
	}
	if n := len(w.search.asked); n != 1 {
		t.Errorf("%d searches were made", n)
	}
}
