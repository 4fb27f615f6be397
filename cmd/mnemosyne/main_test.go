package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// ran is what a command line gave.
type ran struct {
	code   int
	stdout string
	stderr string
}

// runWith runs one command line on an environment of its own.
func runWith(t *testing.T, env map[string]string, stdin string, args ...string) ran {
	t.Helper()
	var out, talk bytes.Buffer
	p := &program{
		stdin: strings.NewReader(stdin), stdout: &out, stderr: &talk,
		lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
	}
	code := run(t.Context(), p, args)
	return ran{code: code, stdout: out.String(), stderr: talk.String()}
}

func folder(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{"MNEMOSYNE_DATA_DIR": filepath.Join(t.TempDir(), "data")}
}

func TestUnknownCommandIsWrongUsage(t *testing.T) {
	t.Parallel()
	got := runWith(t, folder(t), "", "no-such-command")
	if got.code != exitUsage || !strings.Contains(got.stderr, "no-such-command") {
		t.Errorf("got %+v, want exit %d naming the word", got, exitUsage)
	}
}

func TestCommandNamesTakeTheOldSpelling(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"version"}, {"python", "manage.py", "version"}, {"python3", "./manage.py", "version"}} {
		if got := runWith(t, folder(t), "", args...); got.code != exitDone || !strings.HasPrefix(got.stdout, "mnemosyne ") {
			t.Errorf("%v gave %+v", args, got)
		}
	}
}

func TestEveryFaultOfTheSettingsIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	env := folder(t)
	env["DB_PORT"], env["SEARCH_RRF_K"] = "x", "-1"
	got := runWith(t, env, "", "migrate")
	if got.code != exitFailed || !strings.Contains(got.stderr, "DB_PORT") || !strings.Contains(got.stderr, "SEARCH_RRF_K") {
		t.Errorf("got %+v, want exit %d naming both variables", got, exitFailed)
	}
}

func TestMigrateIsSafeToRepeat(t *testing.T) {
	t.Parallel()
	env := folder(t)
	if got := runWith(t, env, "", "migrate"); got.code != exitDone || !strings.Contains(got.stdout, "applied 00001") {
		t.Fatalf("the first run gave %+v", got)
	}
	if got := runWith(t, env, "", "migrate"); got.code != exitDone || !strings.Contains(got.stdout, "up to date") {
		t.Fatalf("the second run gave %+v", got)
	}
}
