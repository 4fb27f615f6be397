package llmmanager_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/llmmanager"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
	"git.helu.ca/r/mnemosyne/internal/usage"
)

func TestCallsAreSummedUpByModelHourAndDay(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
		now := noon
		u := llmmanager.NewUsage(llmmanager.UsageOptions{DB: db, Log: quiet, Now: func() time.Time { return now }})
		query := embedding.Usage{Purpose: embedding.PurposeQuery, Provider: "p", Model: "m", Tokens: 5, Items: 1, Took: 7 * time.Millisecond}
		for _, user := range []string{"u1", "u1", "u2"} {
			u.RecordUsage(embedding.ForUser(t.Context(), user), query)
		}
		u.Wait()
		now = noon.Add(24 * time.Hour)
		u.RecordUsage(t.Context(), embedding.Usage{Purpose: embedding.PurposeRerank, Provider: "p", Model: "r", Items: 32})
		u.RecordUsage(embedding.ForUser(t.Context(), "u1"), query)
		u.Wait()
		list := func(sums []llmmanager.Sum, err error) (out []string) {
			if err != nil {
				t.Error(err)
			}
			for _, s := range sums {
				out = append(out, fmt.Sprint(s.At.Format("02T15 "), s.UserID, " ", s.Purpose, s.Provider, s.Model, []int64{s.Calls, s.Items, s.Tokens, s.TookMS}))
			}
			return out
		}
		day := usage.Window{Span: usage.Day, Since: usage.Day.Start(noon)}
		if got, want := list(u.Sums(t.Context(), "u1", day)), []string{"01T00 u1 querypm[2 2 10 14]", "02T00 u1 querypm[1 1 5 7]"}; !slices.Equal(got, want) {
			t.Errorf("of one they are %q", got)
		}
		hour := usage.Window{Span: usage.Hour, Since: noon.Add(time.Hour)}
		if got, want := list(u.SumsOfAll(t.Context(), hour)), []string{"02T12  rerankpr[1 32 0 0]", "02T12 u1 querypm[1 1 5 7]"}; !slices.Equal(got, want) {
			t.Errorf("of all, from one o'clock on, they are %q", got)
		}
		now = noon.AddDate(0, 0, 10)
		if gone, err := u.Sweep(t.Context(), noon.Add(24*time.Hour)); err != nil || gone != 3 {
			t.Errorf("%d calls are gone, %v", gone, err)
		}
		if got := list(u.SumsOfAll(t.Context(), day)); len(got) != 2 {
			t.Errorf("left of days are %q", got)
		}
		if got := list(u.SumsOfAll(t.Context(), hour)); len(got) != 0 {
			t.Errorf("left of hours are %q", got)
		}
	})
}
