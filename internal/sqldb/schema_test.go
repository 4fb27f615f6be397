package sqldb_test

import (
	"io/fs"
	"math"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
	"git.helu.ca/r/mnemosyne/migrations"
)

// Migrations of versions to come.
func addsTable() map[string]string {
	return map[string]string{"90001_more.sql": "CREATE TABLE more (id BIGINT PRIMARY KEY);"}
}

func takesAway() map[string]string {
	all := addsTable()
	all["90002_away.sql"] = "DROP TABLE more;\nINSERT INTO schema_break (version, reason) VALUES (90002, 'more is gone');"
	all["90003_index.sql"] = "CREATE INDEX setting_value ON setting (value);"
	return all
}

func TestASchemaOfAnotherVersion(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		own, err := db.Schema(t.Context(), migrations.FS)
		if err != nil || own.Newer() || own.Missing != 0 {
			t.Fatalf("its own is %+v, %v", own, err)
		}
		newer := sqldbtest.Versions(t, math.MaxInt64, addsTable())
		if s, err := db.Schema(t.Context(), newer); err != nil || s.Missing != 1 || s.Want != 90001 || s.Have != own.Want {
			t.Errorf("to the next version it is %+v, %v", s, err)
		}
		if ran, err := db.Migrate(t.Context(), newer); err != nil || len(ran) != 1 {
			t.Fatalf("the next version migrated %v, %v", ran, err)
		}
		if s, err := db.Schema(t.Context(), migrations.FS); err != nil || !s.Newer() || s.Missing != 0 || s.Breaking != 0 {
			t.Errorf("with a migration that adds it is %+v, %v", s, err)
		}
		before := sqldbtest.Snapshot(t, db)
		if ran, err := db.Migrate(t.Context(), migrations.FS); err != nil || len(ran) != 0 || sqldbtest.Snapshot(t, db) != before {
			t.Errorf("migrating back ran %v, %v, or changed something", ran, err)
		}
		if _, err := db.Migrate(t.Context(), sqldbtest.Versions(t, math.MaxInt64, takesAway())); err != nil {
			t.Fatal(err)
		}
		s, err := db.Schema(t.Context(), migrations.FS)
		if err != nil || s.Have != 90003 || s.Breaking != 90002 || s.Reason != "more is gone" {
			t.Errorf("with a migration that breaks it is %+v, %v", s, err)
		}
		if s, err := db.Schema(t.Context(), sqldbtest.Versions(t, math.MaxInt64, map[string]string{"90002_away.sql": ""})); err != nil || s.Breaking != 0 {
			t.Errorf("to a version that knows the breaking one it is %+v, %v", s, err)
		}
	})
}

func TestMigrationsThatAProgramCanDoWithoutAreNotMissed(t *testing.T) {
	t.Parallel()
	db, err := sqldb.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "old.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	const beforeAnIndex = 10
	if _, err := db.Migrate(t.Context(), sqldbtest.Versions(t, beforeAnIndex, nil)); err != nil {
		t.Fatal(err)
	}
	if s, err := db.Schema(t.Context(), sqldbtest.Versions(t, beforeAnIndex+1, nil)); err != nil || s.Missing != 0 || s.Deferred != 1 || s.Newer() {
		t.Errorf("without an index the schema is %+v, %v", s, err)
	}
	if s, err := db.Schema(t.Context(), migrations.FS); err != nil || s.Missing == 0 {
		t.Errorf("to this version it is %+v, %v", s, err)
	}
	if _, err := db.Migrate(t.Context(), migrations.FS); err != nil {
		t.Errorf("an older store is not migrated: %v", err)
	}
}

// What an older program relies on stays, or the migration says that it does not.
func TestMigrationsOnlyAddOrSayThatTheyBreak(t *testing.T) {
	t.Parallel()
	takes := regexp.MustCompile(`(?i)\b(DROP\s+(TABLE|COLUMN|VIEW)|RENAME|ALTER\s+COLUMN|ADD\s+CONSTRAINT|SET\s+NOT\s+NULL)\b`)
	unfilled := regexp.MustCompile(`(?im)ADD\s+COLUMN[^;]*\bNOT\s+NULL\b[^;]*;`)
	checked := 0
	err := fs.WalkDir(migrations.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		number, err := goose.NumericComponent(path)
		if err != nil {
			return err
		}
		raw, err := fs.ReadFile(migrations.FS, path)
		if err != nil {
			return err
		}
		up, _, _ := strings.Cut(string(raw), "-- +goose Down")
		up = regexp.MustCompile(`(?m)--.*$`).ReplaceAllString(up, "")
		const first = 9 // nobody ran a version from before
		if number < first || strings.Contains(up, "INSERT INTO schema_break") {
			return nil
		}
		checked++
		if found := takes.FindString(up); found != "" {
			t.Errorf("%s has %s: versions before it fail on its schema. Do it in a way that adds, or mark it as breaking: docs/upgrade.md", path, found)
		}
		for _, column := range unfilled.FindAllString(up, -1) {
			if !strings.Contains(strings.ToUpper(column), "DEFAULT") {
				t.Errorf("%s has %s: versions before it do not fill the column", path, column)
			}
		}
		return nil
	})
	if err != nil || checked < 4 {
		t.Errorf("%d migrations were read, %v", checked, err)
	}
}
