package searchlog

import (
	"context"
	"fmt"
	"slices"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/library/search"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/usage"
)

// Sum is what was searched in an hour or a day by one credential.
type Sum struct {
	At             time.Time // its beginning
	UserID         string    // empty: nobody was signed in
	Username       string
	CredentialKind accounts.CredentialKind
	Credential     string // masked; empty for sessions and commands

	// WithoutHits are those of which no part was missing: a search is in one
	// of the three or had hits and all its parts.
	Searches, WithoutHits, Degraded, Failed, TookMS int64
}

// LibrarySum is how often a library had hits in an hour or a day.
type LibrarySum struct {
	At         time.Time
	LibraryUID string
	Name       string // empty once the library is deleted
	Owner      string // empty for a global one
	Searches   int64  // that the library had a hit for
	Hits       int64
}

type summed struct{ user, kind, credential string }

type summedLibrary struct{ user, library string }

const (
	addSum = `INSERT INTO search_usage
	(span, at, user_id, credential_kind, credential, searches, without_hits, degraded, failed, took_ms)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
	ON CONFLICT (user_id, span, at, credential_kind, credential) DO UPDATE SET
		searches = search_usage.searches + excluded.searches, without_hits = search_usage.without_hits + excluded.without_hits,
		degraded = search_usage.degraded + excluded.degraded, failed = search_usage.failed + excluded.failed,
		took_ms = search_usage.took_ms + excluded.took_ms`
	addLibrarySum = `INSERT INTO search_library_usage (span, at, user_id, library_uid, searches, hits)
	VALUES ($1, $2, $3, $4, $5, $6)
	ON CONFLICT (user_id, span, at, library_uid) DO UPDATE SET
		searches = search_library_usage.searches + excluded.searches, hits = search_library_usage.hits + excluded.hits`
)

// sumUp adds searches to the sums.
func sumUp(ctx context.Context, tx sqldb.Querier, entries []entry) error {
	sums, libraries := usage.NewSums[summed](5), usage.NewSums[summedLibrary](2)
	for _, e := range entries {
		by := e.By.Credential
		of := summed{user: e.By.UserID, kind: string(by.Kind)}
		if named(by.Kind) {
			of.credential = by.Masked
		}
		sums.Add(e.at, of, 1, one(e.Hits == 0 && e.Outcome == search.Answered), one(e.Outcome == search.AnsweredDegraded),
			one(e.Outcome == search.NotAnswered), e.Took.Milliseconds())
		for uid, hits := range e.Found {
			libraries.Add(e.at, summedLibrary{e.By.UserID, uid}, 1, int64(hits))
		}
	}
	err := sums.Write(ctx, tx, addSum, func(s summed) []any { return []any{s.user, s.kind, s.credential} })
	if err != nil {
		return err
	}
	return libraries.Write(ctx, tx, addLibrarySum, func(s summedLibrary) []any { return []any{s.user, s.library} })
}

// named tells whether the credentials of a kind are summed up one by one.
// Sessions come and go without a name.
func named(kind accounts.CredentialKind) bool {
	return kind == accounts.CredentialUserToken || kind == accounts.CredentialTeam
}

func one(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

const (
	sumColumns = `SELECT s.at, s.user_id, COALESCE(u.username, ''), s.credential_kind, s.credential,
		s.searches, s.without_hits, s.degraded, s.failed, s.took_ms
	FROM search_usage s LEFT JOIN auth_user u ON u.id = s.user_id
	WHERE s.span = $1 AND s.at >= $2`
	selectSums    = sumColumns + ` ORDER BY s.at, s.user_id, s.credential_kind, s.credential`
	selectOwnSums = sumColumns + ` AND s.user_id = $3 ORDER BY s.at, s.credential_kind, s.credential`

	sweepSums        = `DELETE FROM search_usage WHERE span = $1 AND at < $2`
	sweepLibrarySums = `DELETE FROM search_library_usage WHERE span = $1 AND at < $2`
)

func scanSum(r sqldb.Row) (s Sum, err error) {
	var at sqldb.Time
	err = r.Scan(&at, &s.UserID, &s.Username, &s.CredentialKind, &s.Credential, &s.Searches, &s.WithoutHits, &s.Degraded, &s.Failed, &s.TookMS)
	s.At = at.Time
	return s, err
}

// Sums gives what a user searched, by credential, oldest first.
func (l *Log) Sums(ctx context.Context, userID string, w usage.Window) ([]Sum, error) {
	sums, err := sqldb.All(ctx, l.opt.DB.Read(), scanSum, selectOwnSums, string(w.Span), sqldb.At(w.Since), userID)
	return sums, wrapped(err)
}

// SumsOfAll gives what everybody searched, by user and credential, oldest
// first.
func (l *Log) SumsOfAll(ctx context.Context, w usage.Window) ([]Sum, error) {
	sums, err := sqldb.All(ctx, l.opt.DB.Read(), scanSum, selectSums, string(w.Span), sqldb.At(w.Since))
	return sums, wrapped(err)
}

const (
	librarySumColumns = `SELECT s.at, s.library_uid, COALESCE(b.name, ''), COALESCE(b.owner_username, ''),
		CAST(SUM(s.searches) AS BIGINT), CAST(SUM(s.hits) AS BIGINT)
	FROM search_library_usage s LEFT JOIN library b ON b.uid = s.library_uid AND b.deleted_at IS NULL
	WHERE s.span = $1 AND s.at >= $2`
	groupLibrarySums     = ` GROUP BY s.at, s.library_uid, b.name, b.owner_username ORDER BY s.at, s.library_uid`
	selectLibrarySums    = librarySumColumns + groupLibrarySums
	selectOwnLibrarySums = librarySumColumns + ` AND s.user_id = $3` + groupLibrarySums
)

func scanLibrarySum(r sqldb.Row) (s LibrarySum, err error) {
	var at sqldb.Time
	err = r.Scan(&at, &s.LibraryUID, &s.Name, &s.Owner, &s.Searches, &s.Hits)
	s.At = at.Time
	return s, err
}

// LibrarySums gives which libraries had hits for a user, oldest first. Some of
// them the user may be unable to read by now.
func (l *Log) LibrarySums(ctx context.Context, userID string, w usage.Window) ([]LibrarySum, error) {
	sums, err := sqldb.All(ctx, l.opt.DB.Read(), scanLibrarySum, selectOwnLibrarySums, string(w.Span), sqldb.At(w.Since), userID)
	return sums, wrapped(err)
}

// LibrarySumsOfAll gives which libraries had hits for anybody, oldest first.
func (l *Log) LibrarySumsOfAll(ctx context.Context, w usage.Window) ([]LibrarySum, error) {
	sums, err := sqldb.All(ctx, l.opt.DB.Read(), scanLibrarySum, selectLibrarySums, string(w.Span), sqldb.At(w.Since))
	return sums, wrapped(err)
}

// Speed is how long searches took: half of them at most P50, 19 of 20 at most
// P95. Of is how many it is taken from.
type Speed struct {
	P50, P95 time.Duration
	Of       int
}

const (
	maxTimed      = 10_000 // of so many searches a share of twenty is well known
	selectTook    = `SELECT took_ms FROM search_log WHERE at >= $1 AND outcome <> 'error' ORDER BY at DESC, id DESC LIMIT CAST($2 AS BIGINT)`
	selectOwnTook = `SELECT took_ms FROM search_log WHERE user_id = $3 AND at >= $1 AND outcome <> 'error' ORDER BY at DESC, id DESC LIMIT CAST($2 AS BIGINT)`
)

// Speed tells how long the searches of a user took since a time, the last ten
// thousand of them.
func (l *Log) Speed(ctx context.Context, userID string, since time.Time) (Speed, error) {
	return l.speed(ctx, selectOwnTook, sqldb.At(since), maxTimed, userID)
}

// SpeedOfAll tells how long everybody's searches took since a time, the last
// ten thousand of them.
func (l *Log) SpeedOfAll(ctx context.Context, since time.Time) (Speed, error) {
	return l.speed(ctx, selectTook, sqldb.At(since), maxTimed)
}

func (l *Log) speed(ctx context.Context, query string, args ...any) (Speed, error) {
	took, err := sqldb.All(ctx, l.opt.DB.Read(), func(r sqldb.Row) (ms int64, err error) { return ms, r.Scan(&ms) }, query, args...)
	if err != nil || len(took) == 0 {
		return Speed{}, wrapped(err)
	}
	slices.Sort(took)
	at := func(percent int) time.Duration {
		return time.Duration(took[(len(took)*percent+99)/100-1]) * time.Millisecond
	}
	return Speed{P50: at(50), P95: at(95), Of: len(took)}, nil
}

func wrapped(err error) error {
	if err != nil {
		return fmt.Errorf("read the use of searches: %w", err)
	}
	return nil
}
