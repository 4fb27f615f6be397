package main

import (
	"context"
	"fmt"
)

type linkSSOCmd struct {
	Username string `required:"" help:"Whose account."`
	Issuer   string `help:"The sign-on server, as its tokens name it. Default: CASDOOR_ORIGIN."`
	Subject  string `required:"" help:"Who that is at the sign-on server: the subject that the audit trail has of the sign-in that was refused."`
}

// Run links the account. Who it is there is for the operator to know.
func (c linkSSOCmd) Run(ctx context.Context, p *program) error {
	return p.alone(ctx, func(o operator) error {
		u, err := o.user(ctx, c.Username)
		if err != nil {
			return err
		}
		issuer := c.Issuer
		if issuer == "" {
			issuer = o.issuer
		}
		if err := o.accounts.LinkIdentity(ctx, o.by, u.ID, issuer, c.Subject); err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.stdout, "%s signs in as %s of %s from now on.\n", u.Username, c.Subject, issuer)
		return err
	})
}

type unlinkSSOCmd struct {
	Username string `required:"" help:"Whose account."`
}

// Run unlinks the account from every sign-on server.
func (c unlinkSSOCmd) Run(ctx context.Context, p *program) error {
	return p.alone(ctx, func(o operator) error {
		u, err := o.user(ctx, c.Username)
		if err != nil {
			return err
		}
		n, err := o.accounts.UnlinkIdentities(ctx, o.by, u.ID)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.stdout, "%s had %d identities at sign-on servers and has none now.\n", u.Username, n)
		return err
	})
}
