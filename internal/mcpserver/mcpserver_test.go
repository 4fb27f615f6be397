package mcpserver_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
	"git.helu.ca/r/mnemosyne/internal/testkit"
)

// fixture is the package on a store of its own, with two users and a clock
// that the test holds.
type fixture struct {
	db       *sqldb.DB
	accounts *accounts.Accounts
	audit    *accounts.Audit
	tokens   *mcpserver.Tokens
	keys     *mcpserver.SigningKeys
	teams    *mcpserver.Teams
	access   *library.Access
	resolver *mcpserver.Resolver
	registry *prometheus.Registry
	log      *testkit.Buffer
	clock    *testkit.Clock
	ann, bob accounts.User
}

func each(t *testing.T, test func(t *testing.T, f fixture)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) { test(t, newFixture(t, db)) })
}

func newFixture(t testing.TB, db *sqldb.DB) fixture {
	t.Helper()
	f := fixture{db: db, registry: prometheus.NewRegistry(), log: &testkit.Buffer{}, clock: testkit.NewClock(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))}
	log := slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	f.audit = accounts.NewAudit(db, log, f.clock.Now)
	f.accounts = accounts.New(db, f.audit, log, accounts.Options{Now: f.clock.Now})
	f.tokens = mcpserver.NewTokens(db, f.audit, f.clock.Now)
	f.keys = mcpserver.NewSigningKeys(db, f.audit, f.clock.Now)
	f.access = library.NewAccess(db, library.AccessOptions{})
	f.teams = mcpserver.NewTeams(db, f.audit, mcpserver.TeamsOptions{Now: f.clock.Now, Registry: f.registry})
	f.resolver = mcpserver.NewResolver(db, log, mcpserver.ResolverOptions{Now: f.clock.Now, Registry: f.registry})
	t.Cleanup(f.resolver.Wait)
	for name, user := range map[string]*accounts.User{"ann": &f.ann, "bob": &f.bob} {
		var err error
		if *user, err = f.accounts.CreateUser(t.Context(), accounts.Operator(), accounts.NewUser{Username: name}); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func (f fixture) mint(t testing.TB, spec mcpserver.TokenSpec) (string, mcpserver.UserToken) {
	t.Helper()
	if spec.Name == "" {
		spec.Name = "Laptop"
	}
	plaintext, token, err := f.tokens.Create(t.Context(), accounts.Operator(), f.ann.ID, spec)
	if err != nil {
		t.Fatal(err)
	}
	return plaintext, token
}

func (f fixture) events(t *testing.T) []string {
	t.Helper()
	var out []string
	for e, err := range f.audit.List(t.Context(), accounts.AuditFilter{}) {
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
