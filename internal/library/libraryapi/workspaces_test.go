package libraryapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

// Sections are those of the Daedalus and Pallas integration, version 2.

const spaces = "/library/api/workspaces/"

func TestAWorkspaceIsMadeOnceAndFoundAgain(t *testing.T) { // §4.1 Library.owner_username, §6.3
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db)
		made := w.must(201, "alice", "POST", spaces, map[string]any{"workspace_id": "ws_a:1.b-2", "library_type": "business", "description": "d"})
		for name, want := range map[string]any{
			"workspace_id": "ws_a:1.b-2", "name": "ws_a:1.b-2", "description": "d", "library_type": "business",
			"owner_username": "alice", "item_count": 0.0, "chunk_count": 0.0,
		} {
			if got := made.field(t, name); got != want {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
		}
		if strings.Contains(made.Body, "role") {
			t.Errorf("a workspace has no roles: %s", made.Body)
		}
		again := w.must(200, "alice", "POST", spaces, map[string]any{"workspace_id": "ws_a:1.b-2", "name": "other", "library_type": "film"})
		one := w.must(200, "alice", "GET", spaces+"ws_a:1.b-2/", nil)
		if again.Body != made.Body || one.Body != made.Body {
			t.Errorf("made %s, made again %s, read %s", made.Body, again.Body, one.Body)
		}
		bobs := w.must(201, "bob", "POST", spaces, map[string]any{"workspace_id": "ws_a:1.b-2", "name": "Bob's"})
		if bobs.field(t, "uid") == made.field(t, "uid") || bobs.field(t, "owner_username") != "bob" {
			t.Errorf("two people share a workspace: %s, %s", made.Body, bobs.Body)
		}
		changed := w.must(200, "alice", "PUT", spaces+"ws_a:1.b-2/", map[string]any{"name": " New ", "library_type": "film"})
		if changed.field(t, "name") != "New" || changed.field(t, "library_type") != "film" || changed.field(t, "description") != "d" {
			t.Errorf("changed to %s", changed.Body)
		}
		if got := w.must(200, "bob", "GET", spaces+"ws_a:1.b-2/", nil); got.Body != bobs.Body {
			t.Errorf("Bob's is %s now", got.Body)
		}
		if got := w.must(200, "alice", "PUT", spaces+"ws_a:1.b-2/", map[string]any{}); got.field(t, "name") != "New" {
			t.Errorf("changed nothing into %s", got.Body)
		}
	})
}

func TestManyPostsOfOneIDEndInOneWorkspace(t *testing.T) { // §4.1
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db)
		const posts = 50
		answers := make([]answer, posts)
		var all sync.WaitGroup
		for i := range posts {
			all.Go(func() { answers[i] = w.json("alice", "POST", spaces, map[string]any{"workspace_id": "ws_1"}) })
		}
		all.Wait()
		created := 0
		for _, a := range answers {
			switch a.Status {
			case http.StatusCreated:
				created++
			case http.StatusOK:
			default:
				t.Errorf("answered %d %s", a.Status, a.Body)
			}
			if a.Body != answers[0].Body {
				t.Errorf("two workspaces: %s, %s", a.Body, answers[0].Body)
			}
		}
		if created != 1 {
			t.Errorf("%d say that they made it", created)
		}
	})
}

func TestWorkspacesListTheCallersAloneByTheirLink(t *testing.T) { // §6.3
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db)
		w.library("alice", "no workspace")
		w.must(201, "bob", "POST", spaces, map[string]any{"workspace_id": "bobs"})
		var want, got []string
		for i := range 5 {
			id := fmt.Sprintf("ws_%d", i)
			w.must(201, "alice", "POST", spaces, map[string]any{"workspace_id": id})
			want = append([]string{id}, want...)
		}
		w.must(201, "alice", "POST", spaces, map[string]any{"workspace_id": "gone"})
		w.must(204, "alice", "DELETE", spaces+"gone/", nil)
		for next := spaces + "?limit=2"; next != ""; {
			a := w.must(200, "alice", "GET", next, nil)
			var page []struct {
				WorkspaceID string `json:"workspace_id"`
			}
			if err := json.Unmarshal([]byte(a.Body), &page); err != nil || len(page) > 2 {
				t.Fatalf("%s: %v", a.Body, err)
			}
			for _, l := range page {
				got = append(got, l.WorkspaceID)
			}
			next = strings.TrimPrefix(strings.TrimSuffix(a.Header.Get("Link"), `>; rel="next"`), "<")
		}
		if !slices.Equal(got, want) {
			t.Errorf("listed %v, want %v", got, want)
		}
		if a := w.must(200, "root", "GET", spaces, nil); a.Body != "[]" {
			t.Errorf("a superuser is shown %s", a.Body)
		}
		w.must(400, "alice", "GET", spaces+"?limit=0", nil)
		w.must(400, "alice", "GET", spaces+"?limit=1001", nil)
	})
}

func TestAnothersWorkspaceAnswersAsNone(t *testing.T) { // §4.1, §6.5: 404, and 204 for DELETE; superusers too
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db)
		uid, _ := w.must(201, "alice", "POST", spaces, map[string]any{"workspace_id": "hers"}).field(t, "uid").(string)
		item := w.item(uid, "alice", "a.html", "o", "t")
		w.exec(`UPDATE item SET file_id = 'f1' WHERE uid = $1`, item)
		for _, who := range []string{"bob", "root"} {
			for _, row := range []struct {
				method, below string
				status        int
				body          any
			}{
				{"GET", "", 404, nil},
				{"HEAD", "", 404, nil},
				{"PUT", "", 404, map[string]any{"name": "x"}},
				{"PUT", "", 404, map[string]any{"bad": "x"}},
				{"DELETE", "", 204, nil},
				{"GET", "items/", 404, nil},
				{"GET", "items/?file_id=f1", 404, nil},
				{"DELETE", "items/" + item + "/", 404, nil},
				{"DELETE", "files/f1/", 404, nil},
			} {
				missing := w.must(row.status, who, row.method, spaces+"none/"+row.below, row.body)
				for _, id := range []string{"hers", "%68ers", "no%2Fid", "%00", "%ff", "%20", strings.Repeat("x", 300)} {
					got := w.must(row.status, who, row.method, spaces+id+"/"+row.below, row.body)
					if got.Body != missing.Body || !slices.Equal(shape(got.Header), shape(missing.Header)) {
						t.Errorf("%s: %s %s/%s: %s %v, for a missing one %s %v", who, row.method, id, row.below, got.Body, got.Header, missing.Body, missing.Header)
					}
				}
			}
			if a := w.must(404, who, "GET", spaces+"hers/", nil); a.Body != `{"detail":"Workspace is not registered."}` {
				t.Errorf("the answer is %s", a.Body)
			}
		}
		absent := w.must(204, "alice", "DELETE", spaces+"none/", nil)
		w.must(200, "alice", "GET", spaces+"hers/items/", nil)
		own := w.must(204, "alice", "DELETE", spaces+"hers/", nil)
		foreign := w.must(204, "bob", "DELETE", spaces+"hers/", nil)
		for _, a := range []answer{own, foreign} {
			if a.Body != absent.Body || !slices.Equal(shape(a.Header), shape(absent.Header)) {
				t.Errorf("204s differ: %v, %v", a.Header, absent.Header)
			}
		}
	})
}

func TestAnIDIsReachedHoweverItIsWritten(t *testing.T) { // §4.1
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	for _, id := range []string{"a", "...", "a.b", "-", "_", ":", "a:b:c", "%3A"[1:], strings.Repeat("x", 200)} {
		w.must(201, "alice", "POST", spaces, map[string]any{"workspace_id": id})
		var all strings.Builder
		for _, b := range []byte(id) {
			fmt.Fprintf(&all, "%%%02x", b)
		}
		for _, written := range []string{id, url.PathEscape(id), all.String()} {
			if a := w.must(200, "alice", "GET", spaces+written+"/", nil); a.field(t, "workspace_id") != id {
				t.Errorf("%s is %s", written, a.Body)
			}
		}
		w.must(404, "alice", "GET", spaces+strings.ReplaceAll(all.String(), "%", "%25")+"/", nil)
		if a := w.must(301, "alice", "GET", spaces+id, nil); a.Header.Get("Location") != spaces+id+"/" {
			t.Errorf("without the slash %s leads to %s", id, a.Header.Get("Location"))
		}
		w.must(204, "alice", "DELETE", spaces+all.String()+"/", nil)
		w.must(404, "alice", "GET", spaces+id+"/", nil)
	}
	for _, id := range []string{"", ".", "..", "a/b", "a b", "é", "a\n", strings.Repeat("x", 201), "%41", "a\\b", "a?b"} {
		if a := w.must(400, "alice", "POST", spaces, map[string]any{"workspace_id": id}); a.field(t, "workspace_id") == nil {
			t.Errorf("%q: %s", id, a.Body)
		}
	}
	for _, steps := range []string{"./", "../", "%2e/", "%2e%2e/", "%2E%2E%2Flibraries/"} {
		w.must(404, "alice", "GET", spaces+steps, nil)
		w.must(204, "alice", "DELETE", spaces+steps, nil)
	}
}

func TestAWorkspacesDocumentsGoByUIDAndByFileID(t *testing.T) { // §6.3, §7.6
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db)
		uid, _ := w.must(201, "alice", "POST", spaces, map[string]any{"workspace_id": "ws"}).field(t, "uid").(string)
		other, _ := w.must(201, "alice", "POST", spaces, map[string]any{"workspace_id": "other"}).field(t, "uid").(string)
		first, second := w.item(uid, "alice", "a.html", "o", "t"), w.item(uid, "alice", "b.html", "o", "t")
		elsewhere := w.item(other, "alice", "a.html", "o", "t")
		const id = "f/1 é%2F:."
		for _, item := range []string{second, elsewhere} {
			w.exec(`UPDATE item SET file_id = $2 WHERE uid = $1`, item, id)
		}
		w.exec(`UPDATE library SET item_count = 2, chunk_count = 6 WHERE uid = $1`, uid)
		listed := func(query string) (uids []string) {
			t.Helper()
			var items []struct{ UID string }
			if err := json.Unmarshal([]byte(w.must(200, "alice", "GET", spaces+"ws/items/"+query, nil).Body), &items); err != nil {
				t.Fatal(err)
			}
			for _, i := range items {
				uids = append(uids, i.UID)
			}
			return uids
		}
		if got := listed(""); !slices.Equal(got, []string{second, first}) {
			t.Errorf("listed %v", got)
		}
		if got := listed("?file_id=" + url.QueryEscape(id)); !slices.Equal(got, []string{second}) {
			t.Errorf("of the file id: %v", got)
		}
		if got := listed("?limit=1"); !slices.Equal(got, []string{second}) {
			t.Errorf("the first is %v", got)
		}
		for range 2 { // whether it was there or not
			w.must(204, "alice", "DELETE", spaces+"ws/files/"+url.PathEscape(id)+"/", nil)
			w.must(204, "alice", "DELETE", spaces+"ws/items/"+elsewhere+"/", nil)
			w.must(204, "alice", "DELETE", spaces+"ws/items/no-uid/", nil)
			w.must(204, "alice", "DELETE", spaces+"ws/files/%00/", nil)
			if got := listed(""); !slices.Equal(got, []string{first}) {
				t.Errorf("left are %v", got)
			}
		}
		w.must(404, "alice", "GET", "/library/api/items/"+second+"/", nil)
		w.must(200, "alice", "GET", "/library/api/items/"+elsewhere+"/", nil)
		w.must(204, "alice", "DELETE", spaces+"ws/items/"+first+"/", nil)
		a := w.must(200, "alice", "GET", spaces+"ws/", nil)
		if a.field(t, "item_count") != 0.0 || a.field(t, "chunk_count") != 0.0 || len(listed("")) != 0 {
			t.Errorf("emptied, it is %s", a.Body)
		}
	})
}

func TestADeletedWorkspaceLeavesItsIDToTheNext(t *testing.T) { // §4.1
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db)
		seen := map[any]bool{}
		for range 3 { // nothing of the earlier ones is purged meanwhile
			made := w.must(201, "alice", "POST", spaces, map[string]any{"workspace_id": "ws"})
			uid, _ := made.field(t, "uid").(string)
			if seen[uid] {
				t.Error("a uid comes back")
			}
			seen[uid] = true
			if a := w.must(200, "alice", "GET", spaces+"ws/items/", nil); a.Body != "[]" {
				t.Errorf("the new one begins with %s", a.Body)
			}
			item := w.item(uid, "alice", "a.html", "o", "t")
			w.exec(`UPDATE item SET file_id = 'f' WHERE uid = $1`, item)
			w.must(204, "alice", "DELETE", spaces+"ws/", nil)
			w.must(404, "alice", "GET", spaces+"ws/", nil)
			w.must(404, "alice", "GET", spaces+"ws/items/", nil)
			w.must(404, "alice", "GET", "/library/api/items/"+item+"/", nil)
			if a := w.must(200, "alice", "GET", "/library/api/items/", nil); a.Body != "[]" {
				t.Errorf("items are listed still: %s", a.Body)
			}
		}
	})
}

func TestWorkspacesTakeNoWrongBody(t *testing.T) { // §6.3
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db)
		w.must(201, "alice", "POST", spaces, map[string]any{"workspace_id": "ws"})
		before := w.must(200, "alice", "GET", spaces, nil).Body
		deep := `{"workspace_id":"x","name":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`
		for _, row := range []struct {
			method, below, body, field string
			status                     int
		}{
			{"POST", "", `not json`, "detail", 400},
			{"POST", "", ``, "detail", 400},
			{"POST", "", `[]`, "detail", 400},
			{"POST", "", `{"workspace_id":"x"} {}`, "detail", 400},
			{"POST", "", `{"workspace_id":"x"`, "detail", 400},
			{"POST", "", "\xff", "detail", 400},
			{"POST", "", `{}`, "workspace_id", 400},
			{"POST", "", `{"workspace_id":null}`, "workspace_id", 400},
			{"POST", "", `{"workspace_id":7}`, "workspace_id", 400},
			{"POST", "", `{"workspace_id":"x","workspace_id":"y"}`, "workspace_id", 400},
			{"POST", "", `{"workspace_id":"x\u0000"}`, "workspace_id", 400},
			{"POST", "", `{"workspace_id":"x","name":"\ud800"}`, "name", 400},
			{"POST", "", `{"workspace_id":"x","name":"\udc00\ud800"}`, "name", 400},
			{"POST", "", `{"workspace_id":"x","name":"a\nb"}`, "name", 400},
			{"POST", "", `{"workspace_id":"x","name":""}`, "name", 400},
			{"POST", "", `{"workspace_id":"x","name":"` + strings.Repeat("é", 201) + `"}`, "name", 400},
			{"POST", "", `{"workspace_id":"x","description":"` + strings.Repeat("d", 10_001) + `"}`, "description", 400},
			{"POST", "", `{"workspace_id":"x","library_type":"nope"}`, "library_type", 400},
			{"POST", "", `{"workspace_id":"ws","library_type":"nope"}`, "library_type", 400},
			{"POST", "", `{"workspace_id":"x","library_type":""}`, "library_type", 400},
			{"POST", "", `{"workspace_id":"x","owner_username":"bob"}`, "owner_username", 400},
			{"POST", "", `{"workspace_id":"x","global":true}`, "global", 400},
			{"POST", "", deep, "name", 400},
			{"POST", "", `{"workspace_id":"x","description":"` + strings.Repeat("d", 10<<20) + `"}`, "detail", 413},
			{"PUT", "ws/", `{"workspace_id":"y"}`, "workspace_id", 400},
			{"PUT", "ws/", `{"name":null}`, "name", 400},
			{"PUT", "ws/", `{"name":" "}`, "name", 400},
			{"PUT", "ws/", `{"library_type":"nope"}`, "library_type", 400},
			{"PUT", "ws/", `{"description":{}}`, "description", 400},
		} {
			a := w.request("alice", row.method, spaces+row.below, "application/json", strings.NewReader(row.body))
			if a.Status != row.status || a.field(t, row.field) == nil {
				t.Errorf("%s %s %.80s: %d %.200s, want %d and %s", row.method, row.below, row.body, a.Status, a.Body, row.status, row.field)
			}
		}
		if a := w.request("alice", "POST", spaces, "text/plain", strings.NewReader(`{"workspace_id":"x"}`)); a.Status != 415 {
			t.Errorf("text: %d", a.Status)
		}
		if got := w.must(200, "alice", "GET", spaces, nil).Body; got != before {
			t.Errorf("changed to %s", got)
		}
		made := w.request("alice", "POST", spaces, "application/json", strings.NewReader(`{"workspace_id":"x","name":"\ud83d\ude00 \ufffd \\ud800"}`))
		if made.Status != 201 || made.field(t, "name") != "😀 \ufffd \\ud800" {
			t.Errorf("whole pairs: %d %s", made.Status, made.Body)
		}
	})
}
