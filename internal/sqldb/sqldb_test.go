package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
	"git.helu.ca/r/mnemosyne/migrations"
)

const insertSetting = "INSERT INTO setting (name, value) VALUES ($1, $2)"

func scanString(r sqldb.Row) (string, error) {
	var s string
	err := r.Scan(&s)
	return s, err
}

func scanTime(r sqldb.Row) (time.Time, error) {
	var at sqldb.Time
	err := r.Scan(&at)
	return at.Time, err
}

func TestMigratingTwiceDoesNothingTheSecondTime(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ran, err := db.Migrate(t.Context(), migrations.FS)
		if err != nil || len(ran) != 0 {
			t.Errorf("Migrate on a migrated store = %v, %v; want nothing run", ran, err)
		}
		if s, err := db.Schema(t.Context(), migrations.FS); err != nil || s.Missing+s.Deferred != 0 || s.Have != s.Want || s.Want < 13 {
			t.Errorf("Schema = %+v, %v; want nothing missing", s, err)
		}
	})
}

func TestAFreshStoreNamesTheMigrationsItRuns(t *testing.T) {
	t.Parallel()
	open := map[string]func(t *testing.T) (*sqldb.DB, error){
		"sqlite": func(t *testing.T) (*sqldb.DB, error) {
			t.Helper()
			return sqldb.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "fresh.db"))
		},
		"postgresql": func(t *testing.T) (*sqldb.DB, error) {
			t.Helper()
			return sqldb.OpenPostgres(t.Context(), sqldbtest.NewPostgresDatabase(t, "template0"))
		},
	}
	for name, open := range open {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, err := open(t)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			s, err := db.Schema(t.Context(), migrations.FS)
			pending := s.Missing + s.Deferred
			if err != nil || s.Missing < 2 || s.Deferred < 2 || s.Have != 0 {
				t.Fatalf("Schema of an empty store = %+v, %v", s, err)
			}
			ran, err := db.Migrate(t.Context(), migrations.FS)
			if err != nil || len(ran) != pending || ran[0] != "00001_schema.sql" {
				t.Errorf("Migrate = %v, %v; want %d names from 00001_schema.sql on", ran, err, pending)
			}
		})
	}
}

func TestATimeComesBackAsItWentInWhateverItsZone(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", -(3*3600 + 1800))
	times := []time.Time{
		time.Date(2026, 3, 1, 12, 30, 15, 123456789, zone),
		time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC),
		time.Date(2036, 2, 29, 0, 0, 0, 0, time.UTC),
	}
	const insert = "INSERT INTO mcp_signing_key (kid, secret_hex, created_at, retired_at) VALUES ($1, '', $2, $3)"
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		for i, at := range times {
			if _, err := sqldb.Exec(t.Context(), db.Write(), insert, fmt.Sprint(i), sqldb.At(at), sqldb.AtPtr(nil)); err != nil {
				t.Fatal(err)
			}
			got, err := sqldb.One(t.Context(), db.Read(), scanTime, "SELECT created_at FROM mcp_signing_key WHERE created_at = $1", sqldb.At(at))
			if want := at.UTC().Truncate(time.Microsecond); err != nil || !got.Equal(want) || got.Location() != time.UTC {
				t.Errorf("%v came back as %v (%v), %v", want, got, got.Location(), err)
			}
		}
		ordered, err := sqldb.All(t.Context(), db.Read(), scanString, "SELECT kid FROM mcp_signing_key ORDER BY created_at")
		if want := []string{"1", "0", "2"}; err != nil || !reflect.DeepEqual(ordered, want) {
			t.Errorf("by time: %v, %v; want %v", ordered, err, want)
		}
		nulls, err := sqldb.All(t.Context(), db.Read(), func(r sqldb.Row) (*time.Time, error) {
			var at sqldb.NullTime
			err := r.Scan(&at)
			return at.Ptr(), err
		}, "SELECT retired_at FROM mcp_signing_key")
		if err != nil || len(nulls) != 3 || nulls[0] != nil {
			t.Errorf("absent times = %v, %v", nulls, err)
		}
	})
}

func TestBooleansGoInAndComeBack(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		for _, active := range []bool{true, false} {
			got, err := sqldb.One(t.Context(), db.Write(), func(r sqldb.Row) (b bool, err error) {
				err = r.Scan(&b)
				return b, err
			}, "INSERT INTO mcp_signing_key (kid, secret_hex, is_active, created_at) VALUES ($1, '', $2, $3) RETURNING is_active",
				fmt.Sprint(active), active, sqldb.At(time.Now()))
			if err != nil || got != active {
				t.Errorf("%v came back as %v, %v", active, got, err)
			}
		}
		names, err := sqldb.All(t.Context(), db.Read(), scanString, "SELECT kid FROM mcp_signing_key WHERE is_active")
		if err != nil || !reflect.DeepEqual(names, []string{"true"}) {
			t.Errorf("WHERE is_active = %v, %v", names, err)
		}
	})
}

func TestATransactionThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		refused := errors.New("refused")
		err := db.Tx(t.Context(), func(tx sqldb.Querier) error {
			if _, err := sqldb.Exec(t.Context(), tx, insertSetting, "a", "1"); err != nil {
				return err
			}
			return refused
		})
		if !errors.Is(err, refused) {
			t.Fatalf("Tx = %v; want the function's error", err)
		}
		_, err = sqldb.One(t.Context(), db.Read(), scanString, "SELECT value FROM setting WHERE name = $1", "a")
		if !sqldb.Missing(err) {
			t.Errorf("after a rollback the row reads %v; want none", err)
		}
	})
}

func TestUniquenessAndForeignKeysAreTold(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if _, err := sqldb.Exec(t.Context(), db.Write(), insertSetting, "a", "1"); err != nil {
			t.Fatal(err)
		}
		_, err := sqldb.Exec(t.Context(), db.Write(), insertSetting, "a", "2")
		if !sqldb.Duplicate(err) || sqldb.Referenced(err) {
			t.Errorf("a second row of one name: %v; want Duplicate", err)
		}
		_, err = sqldb.Exec(t.Context(), db.Write(), "INSERT INTO auth_user_group (user_id, group_id) VALUES ('x', 'y')")
		if !sqldb.Referenced(err) || sqldb.Duplicate(err) {
			t.Errorf("a row that points at nothing: %v; want Referenced", err)
		}
	})
}

func TestConcurrentWritersAllSucceed(t *testing.T) {
	t.Parallel()
	const writers, each = 8, 25
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if _, err := sqldb.Exec(t.Context(), db.Write(), insertSetting, "n", "0"); err != nil {
			t.Fatal(err)
		}
		const increment = "UPDATE setting SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT) WHERE name = 'n'"
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() {
				for range each {
					err := db.Tx(t.Context(), func(tx sqldb.Querier) error {
						_, err := sqldb.Exec(t.Context(), tx, increment)
						return err
					})
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		got, err := sqldb.One(t.Context(), db.Read(), scanString, "SELECT value FROM setting WHERE name = 'n'")
		if err != nil || got != fmt.Sprint(writers*each) {
			t.Errorf("after %d increments the value is %s, %v", writers*each, got, err)
		}
	})
}

func TestACancelledContextStopsAQuery(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		const endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT CAST(COUNT(*) AS TEXT) FROM n"
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := sqldb.One(ctx, db.Read(), scanString, endless)
		if err == nil || ctx.Err() == nil || errs.Is(err, errs.Unavailable) {
			t.Errorf("an endless query under a deadline = %v", err)
		}
		if err := db.Ping(t.Context()); err != nil {
			t.Errorf("Ping afterwards = %v", err)
		}
	})
}

func TestSQLiteRefusesWritesOnTheReadingPool(t *testing.T) {
	t.Parallel()
	db := sqldbtest.SQLite(t)
	if _, err := sqldb.Exec(t.Context(), db.Read(), insertSetting, "a", "1"); err == nil {
		t.Error("a write through Read was taken")
	}
}

func TestSQLiteTakesAnyPath(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a b?c#d%20e&f=ü.db")
	db, err := sqldb.OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := os.Stat(path); err != nil || db.Where() != path {
		t.Errorf("the file is not at %s (Where %s): %v", path, db.Where(), err)
	}
}

func TestADamagedSQLiteFileSaysWhatToDo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "damaged.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := sqldb.OpenSQLite(t.Context(), path)
	wantAdvice(t, err, path, "backup")
}

func TestDamageInsideASQLiteFileIsToldWhenItIsMet(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "inside.db")
	fill := func() {
		db, err := sqldb.OpenSQLite(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		if _, err := db.Migrate(t.Context(), migrations.FS); err != nil {
			t.Fatal(err)
		}
		for i := range 200 {
			if _, err := sqldb.Exec(t.Context(), db.Write(), insertSetting, fmt.Sprint(i), strings.Repeat("x", 500)); err != nil {
				t.Fatal(err)
			}
		}
	}
	fill()
	damage(t, path)
	db, err := sqldb.OpenSQLite(t.Context(), path)
	if err == nil {
		t.Cleanup(func() { _ = db.Close() })
		_, err = sqldb.All(t.Context(), db.Read(), scanString, "SELECT value FROM setting ORDER BY value")
	}
	wantAdvice(t, err, path, "backup")
}

func TestADamagedSchemaIsToldWhenMigrating(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "schema.db")
	db, err := sqldb.OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Migrate(t.Context(), migrations.FS); err != nil {
		t.Fatal(err)
	}
	page, err := sqldb.One(t.Context(), db.Read(), func(row sqldb.Row) (n int, err error) { return n, row.Scan(&n) },
		"SELECT rootpage FROM sqlite_master WHERE name = 'goose_db_version'")
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const pageSize = 4096
	for i := (page - 1) * pageSize; i < page*pageSize; i++ {
		raw[i] = 0xa5
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if db, err = sqldb.OpenSQLite(t.Context(), path); err == nil {
		t.Cleanup(func() { _ = db.Close() })
		_, err = db.Migrate(t.Context(), migrations.FS)
	}
	wantAdvice(t, err, path, "backup")
}

func TestANewSQLiteFileIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	db := sqldbtest.SQLite(t)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(db.Where() + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%q has mode %o", suffix, mode)
		}
	}
}

// damage overwrites the last half of a file's pages.
func damage(t *testing.T, path string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(raw) / 2; i < len(raw); i++ {
		raw[i] = 0xa5
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAFolderThatIsNotThereSaysWhatToDo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "none", "x.db")
	_, err := sqldb.OpenSQLite(t.Context(), path)
	wantAdvice(t, err, path, "folder")
}

func TestAFullDiskSaysWhatToDo(t *testing.T) {
	t.Parallel()
	db := sqldbtest.SQLite(t)
	// SQLite answers SQLITE_FULL alike for a full disk and for its own cap.
	if _, err := sqldb.Exec(t.Context(), db.Write(), "PRAGMA max_page_count = 1"); err != nil {
		t.Fatal(err)
	}
	var err error
	for i := 0; err == nil && i < 10_000; i++ {
		_, err = sqldb.Exec(t.Context(), db.Write(), insertSetting, fmt.Sprint(i), strings.Repeat("x", 4000))
	}
	wantAdvice(t, err, db.Where(), "free some space")
}

func TestAPostgresThatIsNotThereSaysWhatToDo(t *testing.T) {
	t.Parallel()
	_, err := sqldb.OpenPostgres(t.Context(), "host=127.0.0.1 port=1 user=u password=hunter2 dbname=d connect_timeout=2")
	wantAdvice(t, err, "127.0.0.1:1/d", "DB_HOST")
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error shows the password: %v", err)
	}
}

func TestAPostgresThatRefusesTheUserSaysWhatToDo(t *testing.T) {
	t.Parallel()
	dsn := sqldbtest.NewPostgresDatabase(t, "template0") + " user=nobody_of_that_name"
	_, err := sqldb.OpenPostgres(t.Context(), dsn)
	wantAdvice(t, err, "127.0.0.1", "APP_DB_USER")
}

// wantAdvice checks that a fault of the store is Unavailable, says where and
// what to do in its log text, and keeps the place out of what callers see.
func wantAdvice(t *testing.T, err error, place, advice string) {
	t.Helper()
	if !errs.Is(err, errs.Unavailable) {
		t.Fatalf("error = %v; want the kind Unavailable", err)
	}
	if text := err.Error(); !strings.Contains(text, place) || !strings.Contains(text, advice) {
		t.Errorf("error = %q; want it to name %q and %q", text, place, advice)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error = %q; want one line", err)
	}
	if shown := errs.As(err).Message; strings.Contains(shown, place) {
		t.Errorf("message %q shows the place", shown)
	}
}

func TestReadsOfManyTextsFromManyCallersAreRight(t *testing.T) {
	t.Parallel()
	const texts, callers = 200, 4 // more texts than are kept prepared
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		if _, err := sqldb.Exec(t.Context(), db.Write(), insertSetting, "a", "1"); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				for i := range texts {
					query := fmt.Sprintf("SELECT value || '-%d' FROM setting WHERE name = $1", i)
					got, err := sqldb.One(t.Context(), db.Read(), scanString, query, "a")
					if want := fmt.Sprintf("1-%d", i); err != nil || got != want {
						t.Errorf("%s = %q, %v; want %q", query, got, err, want)
					}
				}
			})
		}
		wg.Wait()
		if _, err := sqldb.All(t.Context(), db.Read(), scanString, "SELECT nonsense FROM nowhere"); err == nil {
			t.Error("a query of a table that is not there gave no error")
		}
	})
}

func TestAReadSeesASchemaThatChangedAfterItWasPrepared(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		const query = "SELECT value FROM setting WHERE name = $1"
		for _, change := range []string{"", "ALTER TABLE setting ADD COLUMN more TEXT", "CREATE INDEX setting_value ON setting (value)"} {
			if change != "" {
				if _, err := sqldb.Exec(t.Context(), db.Write(), change); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := sqldb.Exec(t.Context(), db.Write(), insertSetting, "n"+change, change); err != nil {
				t.Fatal(err)
			}
			if got, err := sqldb.One(t.Context(), db.Read(), scanString, query, "n"+change); err != nil || got != change {
				t.Errorf("after %q: %q, %v", change, got, err)
			}
		}
	})
}

func TestATransactionEndedForADeadlockIsWorthAnotherTry(t *testing.T) {
	t.Parallel()
	db := sqldbtest.Postgres(t)
	for _, name := range []string{"a", "b"} {
		if _, err := sqldb.Exec(t.Context(), db.Write(), insertSetting, name, ""); err != nil {
			t.Fatal(err)
		}
	}
	const change = "UPDATE setting SET value = 'x' WHERE name = $1"
	var first, both sync.WaitGroup
	first.Add(2)
	faults := make([]error, 2)
	for i, order := range [][]string{{"a", "b"}, {"b", "a"}} {
		both.Go(func() {
			faults[i] = db.Tx(t.Context(), func(tx sqldb.Querier) error {
				_, err := sqldb.Exec(t.Context(), tx, change, order[0])
				first.Done()
				if err != nil {
					return err
				}
				first.Wait()
				_, err = sqldb.Exec(t.Context(), tx, change, order[1])
				return err
			})
		})
	}
	both.Wait()
	if err := errors.Join(faults...); !errs.Is(err, errs.Unavailable) || (faults[0] != nil && faults[1] != nil) {
		t.Errorf("of two transactions that wait for each other: %v", faults)
	}
}
