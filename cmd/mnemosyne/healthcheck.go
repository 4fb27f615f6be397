package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"git.helu.ca/r/mnemosyne/internal/app"
)

type healthcheckCmd struct {
	Process string `arg:"" enum:"serve,mcp,worker" help:"Which process: serve, mcp or worker."`
}

const healthTimeout = 5 * time.Second

// Run asks the process on this machine and ends with 1 when it is not well.
func (c healthcheckCmd) Run(ctx context.Context, p *program) error {
	prog, err := p.load()
	if err != nil {
		return err
	}
	address, err := app.HealthAddress(prog.Settings, c.Process)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return fmt.Errorf("ask %s: %w", c.Process, err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("%s does not answer: %w", c.Process, err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s at %s", c.Process, res.Status, address)
	}
	fmt.Fprintln(p.stdout, "ok")
	return nil
}
