package libraryapi_test

import (
	"testing"

	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

func TestRelatedIsPassedOnAndAnsweredWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	const path = "/library/api/related/"
	a := w.must(200, "alice", "GET", path+"?concept=neap+tide&limit=7", nil)
	w.must(200, "alice", "GET", path+"?chunk_uid=c1", nil)
	if got := w.search.related; len(got) != 2 || got[0].Concept != "neap tide" || got[0].Limit != 7 || got[1].ChunkUID != "c1" || got[1].Limit != 0 {
		t.Errorf("asked %+v", got)
	}
	const body = `{"hits":[{"chunk_uid":"c","item_uid":"","library_uid":"","library_name":"","title":"","source":"","heading_path":[],` +
		`"page":null,"start":0,"end":0,"text":"words","score":0.5,"regions":[],"score_kind":"fusion","chunk_uids":["c"],"duplicates":[]}],"concepts":[{"name":"Tide","chunks":3}]}`
	if a.Body != body {
		t.Errorf("answered %s", a.Body)
	}
	for _, wrong := range []string{"", "?concept=", "?concept=a&chunk_uid=b", "?concept=a&limit=0", "?concept=a&limit=101", "?concept=a&depth=2"} {
		w.must(400, "alice", "GET", path+wrong, nil)
	}
	w.must(401, "", "GET", path+"?concept=a", nil)
	if n := len(w.search.related); n != 2 {
		t.Errorf("%d were asked", n)
	}
}
