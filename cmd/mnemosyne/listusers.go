package main

import (
	"context"
	"strings"
	"time"
)

type listUsersCmd struct {
	JSON bool `name:"json" help:"As JSON."`
}

type userJSON struct {
	Username    string     `json:"username"`
	Email       string     `json:"email"`
	Active      bool       `json:"active"`
	Superuser   bool       `json:"superuser"`
	Groups      []string   `json:"groups"`
	CreatedAt   time.Time  `json:"created_at"`
	LastLoginAt *time.Time `json:"last_login_at"`
}

// Run lists by name.
func (c listUsersCmd) Run(ctx context.Context, p *program) error {
	return p.operate(ctx, func(o operator) error {
		users, err := o.accounts.Users(ctx)
		if err != nil {
			return err
		}
		list := make([]userJSON, 0, len(users))
		rows := [][]string{{"USERNAME", "ACTIVE", "SUPERUSER", "GROUPS", "LAST SIGN-IN", "E-MAIL"}}
		for _, u := range users {
			list = append(list, userJSON{u.Username, u.Email, u.Active, u.Superuser, u.Groups, u.CreatedAt, u.LastLoginAt})
			rows = append(rows, []string{
				u.Username, yesNo(u.Active), yesNo(u.Superuser), strings.Join(u.Groups, ", "), when(u.LastLoginAt, "never"), u.Email,
			})
		}
		if c.JSON {
			return p.printJSON(list)
		}
		return p.printTable(rows)
	})
}
