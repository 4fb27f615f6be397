package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"git.helu.ca/r/mnemosyne/internal/library/searchlog"
	"git.helu.ca/r/mnemosyne/internal/llmmanager"
)

// journals are the accounts that are kept beside the requests.
type journals struct {
	searches *searchlog.Log
	usage    *llmmanager.Usage
}

func openJournals(c *Core) *journals {
	return &journals{
		searches: searchlog.New(searchlog.Options{
			DB: c.DB, KeepQueries: c.Settings.Search.LogQueries, Log: c.Log, Registry: c.Registry,
		}),
		usage: llmmanager.NewUsage(llmmanager.UsageOptions{DB: c.DB, Log: c.Log, Registry: c.Registry}),
	}
}

// flush writes what was noted. It is called once nothing more is.
func (j *journals) flush() {
	j.searches.Wait()
	j.usage.Wait()
}

// sweep forgets what is older than days; 0 keeps all but what is summed up
// for the last days alone.
func (j *journals) sweep(ctx context.Context, log *slog.Logger, days int) error {
	var before time.Time
	if days > 0 {
		before = time.Now().AddDate(0, 0, -days)
	}
	searches, failed := j.searches.Sweep(ctx, before)
	calls, fault := j.usage.Sweep(ctx, before)
	if searches+calls > 0 {
		log.InfoContext(ctx, "old accounts dropped", slog.Int64("searches", searches), slog.Int64("model_calls", calls), slog.Int("older_than_days", days))
	}
	return errors.Join(failed, fault)
}
