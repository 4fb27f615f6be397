package main

import "context"

type enableUserCmd struct {
	Username string `arg:"" help:"Whose account."`
}

// Run lets the user's tokens and teams work again, and the user sign in.
func (c enableUserCmd) Run(ctx context.Context, p *program) error {
	return p.setActive(ctx, c.Username, true, "enabled")
}
