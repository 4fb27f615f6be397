package searchlog_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/library/searchlog"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

var quiet = slog.New(slog.DiscardHandler)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func rows(t *testing.T, db *sqldb.DB) []string {
	t.Helper()
	all, err := sqldb.All(t.Context(), db.Read(), func(r sqldb.Row) (string, error) {
		var at sqldb.Time
		var user, query *string
		var surface, kind, credential, legs, outcome string
		var libraries, hits, took int
		err := r.Scan(&at, &surface, &user, &kind, &credential, &libraries, &legs, &outcome, &hits, &took, &query)
		or := func(p *string) string {
			if p == nil {
				return "NULL"
			}
			return *p
		}
		return fmt.Sprintf("%s %s %s %s %s %d %s %s %d %d %q", at.Format(time.TimeOnly), surface, or(user), kind, credential, libraries, legs, outcome, hits, took, or(query)), err
	}, `SELECT at, surface, user_id, credential_kind, credential, libraries, legs, outcome, hits, took_ms, query FROM search_log ORDER BY at, id`)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func aSearch(query string) search.Record {
	return search.Record{
		Surface: "mcp", Libraries: 3, Hits: 2, Outcome: search.AnsweredDegraded, Took: 12 * time.Millisecond, Query: query,
		By: accounts.Principal{UserID: "u1", Username: "ann", Credential: accounts.Credential{Kind: accounts.CredentialTeam, ID: "t1", Masked: "team:t1"}},
		Legs: []search.Leg{
			{Name: "vector", Status: search.OK, Took: 1500 * time.Microsecond}, {Name: "fulltext", Status: search.Timeout, Took: 5 * time.Second},
		},
	}
}

func TestASearchIsLoggedWithoutItsWords(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		l := searchlog.New(searchlog.Options{DB: db, Log: quiet, Now: func() time.Time { return noon }})
		l.RecordSearch(aSearch("my secret illness"))
		l.RecordSearch(search.Record{Surface: "mcp", Outcome: search.Answered, By: accounts.Principal{Credential: accounts.Credential{Kind: accounts.CredentialAnonymous, Masked: "anonymous"}}})
		l.Wait()
		want := []string{
			`12:00:00 mcp u1 team team:t1 3 {"fulltext":{"status":"timeout","took_ms":5000},"vector":{"status":"ok","took_ms":1.5}} degraded 2 12 "NULL"`,
			`12:00:00 mcp NULL anonymous anonymous 0 {} ok 0 0 "NULL"`,
		}
		if got := rows(t, db); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("the log holds\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if strings.Contains(sqldbtest.Dump(t, db), "illness") {
			t.Error("the words of a search are in the store")
		}
	})
}

func TestTheWordsAreKeptWhereTheyAreToBe(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		l := searchlog.New(searchlog.Options{DB: db, KeepQueries: true, Log: quiet, Now: func() time.Time { return noon }})
		for _, query := range []string{"plain", "with a \x00 NUL", "broken \xff", strings.Repeat("é", 4000)} {
			l.RecordSearch(aSearch(query))
		}
		l.Wait()
		got := rows(t, db)
		if len(got) != 4 {
			t.Fatalf("%d rows are kept of 4", len(got))
		}
		for i, end := range []string{`"plain"`, `"with a  NUL"`, `"broken "`, strings.Repeat("é", 2000) + `"`} {
			if !strings.HasSuffix(got[i], end) {
				t.Errorf("row %d ends in %.60q, want %.60q", i, got[i][max(0, len(got[i])-60):], end)
			}
		}
	})
}

func TestOldSearchesAreForgotten(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		now := noon
		l := searchlog.New(searchlog.Options{DB: db, Log: quiet, Now: func() time.Time { return now }})
		for range 2500 {
			l.RecordSearch(aSearch(""))
		}
		now = noon.Add(time.Hour)
		l.RecordSearch(aSearch(""))
		l.Wait()
		if gone, err := l.Sweep(t.Context(), now); err != nil || gone != 2500 {
			t.Errorf("%d were forgotten, %v", gone, err)
		}
		if left := rows(t, db); len(left) != 1 {
			t.Errorf("%d are left", len(left))
		}
	})
}
