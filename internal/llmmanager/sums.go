package llmmanager

import (
	"context"
	"fmt"
	"time"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/usage"
)

// Sum is what a model did in an hour or a day for a user and a purpose.
type Sum struct {
	At                       time.Time // its beginning
	UserID, Username         string    // empty: for nobody
	Purpose, Provider, Model string

	Calls, Items, Tokens, TookMS int64
}

type summed struct{ user, purpose, provider, model string }

const addSum = `INSERT INTO model_usage (span, at, user_id, purpose, provider, model, calls, items, tokens, took_ms)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
	ON CONFLICT (user_id, span, at, purpose, provider, model) DO UPDATE SET
		calls = model_usage.calls + excluded.calls, items = model_usage.items + excluded.items,
		tokens = model_usage.tokens + excluded.tokens, took_ms = model_usage.took_ms + excluded.took_ms`

// sumUp adds calls to the sums.
func sumUp(ctx context.Context, tx sqldb.Querier, calls []call) error {
	sums := usage.NewSums[summed](4)
	for _, c := range calls {
		sums.Add(c.at, summed{c.userID, string(c.Purpose), c.Provider, c.Model}, 1, int64(c.Items), int64(c.Tokens), c.Took.Milliseconds())
	}
	return sums.Write(ctx, tx, addSum, func(s summed) []any { return []any{s.user, s.purpose, s.provider, s.model} })
}

const (
	sumColumns = `SELECT s.at, s.user_id, COALESCE(u.username, ''), s.purpose, s.provider, s.model, s.calls, s.items, s.tokens, s.took_ms
	FROM model_usage s LEFT JOIN auth_user u ON u.id = s.user_id
	WHERE s.span = $1 AND s.at >= $2`
	orderSums     = ` ORDER BY s.at, s.user_id, s.purpose, s.provider, s.model`
	selectSums    = sumColumns + orderSums
	selectOwnSums = sumColumns + ` AND s.user_id = $3` + orderSums
	sweepSums     = `DELETE FROM model_usage WHERE span = $1 AND at < $2`
)

func scanSum(r sqldb.Row) (s Sum, err error) {
	var at sqldb.Time
	err = r.Scan(&at, &s.UserID, &s.Username, &s.Purpose, &s.Provider, &s.Model, &s.Calls, &s.Items, &s.Tokens, &s.TookMS)
	s.At = at.Time
	return s, err
}

// Sums gives what models did for a user, oldest first.
func (u *Usage) Sums(ctx context.Context, userID string, w usage.Window) ([]Sum, error) {
	return u.sums(ctx, selectOwnSums, string(w.Span), sqldb.At(w.Since), userID)
}

// SumsOfAll gives what models did for everybody, oldest first.
func (u *Usage) SumsOfAll(ctx context.Context, w usage.Window) ([]Sum, error) {
	return u.sums(ctx, selectSums, string(w.Span), sqldb.At(w.Since))
}

func (u *Usage) sums(ctx context.Context, query string, args ...any) ([]Sum, error) {
	sums, err := sqldb.All(ctx, u.opt.DB.Read(), scanSum, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read the use of models: %w", err)
	}
	return sums, nil
}
