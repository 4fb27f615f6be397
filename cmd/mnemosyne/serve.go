package main

import (
	"context"

	"git.helu.ca/r/mnemosyne/internal/app"
)

type serveCmd struct{}

// Run serves REST and pages until it is told to end.
func (serveCmd) Run(ctx context.Context, p *program) error {
	prog, err := p.load()
	if err != nil {
		return err
	}
	return app.Serve(ctx, prog)
}
