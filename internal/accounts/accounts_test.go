package accounts_test

import (
	"bytes"
	"log/slog"
	"sync"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

// fixture is an accounts store whose clock and log the test holds.
type fixture struct {
	*accounts.Accounts

	db    *sqldb.DB
	audit *accounts.Audit
	clock *clock
	log   *syncBuffer
}

func each(t *testing.T, test func(t *testing.T, f fixture)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := fixture{db: db, clock: &clock{at: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}, log: &syncBuffer{}}
		log := slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		f.audit = accounts.NewAudit(db, log, f.clock.now)
		f.Accounts = accounts.New(db, f.audit, log, accounts.Options{SecretKey: []byte("a secret key for tests"), Now: f.clock.now})
		t.Cleanup(f.Wait)
		test(t, f)
	})
}

func (f fixture) user(t *testing.T, name, password string) accounts.User {
	t.Helper()
	u, err := f.CreateUser(t.Context(), accounts.Operator(), accounts.NewUser{Username: name, Password: password})
	if err != nil {
		t.Fatalf("create %s: %v", name, err)
	}
	return u
}

func (f fixture) events(t *testing.T, filter accounts.AuditFilter) []string {
	t.Helper()
	var out []string
	for e, err := range f.audit.List(t.Context(), filter) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e.Event+" "+e.Outcome)
	}
	return out
}

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func wantKind(t *testing.T, err error, kind errs.Kind) {
	t.Helper()
	if !errs.Is(err, kind) {
		t.Errorf("error = %v (kind %d); want kind %d", err, errs.KindOf(err), kind)
	}
}

func wantField(t *testing.T, err error, field string) {
	t.Helper()
	if e := errs.As(err); e == nil || e.Kind != errs.Invalid || len(e.Fields[field]) == 0 {
		t.Errorf("error = %v; want field %s invalid", err, field)
	}
}
