package ingest

import (
	"context"
	"fmt"
	"time"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Load is how many of everybody's jobs there are.
type Load struct {
	Queued, Running int64
	Done, Failed    int64 // since a moment
	OldestQueued    *time.Time
}

const countJobs = `SELECT
	(SELECT COUNT(*) FROM ingest_job WHERE status = 'queued'),
	(SELECT COUNT(*) FROM ingest_job WHERE status = 'running'),
	ended.done, ended.failed,
	(SELECT MIN(created_at) FROM ingest_job WHERE status = 'queued')
FROM (SELECT COALESCE(SUM(CASE WHEN status = 'done' THEN 1 ELSE 0 END), 0) AS done,
	COALESCE(SUM(CASE WHEN status = 'failed' THEN 1 ELSE 0 END), 0) AS failed
	FROM ingest_job WHERE finished_at >= $1) ended`

// Load tells how many of everybody's jobs are open, and how many have ended
// since a moment; for those who run the place.
func (s *Service) Load(ctx context.Context, since time.Time) (Load, error) {
	l, err := sqldb.One(ctx, s.db.Read(), func(row sqldb.Row) (l Load, err error) {
		var oldest sqldb.NullTime
		err = row.Scan(&l.Queued, &l.Running, &l.Done, &l.Failed, &oldest)
		l.OldestQueued = oldest.Ptr()
		return l, err
	}, countJobs, sqldb.At(since))
	if err != nil {
		return l, fmt.Errorf("count jobs: %w", err)
	}
	return l, nil
}
