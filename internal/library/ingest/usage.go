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
	Status     Status
	Code       string // why they failed; else empty

	Jobs, Chunks int64
	Bytes        int64 // of the documents that are still kept
}

// The times of both engines begin alike as text, but for what is between day
// and hour. Names are looked up once a sum.
const (
	addUp = `SELECT s.start, s.user_id, COALESCE(u.username, ''), s.library_uid, COALESCE(b.name, ''), COALESCE(b.owner_username, ''),
		s.status, s.error_code, s.jobs, s.chunks, s.bytes
	FROM (SELECT substr(CAST(j.finished_at AS TEXT), 1, $2) AS start, j.user_id, j.library_uid, j.status, j.error_code,
			COUNT(*) AS jobs, CAST(SUM(j.chunks) AS BIGINT) AS chunks, CAST(COALESCE(SUM(g.size_bytes), 0) AS BIGINT) AS bytes
		FROM ingest_job j LEFT JOIN item_generation g ON g.item_uid = j.item_uid AND g.generation = j.generation
		WHERE j.finished_at >= $1`
	addedUp = ` GROUP BY 1, j.user_id, j.library_uid, j.status, j.error_code) s
	LEFT JOIN auth_user u ON u.id = s.user_id
	LEFT JOIN library b ON b.uid = s.library_uid AND b.deleted_at IS NULL
	ORDER BY s.start, s.user_id, s.library_uid, s.status, s.error_code`
	selectSums    = addUp + addedUp
	selectOwnSums = addUp + ` AND j.user_id = $3` + addedUp
)

// Sums gives how the jobs of a user ended, oldest first. Some of their
// libraries the user may be unable to read by now.
func (s *Service) Sums(ctx context.Context, userID string, w usage.Window) ([]Sum, error) {
	return s.sums(ctx, w, selectOwnSums, userID)
}

// SumsOfAll gives how everybody's jobs ended, oldest first.
func (s *Service) SumsOfAll(ctx context.Context, w usage.Window) ([]Sum, error) {
	return s.sums(ctx, w, selectSums)
}

func (s *Service) sums(ctx context.Context, w usage.Window, query string, more ...any) ([]Sum, error) {
	layout := "2006-01-02T15"
	if w.Span == usage.Day {
		layout = time.DateOnly
	}
	scan := func(r sqldb.Row) (sum Sum, err error) {
		var at []byte
		if err := r.Scan(&at, &sum.UserID, &sum.Username, &sum.LibraryUID, &sum.Library, &sum.Owner, &sum.Status, &sum.Code,
			&sum.Jobs, &sum.Chunks, &sum.Bytes); err != nil {
			return Sum{}, err
		}
		if len(at) > len(time.DateOnly) {
			at[len(time.DateOnly)] = 'T'
		}
		sum.At, err = time.Parse(layout, string(at))
		return sum, err
	}
	sums, err := sqldb.All(ctx, s.db.Read(), scan, query, append([]any{sqldb.At(w.Since), len(layout)}, more...)...)
	if err != nil {
		return nil, fmt.Errorf("read the use of ingest: %w", err)
	}
	return sums, nil
}
