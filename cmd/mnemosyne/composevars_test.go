package main

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/settings"
)

// reference is what a deployment of the service before this one gave each of
// its services.
type reference struct {
	services  []string
	byDefault string // "-": every deployment has its own
}

func readReference(t *testing.T) map[string]reference {
	t.Helper()
	rows := make(map[string]reference)
	for line := range strings.Lines(readText(t, "../../internal/settings/testdata/deployment-variables.txt")) {
		if f := strings.Fields(line); f[0] != "#" {
			rows[f[0]] = reference{strings.Split(f[1], ","), f[2]}
		}
	}
	if len(rows) != 59 {
		t.Fatalf("the reference has %d variables", len(rows))
	}
	return rows
}

func dump(t *testing.T, values map[string]string) []settings.Entry {
	t.Helper()
	s, err := settings.Load(func(name string) (string, bool) { v, ok := values[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	return s.Dump()
}

// inTheContainer are set by the image or by the compose file itself: what .env
// says of them is for other ways to run the program.
func inTheContainer() map[string][]string {
	return map[string][]string{
		"MNEMOSYNE_DATA_DIR": nil, "MNEMOSYNE_HTTP_ADDR": nil, "MNEMOSYNE_MCP_ADDR": nil,
		"MNEMOSYNE_METRICS_ADDR": {"mcp", "worker"},
	}
}

// TestComposeGivesEachServiceWhatItReads compares the reference, the settings
// and docker-compose.yaml: a service gets what the reference gives it and what
// it reads, and nothing else.
func TestComposeGivesEachServiceWhatItReads(t *testing.T) {
	t.Parallel()
	file, ref := readCompose(t, ownCompose), readReference(t)
	entries := dump(t, nil)
	for _, e := range entries {
		if want, ok := inTheContainer()[e.Name]; ok {
			if got := given(file, e.Name); !slices.Equal(got, want) {
				t.Errorf("%s is set for %v, want %v", e.Name, got, want)
			}
			continue
		}
		want := slices.Concat(e.Readers, ref[e.Name].services)
		slices.Sort(want)
		if got := given(file, e.Name); !slices.Equal(got, slices.Compact(want)) {
			t.Errorf("docker-compose.yaml gives %s to %v, and %v read it", e.Name, got, want)
		}
	}
	for name, service := range file.Services {
		for variable, value := range service.Environment {
			if !slices.ContainsFunc(entries, func(e settings.Entry) bool { return e.Name == variable }) {
				t.Errorf("%s gets %s, which nothing reads", name, variable)
			}
			// The defaults are the program's: two places would part ways.
			switch _, fixed := inTheContainer()[variable]; {
			case fixed, variable == "DB_HOST", variable == "TRUSTED_PROXIES":
			case value != "${"+variable+":-}":
				t.Errorf("%s gets %s as %q", name, variable, value)
			}
		}
	}
}

// given are the services that get a variable, in order.
func given(file composeFile, variable string) []string {
	var names []string
	for name, service := range file.Services {
		if _, ok := service.Environment[variable]; ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// TestSettingsReadWhatTheReferenceNames also says where a process reads more
// than the reference gives it, so that no more is added unseen.
func TestSettingsReadWhatTheReferenceNames(t *testing.T) {
	t.Parallel()
	more := map[string][]string{
		"DAEDALUS_S3_BUCKET_NAME":        {"app"},        // refuses other buckets at the door
		"LLM_API_SECRETS_ENCRYPTION_KEY": {"mcp"},        // opens the keys of providers that the database names
		"EMBEDDING_TIMEOUT":              {"app", "mcp"}, // embed queries
	}
	byName := make(map[string]settings.Entry)
	for _, e := range dump(t, nil) {
		byName[e.Name] = e
	}
	for name, row := range readReference(t) {
		e, ok := byName[name]
		if !ok {
			t.Errorf("%s is not read", name)
			continue
		}
		extra := slices.DeleteFunc(slices.Clone(e.Readers), func(s string) bool { return slices.Contains(row.services, s) })
		if !slices.Equal(extra, more[name]) {
			t.Errorf("%s is read by %v beyond the reference's %v, want %v", name, extra, row.services, more[name])
		}
		if row.byDefault != "-" && e.Value != row.byDefault {
			t.Errorf("%s is %q by default, and the reference has %q", name, e.Value, row.byDefault)
		}
	}
	example := exampleNames(t)
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		if !example[name] {
			t.Errorf(".env.example does not name %s", name)
		}
	}
}

func TestMadeEnvIsOneThatProductionStartsWith(t *testing.T) {
	t.Parallel()
	values := makeEnv(t)
	_, err := settings.Load(func(name string) (string, bool) { v, ok := values[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	other := makeEnv(t)
	for name, value := range values {
		secret := strings.HasSuffix(name, "PASSWORD") || strings.HasSuffix(name, "SECRET_KEY") || strings.HasSuffix(name, "SECRET_ACCESS_KEY") || strings.HasSuffix(name, "ENCRYPTION_KEY")
		if secret && (len(value) < 32 || value == other[name]) {
			t.Errorf("%s is %d characters long, and the same again: %v", name, len(value), value == other[name])
		}
	}
}

func TestMadeEnvIsPrivateAndNeverReplacesAnother(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(path, []byte("mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "../../scripts/make-env", path).CombinedOutput(); err == nil || !strings.Contains(string(out), "stays as it is") {
		t.Errorf("over another it says %v: %s", err, out)
	}
	if got := readText(t, path); got != "mine\n" {
		t.Errorf("the other is %q now", got)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "../../scripts/make-env", path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v, %v", info.Mode(), err)
	}
	if _, err := os.Stat(path + ".*"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something is left beside it: %v", err)
	}
}
