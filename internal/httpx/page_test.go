package httpx_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
)

func TestACursorIsGoodForItsCallerAndItsListOnly(t *testing.T) {
	t.Parallel()
	cursors, err := httpx.NewCursors([]byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := httpx.NewCursors([]byte("another"))
	if err != nil {
		t.Fatal(err)
	}
	get := func(target string) *http.Request {
		return httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	}
	w := httptest.NewRecorder()
	if err := cursors.Next(w, get("/list/?limit=2&kind=a"), "alice", 42); err != nil {
		t.Fatal(err)
	}
	link, ok := strings.CutSuffix(strings.TrimPrefix(w.Header().Get("Link"), "<"), `>; rel="next"`)
	u, err := url.Parse(link)
	if !ok || err != nil || u.Host != "example.com" || u.Query().Get("limit") != "2" || u.Query().Get("kind") != "a" {
		t.Fatalf("link %q, %v", w.Header().Get("Link"), err)
	}
	cursor := u.Query().Get("cursor")
	flipped := []byte(cursor)
	flipped[len(flipped)/2] ^= 1
	for _, row := range []struct {
		name, target, user, cursor string
		cursors                    *httpx.Cursors
		good                       bool
	}{
		{"its own", "/list/?kind=a", "alice", cursor, cursors, true},
		{"another limit", "/list/?kind=a&limit=9", "alice", cursor, cursors, true},
		{"somebody else", "/list/?kind=a", "bob", cursor, cursors, false},
		{"another filter", "/list/?kind=b", "alice", cursor, cursors, false},
		{"another list", "/other/?kind=a", "alice", cursor, cursors, false},
		{"another secret", "/list/?kind=a", "alice", cursor, other, false},
		{"changed", "/list/?kind=a", "alice", string(flipped), cursors, false},
		{"rubbish", "/list/?kind=a", "alice", "%", cursors, false},
	} {
		position := 0
		err := row.cursors.After(get(row.target), row.user, httpx.Page{Cursor: row.cursor}, &position)
		if row.good && (err != nil || position != 42) {
			t.Errorf("%s: %d, %v", row.name, position, err)
		}
		if !row.good && !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v, want an invalid one", row.name, err)
		}
	}
}

type listQuery struct {
	httpx.Page

	Kind string `query:"kind" enum:"a,b"`
	All  bool   `query:"all"`
}

func TestQueryNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ query, field string }{
		{"limit=0", "limit"},
		{"limit=1001", "limit"},
		{"limit=x", "limit"},
		{"limit=", "limit"},
		{"kind=", "kind"},
		{"limit=99999999999999999999", "limit"},
		{"limit=1&limit=2", "limit"},
		{"kind=c", "kind"},
		{"all=yes", "all"},
		{"knid=a", "knid"},
		{"cursor=%00", "cursor"},
		{"cursor=%ff", "cursor"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/?"+row.query, nil)
		_, err := httpx.Query[listQuery](r)
		if e := errs.As(err); e == nil || len(e.Fields[row.field]) != 1 {
			t.Errorf("%s: %v, want field %s", row.query, err, row.field)
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/?kind=b&all=true", nil)
	q, err := httpx.Query[listQuery](r)
	if err != nil || q.Limit != 100 || q.Kind != "b" || !q.All {
		t.Errorf("read %+v, %v", q, err)
	}
}

func TestSafeNextLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	for next, want := range map[string]string{
		"/jobs/?a=b": "/jobs/?a=b", "": "/", "//evil": "/", `/\evil`: "/", "https://evil/": "/", "jobs": "/", "/a\r\nb": "/", "/\t/evil": "/",
		`/./\evil`: "/", `/a/../\evil`: "/", "/\x00": "/", `/search/?q=a\b`: `/search/?q=a\b`,
	} {
		if got := httpx.SafeNext(next); got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
	}
}
