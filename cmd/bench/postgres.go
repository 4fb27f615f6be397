package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

const (
	postgresVariable = "MNEMOSYNE_TEST_POSTGRES_DSN"
	connections      = 16
	foreignIn        = 10 // one request in so many is for somebody else's
	mostBare         = 2.05
	rotations        = 50
)

// mix is a GET that is measured on PostgreSQL: nine in ten of one's own, one
// in ten of somebody else's, which answers 404.
type mix struct {
	what string
	// pair makes one of each and gives their paths.
	pair func(ctx context.Context, mine, theirs *server) (own, foreign string, err error)
}

func mixes() []mix {
	return []mix{
		{"workspace", workspaces},
		{"team", teams},
	}
}

func workspaces(ctx context.Context, mine, theirs *server) (own, foreign string, err error) {
	const path = "/library/api/workspaces/"
	err = errors.Join(
		mine.call(ctx, http.MethodPost, path, map[string]string{"workspace_id": "ws_mine"}, nil),
		theirs.call(ctx, http.MethodPost, path, map[string]string{"workspace_id": "ws_theirs"}, nil),
	)
	return path + "ws_mine/", path + "ws_theirs/", err
}

func teams(ctx context.Context, mine, theirs *server) (own, foreign string, err error) {
	const path = "/mcp_server/api/teams/"
	own, foreign = uuid.NewString(), uuid.NewString()
	err = errors.Join(
		mine.call(ctx, http.MethodPost, path, map[string]string{"id": own, "name": "Mine"}, nil),
		theirs.call(ctx, http.MethodPost, path, map[string]string{"id": foreign, "name": "Theirs"}, nil),
	)
	return path + own + "/", path + foreign + "/", err
}

// postgres measures GETs of one's own and of others' with the program on a
// PostgreSQL server.
func (b *bench) postgres(ctx context.Context) (rows []row, err error) {
	dsn := os.Getenv(postgresVariable)
	if dsn == "" {
		return nil, errors.New(postgresVariable + " is not set: start PostgreSQL with scripts/services")
	}
	db, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	name := "mnemosyne_bench_" + strings.ToLower(rand.Text())
	if _, err := db.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return nil, errors.Join(err, db.Close(ctx))
	}
	defer func() {
		late := context.WithoutCancel(ctx)
		_, dropped := db.Exec(late, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
		err = errors.Join(err, dropped, db.Close(late))
	}()
	mine, theirs, err := b.upOn(ctx, db.Config(), name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, mine.stop()) }()
	inside := db.Config().Copy()
	inside.Database = name
	stats, err := pgx.ConnectConfig(ctx, inside)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stats.Close(context.WithoutCancel(ctx))) }()
	yardstick, err := b.bare(ctx, inside, mine.token)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, yardstick.stop()) }()
	for _, m := range mixes() {
		r, err := measure(ctx, m, mine, theirs, yardstick, stats)
		if err != nil {
			return rows, fmt.Errorf("%s: %w", m.what, err)
		}
		rows = append(rows, r)
	}
	return append(rows, rotate(ctx, mine)), nil
}

// rotate lets many rotate one team that is not there yet, all at once.
func rotate(ctx context.Context, s *server) row {
	path := "/mcp_server/api/teams/" + uuid.NewString() + "/rotate/"
	var answered atomic.Int64
	var group errgroup.Group
	begin := time.Now()
	for range rotations {
		group.Go(func() error {
			err := s.call(ctx, http.MethodPost, path, nil, nil)
			if err == nil {
				answered.Add(1)
			}
			return err
		})
	}
	err := group.Wait()
	return row{
		what:     fmt.Sprintf("%d rotates at once of one team that is not there yet, on PostgreSQL", rotations),
		measured: fmt.Sprintf("%d answered 200, all within %.0f ms", answered.Load(), milliseconds(time.Since(begin))),
		target:   "no error", missed: err != nil,
	}
}

// upOn starts the program on a database, and gives it once as the first user
// and once as another.
func (b *bench) upOn(ctx context.Context, db *pgx.ConnConfig, name string) (mine, theirs *server, err error) {
	folder, err := b.folder("postgres")
	if err != nil {
		return nil, nil, err
	}
	dir := filepath.Join(folder, "data")
	set := []string{
		"DB_HOST=" + db.Host, fmt.Sprintf("DB_PORT=%d", db.Port), "APP_DB_NAME=" + name, "APP_DB_USER=" + db.User, "APP_DB_PASSWORD=" + db.Password,
		"SECRET_KEY=" + rand.Text() + rand.Text(),
	}
	cmd := exec.CommandContext(ctx, b.binary, "up")
	cmd.Env = set
	if mine, err = launch(ctx, dir, cmd); err != nil {
		return nil, nil, err
	}
	other := *mine
	for _, args := range [][]string{{"create-user", "--username", "other"}, {"create-user-token", "--user", "other", "--name", "bench"}} {
		cmd := exec.CommandContext(ctx, b.binary, args...)
		cmd.Env = append(append(environment(), set...), "MNEMOSYNE_DATA_DIR="+dir)
		out, err := cmd.Output()
		if err != nil {
			return nil, nil, errors.Join(fmt.Errorf("%s: %w", args[0], err), mine.stop())
		}
		other.token = strings.TrimSpace(string(out))
	}
	return mine, &other, nil
}

func measure(ctx context.Context, m mix, mine, theirs, yardstick *server, db *pgx.Conn) (row, error) {
	own, foreign, err := m.pair(ctx, mine, theirs)
	if err != nil {
		return row{}, err
	}
	before, err := written(ctx, db)
	if err != nil {
		return row{}, err
	}
	costs, err := rounds(ctx, connections, mixed(mine, own, foreign), mixed(yardstick, own, foreign))
	if err != nil {
		return row{}, err
	}
	after, err := written(ctx, db)
	cost, least := median(costs[0]), median(costs[1])
	ratios := make([]float64, callRounds)
	for i := range ratios {
		ratios[i] = costs[0][i] / costs[1][i]
	}
	requests := connections * (warmupCalls + callRounds*callsEach)
	// When a token was last used is written every half minute.
	return row{
		what: fmt.Sprintf("REST `GET` of a %s on PostgreSQL, %d connections, one in %d somebody else's, %d requests", m.what, connections, foreignIn, requests),
		measured: fmt.Sprintf("%.3f ms of processor time a request, %.2f × the bare handler's %.3f in the same run; %d rows written in all",
			cost, median(ratios), least, after-before),
		target: fmt.Sprintf("≤ 0.3 ms and, as this was with a bare handler of 0.146, ≤ %.2f × the bare handler's; no write a request", mostBare),
		missed: median(ratios) > mostBare || after-before > int64(requests/100),
		beside: "Django REST framework with gunicorn 3.8–4.7",
	}, err
}

// mixed is a server whose callers ask for an object of their own, and one time
// in foreignIn for another's.
func mixed(s *server, own, foreign string) contender {
	asked := make([]int, connections)
	return contender{s, func(ctx context.Context, caller int) error {
		asked[caller]++
		if asked[caller]%foreignIn == 0 {
			return s.expect(ctx, foreign, http.StatusNotFound)
		}
		return s.expect(ctx, own, http.StatusOK)
	}}
}

// written counts the rows that anybody wrote so far. The server tells of a
// session's work a second after it, at the latest.
func written(ctx context.Context, db *pgx.Conn) (n int64, err error) {
	if err := pause(ctx, 2*time.Second); err != nil {
		return 0, err
	}
	err = db.QueryRow(ctx, `SELECT COALESCE(SUM(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint FROM pg_stat_user_tables`).Scan(&n)
	return n, err
}

// expect asks for a path and insists on a status.
func (s *server) expect(ctx context.Context, path string, status int) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	res, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != status {
		return fmt.Errorf("GET %s: %s, want %d", path, res.Status, status)
	}
	return nil
}
