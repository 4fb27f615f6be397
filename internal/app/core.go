// Package app is the composition root: it turns settings into engines,
// engines into services and services into servers. It alone knows every
// engine, and it decides nothing that a person could notice.
package app

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/llmmanager"
	"git.helu.ca/r/mnemosyne/internal/mail"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/internal/settings"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/migrations"
)

// Program is what every part is built with.
type Program struct {
	Settings *settings.Settings
	Log      *slog.Logger
	Registry *prometheus.Registry
	Version  string
	Commit   string
	// Embedder takes the place of the one that the settings name; nil: none does.
	Embedder embedding.Embedder

	usage  embedding.Recorder // of the calls that engines make; nil: none
	stored storedModels       // those of providers, where the environment names none
}

// Core is the relational store and the apps that need nothing else. Operators'
// commands on accounts and tokens run on it, whatever else is down.
type Core struct {
	Program
	DB       *sqldb.DB
	Dir      string // the data folder
	Audit    *accounts.Audit
	Accounts *accounts.Accounts
	Tokens   *mcpserver.Tokens
	Keys     *mcpserver.SigningKeys
	Teams    *mcpserver.Teams
	Access   *library.Access
	Mail     *mail.Outbox // nil: no mail is sent

	closeMail func() // where there is Mail

	Providers *llmmanager.Providers

	resolver *mcpserver.Resolver
	secret   []byte // what sessions, forms and cursors are signed with
}

// OpenCore opens the relational store. The embedded one is migrated on the
// way; a server's schema is the operator's to migrate, and one that is behind
// is an error that says so.
func OpenCore(ctx context.Context, p Program) (*Core, error) {
	c, err := openStore(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := c.upToDate(ctx); err != nil {
		return nil, errors.Join(err, c.DB.Close())
	}
	if err := c.sameStore(ctx); err != nil {
		return nil, errors.Join(err, c.DB.Close())
	}
	if c.secret, err = ensureSecretKey(p.Settings.SecretKey.Reveal(), c.Dir); err != nil {
		return nil, errors.Join(err, c.DB.Close())
	}
	c.Audit = accounts.NewAudit(c.DB, p.Log, nil)
	c.Audit.CountOn(p.Registry)
	c.registerFigures()
	c.Accounts = accounts.New(c.DB, c.Audit, p.Log, accounts.Options{
		SecretKey: c.secret, PasswordsOfSuperusersOnly: !p.Settings.SSO.LocalLogin(),
	})
	c.Tokens = mcpserver.NewTokens(c.DB, c.Audit, nil)
	c.Keys = mcpserver.NewSigningKeys(c.DB, c.Audit, nil)
	c.Teams = mcpserver.NewTeams(c.DB, c.Audit, mcpserver.TeamsOptions{Registry: p.Registry})
	c.resolver = mcpserver.NewResolver(c.DB, p.Log, mcpserver.ResolverOptions{
		AnonymousMCP: !p.Settings.MCP.RequireAuth, Registry: p.Registry,
	})
	if c.Providers, err = newProviders(c); err != nil {
		return nil, errors.Join(err, c.DB.Close())
	}
	c.Access = library.NewAccess(c.DB, library.AccessOptions{
		GlobalIngestMembersOnly: p.Settings.Ingest.GlobalLibrary == settings.IngestMembers,
	})
	c.addMail(ctx)
	return c, nil
}

func openStore(ctx context.Context, p Program) (*Core, error) {
	c := &Core{Program: p}
	var err error
	if c.Dir, err = dataDir(p.Settings.DataDir); err != nil {
		return nil, err
	}
	if p.Settings.Embedded() {
		c.DB, err = sqldb.OpenSQLite(ctx, filepath.Join(c.Dir, databaseFile))
	} else {
		c.DB, err = sqldb.OpenPostgres(ctx, p.Settings.Database.DSN())
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Core) upToDate(ctx context.Context) error {
	if c.Settings.Embedded() {
		if _, err := c.DB.Migrate(ctx, migrations.FS); err != nil {
			return err
		}
	}
	found, err := fits(ctx, c.DB)
	if note := schemaNote(found); err == nil && note != "" {
		c.Log.InfoContext(ctx, "schema of another version", slog.String("note", note))
	}
	return err
}

// Close sends the last mails, writes down what was noted on the side and closes
// the store.
func (c *Core) Close() error {
	if c.Mail != nil {
		c.closeMail()
	}
	c.Accounts.Wait()
	c.resolver.Wait()
	return c.DB.Close()
}

// Actor is who a command acts for: the operator, as a user when it names one.
func (c *Core) Actor(ctx context.Context, username string) (accounts.Actor, error) {
	by := accounts.Operator()
	if username == "" {
		return by, nil
	}
	u, err := c.Accounts.UserByName(ctx, username)
	if err != nil {
		return accounts.Actor{}, err
	}
	if !u.Active {
		return accounts.Actor{}, errs.Newf(errs.Forbidden, "The user %s is disabled.", u.Username)
	}
	by.UserID, by.Username, by.Superuser, by.Groups = u.ID, u.Username, u.Superuser, u.Groups
	by.Scope = accounts.Scope{Kind: accounts.ScopeUser}
	return by, nil
}

// Alone runs one of the commands that make what an installation needs, while
// no other of them runs on it, on whatever host.
func (c *Core) Alone(ctx context.Context, waiting func(), do func(ctx context.Context) error) error {
	return c.DB.Exclusive(ctx, "commands", waiting, do)
}
