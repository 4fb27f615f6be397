package main

import (
	"context"

	"git.helu.ca/r/mnemosyne/internal/app"
)

type upCmd struct{}

// Run serves until it is told to end.
func (upCmd) Run(ctx context.Context, p *program) error {
	prog, err := p.load()
	if err != nil {
		return err
	}
	return app.Up(ctx, prog, p.stdout)
}
