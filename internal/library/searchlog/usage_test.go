package searchlog_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/library/searchlog"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
	"git.helu.ca/r/mnemosyne/internal/usage"
)

// keeper is a log with a clock that the test holds.
type keeper struct {
	*searchlog.Log

	now time.Time
}

func newKeeper(db *sqldb.DB) *keeper {
	k := &keeper{now: noon}
	k.Log = searchlog.New(searchlog.Options{DB: db, Log: quiet, Now: func() time.Time { return k.now }})
	return k
}

func by(user string, kind accounts.CredentialKind, masked string) accounts.Principal {
	return accounts.Principal{UserID: user, Credential: accounts.Credential{Kind: kind, Masked: masked}}
}

func window(span usage.Span, since time.Time) usage.Window {
	return usage.Window{Span: span, Since: span.Start(since)}
}

func told(sums []searchlog.Sum) (out []string) {
	for _, s := range sums {
		out = append(out, fmt.Sprint(s.At.Format("02T15"), " ", s.UserID, " ", s.CredentialKind, " ", s.Credential, " ",
			[]int64{s.Searches, s.WithoutHits, s.Degraded, s.Failed, s.TookMS}))
	}
	return out
}

// busy is two days of searches by ann, bob and nobody.
func busy(k *keeper) {
	session := by("ann", accounts.CredentialSession, "session:1")
	token := by("ann", accounts.CredentialUserToken, "tok_…00000001")
	for _, r := range []search.Record{
		{By: session, Outcome: search.Answered, Hits: 3, Found: map[string]int{"l1": 2, "l2": 1}, Took: 10 * time.Millisecond},
		{By: by("ann", accounts.CredentialSession, "session:2"), Outcome: search.Answered, Took: 20 * time.Millisecond},
		{By: token, Outcome: search.AnsweredDegraded, Hits: 1, Found: map[string]int{"l1": 1}, Took: 30 * time.Millisecond},
		{By: token, Outcome: search.NotAnswered, Took: 5 * time.Second},
		{By: by("bob", accounts.CredentialTeam, "team:t"), Outcome: search.Answered, Hits: 1, Found: map[string]int{"l1": 1}, Took: time.Millisecond},
		{By: by("", accounts.CredentialAnonymous, "anonymous"), Outcome: search.Answered, Took: time.Millisecond},
	} {
		k.RecordSearch(r)
	}
	k.now = noon.Add(time.Hour)
	k.RecordSearch(search.Record{By: session, Outcome: search.Answered, Hits: 1, Found: map[string]int{"l2": 1}, Took: 40 * time.Millisecond})
	k.now = noon.Add(24 * time.Hour)
	k.RecordSearch(search.Record{By: session, Outcome: search.Answered, Took: 50 * time.Millisecond})
	k.Wait()
}

func TestSearchesAreSummedUpByCredentialHourAndDay(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		k := newKeeper(db)
		busy(k)
		hours, err := k.Sums(t.Context(), "ann", window(usage.Hour, noon))
		want := []string{
			"01T12 ann session  [2 1 0 0 30]", "01T12 ann user_token tok_…00000001 [2 0 1 1 5030]", "01T13 ann session  [1 0 0 0 40]", "02T12 ann session  [1 1 0 0 50]",
		}
		if err != nil || !slices.Equal(told(hours), want) {
			t.Errorf("by hour: %q, %v", told(hours), err)
		}
		days, err := k.Sums(t.Context(), "ann", window(usage.Day, noon.AddDate(0, 0, 1)))
		if want := []string{"02T00 ann session  [1 1 0 0 50]"}; err != nil || !slices.Equal(told(days), want) {
			t.Errorf("by day, of the second: %q, %v", told(days), err)
		}
		all, err := k.SumsOfAll(t.Context(), window(usage.Day, noon))
		want = []string{
			"01T00  anonymous  [1 1 0 0 1]", "01T00 ann session  [3 1 0 0 70]", "01T00 ann user_token tok_…00000001 [2 0 1 1 5030]",
			"01T00 bob team team:t [1 0 0 0 1]", "02T00 ann session  [1 1 0 0 50]",
		}
		if err != nil || !slices.Equal(told(all), want) {
			t.Errorf("of all: %q, %v", told(all), err)
		}
	})
}

func TestLibrariesAreSummedUpByTheirHits(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		k := newKeeper(db)
		_, err := sqldb.Exec(t.Context(), db.Write(), `INSERT INTO library (uid, name, library_type, created_at, updated_at) VALUES ('l1', 'Papers', 'technical', $1, $1)`, sqldb.At(noon))
		if err != nil {
			t.Fatal(err)
		}
		busy(k)
		list := func(sums []searchlog.LibrarySum, err error) string {
			var out []string
			for _, s := range sums {
				out = append(out, fmt.Sprint(s.At.Format("02T15 "), s.LibraryUID, " ", s.Name, s.Owner, " ", s.Searches, " ", s.Hits))
			}
			return strings.Join(out, ", ") + fmt.Sprint(err)
		}
		if got := list(k.LibrarySums(t.Context(), "ann", window(usage.Day, noon))); got != "01T00 l1 Papers 2 3, 01T00 l2  2 2<nil>" {
			t.Errorf("Ann's are %s", got)
		}
		if got := list(k.LibrarySumsOfAll(t.Context(), window(usage.Hour, noon))); got != "01T12 l1 Papers 3 4, 01T12 l2  1 1, 01T13 l2  1 1<nil>" {
			t.Errorf("everybody's are %s", got)
		}
	})
}

func TestSpeedIsThatOfTheSearchesThatWereAnswered(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		k := newKeeper(db)
		for ms := range 100 {
			k.RecordSearch(search.Record{By: by("ann", accounts.CredentialSession, ""), Outcome: search.Answered, Took: time.Duration(ms+1) * time.Millisecond})
		}
		k.RecordSearch(search.Record{By: by("ann", accounts.CredentialSession, ""), Outcome: search.NotAnswered, Took: time.Hour})
		k.RecordSearch(search.Record{By: by("bob", accounts.CredentialSession, ""), Outcome: search.Answered, Took: time.Minute})
		k.Wait()
		if got, err := k.Speed(t.Context(), "ann", noon); err != nil || got != (searchlog.Speed{P50: 50 * time.Millisecond, P95: 95 * time.Millisecond, Of: 100}) {
			t.Errorf("Ann's is %+v, %v", got, err)
		}
		if got, err := k.SpeedOfAll(t.Context(), noon); err != nil || got.Of != 101 || got.P50 != 51*time.Millisecond {
			t.Errorf("everybody's is %+v, %v", got, err)
		}
		if got, err := k.Speed(t.Context(), "bob", noon.Add(time.Second)); err != nil || got != (searchlog.Speed{}) {
			t.Errorf("of none it is %+v, %v", got, err)
		}
	})
}

func TestSumsOfHoursGoSoonAndThoseOfDaysWithTheirSearches(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		k := newKeeper(db)
		busy(k)
		count := func(span usage.Span) int {
			t.Helper()
			sums, err := k.SumsOfAll(t.Context(), window(span, noon))
			libraries, fault := k.LibrarySumsOfAll(t.Context(), window(span, noon))
			if err != nil || fault != nil {
				t.Fatal(err, fault)
			}
			return len(sums) + len(libraries)
		}
		k.now = noon.Add(usage.HourlyKept + time.Hour)
		if gone, err := k.Sweep(t.Context(), time.Time{}); err != nil || gone != 0 {
			t.Errorf("keeping all, %d searches are gone, %v", gone, err)
		}
		if hours, days := count(usage.Hour), count(usage.Day); hours != 3 || days != 7 {
			t.Errorf("left are %d sums of hours and %d of days", hours, days)
		}
		if gone, err := k.Sweep(t.Context(), noon.Add(24*time.Hour)); err != nil || gone != 7 {
			t.Errorf("%d searches are gone, %v", gone, err)
		}
		if days := count(usage.Day); days != 1 {
			t.Errorf("left are %d sums of days", days)
		}
	})
}
