package ingest

import (
	"context"
	"fmt"
	"time"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/usage"
)

// Sum is how the jobs of a user in a library ended in an hour or a day.
type Sum struct {
	At         time.Time // its beginning
	UserID     string
	Username   string
	LibraryUID string
	Library    string // its name; empty once it is deleted
	Owner      string // empty for a global one
	Status     Status // done or failed: those that were called off are not summed up
	Code       string // why they failed; else empty

	Jobs, Chunks int64
	Bytes        int64 // of the documents
}

type summed struct {
	user, library string
	status        Status
	code          string
}

const (
	readEnded = `SELECT j.user_id, j.library_uid, j.status, j.error_code, j.chunks, COALESCE(g.size_bytes, 0)
	FROM ingest_job j LEFT JOIN item_generation g ON g.item_uid = j.item_uid AND g.generation = j.generation WHERE j.id = $1`
	addSum = `INSERT INTO ingest_usage (span, at, user_id, library_uid, status, error_code, jobs, chunks, bytes)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
	ON CONFLICT (user_id, span, at, library_uid, status, error_code) DO UPDATE SET
		jobs = ingest_usage.jobs + excluded.jobs, chunks = ingest_usage.chunks + excluded.chunks, bytes = ingest_usage.bytes + excluded.bytes`
	sweepSums = `DELETE FROM ingest_usage WHERE span = $1 AND at < $2`
)

// sumUp adds a job that the transaction has ended to the sums. A job that is
// retried later has ended all the same: its failure stays counted.
func sumUp(ctx context.Context, tx sqldb.Querier, jobID string, at time.Time) error {
	var of summed
	var chunks, bytes int64
	_, err := sqldb.One(ctx, tx, func(row sqldb.Row) (struct{}, error) {
		return struct{}{}, row.Scan(&of.user, &of.library, &of.status, &of.code, &chunks, &bytes)
	}, readEnded, jobID)
	if err != nil {
		return fmt.Errorf("read an ended job: %w", err)
	}
	if of.status != StatusDone && of.status != StatusFailed {
		return nil
	}
	sums := usage.NewSums[summed](3)
	sums.Add(at, of, 1, chunks, bytes)
	return sums.Write(ctx, tx, addSum, func(s summed) []any { return []any{s.user, s.library, string(s.status), s.code} })
}

const (
	sumColumns = `SELECT s.at, s.user_id, COALESCE(u.username, ''), s.library_uid, COALESCE(b.name, ''), COALESCE(b.owner_username, ''),
		s.status, s.error_code, s.jobs, s.chunks, s.bytes
	FROM ingest_usage s
	LEFT JOIN auth_user u ON u.id = s.user_id
	LEFT JOIN library b ON b.uid = s.library_uid AND b.deleted_at IS NULL
	WHERE s.span = $1 AND s.at >= $2`
	orderSums     = ` ORDER BY s.at, s.user_id, s.library_uid, s.status, s.error_code`
	selectSums    = sumColumns + orderSums
	selectOwnSums = sumColumns + ` AND s.user_id = $3` + orderSums
)

// Sums gives how the jobs of a user ended, oldest first. Some of their
// libraries the user may be unable to read by now.
func (s *Service) Sums(ctx context.Context, userID string, w usage.Window) ([]Sum, error) {
	return s.sums(ctx, selectOwnSums, string(w.Span), sqldb.At(w.Since), userID)
}

// SumsOfAll gives how everybody's jobs ended, oldest first.
func (s *Service) SumsOfAll(ctx context.Context, w usage.Window) ([]Sum, error) {
	return s.sums(ctx, selectSums, string(w.Span), sqldb.At(w.Since))
}

func (s *Service) sums(ctx context.Context, query string, args ...any) ([]Sum, error) {
	sums, err := sqldb.All(ctx, s.db.Read(), func(r sqldb.Row) (sum Sum, err error) {
		var at sqldb.Time
		err = r.Scan(&at, &sum.UserID, &sum.Username, &sum.LibraryUID, &sum.Library, &sum.Owner, &sum.Status, &sum.Code,
			&sum.Jobs, &sum.Chunks, &sum.Bytes)
		sum.At = at.Time
		return sum, err
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read the use of ingest: %w", err)
	}
	return sums, nil
}
