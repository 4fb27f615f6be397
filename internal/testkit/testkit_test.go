package testkit_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"git.helu.ca/r/mnemosyne/internal/testkit"
)

func TestPostgresGivesEachTestAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	names := make(map[string]bool)
	for range 2 {
		pool, err := pgxpool.New(t.Context(), testkit.Postgres(t))
		if err != nil {
			t.Fatal(err)
		}
		var name string
		var tables int
		const query = `SELECT current_database(), (SELECT count(*) FROM pg_tables WHERE schemaname = 'public')`
		if err := pool.QueryRow(t.Context(), query).Scan(&name, &tables); err != nil {
			t.Fatal(err)
		}
		pool.Close()
		if tables != 0 || names[name] {
			t.Errorf("database %s has %d tables, used before: %v", name, tables, names[name])
		}
		names[name] = true
	}
}

func TestEnvironLeavesNoSettingOfTheCallersEnvironment(t *testing.T) {
	t.Setenv("DB_HOST", "production.example.com")
	t.Setenv("MNEMOSYNE_DATA_DIR", "/srv/mnemosyne")
	t.Setenv("UNRELATED", "stays")
	env := testkit.Environ(t, "SEARCH_RRF_K=7")
	if slices.ContainsFunc(env, func(line string) bool {
		return strings.HasPrefix(line, "DB_HOST=") || line == "MNEMOSYNE_DATA_DIR=/srv/mnemosyne"
	}) {
		t.Errorf("Environ passes settings on: %q", env)
	}
	if !slices.Contains(env, "UNRELATED=stays") || !slices.Contains(env, "SEARCH_RRF_K=7") {
		t.Errorf("Environ = %q, want what is not ours and what was given", env)
	}
}

func TestBinaryIsTheProgram(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), testkit.Binary(t), "version")
	cmd.Env = testkit.Environ(t)
	out, err := cmd.Output()
	if err != nil || !strings.HasPrefix(string(out), "mnemosyne ") {
		t.Errorf("version printed %q, %v", out, err)
	}
}

func TestChromiumIsABrowser(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), testkit.Chromium(t), "--version").Output()
	if err != nil || !strings.Contains(strings.ToLower(string(out)), "chrom") {
		t.Errorf("--version printed %q, %v", out, err)
	}
}
