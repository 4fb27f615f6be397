package sqldbtest

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/pressly/goose/v3"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/migrations"
)

// Versions is the program's migrations up to a number, and further ones by the
// name of their file, as other versions of the program carry them.
func Versions(t testing.TB, last int64, further map[string]string) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	err := fs.WalkDir(migrations.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".sql") {
			return err
		}
		number, err := goose.NumericComponent(path)
		if err != nil || number > last {
			return err
		}
		text, err := fs.ReadFile(migrations.FS, path)
		out[path] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatalf("read the migrations: %v", err)
	}
	for name, text := range further {
		for _, engine := range []sqldb.Engine{sqldb.SQLite, sqldb.PostgreSQL} {
			out[string(engine)+"/"+name] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + text + "\n")}
		}
	}
	return out
}
