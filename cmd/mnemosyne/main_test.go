package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"git.helu.ca/r/mnemosyne/internal/app"
	"git.helu.ca/r/mnemosyne/internal/settings"
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

func TestTheReadmeNamesEveryCommandAndNoOther(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## Commands\n")
	section, _, _ = strings.Cut(section, "\n## ")
	named := map[string]bool{}
	for line := range strings.Lines(section) {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			for _, m := range regexp.MustCompile("`([a-z-]+)`").FindAllStringSubmatch(cells[1], -1) {
				named[m[1]] = true
			}
		}
	}
	parser, err := kong.New(&cli{})
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range parser.Model.Children {
		if !command.Hidden && !named[command.Name] {
			t.Errorf("the README does not name %s", command.Name)
		}
		delete(named, command.Name)
	}
	for name := range named {
		t.Errorf("the README names %s, which is no command", name)
	}
}

func TestCheckNamesTheSettingsThatHaveNoEffectYet(t *testing.T) {
	t.Parallel()
	env := folder(t)
	given := map[string]string{"TIME_ZONE": "Europe/Berlin", "SEARCH_GRAPH_TIMEOUT": "3", "SEARCH_GRAPH_MAX_DEPTH": "1"}
	maps.Copy(env, given)
	must(t, env, "", "migrate")
	report := fromJSON[app.Report](t, must(t, env, "", "check", "--json"))
	table, err := settings.Load(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range table.Dump() {
		if _, ok := given[e.Name]; ok && slices.Contains(report.Unused, e.Name) != (e.Status == settings.NotYet) {
			t.Errorf("%s is %q, and check says that these are not used yet: %v", e.Name, e.Status, report.Unused)
		}
	}
}

func TestAWrongNameIsAnsweredWithThoseThatThereAre(t *testing.T) {
	t.Parallel()
	env := folder(t)
	must(t, env, "", "create-user", "--username", "ann")
	for _, args := range [][]string{{"search", "words", "--library", "Papers"}, {"ingest", "main_test.go", "--library", "Papers"}} {
		fails(t, env, exitFailed, "/libraries/add/", args...)
		fails(t, env, exitFailed, "list-users", append(args, "--user", "bob")...)
	}
}
