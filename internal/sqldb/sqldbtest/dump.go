package sqldbtest

import (
	"fmt"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Dump is every value of every table as text, for tests that search it for
// what must not be kept.
func Dump(t testing.TB, db *sqldb.DB) string {
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
	var out strings.Builder
	for _, table := range tables {
		dumpTable(t, db, table, &out)
	}
	return out.String()
}

func dumpTable(t testing.TB, db *sqldb.DB, table string, out *strings.Builder) {
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
		fmt.Fprintf(out, "%s %v\n", table, values)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("read %s: %v", table, err)
	}
}
