package main

import (
	"context"

	"git.helu.ca/r/mnemosyne/internal/app"
)

type setupCmd struct{}

// Run says what it did.
func (setupCmd) Run(ctx context.Context, p *program) error {
	return p.serve(ctx, func(s *app.Services) error {
		return s.Alone(ctx, p.waits, func(ctx context.Context) error { return s.Setup(ctx, p.stdout) })
	})
}
