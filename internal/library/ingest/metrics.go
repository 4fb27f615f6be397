package ingest

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// metrics counts what becomes of jobs, and asks the ledger for those that are
// open when somebody asks.
type metrics struct {
	jobs    *prometheus.CounterVec
	took    *prometheus.HistogramVec
	retries *prometheus.CounterVec
	stages  *prometheus.HistogramVec
	residue *prometheus.GaugeVec
}

func newMetrics(registry prometheus.Registerer, db *sqldb.DB) *metrics {
	m := &metrics{
		jobs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mnemosyne_ingest_jobs_total", Help: "Jobs that ended here, by how and, when they failed, by the error's code.",
		}, []string{"status", "code"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "mnemosyne_ingest_job_seconds", Help: "From a job's acceptance to its end, of those that a worker brought to an end here.",
			Buckets: []float64{.1, .5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 14400},
		}, []string{"status"}),
		retries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mnemosyne_ingest_retries_total", Help: "Tries that failed here and are made again, by the error's code.",
		}, []string{"code"}),
		stages: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "mnemosyne_ingest_stage_seconds", Help: "How long stages of jobs took.",
			Buckets: []float64{.001, .005, .025, .1, .5, 2, 10, 60, 600},
		}, []string{"stage"}),
		residue: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "mnemosyne_residue",
			Help: "What was left of deleted libraries and items, or known to no row, when the reconciler of this process last looked: " +
				"libraries and items in the database, strays in the index and among the objects.",
		}, []string{"store"}),
	}
	if registry != nil {
		registry.MustRegister(m.jobs, m.took, m.retries, m.stages, m.residue, openJobs{
			db:    db,
			count: prometheus.NewDesc("mnemosyne_ingest_open_jobs", "Jobs in the ledger that have not ended.", []string{"queue", "status"}, nil),
			age: prometheus.NewDesc("mnemosyne_ingest_oldest_job_age_seconds",
				"Since when the oldest of the jobs in the ledger that have not ended was accepted.", []string{"queue", "status"}, nil),
		})
	}
	return m
}

func (m *metrics) ended(status Status, code string, n int) {
	if n > 0 {
		m.jobs.WithLabelValues(string(status), code).Add(float64(n))
	}
}

// lasted is told of a job that ended in a worker's hands.
func (m *metrics) lasted(status Status, took time.Duration) {
	m.took.WithLabelValues(string(status)).Observe(max(0, took.Seconds()))
}

func (m *metrics) left(store string, n int) { m.residue.WithLabelValues(store).Set(float64(n)) }

func (m *metrics) retried(code string) { m.retries.WithLabelValues(code).Inc() }

func (m *metrics) stage(stage Stage, took time.Duration) {
	m.stages.WithLabelValues(string(stage)).Observe(took.Seconds())
}

// openJobs reads the queues' depth and age from the ledger at each scrape.
type openJobs struct {
	db         *sqldb.DB
	count, age *prometheus.Desc
}

// Describe names the two metrics.
func (o openJobs) Describe(out chan<- *prometheus.Desc) {
	out <- o.count
	out <- o.age
}

const countOpen = `SELECT queue, status, COUNT(*), MIN(created_at) FROM ingest_job WHERE status = 'queued' GROUP BY queue, status
UNION ALL SELECT queue, status, COUNT(*), MIN(created_at) FROM ingest_job WHERE status = 'running' GROUP BY queue, status
ORDER BY 1, 2`

// Collect counts the rows. A store that does not answer gives an invalid
// metric, which the scrape reports.
func (o openJobs) Collect(out chan<- prometheus.Metric) {
	const patience = 5 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	type depth struct {
		queue, status string
		n             float64
		oldest        sqldb.Time
	}
	rows, err := sqldb.All(ctx, o.db.Read(), func(row sqldb.Row) (d depth, err error) {
		return d, row.Scan(&d.queue, &d.status, &d.n, &d.oldest)
	}, countOpen)
	if err != nil {
		out <- prometheus.NewInvalidMetric(o.count, err)
		return
	}
	for _, d := range rows {
		out <- prometheus.MustNewConstMetric(o.count, prometheus.GaugeValue, d.n, d.queue, d.status)
		out <- prometheus.MustNewConstMetric(o.age, prometheus.GaugeValue, max(0, time.Since(d.oldest.Time).Seconds()), d.queue, d.status)
	}
}
