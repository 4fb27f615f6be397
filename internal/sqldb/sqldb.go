// Package sqldb opens the relational store, SQLite or PostgreSQL, behind
// database/sql, and holds what both need: migrations, transactions, scanning
// and one way to write a time. It knows no table: queries lie beside the app
// that owns them, one text for both engines.
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Engine names a relational engine.
type Engine string

// The engines.
const (
	SQLite     Engine = "sqlite"
	PostgreSQL Engine = "postgresql"
)

// Querier is what a query runs on: a pool or a transaction.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// DB is an open store. Reads and writes have pools of their own because
// SQLite has one writer; on PostgreSQL both are the same pool.
type DB struct {
	engine Engine
	where  string
	read   *sql.DB
	reads  Querier // over read
	write  *sql.DB
	writes *prepared // over write; nil where the driver prepares by itself
	close  func() error

	postgres *pgxpool.Pool // what read and write draw from; nil: not PostgreSQL
}

// Engine tells which engine this is.
func (db *DB) Engine() Engine { return db.engine }

// Where tells people where the store is, without its password.
func (db *DB) Where() string { return db.where }

// Read is the pool for statements that change nothing; SQLite refuses any
// other there.
func (db *DB) Read() Querier { return located{db.reads, db.where} }

// Write is the pool for single statements that change something,
// `UPDATE … RETURNING` included. For more than one statement use Tx.
func (db *DB) Write() Querier {
	if db.writes != nil {
		return located{db.writes, db.where}
	}
	return located{db.write, db.where}
}

// located is a Querier that knows where its store is, for errors that say
// what to mend.
type located struct {
	Querier

	where string
}

// Ping asks the engine for a sign of life.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.read.PingContext(ctx); err != nil {
		return explain(db.where, fmt.Errorf("ping %s: %w", db.engine, err))
	}
	return nil
}

// Close closes the pools.
func (db *DB) Close() error { return db.close() }

// Tx runs fn in one writing transaction and commits it when fn returns nil.
// No network call belongs inside fn.
func (db *DB) Tx(ctx context.Context, fn func(tx Querier) error) (err error) {
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return explain(db.where, fmt.Errorf("begin: %w", err))
	}
	defer func() {
		if rollback := tx.Rollback(); rollback != nil && !errors.Is(rollback, sql.ErrTxDone) {
			err = errors.Join(err, fmt.Errorf("roll back: %w", rollback))
		}
	}()
	q := Querier(tx)
	if db.writes != nil {
		t := &preparedTx{tx: tx, pool: db.writes}
		q = t
		defer func() {
			if err == nil {
				t.prepare(ctx)
			}
		}()
	}
	if err := fn(located{q, db.where}); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return explain(db.where, fmt.Errorf("commit: %w", err))
	}
	return nil
}

// Row is what a scan function reads from.
type Row interface{ Scan(dest ...any) error }

// All runs a query and scans every row.
func All[T any](ctx context.Context, q Querier, scan func(Row) (T, error), query string, args ...any) (out []T, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, explain(where(q), fmt.Errorf("query: %w", err))
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("scan: %w", err)
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		return nil, explain(where(q), fmt.Errorf("read rows: %w", err))
	}
	return out, nil
}

// One runs a query that gives one row, or sql.ErrNoRows.
func One[T any](ctx context.Context, q Querier, scan func(Row) (T, error), query string, args ...any) (T, error) {
	v, err := scan(q.QueryRowContext(ctx, query, args...))
	if err != nil {
		var zero T
		return zero, explain(where(q), fmt.Errorf("query one: %w", err))
	}
	return v, nil
}

// Exec runs a statement and tells how many rows it changed.
func Exec(ctx context.Context, q Querier, query string, args ...any) (int64, error) {
	res, err := q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, explain(where(q), fmt.Errorf("exec: %w", err))
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("rows affected: %w", err)
	}
	return n, nil
}
