package accounts

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const countSessions = `SELECT COUNT(*) FROM session WHERE expires_at > $1 AND last_seen_at > $2`

// sessionCollector counts the live sessions at each scrape.
type sessionCollector struct {
	accounts *Accounts
	desc     *prometheus.Desc
}

// SessionCollector shows how many browsers are signed in, for a registry.
func (a *Accounts) SessionCollector() prometheus.Collector {
	return sessionCollector{a, prometheus.NewDesc("mnemosyne_sessions", "Sessions of signed-in browsers that have not ended.", nil, nil)}
}

// Describe names the metric.
func (c sessionCollector) Describe(out chan<- *prometheus.Desc) { out <- c.desc }

// Collect counts the rows. A store that does not answer gives an invalid
// metric, which the scrape reports.
func (c sessionCollector) Collect(out chan<- prometheus.Metric) {
	const patience = 5 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	now := c.accounts.opt.Now()
	n, err := sqldb.One(ctx, c.accounts.db.Read(), func(row sqldb.Row) (n float64, err error) { return n, row.Scan(&n) },
		countSessions, sqldb.At(now), sqldb.At(now.Add(-c.accounts.opt.SessionIdle)))
	if err != nil {
		out <- prometheus.NewInvalidMetric(c.desc, err)
		return
	}
	out <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, n)
}
