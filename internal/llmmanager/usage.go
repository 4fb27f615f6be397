// Package llmmanager owns what is known of language models: the providers that
// serve them, with their keys, which model is the default for what, and the
// account of their use, for whom, by which provider and model, how much and how
// long.
//
// Keys of providers are stored as Fernet tokens under
// LLM_API_SECRETS_ENCRYPTION_KEY, and leave this package only inside an
// embedding.Endpoint, to be sent to the provider. They are in no error, no log
// line and no audit event. It calls no model itself.
package llmmanager

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/usage"
)

// UsageOptions are what a Usage is made of.
type UsageOptions struct {
	DB       *sqldb.DB
	Log      *slog.Logger
	Registry prometheus.Registerer // nil: no metrics
	Now      func() time.Time      // nil: time.Now
}

// Usage is the account of calls of models, an embedding.Recorder. No call
// waits for it or fails with it.
type Usage struct {
	opt     UsageOptions
	journal *sqldb.Journal[call]
	tokens  *prometheus.CounterVec
}

var _ embedding.Recorder = (*Usage)(nil)

type call struct {
	at     time.Time
	userID string
	embedding.Usage
}

const insertUsage = `INSERT INTO llm_usage (id, at, user_id, purpose, provider, model, tokens, items, took_ms) VALUES`

// NewUsage makes the account.
func NewUsage(opt UsageOptions) *Usage {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	u := &Usage{
		opt: opt,
		journal: sqldb.NewJournal(sqldb.JournalOptions[call]{
			DB: opt.DB, Table: "llm_usage", Insert: insertUsage, Values: values, Also: sumUp, Log: opt.Log, Registry: opt.Registry,
		}),
		tokens: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mnemosyne_llm_tokens_total", Help: "Tokens that models read, by purpose, as far as their providers count them.",
		}, []string{"purpose"}),
	}
	if opt.Registry != nil {
		opt.Registry.MustRegister(u.tokens)
	}
	return u
}

// RecordUsage notes a call. Its tokens are the provider's word: fewer than
// none, as some say for what they did not count, is none.
func (u *Usage) RecordUsage(ctx context.Context, of embedding.Usage) {
	of.Tokens = max(of.Tokens, 0)
	u.tokens.WithLabelValues(purposeLabel(of.Purpose)).Add(float64(of.Tokens))
	u.journal.Note(call{at: u.opt.Now(), userID: embedding.UserOf(ctx), Usage: of})
}

// purposeLabel keeps the set of labels bounded.
func purposeLabel(p embedding.Purpose) string {
	switch p {
	case embedding.PurposeQuery, embedding.PurposeDocuments, embedding.PurposeRerank:
		return string(p)
	}
	return "other"
}

// Wait returns when what was noted is written. Call it before the store closes.
func (u *Usage) Wait() { u.journal.Wait() }

func values(c call) []any {
	var user *string
	if c.userID != "" {
		user = &c.userID
	}
	id, err := uuid.NewV7() // rises, so that calls of one moment keep their order
	if err != nil {
		id = uuid.New()
	}
	return []any{
		id.String(), sqldb.At(c.at), user, string(c.Purpose), c.Provider, c.Model, c.Tokens, c.Items, c.Took.Milliseconds(),
	}
}

const sweepUsage = `DELETE FROM llm_usage WHERE id IN (SELECT id FROM llm_usage WHERE at < $1 ORDER BY at, id LIMIT $2)`

// Sweep forgets calls from before a time and tells how many; the zero time
// keeps them all. Sums of hours go in any case once they are too old.
func (u *Usage) Sweep(ctx context.Context, before time.Time) (gone int64, err error) {
	if err := usage.Sweep(ctx, u.opt.DB, sweepSums, u.opt.Now(), before); err != nil || before.IsZero() {
		return 0, err
	}
	return u.journal.Sweep(ctx, sweepUsage, before)
}
