package libraryapi_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

func TestALibraryLivesThroughREST(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db)
		made := w.must(201, "alice", "POST", "/library/api/libraries/", map[string]any{"name": " Papers ", "library_type": "technical"})
		uid, _ := made.field(t, "uid").(string)
		path := "/library/api/libraries/" + uid + "/"
		for name, want := range map[string]any{
			"name": "Papers", "description": "", "library_type": "technical", "owner_username": "alice", "workspace_id": nil,
			"role": "owner", "item_count": 0.0, "chunk_count": 0.0,
		} {
			if got := made.field(t, name); got != want {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
		}
		if got := w.must(200, "alice", "GET", path, nil); got.Body != made.Body {
			t.Errorf("read back as %s, made as %s", got.Body, made.Body)
		}
		changed := w.must(200, "alice", "PATCH", path, map[string]any{"description": "To read"})
		if changed.field(t, "description") != "To read" || changed.field(t, "name") != "Papers" {
			t.Errorf("changed to %s", changed.Body)
		}
		w.must(204, "alice", "DELETE", path, nil)
		w.must(404, "alice", "GET", path, nil)
		w.must(404, "alice", "DELETE", path, nil)
	})
}

func TestListsPageByTheirLink(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db)
		lib := w.library("alice", "one")
		w.library("bob", "bob's")
		want := []string{w.library("alice", "three"), w.library("alice", "two"), lib}
		slices.Reverse(want[:2])
		item := w.item(lib, "alice", "a.html", "o", "t")
		for path, want := range map[string][]string{
			"/library/api/libraries/?limit=1":                                   want,
			"/library/api/items/?limit=1&library_uid=" + lib:                    {item},
			"/library/api/items/" + item + "/chunks/?limit=2":                   nil,
			"/library/api/jobs/?limit=1&status=queued":                          nil,
			"/library/api/items/?library_uid=" + lib + "&limit=1&status=failed": {},
		} {
			var got []string
			for next := path; next != ""; {
				a := w.must(200, "alice", "GET", next, nil)
				var page []struct{ UID, ID string }
				if err := json.Unmarshal([]byte(a.Body), &page); err != nil || page == nil {
					t.Fatalf("%s: %s, %v", next, a.Body, err)
				}
				for _, e := range page {
					got = append(got, e.UID+e.ID)
				}
				link := a.Header.Get("Link")
				next = strings.TrimPrefix(strings.TrimSuffix(link, `>; rel="next"`), "<")
				if link != "" && w.json("bob", "GET", next, nil).Status == 200 {
					t.Errorf("another may go on with %s", next)
				}
			}
			if want != nil && !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", path, got, want)
			}
			if strings.Contains(path, "chunks") && len(got) != 3 {
				t.Errorf("%s: %d chunks, want 3", path, len(got))
			}
		}
	})
}

func TestForeignAndMissingAnswerWithTheSameBytes(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db)
		lib := w.library("alice", "Alice's")
		item := w.item(lib, "alice", "a.html", "o", "t")
		space := w.workspace("alice", "ws_1")
		none := uuid.NewString()
		for _, route := range []struct {
			method, before, after string
			foreign               []string
			body                  any
		}{
			{"GET", "/library/api/libraries/", "/", []string{lib, space}, nil},
			{"PATCH", "/library/api/libraries/", "/", []string{lib, space}, map[string]any{"name": "x"}},
			{"PATCH", "/library/api/libraries/", "/", []string{lib, space}, map[string]any{"bad": "x"}},
			{"DELETE", "/library/api/libraries/", "/", []string{lib, space}, nil},
			{"GET", "/library/api/libraries/", "/members/", []string{lib, space}, nil},
			{"PUT", "/library/api/libraries/", "/members/bob/", []string{lib, space}, map[string]any{"role": "owner"}},
			{"DELETE", "/library/api/libraries/", "/members/bob/", []string{lib, space}, nil},
			{"GET", "/library/api/items/?library_uid=", "", []string{lib, space}, nil},
			{"GET", "/library/api/items/", "/", []string{item}, nil},
			{"PATCH", "/library/api/items/", "/", []string{item}, map[string]any{"title": "x"}},
			{"PATCH", "/library/api/items/", "/", []string{item}, map[string]any{"bad": "x"}},
			{"DELETE", "/library/api/items/", "/", []string{item}, nil},
			{"GET", "/library/api/items/", "/content/", []string{item}, nil},
			{"GET", "/library/api/items/", "/text/", []string{item}, nil},
			{"GET", "/library/api/items/", "/chunks/", []string{item}, nil},
			{"GET", "/library/api/items/", "/pages/1.png", []string{item}, nil},
			{"GET", "/library/api/items/", "/pages/1.png?width=1", []string{item}, nil},
		} {
			missing := w.must(404, "bob", route.method, route.before+none+route.after, route.body)
			for _, id := range append(route.foreign, "%00", "no-uid", "%ff", strings.ToUpper(none)) {
				if strings.Contains(route.before, "?") && id[0] == '%' {
					continue // told to be malformed, before anything is looked for
				}
				got := w.must(404, "bob", route.method, route.before+id+route.after, route.body)
				if got.Body != missing.Body || !slices.Equal(shape(got.Header), shape(missing.Header)) {
					t.Errorf("%s %s%s%s: %s, for a missing one %s", route.method, route.before, id, route.after, got.Body, missing.Body)
				}
			}
		}
		w.must(404, "alice", "GET", "/library/api/libraries/"+space+"/", nil)
		w.must(200, "alice", "GET", "/library/api/items/?library_uid="+space, nil)
	})
}

// shape is a header's names, with what does not change from answer to answer.
func shape(h http.Header) (out []string) {
	for name, values := range h {
		if name == "Date" || name == "X-Request-Id" {
			values = nil
		}
		out = append(out, name+": "+strings.Join(values, ", "))
	}
	slices.Sort(out)
	return out
}

func TestEveryRouteAsksWhoCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	var document struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal([]byte(w.must(200, "", "GET", "/api/openapi.json", nil).Body), &document); err != nil {
		t.Fatal(err)
	}
	asked := 0
	for path, methods := range document.Paths {
		for method := range methods {
			if path == "/live/" || path == "/ready/" {
				continue
			}
			asked++
			target := strings.NewReplacer("{", "", "}", "").Replace(path)
			a := w.request("", strings.ToUpper(method), target, "", nil)
			if a.Status != 401 || a.Header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s %s: %d, WWW-Authenticate %q", method, path, a.Status, a.Header.Get("WWW-Authenticate"))
			}
		}
	}
	if asked < 20 {
		t.Errorf("only %d routes", asked)
	}
}

func TestWrongBodiesAreNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	lib := w.library("alice", "One")
	item := w.item(lib, "alice", "a.html", "o", "t")
	for _, row := range []struct {
		method, path, body, field string
		status                    int
	}{
		{"POST", "libraries/", `{}`, "name", 400},
		{"POST", "libraries/", `{"name":" "}`, "name", 400},
		{"POST", "libraries/", `{"name":"x","library_type":"nope"}`, "library_type", 400},
		{"POST", "libraries/", `{"name":"x","library_type":""}`, "library_type", 400},
		{"POST", "libraries/", `{"name":"x","uid":"y"}`, "uid", 400},
		{"POST", "libraries/", `{"name":"x","global":true}`, "detail", 403},
		{"PATCH", "libraries/" + lib + "/", `{"name":null}`, "name", 400},
		{"PATCH", "libraries/" + lib + "/", `{"global":"x"}`, "global", 400},
		{"PUT", "libraries/" + lib + "/members/bob/", `{"role":"boss"}`, "role", 400},
		{"PUT", "libraries/" + lib + "/members/bob/", `{}`, "role", 400},
		{"PUT", "libraries/" + lib + "/members/nobody/", `{"role":"reader"}`, "detail", 404},
		{"PUT", "libraries/" + lib + "/members/alice/", `{"role":"reader"}`, "detail", 409},
		{"PATCH", "items/" + item + "/", `{"title":""}`, "title", 400},
		{"PATCH", "items/" + item + "/", `{"metadata":null}`, "metadata", 400},
		{"PATCH", "items/" + item + "/", `{"metadata":[]}`, "metadata", 400},
		{"PATCH", "items/" + item + "/", `{"collection":"a\u0001"}`, "collection", 400},
		{"POST", "ingest/", `{"text":null}`, "text", 400},
		{"POST", "jobs/" + jobID + "/retry/", ``, "detail", 409},
	} {
		a := w.request("alice", row.method, "/library/api/"+row.path, "application/json", strings.NewReader(row.body))
		if a.Status != row.status || a.field(t, row.field) == nil {
			t.Errorf("%s %s %s: %d %s, want %d and %s", row.method, row.path, row.body, a.Status, a.Body, row.status, row.field)
		}
	}
}

func TestMembersThroughREST(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db)
		path := "/library/api/libraries/" + w.library("alice", "One") + "/"
		w.must(404, "bob", "GET", path, nil)
		if a := w.must(200, "alice", "PUT", path+"members/bob/", map[string]any{"role": "reader"}); a.Body != `{"username":"bob","role":"reader"}` {
			t.Errorf("put: %s", a.Body)
		}
		if got := w.must(200, "bob", "GET", path, nil).field(t, "role"); got != "reader" {
			t.Errorf("bob is %v", got)
		}
		w.must(403, "bob", "PATCH", path, map[string]any{"name": "x"})
		w.must(403, "bob", "DELETE", path, nil)
		w.must(403, "bob", "PUT", path+"members/bob/", map[string]any{"role": "owner"})
		if a := w.must(200, "bob", "GET", path+"members/", nil); a.Body != `[{"username":"bob","role":"reader"},{"username":"alice","role":"owner"}]` {
			t.Errorf("members: %s", a.Body)
		}
		w.must(204, "alice", "DELETE", path+"members/bob/", nil)
		w.must(404, "bob", "GET", path, nil)
	})
}

func TestAnItemIsDescribedAnewAndDeleted(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		t.Helper()
		w := newWorld(t, db)
		path := "/library/api/items/" + w.item(w.library("alice", "One"), "alice", "a.html", "o", "t") + "/"
		a := w.request("alice", "PATCH", path, "application/json", strings.NewReader(`{"title":"T","collection":"C","metadata":{"n":12345678901234567890}}`))
		if a.Status != 200 || a.field(t, "title") != "T" || a.field(t, "collection") != "C" || !strings.Contains(a.Body, `"metadata":{"n":12345678901234567890}`) {
			t.Errorf("changed: %d %s", a.Status, a.Body)
		}
		if got := w.must(200, "alice", "PATCH", path, map[string]any{"collection": nil}); got.field(t, "collection") != nil || got.field(t, "title") != "T" {
			t.Errorf("taken out: %s", got.Body)
		}
		w.must(204, "alice", "DELETE", path, nil)
		for _, below := range []string{"", "content/", "text/", "chunks/"} {
			w.must(404, "alice", "GET", path+below, nil)
		}
		if got := w.must(200, "alice", "GET", "/library/api/items/", nil); got.Body != "[]" {
			t.Errorf("items: %s", got.Body)
		}
	})
}

func TestContentIsADownloadThatRunsNowhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	path := "/library/api/items/" + w.item(w.library("alice", "One"), "alice", `dir/é".html`, "<script>1</script>", "tëxt") + "/"
	a := w.must(200, "alice", "GET", path+"content/", nil)
	if a.Body != "<script>1</script>" || a.Header.Get("X-Content-Type-Options") != "nosniff" ||
		!strings.Contains(a.Header.Get("Content-Security-Policy"), "sandbox") ||
		a.Header.Get("Content-Disposition") != `attachment; filename*=utf-8''%C3%A9%22.html` {
		t.Errorf("content: %s, %v", a.Body, a.Header)
	}
	w.exec(`UPDATE item SET generation = 2`)
	earlier := w.must(200, "alice", "GET", path+"content/?generation=1", nil)
	if got := earlier.Header.Get("Content-Disposition"); got != `attachment; filename*=utf-8''%C3%A9%22.v1.html` {
		t.Errorf("an earlier version is %s", got)
	}
	w.exec(`UPDATE item SET generation = 1`)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+path+"text/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+w.tokens["alice"])
	r.Header.Set("Range", "bytes=1-2")
	if a := w.do(r); a.Status != 206 || a.Body != "ë" || a.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("a range of the text: %d %q %v", a.Status, a.Body, a.Header)
	}
	r.Header.Set("Range", "bytes=99-")
	if a := w.do(r); a.Status != 416 {
		t.Errorf("a range behind the end: %d %s", a.Status, a.Body)
	}
}

func TestMeSaysWhoOneIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	a := w.must(200, "alice", "GET", "/library/api/me/", nil)
	token, _ := a.field(t, "token").(map[string]any)
	masked, _ := token["masked"].(string)
	if a.field(t, "username") != "alice" || token["name"] != "test" || !strings.HasPrefix(masked, "tok_…") || !strings.Contains(a.Body, `"groups":[]`) {
		t.Errorf("me: %s", a.Body)
	}
	if strings.Contains(a.Body, w.tokens["alice"]) {
		t.Error("the plaintext is shown")
	}
}

func TestHealthNeedsNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	if a := w.must(200, "", "GET", "/live/", nil); a.Body != `{"status":"ok"}` {
		t.Errorf("live: %s", a.Body)
	}
	if a := w.must(200, "", "GET", "/ready/", nil); a.Body != `{"status":"ok","checks":{"database":"ok","cache":"ok"}}` {
		t.Errorf("ready: %s", a.Body)
	}
	w.must(301, "", "GET", "/live", nil)
}
