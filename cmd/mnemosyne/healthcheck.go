package main

import (
	"context"
	"fmt"
	"time"

	"git.helu.ca/r/mnemosyne/internal/app"
)

type healthcheckCmd struct {
	Process string `arg:"" enum:"serve,mcp,worker,web" help:"Which process: serve, mcp, worker, or web for nginx before them."`
}

const healthTimeout = 5 * time.Second

// Run asks the process on this machine and ends with 1 when it is not well.
func (c healthcheckCmd) Run(ctx context.Context, p *program) error {
	prog, err := p.load()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	if err := app.Healthy(ctx, prog.Settings, c.Process); err != nil {
		return err
	}
	fmt.Fprintln(p.stdout, "ok")
	return nil
}
