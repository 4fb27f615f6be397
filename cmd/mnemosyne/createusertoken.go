package main

import (
	"context"
	"fmt"
	"time"

	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

type createUserTokenCmd struct {
	User           string     `required:"" help:"Whose token."`
	Name           string     `required:"" help:"What it is for."`
	AllowedLibrary []string   `sep:"none" placeholder:"UID" help:"A library that MCP may read with it, or '*' for all that the user may; may be repeated. None: no library over MCP."`
	AllowedTool    []string   `sep:"none" placeholder:"TOOL" help:"An MCP tool that may be called with it; may be repeated. None: any."`
	ExpiresAt      *time.Time `format:"2006-01-02T15:04:05Z07:00" placeholder:"RFC3339" help:"When it ends, as 2030-01-31T00:00:00Z; without it, never."`
}

// Run prints the plaintext alone, for scripts.
func (c createUserTokenCmd) Run(ctx context.Context, p *program) error {
	return p.operate(ctx, func(o operator) error {
		u, err := o.user(ctx, c.User)
		if err != nil {
			return err
		}
		plaintext, token, err := o.tokens.Create(ctx, o.by, u.ID, mcpserver.TokenSpec{
			Name: c.Name, AllowedTools: c.AllowedTool, AllowedLibraries: c.AllowedLibrary, ExpiresAt: c.ExpiresAt,
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(p.stderr, "Made token %s for %s. It is shown once.\n", token.Masked, u.Username)
		fmt.Fprintln(p.stdout, plaintext)
		return nil
	})
}
