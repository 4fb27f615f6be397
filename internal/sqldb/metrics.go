package sqldb

import (
	"database/sql"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
)

// pool is what the metrics say of one pool of connections.
type pool struct {
	inUse, idle, most int
	waits             int64 // calls that found no connection free
	waited            time.Duration
}

// poolCollector asks the pools at each scrape.
type poolCollector struct {
	pools                                  map[string]func() pool
	connections, most, waits, waitedSecond *prometheus.Desc
}

// Collector shows how busy the pools are, for a registry.
func (db *DB) Collector() prometheus.Collector {
	pools := map[string]func() pool{"read": ofSQL(db.read), "write": ofSQL(db.write)}
	if db.postgres != nil {
		pools = map[string]func() pool{"all": ofPostgres(db.postgres)}
	}
	label := []string{"pool"}
	return poolCollector{
		pools:        pools,
		connections:  prometheus.NewDesc("mnemosyne_db_connections", "Connections to the relational store, by pool and state.", []string{"pool", "state"}, nil),
		most:         prometheus.NewDesc("mnemosyne_db_connections_limit", "The most connections that a pool opens.", label, nil),
		waits:        prometheus.NewDesc("mnemosyne_db_waits_total", "Calls that had to wait for a connection of a pool.", label, nil),
		waitedSecond: prometheus.NewDesc("mnemosyne_db_wait_seconds_total", "How long calls waited for a connection of a pool.", label, nil),
	}
}

func ofSQL(db *sql.DB) func() pool {
	return func() pool {
		s := db.Stats()
		return pool{inUse: s.InUse, idle: s.Idle, most: s.MaxOpenConnections, waits: s.WaitCount, waited: s.WaitDuration}
	}
}

func ofPostgres(p *pgxpool.Pool) func() pool {
	return func() pool {
		s := p.Stat()
		return pool{
			inUse: int(s.AcquiredConns()), idle: int(s.IdleConns()), most: int(s.MaxConns()),
			waits: s.EmptyAcquireCount(), waited: s.EmptyAcquireWaitTime(),
		}
	}
}

// Describe names the metrics.
func (c poolCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.connections, c.most, c.waits, c.waitedSecond} {
		out <- d
	}
}

// Collect asks each pool.
func (c poolCollector) Collect(out chan<- prometheus.Metric) {
	for name, ask := range c.pools {
		p := ask()
		out <- prometheus.MustNewConstMetric(c.connections, prometheus.GaugeValue, float64(p.inUse), name, "in_use")
		out <- prometheus.MustNewConstMetric(c.connections, prometheus.GaugeValue, float64(p.idle), name, "idle")
		out <- prometheus.MustNewConstMetric(c.most, prometheus.GaugeValue, float64(p.most), name)
		out <- prometheus.MustNewConstMetric(c.waits, prometheus.CounterValue, float64(p.waits), name)
		out <- prometheus.MustNewConstMetric(c.waitedSecond, prometheus.CounterValue, p.waited.Seconds(), name)
	}
}
