package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
	"git.helu.ca/r/mnemosyne/internal/testkit"
	"git.helu.ca/r/mnemosyne/internal/testkit/stack"
)

// waited is what a process that waits says.
type waited struct {
	Status, Detail string
	Checks         struct{ Database string }
}

// asked gets an address without a token.
func asked(t *testing.T, address, accept string) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", accept)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error(), http.Header{}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body), res.Header
}

// comes waits until a condition holds.
func comes(t *testing.T, what string, so func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	for !so() {
		select {
		case <-deadline:
			t.Fatalf("it did not come to pass: %s", what)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// migrated brings a stack's database to the schema of another version.
func migrated(t *testing.T, s *stack.Stack, last int64, further map[string]string) {
	t.Helper()
	db, err := sqldb.OpenPostgres(t.Context(), s.DSN)
	if err == nil {
		_, err = db.Migrate(t.Context(), sqldbtest.Versions(t, last, further))
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// says is what a process has logged.
func says(t *testing.T, p *stack.Process) string {
	t.Helper()
	b, err := os.ReadFile(p.Log)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// health is what `healthcheck` says of a process.
func health(t *testing.T, s *stack.Stack, process string) (said string, well bool) {
	t.Helper()
	out, err := s.Command(t.Context(), "healthcheck", process).CombinedOutput()
	return string(out), err == nil
}

func refuses(t *testing.T, s *stack.Stack, command, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := s.Command(ctx, command).CombinedOutput()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.ExitCode() != exitFailed || !strings.Contains(string(out), want) {
		t.Errorf("%s ended with %v and said %s; want that it fails with %q", command, err, out, want)
	}
}

func TestANewVersionOnAnOldSchemaWaitsForMigrateAndGoesOnByItself(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Bare: true})
	const before = 8
	migrated(t, s, before, nil)
	s.Serve, s.Tools = s.Start("serve"), s.Start("mcp")
	worker := s.Start("worker")
	all := []*stack.Process{s.Serve, s.Tools, worker}
	for _, p := range all {
		comes(t, p.Name+" waits", func() bool { return strings.Contains(says(t, p), "mnemosyne migrate") })
	}
	comes(t, "serve answers", func() bool { status, _, _ := asked(t, s.REST+"/live/", ""); return status == http.StatusOK })
	comes(t, "mcp answers", func() bool { status, _, _ := asked(t, s.MCP+"/live/", ""); return status == http.StatusOK })
	status, body, _ := asked(t, s.REST+"/ready/", "")
	var ready waited
	if err := json.Unmarshal([]byte(body), &ready); err != nil || status != http.StatusServiceUnavailable ||
		ready.Status != "unavailable" || ready.Checks.Database != "unavailable" || !strings.Contains(ready.Detail, "mnemosyne migrate") {
		t.Errorf("/ready/ says %d %s", status, body)
	}
	if status, body, _ := asked(t, s.MCP+"/mcp/health", ""); status != http.StatusServiceUnavailable || !strings.Contains(body, `"status":"waiting"`) {
		t.Errorf("/mcp/health says %d %s", status, body)
	}
	if status, body, header := asked(t, s.REST+"/library/api/me/", "application/json"); status != http.StatusServiceUnavailable || !strings.Contains(body, `{"detail":"`) || header.Get("Retry-After") == "" {
		t.Errorf("REST says %d %s", status, body)
	}
	if status, body, _ = asked(t, s.REST+"/libraries/", "text/html"); status != http.StatusServiceUnavailable || !strings.Contains(body, "<h1>") {
		t.Errorf("a page says %d %s", status, body)
	}
	if status, _, header := asked(t, s.REST+"/metrics", ""); status != http.StatusOK || header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("/metrics says %d", status)
	}
	for process, want := range map[string]bool{"serve": true, "mcp": true, "worker": false} {
		if said, well := health(t, s, process); well != want || !want && !strings.Contains(said, "mnemosyne migrate") {
			t.Errorf("healthcheck %s says %s", process, said)
		}
	}
	refuses(t, s, "list-users", "mnemosyne migrate")
	if out, err := s.Command(t.Context(), "check").CombinedOutput(); err == nil || !strings.Contains(string(out), "mnemosyne migrate") {
		t.Errorf("check says %v %s", err, out)
	}

	if said := s.Must("migrate"); !strings.Contains(said, "applied 00013_schema_break.sql") {
		t.Errorf("migrate says %s", said)
	}
	comes(t, "serve is ready", func() bool { status, _, _ := asked(t, s.REST+"/ready/", ""); return status == http.StatusOK })
	comes(t, "mcp is ready", func() bool { status, _, _ := asked(t, s.MCP+"/mcp/health", ""); return status == http.StatusOK })
	s.Healthy("worker")
	for _, p := range all {
		if n := strings.Count(says(t, p), "not ready, waiting"); n != 1 {
			t.Errorf("%s said %d times that it waits", p.Name, n)
		}
		if err := p.Stop(); err != nil {
			t.Errorf("%s ended with %v", p.Name, err)
		}
	}
}

func TestAnOldVersionRunsOnANewerSchemaUnlessThatIsMarkedAsBreaking(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Bare: true})
	further := map[string]string{"90001_more.sql": "ALTER TABLE team ADD COLUMN more TEXT NOT NULL DEFAULT '';\nCREATE TABLE more (id BIGINT PRIMARY KEY);"}
	migrated(t, s, math.MaxInt64, further)
	if said := s.Must("migrate"); !strings.Contains(said, "Nothing was changed") || !strings.Contains(said, "90001") {
		t.Errorf("migrate says %s", said)
	}
	if said, err := s.Command(t.Context(), "check").CombinedOutput(); err != nil || !strings.Contains(string(said), "newer version") {
		t.Errorf("check says %v %s", err, said)
	}
	s.Serve = s.Start("serve")
	comes(t, "serve is ready", func() bool { status, _, _ := asked(t, s.REST+"/ready/", ""); return status == http.StatusOK })
	s.Must("create-user", "--username", "ann")

	further["90002_away.sql"] = "DROP TABLE more;\nINSERT INTO schema_break (version, reason) VALUES (90002, 'more is gone');"
	migrated(t, s, math.MaxInt64, further)
	const why = "migration 90002: more is gone"
	for _, command := range []string{"serve", "mcp", "worker", "list-users", "setup"} {
		refuses(t, s, command, why)
	}
	if said, err := s.Command(t.Context(), "check").CombinedOutput(); err == nil || !strings.Contains(string(said), why) {
		t.Errorf("check says %v %s", err, said)
	}
	if said := s.Must("migrate"); !strings.Contains(said, "Nothing was changed") || !strings.Contains(said, why) {
		t.Errorf("migrate says %s", said)
	}
}

func TestAProcessThatStartsBeforeItsDatabaseWaitsForIt(t *testing.T) {
	t.Parallel()
	bare := stack.Start(t, stack.Options{Bare: true})
	at, err := pgx.ParseConfig(bare.DSN)
	if err != nil {
		t.Fatal(err)
	}
	wire := testkit.NewWire(t, net.JoinHostPort(at.Host, strconv.Itoa(int(at.Port))))
	_, port, err := net.SplitHostPort(wire.At)
	if err != nil {
		t.Fatal(err)
	}
	bare.Must("migrate")
	away := "DB_PORT=" + port
	wire.Cut()
	serve, worker := bare.Start("serve", away), bare.Start("worker", away)
	comes(t, "serve answers", func() bool { status, _, _ := asked(t, bare.REST+"/live/", ""); return status == http.StatusOK })
	if status, body, _ := asked(t, bare.REST+"/ready/", ""); status != http.StatusServiceUnavailable || !strings.Contains(body, "cannot be reached") || strings.Contains(body, port) {
		t.Errorf("/ready/ says %d %s", status, body)
	}
	comes(t, "the worker says so", func() bool { said, _ := health(t, bare, "worker"); return strings.Contains(said, "cannot be reached") })
	for _, command := range []string{"check", "migrate", "list-users"} {
		cmd := bare.Command(t.Context(), command)
		cmd.Env = append(cmd.Env, away)
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "DB_HOST and DB_PORT") {
			t.Errorf("%s says %v %s", command, err, out)
		}
	}
	// Who is told to end while it waits does so.
	waits := bare.Start("mcp", away)
	comes(t, "mcp waits", func() bool { return strings.Contains(says(t, waits), "not ready, waiting") })
	if err := waits.Stop(); err != nil {
		t.Errorf("mcp ended with %v", err)
	}
	wire.Mend(t)
	comes(t, "serve is ready", func() bool { status, _, _ := asked(t, bare.REST+"/ready/", ""); return status == http.StatusOK })
	comes(t, "the worker is well", func() bool { _, well := health(t, bare, "worker"); return well })
	if n := strings.Count(says(t, serve), "not ready, waiting"); n != 1 {
		t.Errorf("serve said %d times that it waits", n)
	}
	if err := errors.Join(serve.Stop(), worker.Stop()); err != nil {
		t.Error(err)
	}
	// A wrong password is nothing that time mends.
	wrong := bare.Command(t.Context(), "serve")
	wrong.Env = append(wrong.Env, "APP_DB_PASSWORD=wrong")
	if out, err := wrong.CombinedOutput(); err == nil || !strings.Contains(string(out), "APP_DB_PASSWORD") {
		t.Errorf("serve with a wrong password says %v %s", err, out)
	}
}
