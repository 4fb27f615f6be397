package sqldb

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/gofrs/flock"
	"github.com/jackc/pgx/v5"
)

// Exclusive runs do while nobody else, in any process on any host, does
// something of that name with the store. Where somebody does, waiting is told,
// once, and their end is waited for. Whoever dies lets go.
//
// do must not ask for the same name again.
func (db *DB) Exclusive(ctx context.Context, name string, waiting func(), do func(ctx context.Context) error) error {
	free, err := db.lockName(ctx, name, waiting)
	if err != nil {
		return fmt.Errorf("wait for others' %s to end: %w", name, err)
	}
	return errors.Join(do(ctx), free())
}

func (db *DB) lockName(ctx context.Context, name string, waiting func()) (free func() error, err error) {
	if db.engine == PostgreSQL {
		return db.lockSession(ctx, name, waiting)
	}
	return db.lockFile(ctx, name, waiting)
}

const (
	tryAdvisory  = `SELECT pg_try_advisory_lock($1)`
	waitAdvisory = `SELECT pg_advisory_lock($1)`
)

// advisory is the number of a name's lock. Locks are a database's own.
func advisory(name string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte("mnemosyne " + name)) // never fails
	return int64(h.Sum64())                     //nolint:gosec // any number will do
}

// lockSession holds the lock by a connection of its own: those of the pool are
// what the one who holds the lock works with.
func (db *DB) lockSession(ctx context.Context, name string, waiting func()) (_ func() error, err error) {
	conn, err := pgx.ConnectConfig(ctx, db.postgres.Config().ConnConfig)
	if err != nil {
		return nil, explain(db.where, fmt.Errorf("connect: %w", err))
	}
	free := func() error { return conn.Close(context.WithoutCancel(ctx)) } // which lets go
	defer func() {
		if err != nil {
			err = errors.Join(explain(db.where, err), free())
		}
	}()
	id, got := advisory(name), false
	if err := conn.QueryRow(ctx, tryAdvisory, id).Scan(&got); err != nil {
		return nil, fmt.Errorf("take the lock: %w", err)
	}
	if !got {
		waiting()
		if _, err := conn.Exec(ctx, waitAdvisory, id); err != nil {
			return nil, fmt.Errorf("take the lock: %w", err)
		}
	}
	return free, nil
}

func (db *DB) lockFile(ctx context.Context, name string, waiting func()) (free func() error, err error) {
	const every = 50 * time.Millisecond
	l := flock.New(db.where+"."+name+".lock", flock.SetPermissions(0o600))
	got, err := l.TryLock()
	if err == nil && !got {
		waiting()
		_, err = l.TryLockContext(ctx, every)
	}
	if err != nil {
		return nil, fmt.Errorf("take the lock %s: %w", l.Path(), err)
	}
	return l.Unlock, nil
}
