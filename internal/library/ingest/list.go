package ingest

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Filter narrows a list of jobs. Zero values narrow nothing.
type Filter struct {
	LibraryUID  string
	WorkspaceID string
	ItemUID     string
	Status      Status
	Name        string    // a part of the file's name or the title, in either case
	Username    string    // of who submitted it
	Since       time.Time // accepted at this time or later
	Until       time.Time // accepted before this time
	Cursor      string    // what an earlier Jobs gave as next, or CursorOf a job
	Newer       bool      // those right above the cursor instead of those below
	Limit       int       // 1 to 1000; 100 when 0
}

const (
	defaultLimit = 100
	maxLimit     = 1000
)

// Jobs lists jobs of the libraries that the caller may read, newest first.
// A library that they may not read gives an empty list. next is where the
// list goes on, empty on the last page; with Newer it goes on above.
func (s *Service) Jobs(ctx context.Context, p accounts.Principal, f Filter) (jobs []Job, next string, err error) {
	if f.Limit == 0 {
		f.Limit = defaultLimit
	}
	if f.Limit < 1 || f.Limit > maxLimit {
		return nil, "", errs.Field("limit", fmt.Sprintf("Ensure this value is from 1 to %d.", maxLimit))
	}
	libraries, err := s.listed(ctx, p, f)
	if err != nil || len(libraries) == 0 {
		return nil, "", err
	}
	query, args, err := jobsQuery(f, libraries)
	if err != nil {
		return nil, "", err
	}
	jobs, err = sqldb.All(ctx, s.db.Read(), scanListed, query, args...)
	if err != nil {
		return nil, "", fmt.Errorf("list jobs: %w", err)
	}
	if len(jobs) > f.Limit {
		jobs = jobs[:f.Limit]
		next = CursorOf(jobs[f.Limit-1])
	}
	if f.Newer {
		slices.Reverse(jobs)
	}
	return jobs, next, nil
}

// listed names the libraries whose jobs may be shown.
func (s *Service) listed(ctx context.Context, p accounts.Principal, f Filter) ([]string, error) {
	uid := f.LibraryUID
	if f.WorkspaceID != "" {
		l, err := s.access.Workspace(ctx, p, f.WorkspaceID)
		if errs.Is(err, errs.NotFound) || (err == nil && uid != "" && uid != l.UID) {
			return nil, nil
		}
		return []string{l.UID}, err
	}
	if uid != "" {
		l, _, err := s.access.Read(ctx, p, uid)
		if errs.Is(err, errs.NotFound) {
			return nil, nil
		}
		return []string{l.UID}, err
	}
	all, err := s.access.Readable(ctx, p)
	uids := make([]string, len(all))
	for i, l := range all {
		uids[i] = l.UID
	}
	return uids, err
}

// where builds a WHERE whose values are all parameters.
type where struct {
	text strings.Builder
	args []any
}

func (w *where) add(text string, values ...any) {
	for _, v := range values {
		w.args = append(w.args, v)
		text = strings.Replace(text, "?", "$"+strconv.Itoa(len(w.args)), 1)
	}
	w.text.WriteString(text)
}

// narrow says what a filter lets through, but for its status and its page.
func (w *where) narrow(f Filter, libraries []string) {
	in := " IN (?" + strings.Repeat(", ?", len(libraries)-1) + ")"
	if f.ItemUID == "" {
		w.add("library_uid"+in, anys(libraries)...)
	} else { // an expression, so that the document's few jobs are read and not the library's
		w.add("library_uid || ''"+in, anys(libraries)...)
		w.add(" AND item_uid = ?", f.ItemUID)
	}
	if f.Name != "" {
		pattern := "%" + strings.NewReplacer(`!`, `!!`, `%`, `!%`, `_`, `!_`).Replace(f.Name) + "%"
		w.add(" AND (LOWER(filename) LIKE LOWER(?) ESCAPE '!' OR LOWER(title) LIKE LOWER(?) ESCAPE '!')", pattern, pattern)
	}
	if f.Username != "" {
		w.add(" AND user_id IN (SELECT u.id FROM auth_user u WHERE u.username = ?)", f.Username)
	}
	if !f.Since.IsZero() {
		w.add(" AND created_at >= ?", sqldb.At(f.Since))
	}
	if !f.Until.IsZero() {
		w.add(" AND created_at < ?", sqldb.At(f.Until))
	}
}

// jobsQuery chooses the rows by what the index holds of them, and reads only
// those that are shown.
func jobsQuery(f Filter, libraries []string) (string, []any, error) {
	var w where
	w.narrow(f, libraries)
	if f.Status != "" {
		w.add(" AND status = ?", f.Status)
	}
	order, beyond := " ORDER BY created_at DESC, id DESC", "<"
	if f.Newer {
		order, beyond = " ORDER BY created_at, id", ">"
	}
	if f.Cursor != "" {
		at, id, err := readCursor(f.Cursor)
		if err != nil {
			return "", nil, err
		}
		w.add(" AND (created_at, id) "+beyond+" (?, ?)", sqldb.At(at), id)
	}
	w.add(order+sqldb.Limit("?"), f.Limit+1)
	return `SELECT ` + listColumns + ` FROM ingest_job WHERE id IN (SELECT id FROM ingest_job WHERE ` + w.text.String() + `)` + order, w.args, nil
}

// CountedMost is how many jobs of a status are counted: of more, nobody needs
// to know the exact number.
const CountedMost = 1000

// Counts tells how many jobs of each status a filter lets through, whatever
// status it names itself, and at most CountedMost of each.
func (s *Service) Counts(ctx context.Context, p accounts.Principal, f Filter) (map[Status]int64, error) {
	libraries, err := s.listed(ctx, p, f)
	if err != nil || len(libraries) == 0 {
		return nil, err
	}
	var w where
	w.narrow(f, libraries)
	counted := func(status Status) string {
		return `SELECT '` + string(status) + `' AS status, COUNT(*) AS n FROM (SELECT id FROM ingest_job WHERE ` +
			w.text.String() + ` AND status = '` + string(status) + `' LIMIT ` + strconv.Itoa(CountedMost) + `) ` + string(status)
	}
	var parts []string
	for _, status := range Statuses() {
		parts = append(parts, counted(status))
	}
	type row struct {
		status Status
		n      int64
	}
	rows, err := sqldb.All(ctx, s.db.Read(), func(r sqldb.Row) (c row, err error) { return c, r.Scan(&c.status, &c.n) },
		strings.Join(parts, " UNION ALL ")+` ORDER BY status`, w.args...)
	if err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	counts := map[Status]int64{}
	for _, c := range rows {
		if c.n > 0 {
			counts[c.status] = c.n
		}
	}
	return counts, nil
}

// Unfinished counts the jobs that have not ended, of those of the libraries
// named that the caller may read.
func (s *Service) Unfinished(ctx context.Context, p accounts.Principal, libraries []string) (int64, error) {
	all, err := s.listed(ctx, p, Filter{})
	all = slices.DeleteFunc(all, func(uid string) bool { return !slices.Contains(libraries, uid) })
	if err != nil || len(all) == 0 {
		return 0, err
	}
	n, err := sqldb.One(ctx, s.db.Read(), scanInt,
		`SELECT COUNT(*) FROM ingest_job WHERE status IN ('queued', 'running') AND library_uid IN (`+marks(len(all))+`)`, anys(all)...)
	if err != nil {
		return 0, fmt.Errorf("count unfinished jobs: %w", err)
	}
	return n, nil
}

// CursorOf is the place of a job in a list.
func CursorOf(j Job) string {
	return base64.RawURLEncoding.EncodeToString([]byte(j.CreatedAt.Format(time.RFC3339Nano) + " " + j.ID))
}

func readCursor(cursor string) (time.Time, string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	stamp, id, found := strings.Cut(string(raw), " ")
	at, bad := time.Parse(time.RFC3339Nano, stamp)
	if err != nil || bad != nil || !found {
		return time.Time{}, "", errs.Field("cursor", "This is no cursor of this list.")
	}
	return at, id, nil
}
