package main

import (
	"context"
	"fmt"

	"git.helu.ca/r/mnemosyne/internal/accounts"
)

type createUserCmd struct {
	Username      string   `required:"" help:"Its name; never changes."`
	Email         string   `help:"Its e-mail address."`
	Superuser     bool     `help:"May administer everything."`
	Group         []string `sep:"none" help:"A group to join; may be repeated."`
	PasswordStdin bool     `help:"Read the password from standard input; otherwise a random one is made and printed."`
}

// Run prints the password only when it made it.
func (c createUserCmd) Run(ctx context.Context, p *program) error {
	password, random, err := p.password(c.PasswordStdin)
	if err != nil {
		return err
	}
	return p.alone(ctx, func(o operator) error {
		u, err := o.accounts.CreateUser(ctx, o.by, accounts.NewUser{
			Username: c.Username, Email: c.Email, Password: password, Superuser: c.Superuser, Groups: c.Group,
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "Created user %s.\n", u.Username)
		if random {
			fmt.Fprintf(p.stdout, "Password: %s\n", password)
		}
		return nil
	})
}
