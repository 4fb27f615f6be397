package main

import (
	"context"

	"git.helu.ca/r/mnemosyne/internal/app"
)

type workerCmd struct{}

// Run runs jobs until it is told to end.
func (workerCmd) Run(ctx context.Context, p *program) error {
	prog, err := p.load()
	if err != nil {
		return err
	}
	return app.Work(ctx, prog)
}
