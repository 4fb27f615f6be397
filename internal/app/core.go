// Package app is the composition root: it turns settings into engines,
// engines into services and services into servers. It alone knows every
// engine, and it decides nothing that a person could notice.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"

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
}

// Core is the relational store and the apps that need nothing else. Operators'
// commands on accounts and tokens run on it, whatever else is down.
type Core struct {
	Program
	DB  *sqldb.DB
	Dir string // the data folder; empty when no part needs one
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
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func openStore(ctx context.Context, p Program) (*Core, error) {
	c := &Core{Program: p}
	var err error
	if p.Settings.Embedded() || p.Settings.Storage.Local || p.Settings.Graph.URL == "" {
		if c.Dir, err = dataDir(p.Settings.DataDir); err != nil {
			return nil, err
		}
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
		_, err := c.DB.Migrate(ctx, migrations.FS)
		return err
	}
	n, err := c.DB.Pending(ctx, migrations.FS)
	if err != nil {
		return err
	}
	if n > 0 {
		return fmt.Errorf("the database schema is %d migrations behind; run `mnemosyne migrate`", n)
	}
	return nil
}

// Close closes the store.
func (c *Core) Close() error { return c.DB.Close() }

// Migrate brings the schema up to date and names the migrations it ran.
func Migrate(ctx context.Context, p Program) (ran []string, err error) {
	c, err := openStore(ctx, p)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	return c.DB.Migrate(ctx, migrations.FS)
}
