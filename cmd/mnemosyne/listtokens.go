package main

import (
	"context"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

type listTokensCmd struct {
	User string `help:"Only this user's."`
	JSON bool   `name:"json" help:"As JSON."`
}

type tokenJSON struct {
	ID               string     `json:"id"`
	Username         string     `json:"username"`
	Name             string     `json:"name"`
	Masked           string     `json:"masked"`
	Active           bool       `json:"active"`
	AllowedLibraries []string   `json:"allowed_libraries"`
	AllowedTools     []string   `json:"allowed_tools"`
	CreatedAt        time.Time  `json:"created_at"`
	ExpiresAt        *time.Time `json:"expires_at"`
	LastUsedAt       *time.Time `json:"last_used_at"`
}

func tokenAsJSON(t mcpserver.UserToken) tokenJSON {
	return tokenJSON{t.ID, t.Username, t.Name, t.Masked, t.Active, t.AllowedLibraries, t.AllowedTools, t.CreatedAt, t.ExpiresAt, t.LastUsedAt}
}

// Run lists the newest first.
func (c listTokensCmd) Run(ctx context.Context, p *program) error {
	return p.operate(ctx, func(o operator) error {
		tokens, err := c.tokens(ctx, o)
		if err != nil {
			return err
		}
		list := make([]tokenJSON, 0, len(tokens))
		rows := [][]string{{"ID", "USERNAME", "NAME", "TOKEN", "STATE", "LAST USED", "EXPIRES", "LIBRARIES", "TOOLS"}}
		for _, t := range tokens {
			list = append(list, tokenAsJSON(t))
			rows = append(rows, []string{
				t.ID, t.Username, t.Name, t.Masked, tokenState(t), when(t.LastUsedAt, "never"), when(t.ExpiresAt, "never"),
				orWord(t.AllowedLibraries, "none"), orWord(t.AllowedTools, "any"),
			})
		}
		if c.JSON {
			return p.printJSON(list)
		}
		return p.printTable(rows)
	})
}

func (c listTokensCmd) tokens(ctx context.Context, o operator) ([]mcpserver.UserToken, error) {
	if c.User == "" {
		return o.tokens.ListAll(ctx)
	}
	u, err := o.user(ctx, c.User)
	if err != nil {
		return nil, err
	}
	return o.tokens.List(ctx, u.ID)
}

func tokenState(t mcpserver.UserToken) string {
	switch {
	case !t.Active:
		return "revoked"
	case t.Expired(time.Now()):
		return "expired"
	}
	return "active"
}

func orWord(list []string, empty string) string {
	if len(list) == 0 {
		return empty
	}
	return strings.Join(list, ",")
}
