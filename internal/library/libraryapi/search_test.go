package libraryapi_test

import (
	"reflect"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

func TestASearchIsPassedOnAndAnsweredWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	a := w.must(200, "alice", "POST", "/library/api/search/", map[string]any{
		"query": "q", "libraries": []string{"One"}, "workspace_id": "ws", "limit": 7, "item_uid": "i", "collection": "c", "library_type": "art",
	})
	want := search.Request{
		Query: "q", Libraries: []string{"One"}, WorkspaceID: "ws", Limit: 7, ItemUID: "i", Collection: "c", LibraryType: "art", Surface: "rest",
	}
	if got := w.search.asked[0]; !reflect.DeepEqual(got, want) {
		t.Errorf("asked %+v, want %+v", got, want)
	}
	const body = `{"hits":[{"chunk_uid":"c","item_uid":"","library_uid":"","library_name":"","title":"","source":"","heading_path":[],` +
		`"page":null,"start":0,"end":0,"text":"words","score":0.5,"regions":[]}],` +
		`"status":{"vector":"skipped","fulltext":"ok","graph":"skipped","rerank":"skipped"},"degraded":false,"took_ms":0}`
	if a.Body != body {
		t.Errorf("answered %s", a.Body)
	}
	for _, wrong := range []map[string]any{
		{},
		{"query": nil},
		{"query": "q", "limit": 0},
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
