package sqldbtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Dump is every value of every table as text, for tests that search it for
// what must not be kept.
func Dump(t testing.TB, db *sqldb.DB) string {
	t.Helper()
	return Snapshot(t, db)
}

// Snapshot is Dump without some tables, or columns as table.column, for tests
// that compare it with a later one. The rows of a table are in no order but
// that of their text.
func Snapshot(t testing.TB, db *sqldb.DB, without ...string) string {
	t.Helper()
	list := "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
	if db.Engine() == sqldb.PostgreSQL {
		list = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
	}
	tables, err := sqldb.All(t.Context(), db.Read(), func(r sqldb.Row) (s string, err error) {
		err = r.Scan(&s)
		return s, err
	}, list)
	if err != nil {
		t.Fatalf("list the tables: %v", err)
	}
	var out []string
	for _, table := range tables {
		if !slices.Contains(without, table) {
			lines := dumpTable(t, db, table, without)
			slices.Sort(lines)
			out = append(out, lines...)
		}
	}
	return strings.Join(out, "")
}

func dumpTable(t testing.TB, db *sqldb.DB, table string, without []string) (lines []string) {
	t.Helper()
	rows, err := db.Read().QueryContext(t.Context(), `SELECT * FROM "`+table+`"`)
	if err != nil {
		t.Fatalf("read %s: %v", table, err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatalf("read the columns of %s: %v", table, err)
	}
	for rows.Next() {
		values := make([]any, len(columns))
		pointers := make([]any, len(columns))
		for i := range values {
			pointers[i] = &values[i]
		}
		if err := rows.Scan(pointers...); err != nil {
			t.Fatalf("scan %s: %v", table, err)
		}
		for i, column := range columns {
			if slices.Contains(without, table+"."+column) {
				values[i] = "…"
			}
		}
		lines = append(lines, fmt.Sprintf("%s %v\n", table, values))
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("read %s: %v", table, err)
	}
	return lines
}
