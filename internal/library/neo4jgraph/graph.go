// Package neo4jgraph is the Graph of production: every library's chunks in one
// Neo4j database, their words in one full-text index and their vectors in one
// vector index an embedding space.
//
// The scope of a search is a filter inside the index, so that a small library
// beside big ones loses none of its hits. Servers before 2026.02 have no such
// filter; there vectors are compared one by one over the allowed chunks, which
// gives the same hits and takes longer.
//
// What readers see of an item hangs on one property of its node, the pointer,
// which names the published generation. A generation's chunks are put into the
// indexes before the pointer turns to them and taken out after it has turned
// away, in transactions of bounded size, and a search answers only with chunks
// that the pointer named all the while. The package owns nodes, indexes and
// that order; it refuses to know who asks.
package neo4jgraph

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/config"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/terms"
)

// Options say where the server is.
type Options struct {
	URL      string // as bolt://host:port, without credentials
	User     string
	Password string
	// Store names the installation. Libraries lists its own: another one may
	// keep others on the same server, which are not this one's to sweep.
	// Empty: all are listed.
	Store string
}

const (
	poolSize       = 100
	connectTimeout = 5 * time.Second
	retryTime      = 15 * time.Second
	readTimeout    = time.Minute     // of a statement whose context has no deadline
	writeTimeout   = 5 * time.Minute // likewise
)

// Graph implements library.Graph.
type Graph struct {
	url       string
	store     string
	driver    neo4j.DriverWithContext
	analyzers sync.Pool // of *terms.Analyzer
	shares    shares
	languages languages

	mu      sync.Mutex
	server  *Server              // nil: not asked yet
	spaces  map[string]spaceInfo // by id; of those that are known to be there
	chunks  float64              // of all libraries, when they were counted
	counted time.Time
	sizes   map[string]size // of libraries with many chunks, by uid
}

var _ library.Graph = (*Graph)(nil)

// Open talks to nobody: a server that is down is found by asking.
func Open(opts Options) (*Graph, error) {
	auth := neo4j.NoAuth()
	if opts.User != "" {
		auth = neo4j.BasicAuth(opts.User, opts.Password, "")
	}
	driver, err := neo4j.NewDriverWithContext(opts.URL, auth, func(c *config.Config) {
		c.MaxConnectionPoolSize = poolSize
		c.ConnectionAcquisitionTimeout = connectTimeout
		c.SocketConnectTimeout = connectTimeout
		c.MaxTransactionRetryTime = retryTime
		c.TelemetryDisabled = true
		c.UserAgent = "mnemosyne"
	})
	if err != nil {
		return nil, fmt.Errorf("use %s as Neo4j's address: %w", opts.URL, err)
	}
	g := &Graph{url: opts.URL, store: opts.Store, driver: driver, spaces: map[string]spaceInfo{}}
	g.analyzers.New = func() any { return new(terms.Analyzer) }
	return g, nil
}

// Close ends the connections. Later calls fail.
func (g *Graph) Close() error {
	if err := g.driver.Close(context.Background()); err != nil {
		return fmt.Errorf("close the connections to Neo4j: %w", err)
	}
	return nil
}

// Where is the server's address.
func (g *Graph) Where() string { return g.url }

// Ping asks the server for its version.
func (g *Graph) Ping(ctx context.Context) error {
	_, err := g.askServer(ctx)
	return g.explain(ctx, err)
}

type (
	record = neo4j.Record
	params = map[string]any
)

// keepPlan begins the statements that run all the time. A server makes a plan
// anew when it finds other numbers of nodes than before, which takes as long as
// a hundred searches, and again and again while an index fills. These have one
// good plan, by the uids' indexes, whatever the numbers.
const keepPlan = "CYPHER replan=skip "

// tx is a transaction of several statements.
type tx struct{ neo4j.ManagedTransaction }

func (t tx) run(ctx context.Context, query string, args params) ([]*record, error) {
	result, err := t.Run(ctx, query, args)
	if err != nil {
		return nil, err //nolint:wrapcheck // explain looks at it
	}
	return result.Collect(ctx)
}

// one runs a statement that gives one row or none.
func (t tx) one(ctx context.Context, query string, args params) (*record, error) {
	rows, err := t.run(ctx, query, args)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0], nil
}

// deadline ends a transaction on the server too when its caller's time is up.
func deadline(ctx context.Context, byDefault time.Duration) func(*neo4j.TransactionConfig) {
	left := byDefault
	if at, ok := ctx.Deadline(); ok {
		left = max(min(time.Until(at), left), time.Millisecond)
	}
	return neo4j.WithTxTimeout(left)
}

// readAttempts is how often a statement that reads is sent: again where the
// connection was of a server that has been restarted, where it lost a race for
// locks, or met a node in the moment of its deletion.
const readAttempts = 4

// read runs one statement that reads.
func (g *Graph) read(ctx context.Context, query string, args params) ([]*record, error) {
	if err := g.ready(ctx); err != nil {
		return nil, err
	}
	rows, err := g.readRaw(ctx, query, args)
	return rows, g.explain(ctx, err)
}

func (g *Graph) readRaw(ctx context.Context, query string, args params) (rows []*record, err error) {
	for range readAttempts {
		rows, err = g.autoCommit(ctx, neo4j.AccessModeRead, readTimeout, query, args)
		if err == nil || ctx.Err() != nil || !neo4j.IsRetryable(err) && codeOf(err) != codeGone {
			break
		}
	}
	return rows, err
}

// write runs fn in one transaction. The driver repeats it after a deadlock or
// a lost connection, so fn changes nothing outside of it but what it sets anew.
func (g *Graph) write(ctx context.Context, fn func(t tx) error) error {
	if err := g.ready(ctx); err != nil {
		return err
	}
	var err error
	for range batchAttempts {
		err = g.writeRaw(ctx, fn)
		if ctx.Err() != nil || codeOf(err) != codeGone && !stillTied(err) {
			break
		}
	}
	return g.explain(ctx, err)
}

func (g *Graph) writeRaw(ctx context.Context, fn func(t tx) error) (err error) {
	session := g.driver.NewSession(ctx, neo4j.SessionConfig{AccessMode: neo4j.AccessModeWrite})
	defer closing(ctx, session, &err)
	_, err = session.ExecuteWrite(ctx, func(t neo4j.ManagedTransaction) (any, error) {
		return nil, fn(tx{t})
	}, deadline(ctx, writeTimeout))
	return err
}

// closing keeps the first error, as the driver made it.
func closing(ctx context.Context, session neo4j.SessionWithContext, err *error) {
	if closed := session.Close(ctx); *err == nil {
		*err = closed
	}
}

// writeOne runs one statement that writes, in a transaction of its own and one
// round trip. It may be repeated, and is where it lost a race for locks or its
// connection. The error is the driver's.
func (g *Graph) writeOne(ctx context.Context, query string, args params) ([]*record, error) {
	if err := g.ready(ctx); err != nil {
		return nil, err
	}
	wait, late := 20*time.Millisecond, time.Now().Add(retryTime)
	for {
		rows, err := g.autoCommit(ctx, neo4j.AccessModeWrite, writeTimeout, query, args)
		if err == nil || !lostRace(err) || time.Now().After(late) {
			return rows, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(wait/2 + rand.N(wait)): //nolint:gosec // so that two do not meet again
		}
		wait = min(2*wait, time.Second)
	}
}

const batchAttempts = 8

// inBatches runs a statement that commits as it goes (CALL … IN TRANSACTIONS).
// It may be repeated, and is where it lost a race for locks.
func (g *Graph) inBatches(ctx context.Context, query string, args params) error {
	if err := g.ready(ctx); err != nil {
		return err
	}
	var err error
	for range batchAttempts {
		_, err = g.autoCommit(ctx, neo4j.AccessModeWrite, writeTimeout, query, args)
		if err == nil || ctx.Err() != nil || !lostRace(err) && !stillTied(err) {
			break
		}
	}
	return g.explain(ctx, err)
}

// autoCommit runs one statement in a transaction of its own, in one round trip.
func (g *Graph) autoCommit(ctx context.Context, mode neo4j.AccessMode, limit time.Duration, query string, args params) (rows []*record, err error) {
	session := g.driver.NewSession(ctx, neo4j.SessionConfig{AccessMode: mode})
	defer closing(ctx, session, &err)
	result, err := session.Run(ctx, query, args, deadline(ctx, limit))
	if err != nil {
		return nil, err //nolint:wrapcheck // explain looks at it
	}
	return result.Collect(ctx)
}

// get reads a column of a row; the zero value where it is null.
func get[T any](r *record, column string) T {
	var none T
	if r == nil {
		return none
	}
	value, _ := r.Get(column)
	v, _ := value.(T)
	return v
}

// stringsOf reads a list of strings.
func stringsOf(value any) []string {
	list, _ := value.([]any)
	out := make([]string, 0, len(list))
	for _, v := range list {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
