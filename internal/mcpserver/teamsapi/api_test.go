package teamsapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/internal/mcpserver/teamsapi"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

// Sections are those of docs/DAEDALUS_PALLAS_INTEGRATION_v2.md.

const teamsPath = "/mcp_server/api/teams/"

// world is the surface on a real store, with alice and bob who have tokens.
type world struct {
	t        testing.TB
	url      string
	tokens   map[string]string
	keys     *mcpserver.SigningKeys
	resolver *mcpserver.Resolver
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) { test(t, newWorld(t, db)) })
}

func newWorld(t testing.TB, db *sqldb.DB) *world {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	audit := accounts.NewAudit(db, log, nil)
	people := accounts.New(db, audit, log, accounts.Options{})
	tokens := mcpserver.NewTokens(db, audit, nil)
	w := &world{t: t, tokens: map[string]string{}, keys: mcpserver.NewSigningKeys(db, audit, nil)}
	for _, name := range []string{"alice", "bob"} {
		u, err := people.CreateUser(t.Context(), accounts.Operator(), accounts.NewUser{Username: name})
		if err != nil {
			t.Fatal(err)
		}
		if w.tokens[name], _, err = tokens.Create(t.Context(), accounts.Operator(), u.ID, mcpserver.TokenSpec{Name: "test"}); err != nil {
			t.Fatal(err)
		}
	}
	w.resolver = mcpserver.NewResolver(db, log, mcpserver.ResolverOptions{})
	t.Cleanup(w.resolver.Wait)
	auth, err := httpx.NewAuth(httpx.BearerFunc(func(ctx context.Context, header string) (accounts.Principal, error) {
		return w.resolver.Resolve(ctx, header, mcpserver.REST)
	}), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	cursors, err := httpx.NewCursors([]byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	router := chi.NewRouter()
	surface := &httpx.Surface{Name: "rest", Auth: auth, Errors: httpx.RESTErrors(log)}
	surface.Mount(router, teamsapi.New(mcpserver.NewTeams(db, audit, mcpserver.TeamsOptions{}), cursors).Routes())
	router.NotFound(httpx.Unmatched(router, surface.Errors))
	server := httptest.NewServer(router)
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

func (w *world) seed() {
	w.t.Helper()
	if _, err := w.keys.Ensure(w.t.Context(), accounts.Operator()); err != nil {
		w.t.Fatal(err)
	}
}

type answer struct {
	status int
	body   string
	header http.Header
}

// ask sends a body as it is; empty sends none.
func (w *world) ask(who, method, path, body string) answer {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	bearer, known := w.tokens[who]
	if !known {
		bearer = who
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{res.StatusCode, string(raw), res.Header}
}

// must asks and insists on a status.
func (w *world) must(status int, who, method, path, body string) answer {
	w.t.Helper()
	a := w.ask(who, method, path, body)
	if a.status != status {
		w.t.Errorf("%s %s %s by %s: %d %s; want %d", method, path, body, who, a.status, a.body, status)
	}
	return a
}

// fields reads a JSON object and insists on its names.
func (w *world) fields(a answer, names ...string) map[string]any {
	w.t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		w.t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	var have []string
	for name := range v {
		have = append(have, name)
	}
	slices.Sort(have)
	slices.Sort(names)
	if !slices.Equal(have, names) {
		w.t.Errorf("%s has %v; want %v", a.body, have, names)
	}
	return v
}

func (w *world) opens(jwt any) bool {
	w.t.Helper()
	text, _ := jwt.(string)
	_, err := w.resolver.Resolve(w.t.Context(), "Bearer "+text, mcpserver.MCP)
	return err == nil
}

func newTeam(id string) string { return fmt.Sprintf(`{"id":%q,"name":"Kottos"}`, id) }

func TestSection71CreateAnswersAsTheContractSays(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.seed()
		id := uuid.NewString()
		first := w.must(201, "alice", "POST", teamsPath, newTeam(id))
		made := w.fields(first, "id", "name", "jwt")
		if made["id"] != id || made["name"] != "Kottos" || !w.opens(made["jwt"]) || first.header.Get("Cache-Control") != "no-store" {
			t.Errorf("201 %s %v", first.body, first.header)
		}
		again := w.must(200, "alice", "POST", teamsPath, fmt.Sprintf(`{"id":%q,"name":"Other"}`, strings.ToUpper(id)))
		if got := w.fields(again, "id", "name"); got["id"] != id || got["name"] != "Kottos" || !w.opens(made["jwt"]) {
			t.Errorf("200 %s", again.body)
		}
		taken := w.must(409, "bob", "POST", teamsPath, newTeam(id))
		if taken.body != `{"detail":"Team id is already in use."}` {
			t.Errorf("409 %s", taken.body)
		}
		w.must(204, "alice", "DELETE", teamsPath+id+"/", "")
		back := w.fields(w.must(201, "alice", "POST", teamsPath, newTeam(id)), "id", "name", "jwt")
		if !w.opens(back["jwt"]) || w.opens(made["jwt"]) {
			t.Error("after it was made again the new JWT is refused, or the old one is not")
		}
	})
}

func TestSection71AndSection75ForeignAndMissingTeamsAnswerWithTheSameBytes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.seed()
		id := uuid.NewString()
		w.must(201, "alice", "POST", teamsPath, newTeam(id))
		for _, c := range []struct{ method, path, body string }{
			{"GET", "", ""},
			{"DELETE", "", ""},
			{"PUT", "workspaces/", `{"workspace_ids":["ws"]}`},
			{"PUT", "workspaces/", `{"workspace_ids":3}`}, // whose it is comes first
		} {
			foreign := w.must(404, "bob", c.method, teamsPath+id+"/"+c.path, c.body)
			if foreign.body != `{"detail":"No such team."}` {
				t.Errorf("%s: %s", c.method, foreign.body)
			}
			foreign.header.Del("Date")
			for _, none := range []string{uuid.NewString(), "no-uuid", "%00", "{" + id + "}", "urn:uuid:" + id} {
				missing := w.must(404, "bob", c.method, teamsPath+none+"/"+c.path, c.body)
				missing.header.Del("Date")
				if missing.body != foreign.body || fmt.Sprint(missing.header) != fmt.Sprint(foreign.header) {
					t.Errorf("%s %s: %v; foreign %v", c.method, none, missing, foreign)
				}
			}
		}
		w.must(200, "alice", "GET", teamsPath+id+"/", "")
	})
}

func TestSection72To75ATeamsLifeAnswersAsTheContractSays(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.seed()
		id := uuid.NewString()
		path := teamsPath + id + "/"
		w.must(201, "alice", "POST", teamsPath, newTeam(id))
		put := w.must(200, "alice", "PUT", path+"workspaces/", `{"workspace_ids":["ws_def","ws_abc","ws_abc"]}`)
		if put.body != `{"id":"`+id+`","workspace_ids":["ws_abc","ws_def"]}` {
			t.Errorf("PUT %s", put.body)
		}
		got := w.must(200, "alice", "GET", path, "")
		w.fields(got, "id", "name", "active", "workspace_ids", "created_at", "updated_at")
		if !strings.Contains(got.body, `"active":true,"workspace_ids":["ws_abc","ws_def"],`) || strings.Count(got.body, `Z"`) != 2 {
			t.Errorf("GET %s", got.body)
		}
		if all := w.must(200, "alice", "GET", teamsPath, ""); all.body != "["+got.body+"]" {
			t.Errorf("list %s; want it to hold %s", all.body, got.body)
		}
		if all := w.must(200, "bob", "GET", teamsPath, ""); all.body != "[]" {
			t.Errorf("bob's list %s", all.body)
		}
		if none := w.must(200, "alice", "PUT", path+"workspaces/", `{"workspace_ids":[]}`); none.body != `{"id":"`+id+`","workspace_ids":[]}` {
			t.Errorf("PUT [] %s", none.body)
		}
		rotated := w.must(200, "alice", "POST", path+"rotate/", "")
		jwt := w.fields(rotated, "id", "name", "jwt")["jwt"]
		if !w.opens(jwt) || rotated.header.Get("Cache-Control") != "no-store" {
			t.Errorf("rotate %s %v", rotated.body, rotated.header)
		}
		for range 2 {
			if gone := w.must(204, "alice", "DELETE", path, ""); gone.body != "" || w.opens(jwt) {
				t.Errorf("DELETE %q", gone.body)
			}
		}
		if got := w.must(200, "alice", "GET", path, ""); !strings.Contains(got.body, `"active":false`) {
			t.Errorf("GET of an inactive one %s", got.body)
		}
		w.must(409, "alice", "PUT", path+"workspaces/", `{"workspace_ids":["ws"]}`)
		w.must(409, "alice", "POST", path+"rotate/", "")
	})
}

func TestSection74RotateMakesWhatIsMissing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.seed()
		id := uuid.NewString()
		first := w.fields(w.must(200, "alice", "POST", teamsPath+id+"/rotate/", ""), "id", "name", "jwt")
		if first["name"] != id || !w.opens(first["jwt"]) {
			t.Errorf("rotate of a missing team gave %v", first)
		}
		second := w.fields(w.must(200, "alice", "POST", teamsPath+id+"/rotate/", `{}`), "id", "name", "jwt")
		if w.opens(first["jwt"]) || !w.opens(second["jwt"]) {
			t.Error("after the second rotate the first JWT opens, or the second does not")
		}
		if taken := w.must(409, "bob", "POST", teamsPath+id+"/rotate/", ""); taken.body != `{"detail":"Team id is already in use."}` {
			t.Errorf("409 %s", taken.body)
		}
		w.must(404, "alice", "POST", teamsPath+"no-uuid/rotate/", "")
	})
}

func TestSection65WhoIsNobodyHasNoTeams(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.seed()
		id := uuid.NewString()
		jwt, _ := w.fields(w.must(201, "alice", "POST", teamsPath, newTeam(id)), "id", "name", "jwt")["jwt"].(string)
		for _, who := range []string{"", "mns_wrong", jwt} { // a team JWT is for /mcp/ alone
			for _, c := range []struct{ method, path string }{
				{"GET", ""}, {"POST", ""}, {"GET", id + "/"}, {"DELETE", id + "/"}, {"PUT", id + "/workspaces/"}, {"POST", id + "/rotate/"},
			} {
				a := w.must(401, who, c.method, teamsPath+c.path, `{"workspace_ids":[]}`)
				if a.header.Get("WWW-Authenticate") != "Bearer" {
					t.Errorf("%s %s: %v", c.method, c.path, a.header)
				}
			}
		}
		if !w.opens(jwt) {
			t.Error("what was refused changed the team")
		}
	})
}

func TestABadBodyIsNamedAndChangesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.seed()
		id := uuid.NewString()
		for body, want := range map[string]int{
			``: 415, `{`: 400, `[]`: 400, `null`: 400, `{}`: 400, newTeam(id) + `x`: 400, `{"id":"` + id + `"}`: 400, `{"name":"Kottos"}`: 400,
			`{"id":"` + id + `","name":""}`: 400, `{"id":"` + id + `","name":" "}`: 400, `{"id":"` + id + `","name":null}`: 400,
			`{"id":7,"name":"Kottos"}`: 400, `{"id":"x","name":"Kottos"}`: 400, `{"id":"` + id + `","name":"a\u0000"}`: 400,
			`{"id":"` + id + `","name":"Kottos","owner":"bob"}`: 400, `{"id":"` + id + `","id":"` + id + `","name":"Kottos"}`: 400,
			`{"id":"` + id + `","name":"` + strings.Repeat("x", 201) + `"}`:    400,
			`{"id":"` + id + `","name":"` + strings.Repeat("x", 10<<20) + `"}`: 413,
		} {
			a := w.ask("alice", "POST", teamsPath, body)
			if a.status != want || !strings.HasPrefix(a.body, "{") {
				t.Errorf("%.60s: %d %.200s; want %d", body, a.status, a.body, want)
			}
		}
		if all := w.must(200, "alice", "GET", teamsPath, ""); all.body != "[]" {
			t.Errorf("a bad body made %s", all.body)
		}
		w.must(201, "alice", "POST", teamsPath, newTeam(id))
		w.must(200, "alice", "PUT", teamsPath+id+"/workspaces/", `{"workspace_ids":["ws"]}`)
		for _, body := range []string{`{}`, `{"workspace_ids":null}`, `{"workspace_ids":"ws"}`, `{"workspace_ids":[1]}`, `{"workspace_ids":[null]}`, `{"workspace_ids":["a b"]}`, `{"workspaces":[]}`} {
			w.must(400, "alice", "PUT", teamsPath+id+"/workspaces/", body)
		}
		if got := w.must(200, "alice", "GET", teamsPath+id+"/", ""); !strings.Contains(got.body, `"workspace_ids":["ws"]`) {
			t.Errorf("a bad body changed the workspaces: %s", got.body)
		}
	})
}

func TestWithoutASigningKeyTheAnswerSaysWhatToDo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		a := w.must(503, "alice", "POST", teamsPath, newTeam(uuid.NewString()))
		if !strings.Contains(a.body, "mnemosyne seed-signing-key") {
			t.Errorf("503 %s", a.body)
		}
		if all := w.must(200, "alice", "GET", teamsPath, ""); all.body != "[]" {
			t.Errorf("it was made all the same: %s", all.body)
		}
	})
}

func TestAListGoesOnWhereItsPageEnded(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.seed()
		var want []string
		for range 5 {
			id := uuid.NewString()
			w.must(201, "alice", "POST", teamsPath, newTeam(id))
			want = append(want, id)
		}
		slices.Reverse(want)
		var got []string
		for path := teamsPath + "?limit=2"; path != ""; {
			a := w.must(200, "alice", "GET", path, "")
			var page []struct{ ID string }
			if err := json.Unmarshal([]byte(a.body), &page); err != nil {
				t.Fatal(err)
			}
			for _, team := range page {
				got = append(got, team.ID)
			}
			next, _, _ := strings.Cut(strings.TrimPrefix(a.header.Get("Link"), "<"), ">")
			path = strings.TrimPrefix(next, w.url)
		}
		if !slices.Equal(got, want) {
			t.Errorf("the pages hold %v; want %v", got, want)
		}
		w.must(400, "alice", "GET", teamsPath+"?limit=0", "")
	})
}

func TestFiftyRotatesAtOnceAreAllAnswered(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.seed()
		id := uuid.NewString()
		var mu sync.Mutex
		var jwts []string
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				method, path, body, want := "POST", teamsPath+id+"/rotate/", "", []int{200}
				if i%2 == 0 {
					path, body, want = teamsPath, newTeam(id), []int{200, 201}
				}
				a := w.ask("alice", method, path, body)
				var m struct{ JWT string }
				if err := json.Unmarshal([]byte(a.body), &m); err != nil || !slices.Contains(want, a.status) {
					t.Errorf("%d %s, %v", a.status, a.body, err)
				}
				mu.Lock()
				defer mu.Unlock()
				jwts = append(jwts, m.JWT)
			})
		}
		wg.Wait()
		valid := 0
		for _, jwt := range jwts {
			if w.opens(jwt) {
				valid++
			}
		}
		if valid != 1 {
			t.Errorf("%d JWTs are valid; want one", valid)
		}
	})
}
