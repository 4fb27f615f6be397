package rebuild

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Kind is what a task does.
type Kind string

// The kinds.
const (
	Reindex Kind = "reindex" // makes the index again from what is stored
	Reembed Kind = "reembed" // gives chunks their vectors in a space
)

// Status is how far a task is.
type Status string

// The statuses. A task that is not queued or running has ended.
const (
	Queued    Status = "queued"
	Running   Status = "running"
	Done      Status = "done"
	Failed    Status = "failed"
	Cancelled Status = "cancelled"
)

// Task is work on one library's index.
type Task struct {
	ID          string
	Kind        Kind
	LibraryUID  string
	LibraryName string
	Space       string // of a Reembed: the one to fill
	Everything  bool   // of a Reindex: documents that are whole, too
	Status      Status
	Done, Total int64 // documents of a Reindex, chunks of a Reembed
	Attempts    int64 // that failed since the task last came further
	Problem     string
	CreatedAt   time.Time
	FinishedAt  *time.Time

	position string   // the last item done
	failures failures // documents that were gone past
	token    string
}

// Ended tells whether nothing more is done.
func (t Task) Ended() bool { return t.Status != Queued && t.Status != Running }

const taskColumns = `t.id, t.kind, t.library_uid, l.name, t.space, t.everything, t.status, t.done, t.total, t.attempts,
	t.error_detail, t.created_at, t.finished_at, t.position, t.failures`

func scanTask(row sqldb.Row) (t Task, err error) {
	var created sqldb.Time
	var finished sqldb.NullTime
	err = row.Scan(&t.ID, &t.Kind, &t.LibraryUID, &t.LibraryName, &t.Space, &t.Everything, &t.Status, &t.Done, &t.Total, &t.Attempts,
		&t.Problem, &created, &finished, &t.position, &t.failures)
	t.CreatedAt, t.FinishedAt = created.Time, finished.Ptr()
	return t, err
}

const (
	insertTask = `INSERT INTO index_task (id, kind, library_uid, space, everything, status, not_before, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, 'queued', $6, $6, $6) ON CONFLICT DO NOTHING`
	openTask = `SELECT ` + taskColumns + ` FROM index_task t JOIN library l ON l.uid = t.library_uid
WHERE t.library_uid = $1 AND t.kind = $2 AND t.status IN ('queued', 'running')`
)

// keptTasks is how many tasks of a library and kind are remembered, the new
// one not counted.
const keptTasks = 20

const trimTasks = `DELETE FROM index_task WHERE library_uid = $1 AND kind = $2 AND status NOT IN ('queued', 'running') AND id NOT IN
	(SELECT t.id FROM index_task t WHERE t.library_uid = $1 AND t.kind = $2 ORDER BY t.created_at DESC, t.id LIMIT CAST($3 AS BIGINT))`

// begin writes a task down, or gives the one of its kind that the library has
// already. What is long over is forgotten.
func (s *Service) begin(ctx context.Context, tx sqldb.Querier, kind Kind, libraryUID, space string, everything bool) (Task, error) {
	if _, err := sqldb.Exec(ctx, tx, trimTasks, libraryUID, kind, keptTasks); err != nil {
		return Task{}, fmt.Errorf("forget old tasks: %w", err)
	}
	if _, err := sqldb.Exec(ctx, tx, insertTask, uuid.NewString(), kind, libraryUID, space, everything, sqldb.At(s.now())); err != nil {
		return Task{}, fmt.Errorf("write a task: %w", err)
	}
	t, err := sqldb.One(ctx, tx, scanTask, openTask, libraryUID, kind)
	if err != nil {
		return Task{}, fmt.Errorf("read the task: %w", err)
	}
	return t, nil
}

const listTasks = `SELECT ` + taskColumns + ` FROM index_task t JOIN library l ON l.uid = t.library_uid
WHERE ($1 = '' OR t.id = $1) ORDER BY t.created_at DESC, t.id LIMIT CAST($2 AS BIGINT)`

// Task reads a task, as to follow it.
func (s *Service) Task(ctx context.Context, id string) (Task, error) {
	t, err := sqldb.One(ctx, s.db.Read(), scanTask, listTasks, id, 1)
	if err != nil {
		return Task{}, fmt.Errorf("read a task: %w", err)
	}
	return t, nil
}

// Tasks lists the newest tasks.
func (s *Service) Tasks(ctx context.Context, limit int) ([]Task, error) {
	tasks, err := sqldb.All(ctx, s.db.Read(), scanTask, listTasks, "", limit)
	if err != nil {
		return nil, fmt.Errorf("list tasks: %w", err)
	}
	return tasks, nil
}

// errLost says that the task is somebody else's now, or has been cancelled.
var errLost = errors.New("rebuild: the task was taken away")

const (
	findExpired  = `SELECT EXISTS (SELECT 1 FROM index_task WHERE status = 'running' AND lease_until < $1)`
	freeExpired  = `UPDATE index_task SET status = 'queued', lease_token = NULL, lease_until = NULL, updated_at = $1 WHERE status = 'running' AND lease_until < $1`
	findDue      = `SELECT id FROM index_task WHERE status = 'queued' AND not_before <= $1 AND ((kind = 'reembed' AND $2) OR (kind = 'reindex' AND $3)) ORDER BY not_before, id LIMIT 1`
	claimTask    = `UPDATE index_task SET status = 'running', lease_token = $2, lease_until = $3, started_at = COALESCE(started_at, $4), updated_at = $4 WHERE id = $1 AND status = 'queued'`
	held         = ` WHERE id = $1 AND lease_token = $2 AND status = 'running'`
	saveTask     = `UPDATE index_task SET lease_until = $3, done = $4, total = $5, position = $6, attempts = $7, failures = $8, updated_at = $9` + held
	saveAt       = `UPDATE index_task SET at_item = $3` + held
	renewTask    = `UPDATE index_task SET lease_until = $3, updated_at = $4` + held
	giveBackTask = `UPDATE index_task SET status = 'queued', lease_token = NULL, lease_until = NULL, not_before = $3, attempts = $4, error_detail = $5, updated_at = $6` + held
	endTask      = `UPDATE index_task SET status = $3, lease_token = NULL, lease_until = NULL, error_detail = $4, finished_at = $5, updated_at = $5` + held
	// cancelTasks leaves the one that fills the space given, if any.
	cancelTasks = `UPDATE index_task SET status = 'cancelled', lease_token = NULL, lease_until = NULL, finished_at = $3, updated_at = $3
WHERE library_uid = $1 AND kind = $2 AND space <> $4 AND status IN ('queued', 'running')`
)

// claim takes a task that is due, or nil.
func (s *Service) claim(ctx context.Context, kinds []Kind, token string, lease time.Duration) (*Task, error) {
	now := s.now()
	expired, err := sqldb.One(ctx, s.db.Read(), scanBool, findExpired, sqldb.At(now))
	if err != nil {
		return nil, fmt.Errorf("look for tasks left behind: %w", err)
	}
	if expired {
		if _, err := sqldb.Exec(ctx, s.db.Write(), freeExpired, sqldb.At(now)); err != nil {
			return nil, fmt.Errorf("free tasks left behind: %w", err)
		}
	}
	embeds, indexes := has(kinds, Reembed), has(kinds, Reindex)
	id, err := sqldb.One(ctx, s.db.Read(), scanString, findDue, sqldb.At(now), embeds, indexes)
	if sqldb.Missing(err) {
		return nil, nil //nolint:nilnil // nothing to do is no fault
	}
	if err != nil {
		return nil, fmt.Errorf("look for tasks: %w", err)
	}
	n, err := sqldb.Exec(ctx, s.db.Write(), claimTask, id, token, sqldb.At(now.Add(lease)), sqldb.At(now))
	if err != nil || n == 0 {
		return nil, err // another worker was first
	}
	t, err := s.Task(ctx, id)
	t.token = token
	return &t, err
}

// has tells whether kinds has one, as it does when it is empty.
func has(kinds []Kind, k Kind) bool { return len(kinds) == 0 || slices.Contains(kinds, k) }

// save writes how far the task is and renews the lease.
func (s *Service) save(ctx context.Context, t Task, lease time.Duration) error {
	now := s.now()
	return fenced(sqldb.Exec(ctx, s.db.Write(), saveTask, t.ID, t.token, sqldb.At(now.Add(lease)), t.Done, t.Total, t.position, t.Attempts, &t.failures, sqldb.At(now)))
}

// at notes which document a reindex is at, whose jobs are not begun meanwhile.
func (s *Service) at(ctx context.Context, t Task, itemUID string) error {
	return fenced(sqldb.Exec(ctx, s.db.Write(), saveAt, t.ID, t.token, itemUID))
}

func (s *Service) renew(ctx context.Context, id, token string, lease time.Duration) error {
	now := s.now()
	return fenced(sqldb.Exec(ctx, s.db.Write(), renewTask, id, token, sqldb.At(now.Add(lease)), sqldb.At(now)))
}

// giveBack lets the task go on later.
func (s *Service) giveBack(ctx context.Context, t Task, after time.Duration, problem string) error {
	now := s.now()
	return fenced(sqldb.Exec(ctx, s.db.Write(), giveBackTask, t.ID, t.token, sqldb.At(now.Add(after)), t.Attempts, problem, sqldb.At(now)))
}

func (s *Service) end(ctx context.Context, t Task, status Status, problem string) error {
	return fenced(sqldb.Exec(ctx, s.db.Write(), endTask, t.ID, t.token, status, problem, sqldb.At(s.now())))
}

func fenced(n int64, err error) error {
	if err == nil && n == 0 {
		return errLost
	}
	return err
}

func scanBool(row sqldb.Row) (v bool, err error) { return v, row.Scan(&v) }

func scanString(row sqldb.Row) (v string, err error) { return v, row.Scan(&v) }

func scanInt(row sqldb.Row) (v int64, err error) { return v, row.Scan(&v) }
