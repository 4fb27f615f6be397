// Package testkit is what tests across the program share: where the services
// are, and the compiled program with an environment of its own. Stores come from
// sqldb/sqldbtest. It starts no service; scripts/services does.
package testkit

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/settings"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

const requireVariable = "MNEMOSYNE_TEST_REQUIRE_SERVICES"

// Need is the value of a variable that scripts/services gives, as the address of
// a service. Without it the test is skipped or, where `make test` asks for
// everything, fails.
func Need(t testing.TB, variable, what string) string {
	t.Helper()
	value := os.Getenv(variable)
	switch {
	case value == "" && os.Getenv(requireVariable) == "1":
		t.Fatalf("%s is not set and %s=1: %s is missing, see scripts/services", variable, requireVariable, what)
	case value == "":
		t.Skipf("left out: %s is not set; `make test` sees to %s", variable, what)
	}
	return value
}

// Postgres is the DSN, as pgxpool and sqldb take it, of an empty database that is
// dropped when the test ends. sqldbtest.Postgres gives a migrated store.
func Postgres(t testing.TB) string {
	t.Helper()
	return sqldbtest.NewPostgresDatabase(t, "template0")
}

// Chromium is the path of a browser.
func Chromium(t testing.TB) string {
	t.Helper()
	return Need(t, "MNEMOSYNE_TEST_CHROMIUM", "a browser")
}

// OIDC is the address of an OpenID provider that speaks as Casdoor does; see
// scripts/services.d/node/provider.js for its client and its accounts.
func OIDC(t testing.TB) string {
	t.Helper()
	return Need(t, "MNEMOSYNE_TEST_OIDC_URL", "an OpenID provider")
}

// Axe is the path of axe.min.js, to be run in a page.
func Axe(t testing.TB) string {
	t.Helper()
	return Need(t, "MNEMOSYNE_TEST_AXE", "axe-core")
}

// VNU is what runs the W3C's checker of HTML: `java -jar jar --format json FILE…`.
func VNU(t testing.TB) (java, jar string) {
	t.Helper()
	return Need(t, "MNEMOSYNE_TEST_JAVA", "a Java"), Need(t, "MNEMOSYNE_TEST_VNU", "vnu.jar")
}

// Environ is the environment for a program under test: that of the tests without
// any of Mnemosyne's settings, and with the given NAME=VALUE settings. The data
// folder is a fresh one unless given.
func Environ(t testing.TB, given ...string) []string {
	t.Helper()
	s, err := settings.Load(func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	ours := make(map[string]bool)
	for _, e := range s.Dump() {
		ours[e.Name] = true
	}
	var env []string
	for _, line := range os.Environ() {
		if name, _, _ := strings.Cut(line, "="); !ours[name] {
			env = append(env, line)
		}
	}
	return append(append(env, "MNEMOSYNE_DATA_DIR="+filepath.Join(t.TempDir(), "data")), given...)
}

// Binary is the path of the compiled program: that of MNEMOSYNE_TEST_BINARY, which
// `make test` sets, or one that is built now, which takes some seconds.
func Binary(t testing.TB) string {
	t.Helper()
	path := os.Getenv("MNEMOSYNE_TEST_BINARY")
	if path == "" {
		path = filepath.Join(t.TempDir(), "mnemosyne")
		build := exec.CommandContext(t.Context(), "go", "build", "-o", path, "git.helu.ca/r/mnemosyne/cmd/mnemosyne")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("build the program: %v\n%s", err, out)
		}
	}
	if _, err := os.Stat(path); err != nil { // also tells `go test` that the result hangs on this file
		t.Fatalf("find the program: %v", err)
	}
	return path
}

// Curl is the path of curl.
func Curl(t testing.TB) string {
	t.Helper()
	return Need(t, "MNEMOSYNE_TEST_CURL", "curl")
}
