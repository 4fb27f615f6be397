package main

import (
	"context"
	"fmt"
	"strings"
)

type seedSigningKeyCmd struct {
	Kid         string `placeholder:"NAME" help:"The key's name; without it, a fresh one."`
	RetireOther bool   `help:"Retire every other key: team JWTs that they signed stop."`
}

// Run prints the secret of a key that it made, alone; all else is talk.
func (c seedSigningKeyCmd) Run(ctx context.Context, p *program) error {
	return p.alone(ctx, func(o operator) error {
		seeded, err := o.keys.Seed(ctx, o.by, c.Kid, c.RetireOther)
		if err != nil {
			return err
		}
		if seeded.Created {
			fmt.Fprintf(p.stderr, "Made signing key %s. Its secret is shown once.\n", seeded.Kid)
			fmt.Fprintln(p.stdout, seeded.SecretHex)
		} else {
			fmt.Fprintf(p.stderr, "Signing key %s is active already.\n", seeded.Kid)
		}
		if len(seeded.Retired) > 0 {
			fmt.Fprintf(p.stderr, "Retired %s.\n", strings.Join(seeded.Retired, ", "))
		}
		return nil
	})
}
