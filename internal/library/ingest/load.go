package ingest

import (
	"context"
	"fmt"
	"time"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/usage"
)

// Load is how many of everybody's jobs there are.
type Load struct {
	Queued, Running int64
	Done, Failed    int64 // that ended so since the beginning of a day
	OldestQueued    *time.Time
}

const countJobs = `SELECT
	(SELECT COUNT(*) FROM ingest_job WHERE finished_at IS NULL AND status = 'queued'),
	(SELECT COUNT(*) FROM ingest_job WHERE finished_at IS NULL AND status = 'running'),
	ended.done, ended.failed,
	(SELECT MIN(created_at) FROM ingest_job WHERE finished_at IS NULL AND status = 'queued')
FROM (SELECT CAST(COALESCE(SUM(CASE WHEN status = 'done' THEN jobs ELSE 0 END), 0) AS BIGINT) AS done,
	CAST(COALESCE(SUM(CASE WHEN status = 'failed' THEN jobs ELSE 0 END), 0) AS BIGINT) AS failed
	FROM ingest_usage WHERE span = 'day' AND at >= $1) ended`

// Load tells how many of everybody's jobs are open, and how many ended on a
// day of UTC and since; for those who run the place.
func (s *Service) Load(ctx context.Context, day time.Time) (Load, error) {
	l, err := sqldb.One(ctx, s.db.Read(), func(row sqldb.Row) (l Load, err error) {
		var oldest sqldb.NullTime
		err = row.Scan(&l.Queued, &l.Running, &l.Done, &l.Failed, &oldest)
		l.OldestQueued = oldest.Ptr()
		return l, err
	}, countJobs, sqldb.At(usage.Day.Start(day)))
	if err != nil {
		return l, fmt.Errorf("count jobs: %w", err)
	}
	return l, nil
}
