package main

import (
	"context"
	"fmt"

	"git.helu.ca/r/mnemosyne/internal/accounts"
)

type createSSOGroupsCmd struct{}

// Run makes the groups that are missing and says which.
func (createSSOGroupsCmd) Run(ctx context.Context, p *program) error {
	return p.alone(ctx, func(o operator) error {
		made, err := o.accounts.EnsureGroups(ctx, o.by, accounts.SSOGroups()...)
		if err != nil {
			return err
		}
		for _, name := range made {
			fmt.Fprintln(p.stdout, "created "+name)
		}
		if len(made) == 0 {
			fmt.Fprintln(p.stdout, "The groups are there already.")
		}
		return nil
	})
}
