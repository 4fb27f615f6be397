package main

import (
	"context"
	"fmt"
)

type setPasswordCmd struct {
	Username      string `required:"" help:"Whose password."`
	PasswordStdin bool   `help:"Read the password from standard input; otherwise a random one is made and printed."`
	JSON          bool   `name:"json" help:"As JSON."`
}

// Run sets the password and ends the user's sessions.
func (c setPasswordCmd) Run(ctx context.Context, p *program) error {
	password, random, err := p.password(c.PasswordStdin)
	if err != nil {
		return err
	}
	return p.operate(ctx, func(o operator) error {
		u, err := o.user(ctx, c.Username)
		if err != nil {
			return err
		}
		if err := o.accounts.SetPassword(ctx, o.by, u.ID, password); err != nil {
			return err
		}
		answer := struct {
			Username string `json:"username"`
			Password string `json:"password,omitempty"`
		}{Username: u.Username}
		if random {
			answer.Password = password
		}
		if c.JSON {
			return p.printJSON(answer)
		}
		fmt.Fprintf(p.stdout, "Set the password of %s; their sessions have ended.\n", u.Username)
		if random {
			fmt.Fprintf(p.stdout, "Password: %s\n", password)
		}
		return nil
	})
}
