package main

import (
	"context"
	"fmt"

	"git.helu.ca/r/mnemosyne/internal/errs"
)

type revokeTokenCmd struct {
	ID   string `arg:"" help:"As list-tokens shows it."`
	JSON bool   `name:"json" help:"As JSON."`
}

// Run ends the token at its next request.
func (c revokeTokenCmd) Run(ctx context.Context, p *program) error {
	return p.operate(ctx, func(o operator) error {
		t, err := o.tokens.RevokeAny(ctx, o.by, c.ID)
		if errs.Is(err, errs.NotFound) {
			return fmt.Errorf("there is no token %q; `mnemosyne list-tokens` lists them", c.ID)
		}
		if err != nil {
			return err
		}
		if c.JSON {
			return p.printJSON(tokenAsJSON(t))
		}
		fmt.Fprintf(p.stdout, "Token %s (%s) of %s is revoked.\n", t.Masked, t.Name, t.Username)
		return nil
	})
}
