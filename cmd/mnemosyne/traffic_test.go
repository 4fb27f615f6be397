package main

import (
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/testkit"
)

// stop ends the program as an operator does.
func (in *installation) stop(t *testing.T) {
	t.Helper()
	if err := in.process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := in.process.Wait(); err != nil {
		t.Fatal(err)
	}
	in.process = nil
}

// show asks with a bearer of the caller's choice.
func (in *installation) show(t *testing.T, bearer, method, path, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, in.address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(answer)
}

// do runs a command and gives its two outputs.
func (in *installation) do(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, talk bytes.Buffer
	cmd := in.command(t, args...)
	cmd.Stdout, cmd.Stderr = &out, &talk
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, &talk)
	}
	return out.String(), talk.String()
}

// A flow through every door, and then a search for its secrets in all that it
// left behind.
func TestNoSecretIsInTheLogTheStoreOrTheExport(t *testing.T) {
	t.Parallel()
	in := install(t, "LOGGING_LEVEL=DEBUG", "DJANGO_LOGGING_LEVEL=DEBUG", "CELERY_LOGGING_LEVEL=DEBUG")
	in.up(t)
	const words = "quinquagenarian zeppelins"
	secrets := map[string]string{"the first password": in.password, "the first token": in.token, "the words of a search": words}
	token, _ := in.do(t, "create-user-token", "--user", "admin", "--name", "canary")
	token = strings.TrimSpace(token)
	key, _ := in.do(t, "seed-signing-key", "--kid", "canary")
	secrets["a token"], secrets["the guess"] = token, "mns_guessed0canary"
	ended := in.ended(t, in.upload(t, "a.txt", []byte("Nothing of note stands in this text.")).ID)
	if ended.Status != "done" {
		t.Fatalf("the job ended as %+v", ended)
	}
	const team = "/mcp_server/api/teams/5f0c6a52-8a53-4f0e-9d5e-3c1a3c1a3c1a/"
	var minted struct{ JWT string }
	for _, row := range []struct {
		bearer, method, path, body string
		status                     int
		into                       any
	}{
		{token, "POST", "/library/api/workspaces/", `{"workspace_id":"ws_canary"}`, 201, nil},
		{token, "POST", team + "rotate/", `{}`, 200, &minted},
		{token, "POST", "/library/api/search/", `{"query":"` + words + `"}`, 200, nil},
		{"mns_guessed0canary", "GET", "/library/api/libraries/", "", 401, nil},
		{"mns_guessed0canary", "POST", "/mcp/", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, 401, nil},
		{token, "DELETE", "/library/api/workspaces/ws_canary/", "", 204, nil},
	} {
		status, answer := in.show(t, row.bearer, row.method, row.path, row.body)
		if status != row.status {
			t.Fatalf("%s %s: %d %s", row.method, row.path, status, answer)
		}
		if row.into != nil {
			if err := json.Unmarshal([]byte(answer), row.into); err != nil {
				t.Fatal(err)
			}
		}
	}
	secrets["a team JWT"] = minted.JWT
	_, metrics := in.show(t, "", "GET", "/metrics", "")
	in.stop(t)
	trail, _ := in.do(t, "audit", "--json")
	listed, _ := in.do(t, "list-tokens", "--json")
	seeded := hexOf(t, key)
	left := map[string]string{"the log": in.log.String(), "the trail": trail, "the list of tokens": listed, "the metrics": metrics}
	for name, text := range left {
		if strings.Contains(text, seeded) {
			t.Errorf("%s holds the signing key", name)
		}
	}
	maps.Copy(left, in.files(t))
	for name, text := range left {
		for what, secret := range secrets {
			if len(secret) < 10 {
				t.Fatalf("%s is %q", what, secret)
			}
			if strings.Contains(text, secret) {
				t.Errorf("%s holds %s", name, what)
			}
		}
	}
	for _, want := range []string{
		`"event":"workspace_create","outcome":"created","username":"admin","credential":"tok_…`,
		`"event":"team_rotate","outcome":"upserted_missing","username":"admin","credential":"tok_…`,
		`"event":"signing_key_seed","outcome":"created","username":"","credential":"command","address":"","request_id":""`,
		`"event":"workspace_delete","outcome":"deleted","username":"admin"`, `"address":"127.0.0.1","request_id":"`,
	} {
		if !strings.Contains(trail, want) {
			t.Errorf("the trail lacks %s:\n%s", want, trail)
		}
	}
	for _, want := range []string{
		`mnemosyne_bearers_refused_total{reason="malformed",surface="rest"} 1`,
		`mnemosyne_bearers_refused_total{reason="malformed",surface="mcp"} 1`,
		`mnemosyne_http_requests_total{credential="user_token",method="POST",route="/library/api/workspaces/",status="201",surface="rest"} 1`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	in.wantAccounts(t)
}

// wantAccounts looks for what a stopped program wrote of its searches.
func (in *installation) wantAccounts(t *testing.T) {
	t.Helper()
	db, err := sqldb.OpenSQLite(t.Context(), filepath.Join(in.dataDir(), "mnemosyne.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for query, want := range map[string]string{
		`SELECT COALESCE(MAX(surface || ' ' || credential_kind || ' ' || libraries || ' ' || COALESCE(query, 'none')), '') FROM search_log`: "rest user_token 2 none",
		`SELECT COUNT(DISTINCT u.username) || ' ' || COUNT(DISTINCT l.purpose) || ' ' || (MIN(l.tokens) > 0) || ' ' || MIN(l.provider)
			FROM llm_usage l JOIN auth_user u ON u.id = l.user_id`: "1 2 1 in_process",
	} {
		got, err := sqldb.One(t.Context(), db.Read(), func(r sqldb.Row) (v string, err error) { return v, r.Scan(&v) }, query)
		if err != nil || got != want {
			t.Errorf("%s\ngave %q, %v; want %q", query, got, err, want)
		}
	}
}

func (in *installation) dataDir() string {
	dir := ""
	for _, line := range in.env {
		if value, ok := strings.CutPrefix(line, "MNEMOSYNE_DATA_DIR="); ok {
			dir = value
		}
	}
	return dir
}

// files is the content of every file of the data folder.
func (in *installation) files(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(in.dataDir(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		all[path] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// hexOf is the key that seeding one printed.
func hexOf(t *testing.T, printed string) string {
	t.Helper()
	for word := range strings.FieldsSeq(printed) {
		if len(word) == 64 {
			return word
		}
	}
	t.Fatalf("no key was printed: %s", printed)
	return ""
}

func TestADeadMemcachedIsSaidAndBreaksNothing(t *testing.T) {
	t.Parallel()
	server := testkit.StartMemcached(t, "")
	in := install(t, "KVDB_LOCATION="+server.Address)
	in.up(t)
	ready := func(want int, cache string) {
		t.Helper()
		status, answer := in.show(t, "", "GET", "/ready/", "")
		if status != want || !strings.Contains(answer, `"cache":"`+cache+`"`) || !strings.Contains(answer, `"database":"ok"`) {
			t.Fatalf("/ready/ is %d %s, want %d and the cache %s", status, answer, want, cache)
		}
	}
	works := func() {
		t.Helper()
		began := time.Now()
		for range 20 {
			if status, answer := in.show(t, in.token, "GET", "/library/api/libraries/", ""); status != http.StatusOK {
				t.Fatalf("answered %d %s", status, answer)
			}
			if status, answer := in.show(t, "mns_bad", "GET", "/library/api/libraries/", ""); status != http.StatusUnauthorized {
				t.Fatalf("a bad bearer is answered %d %s", status, answer)
			}
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("40 requests took %s", took)
		}
	}
	ready(http.StatusOK, "ok")
	works()
	server.Kill(t)
	ready(http.StatusServiceUnavailable, "unavailable")
	works()
	out, err := in.command(t, "check").Output()
	if err == nil || !strings.Contains(string(out), "memcached") || !strings.Contains(string(out), "KVDB_LOCATION") {
		t.Errorf("check gave %v: %s", err, out)
	}
	testkit.StartMemcached(t, server.Address)
	ready(http.StatusOK, "ok")
	works()
}
