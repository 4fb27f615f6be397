package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// maxStatements bounds the texts that are kept prepared. The program's
// queries are constants and fewer; those beyond, and the odd one that is
// built, are prepared each time.
const maxStatements = 128

// prepared is a pool that keeps its statements prepared. Preparing is four
// fifths of a small query's time in SQLite; pgx does the same by itself.
type prepared struct {
	pool *sql.DB

	mu         sync.RWMutex
	statements map[string]*sql.Stmt
	closed     bool
}

func newPrepared(pool *sql.DB) *prepared {
	return &prepared{pool: pool, statements: map[string]*sql.Stmt{}}
}

// ExecContext runs a statement, prepared when there is room.
func (p *prepared) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if s := p.statement(ctx, query); s != nil { //nolint:sqlclosecheck // kept until the pool closes
		return s.ExecContext(ctx, args...)
	}
	return p.pool.ExecContext(ctx, query, args...)
}

// QueryContext runs a query, prepared when there is room.
func (p *prepared) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if s := p.statement(ctx, query); s != nil { //nolint:sqlclosecheck // kept until the pool closes
		return s.QueryContext(ctx, args...)
	}
	return p.pool.QueryContext(ctx, query, args...)
}

// QueryRowContext runs a query, prepared when there is room.
func (p *prepared) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if s := p.statement(ctx, query); s != nil { //nolint:sqlclosecheck // kept until the pool closes
		return s.QueryRowContext(ctx, args...)
	}
	return p.pool.QueryRowContext(ctx, query, args...)
}

// statement gives a query's prepared form, or nil when it has none. A text
// that cannot be prepared has none: running it tells why.
func (p *prepared) statement(ctx context.Context, query string) *sql.Stmt {
	p.mu.RLock()
	s, room := p.statements[query], len(p.statements) < maxStatements && !p.closed
	p.mu.RUnlock()
	if s != nil || !room {
		return s
	}
	made, err := p.pool.PrepareContext(ctx, query)
	if err != nil {
		return nil
	}
	return p.keep(query, made)
}

// known gives a query's prepared form if it has one by now.
func (p *prepared) known(query string) *sql.Stmt {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.statements[query]
}

// preparedTx is a transaction that uses the statements of its pool. What is
// not prepared yet is noted: the pool's only connection is the transaction's,
// so it is prepared once that has ended.
type preparedTx struct {
	tx     *sql.Tx
	pool   *prepared
	wanted []string
}

// ExecContext runs a statement.
func (t *preparedTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if s := t.statement(ctx, query); s != nil { //nolint:sqlclosecheck // ends with the transaction
		return s.ExecContext(ctx, args...)
	}
	return t.tx.ExecContext(ctx, query, args...)
}

// QueryContext runs a query.
func (t *preparedTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if s := t.statement(ctx, query); s != nil { //nolint:sqlclosecheck // ends with the transaction
		return s.QueryContext(ctx, args...)
	}
	return t.tx.QueryContext(ctx, query, args...)
}

// QueryRowContext runs a query.
func (t *preparedTx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if s := t.statement(ctx, query); s != nil { //nolint:sqlclosecheck // ends with the transaction
		return s.QueryRowContext(ctx, args...)
	}
	return t.tx.QueryRowContext(ctx, query, args...)
}

func (t *preparedTx) statement(ctx context.Context, query string) *sql.Stmt {
	s := t.pool.known(query)
	if s == nil {
		t.wanted = append(t.wanted, query)
		return nil
	}
	return t.tx.StmtContext(ctx, s)
}

// prepare prepares what the transaction, which has ended, had to run without.
func (t *preparedTx) prepare(ctx context.Context) {
	for _, query := range t.wanted {
		t.pool.statement(ctx, query)
	}
}

// keep files a statement, unless another caller was quicker or the pool is
// closed by now.
func (p *prepared) keep(query string, made *sql.Stmt) *sql.Stmt {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.statements[query]; s != nil || p.closed {
		_ = made.Close() // nothing ran on it
		return s
	}
	p.statements[query] = made
	return made
}

// Close closes the statements and the pool.
func (p *prepared) Close() error {
	p.mu.Lock()
	p.closed = true
	var errList []error
	for query, s := range p.statements {
		errList = append(errList, s.Close())
		delete(p.statements, query)
	}
	p.mu.Unlock()
	return errors.Join(append(errList, p.pool.Close())...)
}

// Limit bounds a query by a parameter, as "$5". Of a bare one SQLite looks at
// the value when it plans the query, and plans it anew at every call.
func Limit(parameter string) string { return " LIMIT CAST(" + parameter + " AS BIGINT)" }
