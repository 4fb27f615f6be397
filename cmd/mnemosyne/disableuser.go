package main

import (
	"context"
	"fmt"
)

type disableUserCmd struct {
	Username string `arg:"" help:"Whose account."`
}

// Run stops the user's sessions, tokens and teams at their next request.
func (c disableUserCmd) Run(ctx context.Context, p *program) error {
	return p.setActive(ctx, c.Username, false, "disabled")
}

func (p *program) setActive(ctx context.Context, username string, active bool, state string) error {
	return p.operate(ctx, func(o operator) error {
		u, err := o.user(ctx, username)
		if err != nil {
			return err
		}
		if err := o.accounts.SetActive(ctx, o.by, u.ID, active); err != nil {
			return err
		}
		word := "now"
		if u.Active == active {
			word = "already"
		}
		fmt.Fprintf(p.stdout, "User %s is %s %s.\n", u.Username, word, state)
		return nil
	})
}
