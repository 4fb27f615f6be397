package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"golang.org/x/sync/errgroup"

	"git.helu.ca/r/mnemosyne/internal/app"
	"git.helu.ca/r/mnemosyne/internal/settings"
	"git.helu.ca/r/mnemosyne/internal/telemetry"
)

// chaos is one run.
type chaos struct {
	opt      options
	engines  *engines
	in       *installation
	model    *model
	watcher  *watcher
	db       *pgxpool.Pool
	inside   *app.Services // the stores, to compare
	handover *minio.Client
	shaken   *space
	began    time.Time
	over     <-chan struct{} // the time for load and faults
	open     atomic.Int64    // jobs that have not ended
}

const (
	submitters     = 4
	readers        = 3
	mostOpen       = 16
	liveDocuments  = 2 * submitters * documentsEach
	handoverBucket = "daedalus"
)

// enough tells whether there was as much load and as many faults as asked for,
// or no more time.
func (c *chaos) enough() bool {
	select {
	case <-c.over:
		return true
	default:
	}
	return c.model.accepted() >= c.opt.Jobs && c.model.counted(workerKills) >= c.opt.Kills && c.engines.enough(c.opt)
}

// betweenKills and pause spread kills and jobs over the run. What the restarts
// take longer, kills go on rarely.
func (c *chaos) betweenKills() time.Duration {
	const least, afterwards = 3 * time.Second, 15 * time.Second
	if c.model.counted(workerKills) >= c.opt.Kills {
		return afterwards
	}
	return max(least, cmp.Or(c.opt.Spread, c.opt.Time/2)/time.Duration(max(c.opt.Kills, 1)))
}

func (c *chaos) pause() time.Duration { return 1200 * time.Millisecond }

// run makes an installation, shakes it and proves that it kept its promises.
// The report is there whenever the proof could be made.
func run(ctx context.Context, o options) (_ *report, err error) {
	if o.Seed == 0 {
		o.Seed = rand.Uint64() //nolint:gosec // nothing is secret about it
	}
	if o.Dir == "" {
		if o.Dir, err = os.MkdirTemp("", "mnemosyne-chaos-"); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.Dir)) }()
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	o.Log("seed %d", o.Seed)
	c := &chaos{opt: o, model: newModel()}
	began := time.Now()
	if c.engines, err = startEngines(ctx, o); c.engines != nil {
		defer func() { err = errors.Join(err, c.engines.end(ctx)) }()
	}
	if err != nil {
		return nil, err
	}
	o.Log("engines are up after %s", time.Since(began).Round(time.Second))
	serving, end := context.WithCancel(ctx)
	defer end()
	if err := c.prepare(serving); err != nil {
		return nil, err
	}
	defer c.close()
	defer c.in.stop()
	if err := c.shake(ctx); err != nil {
		return nil, err
	}
	return c.prove(ctx)
}

// prepare installs the program and connects to the stores.
func (c *chaos) prepare(ctx context.Context) error {
	lines, all, err := c.engines.settings(ctx)
	if err != nil {
		return err
	}
	if c.db, err = openLedger(ctx, all["MNEMOSYNE_TEST_POSTGRES_DSN"]); err != nil {
		return err
	}
	c.watcher = &watcher{db: c.db, last: map[string]held{}, orphaned: map[string]time.Time{}}
	if c.handover, err = openHandover(all["MNEMOSYNE_TEST_S3_URL"]); err != nil {
		return err
	}
	embedder, err := startEmbedder(ctx)
	if err != nil {
		return err
	}
	if c.in, err = install(ctx, c.opt, lines, embedder); err != nil {
		return err
	}
	if c.inside, err = c.in.inside(ctx); err != nil {
		return err
	}
	c.in.start(ctx, c.opt.Workers)
	return nil
}

func (c *chaos) close() {
	c.db.Close()
	_ = c.inside.Close() // nothing depends on it any more
}

// openLedger opens the database, and makes it keep what it has confirmed when
// it is killed: for tests that only stop it, its commits do not wait.
func openLedger(ctx context.Context, dsn string) (*pgxpool.Pool, error) {
	db, err := pgxpool.New(ctx, dsn)
	if err != nil {
		return nil, err
	}
	user := pgx.Identifier{db.Config().ConnConfig.User}.Sanitize()
	if _, err := db.Exec(ctx, `ALTER ROLE `+user+` SET synchronous_commit = on`); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

func openHandover(address string) (*minio.Client, error) {
	at, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the address of MinIO cannot be read")
	}
	secret, _ := at.User.Password()
	return minio.New(at.Host, &minio.Options{Creds: credentials.NewStaticV4(at.User.Username(), secret, ""), MaxRetries: 1})
}

// inside opens the stores as the processes do.
func (in *installation) inside(ctx context.Context) (*app.Services, error) {
	values := map[string]string{}
	for _, line := range in.env {
		name, value, _ := strings.Cut(line, "=")
		values[name] = value
	}
	set, err := settings.Load(func(name string) (string, bool) { v, ok := values[name]; return v, ok })
	if err != nil {
		return nil, err
	}
	return app.OpenServices(ctx, app.Program{
		Settings: set, Log: slog.New(slog.DiscardHandler), Registry: telemetry.NewRegistry(telemetry.Build{}),
	})
}

// shake loads the installation and breaks it, until there was enough of both.
func (c *chaos) shake(ctx context.Context) error {
	c.began = time.Now()
	loading, stop := context.WithTimeout(ctx, c.opt.Time)
	defer stop()
	c.over = loading.Done()
	watching, done := context.WithCancel(ctx)
	var background sync.WaitGroup
	background.Go(func() { c.watch(watching) })
	for n := range readers {
		background.Go(func() { (&reader{chaos: c, client: newClient(c.in), rng: c.rng(100 + n)}).run(watching) })
	}
	defer background.Wait()
	defer done()
	first, err := c.submitters(ctx)
	if err != nil {
		return err
	}
	group, working := errgroup.WithContext(ctx)
	for _, s := range first {
		group.Go(func() error { s.run(working); return nil })
	}
	group.Go(func() error { c.killer(loading, c.rng(1)); return nil })
	group.Go(func() error { c.freezer(loading, c.rng(2)); return nil })
	group.Go(func() error { return c.restarter(loading, c.rng(3), postgres, rabbitmq, minioName, memcached) })
	group.Go(func() error { return c.restarter(loading, c.rng(4), neo4j) }) // which takes as long as all the others
	group.Go(func() error { c.rebuild(working); return nil })
	group.Go(func() error { c.tell(working); return nil })
	if err := group.Wait(); err != nil {
		return err
	}
	c.opt.Log("load and faults lasted %s", time.Since(c.began).Round(time.Second))
	return c.rest(ctx)
}

func (c *chaos) rng(stream int) *rand.Rand {
	return rand.New(rand.NewPCG(c.opt.Seed, uint64(stream))) //nolint:gosec // it is to be repeated
}

// submitters makes the clients, and the library whose index is to be dropped.
func (c *chaos) submitters(ctx context.Context) ([]*submitter, error) {
	var all []*submitter
	for n := range submitters {
		all = append(all, &submitter{chaos: c, client: newClient(c.in), rng: c.rng(200 + n), name: fmt.Sprintf("w%d", n)})
	}
	a := all[0].insist(ctx, func() answer {
		return all[0].client.post(ctx, "/library/api/libraries/", map[string]any{"name": "Papers"})
	})
	var made struct{ UID string }
	if err := a.into(&made); err != nil || made.UID == "" {
		return nil, fmt.Errorf("make a library: %d %s %w", a.status, a.body, errors.Join(err, ctx.Err()))
	}
	c.shaken = &space{uid: made.UID}
	c.model.addSpace(c.shaken)
	all[0].spaces = append(all[0].spaces, c.shaken)
	return all, nil
}

// rebuild drops a library's index half way, under load, and has it made again.
func (c *chaos) rebuild(ctx context.Context) {
	for ctx.Err() == nil && c.model.accepted() < c.opt.Jobs/2 && !c.enough() {
		wait(ctx, patience)
	}
	c.model.mu.Lock()
	c.shaken.shaken = true
	c.model.mu.Unlock()
	for ctx.Err() == nil && c.inside.Graph.DeleteLibrary(ctx, c.shaken.uid) != nil {
		wait(ctx, patience)
	}
	c.opt.Log("the index of a library is gone")
	for ctx.Err() == nil {
		if _, err := c.in.command(ctx, "reindex", "--library", c.shaken.uid, "--detach"); err == nil {
			break
		}
		wait(ctx, patience)
	}
	c.model.count("indexes dropped and made again")
}

// tell says now and then how far it is.
func (c *chaos) tell(ctx context.Context) {
	const every = 15 * time.Second
	for told := time.Now(); ctx.Err() == nil && !c.enough(); wait(ctx, patience) {
		if time.Since(told) > every {
			told = time.Now()
			c.opt.Log("%d jobs, %d open, %d kills of workers, %d reads, %d violations",
				c.model.accepted(), c.open.Load(), c.model.counted(workerKills), c.model.counted("reads"), c.model.counted("violations"))
		}
	}
}

const unfinished = `SELECT
	(SELECT COUNT(*) FROM ingest_job WHERE status IN ('queued', 'running')),
	(SELECT COUNT(*) FROM index_task WHERE status IN ('queued', 'running')),
	(SELECT COUNT(*) FROM item WHERE deleted_at IS NOT NULL),
	(SELECT COUNT(*) FROM library WHERE deleted_at IS NOT NULL),
	(SELECT COUNT(*) FROM item_generation g JOIN item i ON i.uid = g.item_uid WHERE g.status = 'staged' AND g.generation < i.last_generation)`

// rest waits until nothing is left to do.
func (c *chaos) rest(ctx context.Context) error {
	began := time.Now()
	for {
		var left [5]int
		err := c.db.QueryRow(ctx, unfinished).Scan(&left[0], &left[1], &left[2], &left[3], &left[4])
		if err == nil && !slices.ContainsFunc(left[:], func(n int) bool { return n > 0 }) {
			c.opt.Log("everything has ended %s after the load", time.Since(began).Round(time.Second))
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Since(began) > c.opt.Rest {
			c.model.violate("%s after the load there are still %d jobs, %d rebuilds, %d deleted items, %d deleted libraries and %d replaced generations (%v)",
				c.opt.Rest, left[0], left[1], left[2], left[3], left[4], err)
			return nil
		}
		wait(ctx, patience)
	}
}
