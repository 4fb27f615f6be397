package llmmanager_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/llmmanager"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

var quiet = slog.New(slog.DiscardHandler)

// rows is what the account holds, oldest first.
func rows(t *testing.T, db *sqldb.DB) []string {
	t.Helper()
	all, err := sqldb.All(t.Context(), db.Read(), func(r sqldb.Row) (string, error) {
		var at sqldb.Time
		var user *string
		var purpose, provider, model string
		var tokens, items, took int
		err := r.Scan(&at, &user, &purpose, &provider, &model, &tokens, &items, &took)
		who := "nobody"
		if user != nil {
			who = *user
		}
		return fmt.Sprintf("%s %s %s %s %s %d tokens %d items %d ms", at.Format(time.DateTime), who, purpose, provider, model, tokens, items, took), err
	}, `SELECT at, user_id, purpose, provider, model, tokens, items, took_ms FROM llm_usage ORDER BY at, id`)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAProviderThatCountsBelowZeroFailsNoCall(t *testing.T) {
	t.Parallel()
	db, registry := sqldbtest.SQLite(t), prometheus.NewRegistry()
	u := llmmanager.NewUsage(llmmanager.UsageOptions{DB: db, Log: quiet, Registry: registry, Now: func() time.Time { return time.Unix(0, 0) }})
	u.RecordUsage(t.Context(), embedding.Usage{Purpose: embedding.PurposeQuery, Provider: "openai", Model: "m", Tokens: -1, Items: 1})
	u.Wait()
	if got := rows(t, db); len(got) != 1 || !strings.Contains(got[0], " 0 tokens 1 items") {
		t.Errorf("the account holds %v", got)
	}
}

func TestCallsAreAccountedFor(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		registry := prometheus.NewRegistry()
		now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
		u := llmmanager.NewUsage(llmmanager.UsageOptions{DB: db, Log: quiet, Registry: registry, Now: func() time.Time { return now }})
		u.RecordUsage(embedding.ForUser(t.Context(), "u1"), embedding.Usage{
			Purpose: embedding.PurposeQuery, Provider: embedding.InProcess, Model: "all-MiniLM-L6-v2", Tokens: 5, Items: 1, Took: 7 * time.Millisecond,
		})
		u.RecordUsage(t.Context(), embedding.Usage{
			Purpose: embedding.PurposeRerank, Provider: "cohere", Model: "rerank", Items: 32, Took: time.Second,
		})
		u.RecordUsage(t.Context(), embedding.Usage{Purpose: "whatever", Provider: "p", Model: "m", Tokens: 3})
		u.Wait()
		want := []string{
			"2026-05-01 12:00:00 u1 query in_process all-MiniLM-L6-v2 5 tokens 1 items 7 ms",
			"2026-05-01 12:00:00 nobody rerank cohere rerank 0 tokens 32 items 1000 ms",
			"2026-05-01 12:00:00 nobody whatever p m 3 tokens 0 items 0 ms",
		}
		if got := rows(t, db); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("the account holds\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		const name = "mnemosyne_llm_tokens_total"
		metrics := "# HELP " + name + " Tokens that models read, by purpose, as far as their providers count them.\n# TYPE " + name + " counter\n" +
			name + "{purpose=\"other\"} 3\n" + name + "{purpose=\"query\"} 5\n" + name + "{purpose=\"rerank\"} 0\n"
		if err := testutil.GatherAndCompare(registry, strings.NewReader(metrics), name); err != nil {
			t.Error(err)
		}
	})
}

func TestOldCallsAreForgotten(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
		u := llmmanager.NewUsage(llmmanager.UsageOptions{DB: db, Log: quiet, Now: func() time.Time { return now }})
		for range 2500 { // more than one statement's
			u.RecordUsage(t.Context(), embedding.Usage{Purpose: embedding.PurposeQuery, Provider: "old", Model: "m"})
		}
		now = now.Add(time.Hour)
		u.RecordUsage(t.Context(), embedding.Usage{Purpose: embedding.PurposeQuery, Provider: "young", Model: "m"})
		u.Wait()
		if gone, err := u.Sweep(t.Context(), now); err != nil || gone != 2500 {
			t.Errorf("%d were forgotten, %v", gone, err)
		}
		if left := rows(t, db); len(left) != 1 || !strings.Contains(left[0], "young") {
			t.Errorf("left are %v", left)
		}
	})
}
