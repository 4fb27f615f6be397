// Package sqldbtest gives each test an empty, migrated store of its own, on
// both relational engines. It starts no server: PostgreSQL is where
// MNEMOSYNE_TEST_POSTGRES_DSN says, and a test that needs it is skipped when
// nothing is said, unless MNEMOSYNE_TEST_REQUIRE_SERVICES=1 makes that a
// failure.
package sqldbtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/migrations"
)

const (
	dsnVariable     = "MNEMOSYNE_TEST_POSTGRES_DSN"
	requireVariable = "MNEMOSYNE_TEST_REQUIRE_SERVICES"
)

// Each runs a subtest an engine, in parallel, each with a store of its own.
func Each(t *testing.T, test func(t *testing.T, db *sqldb.DB)) {
	t.Helper()
	t.Run(string(sqldb.SQLite), func(t *testing.T) {
		t.Parallel()
		test(t, SQLite(t))
	})
	t.Run(string(sqldb.PostgreSQL), func(t *testing.T) {
		t.Parallel()
		test(t, Postgres(t))
	})
}

// SQLite is a migrated file in the test's temporary folder.
func SQLite(t testing.TB) *sqldb.DB {
	t.Helper()
	db, err := sqldb.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "mnemosyne.db"))
	if err != nil {
		t.Fatalf("open SQLite: %v", err)
	}
	t.Cleanup(func() { closeStore(t, db) })
	// A test's file need not outlive a loss of power.
	if _, err := sqldb.Exec(t.Context(), db.Write(), "PRAGMA synchronous = OFF"); err != nil {
		t.Fatalf("spare SQLite the disk: %v", err)
	}
	if _, err := db.Migrate(t.Context(), migrations.FS); err != nil {
		t.Fatalf("migrate SQLite: %v", err)
	}
	return db
}

// Postgres is a migrated database that is dropped when the test ends.
func Postgres(t testing.TB) *sqldb.DB {
	t.Helper()
	dsn := NewPostgresDatabase(t, template(t))
	db, err := sqldb.OpenPostgres(t.Context(), dsn)
	if err != nil {
		t.Fatalf("open PostgreSQL: %v", err)
	}
	t.Cleanup(func() { closeStore(t, db) })
	return db
}

// NewPostgresDatabase makes a database from a template, template0 being an
// empty one, and gives its DSN. It is dropped when the test ends.
func NewPostgresDatabase(t testing.TB, template string) string {
	t.Helper()
	name := "mnemosyne_test_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	admin := server(t)
	run(t, admin, "CREATE DATABASE "+name+" TEMPLATE "+template)
	t.Cleanup(func() { drop(t, name) })
	return admin.dsn(t, name)
}

// drop removes a database when its test is over. A plain DROP waits for
// autovacuum, which FORCE may not end; FORCE ends what a killed program left.
func drop(t testing.TB, name string) {
	t.Helper()
	ctx, conn := context.WithoutCancel(t.Context()), server(t)
	if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+name); err == nil {
		return
	}
	if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
		t.Logf("left behind: %v", err)
	}
}

// template makes the database that the others are copied from, once for a
// state of the migrations, whichever test process comes first.
func template(t testing.TB) string {
	t.Helper()
	name := "mnemosyne_template_" + fingerprint(t)
	admin := server(t)
	run(t, admin, "SELECT pg_advisory_lock(hashtext($1))", name)
	defer run(t, admin, "SELECT pg_advisory_unlock(hashtext($1))", name)
	var there bool
	err := admin.QueryRow(t.Context(), "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", name).Scan(&there)
	if err != nil {
		t.Fatalf("look for %s: %v", name, err)
	}
	if there {
		return name
	}
	building := name + "_building"
	run(t, admin, "DROP DATABASE IF EXISTS "+building)
	run(t, admin, "CREATE DATABASE "+building+" TEMPLATE template0")
	db, err := sqldb.OpenPostgres(t.Context(), admin.dsn(t, building))
	if err != nil {
		t.Fatalf("open %s: %v", building, err)
	}
	_, err = db.Migrate(t.Context(), migrations.FS)
	closeStore(t, db)
	if err != nil {
		t.Fatalf("migrate PostgreSQL: %v", err)
	}
	run(t, admin, "ALTER DATABASE "+building+" RENAME TO "+name)
	return name
}

// admin is a connection that makes and drops databases.
type admin struct{ *pgx.Conn }

func server(t testing.TB) admin {
	t.Helper()
	dsn := os.Getenv(dsnVariable) //nolint:forbidigo // tests have no settings
	switch {
	case dsn == "" && os.Getenv(requireVariable) == "1": //nolint:forbidigo // as above
		t.Fatalf("%s is not set and %s=1: start PostgreSQL with scripts/services", dsnVariable, requireVariable)
	case dsn == "":
		t.Skipf("left out: %s is not set; `make test` starts PostgreSQL", dsnVariable)
	}
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatalf("reach the PostgreSQL of %s: %v", dsnVariable, err)
	}
	t.Cleanup(func() {
		if err := conn.Close(ctx); err != nil {
			t.Errorf("close PostgreSQL: %v", err)
		}
	})
	return admin{conn}
}

// dsn is the server's address with another database.
func (a admin) dsn(t testing.TB, database string) string {
	t.Helper()
	cfg := a.Config()
	quote := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	return fmt.Sprintf("host='%s' port=%d user='%s' password='%s' dbname=%s pool_max_conns=8",
		quote.Replace(cfg.Host), cfg.Port, quote.Replace(cfg.User), quote.Replace(cfg.Password), database)
}

func run(t testing.TB, conn admin, query string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(context.WithoutCancel(t.Context()), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// fingerprint tells one state of PostgreSQL's migrations from another.
func fingerprint(t testing.TB) string {
	t.Helper()
	sum := sha256.New()
	err := fs.WalkDir(migrations.FS, string(sqldb.PostgreSQL), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(migrations.FS, path)
		sum.Write([]byte(path))
		sum.Write(text)
		return err
	})
	if err != nil {
		t.Fatalf("read the migrations: %v", err)
	}
	return hex.EncodeToString(sum.Sum(nil))[:12]
}

func closeStore(t testing.TB, db *sqldb.DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Errorf("close %s: %v", db.Engine(), err)
	}
}
