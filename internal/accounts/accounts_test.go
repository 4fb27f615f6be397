package accounts_test

import (
	"log/slog"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
	"git.helu.ca/r/mnemosyne/internal/testkit"
)

// fixture is an accounts store whose clock and log the test holds.
type fixture struct {
	*accounts.Accounts

	db    *sqldb.DB
	audit *accounts.Audit
	clock *testkit.Clock
	log   *testkit.Buffer
}

func each(t *testing.T, test func(t *testing.T, f fixture)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := fixture{db: db, clock: testkit.NewClock(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)), log: &testkit.Buffer{}}
		log := slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		f.audit = accounts.NewAudit(db, log, f.clock.Now)
		f.Accounts = accounts.New(db, f.audit, log, accounts.Options{SecretKey: []byte("a secret key for tests"), Now: f.clock.Now})
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
