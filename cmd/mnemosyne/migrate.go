package main

import (
	"context"
	"fmt"

	"git.helu.ca/r/mnemosyne/internal/app"
)

type migrateCmd struct{}

// Run says what it did; with nothing to do it says so.
func (migrateCmd) Run(ctx context.Context, p *program) error {
	prog, err := p.load()
	if err != nil {
		return err
	}
	ran, note, err := app.Migrate(ctx, prog, p.waits)
	if err != nil {
		return err
	}
	for _, name := range ran {
		fmt.Fprintln(p.stdout, "applied "+name)
	}
	switch {
	case note != "":
		fmt.Fprintln(p.stdout, note)
	case len(ran) == 0:
		fmt.Fprintln(p.stdout, "The schema is up to date.")
	}
	return nil
}
