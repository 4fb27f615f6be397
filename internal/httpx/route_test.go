package httpx_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
)

// people knows one bearer and one session.
type people struct{}

func (people) Resolve(_ context.Context, header string) (accounts.Principal, error) {
	if header != "Bearer good" && header != "bearer good" {
		return accounts.Principal{}, errs.New(errs.Unauthenticated, "Invalid token.")
	}
	return accounts.Principal{UserID: "1", Username: "bearer"}, nil
}

func (people) Session(_ context.Context, cookie string) (httpx.Session, error) {
	if cookie != "good" {
		return httpx.Session{}, errs.New(errs.Unauthenticated, "Sign in first.")
	}
	return httpx.Session{Principal: accounts.Principal{UserID: "2", Username: "session"}}, nil
}

func site(t *testing.T) http.Handler {
	t.Helper()
	auth, err := httpx.NewAuth(people{}, people{}, []string{"https://friend.example", "https://*.friends.example"})
	if err != nil {
		t.Fatal(err)
	}
	s := &httpx.Surface{Name: "rest", Auth: auth, Errors: httpx.RESTErrors(quiet)}
	router := chi.NewRouter()
	say := func(w http.ResponseWriter, r *http.Request, p accounts.Principal) error {
		_, err := io.WriteString(w, p.Username+" "+httpx.PathParam(r, "id"))
		return err
	}
	s.Mount(router, []httpx.Route{
		{Method: http.MethodGet, Path: "/things/{id}/", Handler: say},
		{Method: http.MethodPut, Path: "/things/{id}/", Handler: say},
		{Method: http.MethodGet, Path: "/open/", Public: func(w http.ResponseWriter, _ *http.Request) error { return httpx.NoContent(w) }},
	})
	router.NotFound(httpx.Unmatched(router, s.Errors))
	return router
}

func TestBearerGoesBeforeSession(t *testing.T) {
	t.Parallel()
	h := site(t)
	for _, row := range []struct {
		name, method, authorization, cookie, origin string
		status                                      int
		says                                        string
	}{
		{"nothing", "GET", "", "", "", 401, "not provided"},
		{"bearer", "GET", "Bearer good", "", "", 200, "bearer x"},
		{"bearer in small letters", "GET", "bearer good", "", "", 200, "bearer x"},
		{"bearer and session", "GET", "Bearer good", "good", "", 200, "bearer x"},
		{"a bad bearer and a session", "GET", "Bearer bad", "good", "", 401, "Invalid token"},
		{"an empty bearer", "GET", "Bearer", "", "", 401, "Invalid token"},
		{"the old keyword", "GET", "Token good", "", "", 401, "not provided"},
		{"session", "GET", "", "good", "", 200, "session x"},
		{"a bad session", "GET", "", "bad", "", 401, "Sign in"},
		{"session, changing, from here", "PUT", "", "good", "http://localhost:8000", 200, "session x"},
		{"session, changing, from elsewhere", "PUT", "", "good", "https://evil.example", 403, "another site"},
		{"session, changing, from a friend", "PUT", "", "good", "https://friend.example", 200, "session x"},
		{"session, changing, from below a friend", "PUT", "", "good", "https://a.friends.example", 200, "session x"},
		{"session, changing, from a false friend", "PUT", "", "good", "https://evilfriends.example", 403, "another site"},
		{"session, reading, from elsewhere", "GET", "", "good", "https://evil.example", 200, "session x"},
		{"bearer, changing, from elsewhere", "PUT", "Bearer good", "", "https://evil.example", 200, "bearer x"},
	} {
		w := ask(t, h, func(r *http.Request) {
			r.Method, r.URL.Path = row.method, "/things/x/"
			if row.authorization != "" {
				r.Header.Set("Authorization", row.authorization)
			}
			if row.cookie != "" {
				r.AddCookie(&http.Cookie{Name: httpx.SessionCookie, Value: row.cookie})
			}
			if row.origin != "" {
				r.Header.Set("Origin", row.origin)
			}
		})
		if w.Code != row.status || !strings.Contains(w.Body.String(), row.says) {
			t.Errorf("%s: %d %s, want %d and %q", row.name, w.Code, w.Body, row.status, row.says)
		}
	}
}

func TestPathsAreExactAndOnlyReadingIsLedToTheSlash(t *testing.T) {
	t.Parallel()
	h := site(t)
	for _, row := range []struct {
		method, target string
		status         int
		header, value  string
	}{
		{"GET", "/things/a", 301, "Location", "/things/a/"},
		{"HEAD", "/things/a?x=1", 301, "Location", "/things/a/?x=1"},
		{"GET", "/things/a%2Fb", 301, "Location", "/things/a%2Fb/"},
		{"PUT", "/things/a", 404, "Content-Type", "application/json"},
		{"GET", "/nothing", 404, "Content-Type", "application/json"},
		{"GET", "//evil.example/things/a", 404, "Location", ""},
		{"DELETE", "/things/a/", 405, "Allow", "GET, HEAD, PUT"},
		{"HEAD", "/open/", 204, "", ""},
		{"POST", "/open/", 405, "Allow", "GET, HEAD"},
		{"GET", "/things/a/?x=1", 400, "", ""},
		{"GET", "/things/a/?x=%zz", 400, "", ""},
	} {
		r := httptest.NewRequestWithContext(t.Context(), row.method, row.target, nil)
		r.Header.Set("Authorization", "Bearer good")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != row.status || w.Header().Get(row.header) != row.value {
			t.Errorf("%s %s: %d, %s %q; want %d, %q", row.method, row.target, w.Code, row.header, w.Header().Get(row.header), row.status, row.value)
		}
	}
}

func TestPathParametersAreDecodedOnce(t *testing.T) {
	t.Parallel()
	h := site(t)
	for target, want := range map[string]string{
		"/things/a%20b/": "a b", "/things/a%40b/": "a@b", "/things/a%252Fb/": "a%2Fb", "/things/a%2Fb/": "a/b", "/things/%C3%A9/": "é", "/things/a%00b/": "", "/things/%ff/": "",
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
		r.Header.Set("Authorization", "Bearer good")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Body.String(); got != "bearer "+want {
			t.Errorf("%s is %q, want %q", target, got, want)
		}
	}
}
