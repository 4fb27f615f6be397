package main

import (
	"context"

	"git.helu.ca/r/mnemosyne/internal/app"
)

type mcpCmd struct{}

// Run serves /mcp/ until it is told to end.
func (mcpCmd) Run(ctx context.Context, p *program) error {
	prog, err := p.load()
	if err != nil {
		return err
	}
	return app.ServeMCP(ctx, prog)
}
