package admin

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

// TokensOptions are what the pages of everybody's tokens are made of.
type TokensOptions struct {
	// Tokens keeps everybody's tokens (mcpserver.Tokens).
	Tokens interface {
		Page(ctx context.Context, f mcpserver.TokenFilter, after mcpserver.TokenPosition, limit int) ([]mcpserver.UserToken, error)
		GetAny(ctx context.Context, id string) (mcpserver.UserToken, error)
		RevokeAny(ctx context.Context, by accounts.Actor, id string) (mcpserver.UserToken, error)
	}
	Now func() time.Time // nil: time.Now
}

type tokensViews struct {
	list page.View[tokensPage]
}

func loadTokens(l *page.Loader) tokensViews {
	return tokensViews{list: page.Load[tokensPage](l, "admin_tokens.html")}
}

func (p *Pages) tokensRoutes() []page.Route {
	return []page.Route{
		{Method: get, Path: pathTokens, Handler: p.listTokens},
		{Method: get, Path: pathTokens + "{id}/revoke/", Handler: p.confirmRevoke},
		{Method: post, Path: pathTokens + "{id}/revoke/", Handler: p.revokeToken},
	}
}

// tokensPage lists everybody's tokens.
type tokensPage struct {
	User   string // whose alone, or empty
	States []page.Choice
	Any    bool // something is filtered away
	Tokens []tokenRow
	Next   string
}

// tokenRow is a token as the list shows it. What it may reach is counted, not
// named: names of libraries are their owners' to tell.
type tokenRow struct {
	ID, Name, Masked string
	Owner            string
	OwnerDisabled    bool
	State            string
	Libraries, Tools string
	CreatedAt        time.Time
	LastUsedAt       *time.Time
	ExpiresAt        *time.Time
}

func (p *Pages) listTokens(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	out := tokensPage{User: strings.TrimSpace(page.Param(r, "user"))}
	state := page.Param(r, "state")
	var err error
	out.States, err = choices("state", state, string(mcpserver.TokenActive), string(mcpserver.TokenExpired), string(mcpserver.TokenRevoked))
	if err != nil {
		return err
	}
	out.Any = out.User != "" || state != ""
	filter := mcpserver.TokenFilter{Username: out.User, State: mcpserver.TokenState(state)}
	read := func(after mcpserver.TokenPosition, limit int) ([]mcpserver.UserToken, error) {
		return p.opt.Tokens.Tokens.Page(r.Context(), filter, after, limit)
	}
	behind := func(t mcpserver.UserToken) mcpserver.TokenPosition {
		return mcpserver.TokenPosition{CreatedAt: t.CreatedAt, ID: t.ID}
	}
	if out.Tokens, out.Next, err = listed(p, r, s, read, behind, p.tokenRow); err != nil {
		return err
	}
	return p.tokens.list.Show(w, r, s, http.StatusOK, p.heading("Everybody’s tokens", pathTokens), out)
}

func (p *Pages) tokenRow(t mcpserver.UserToken) tokenRow {
	now := time.Now
	if p.opt.Tokens.Now != nil {
		now = p.opt.Tokens.Now
	}
	row := tokenRow{
		ID: t.ID, Name: t.Name, Masked: t.Masked, Owner: t.Username, OwnerDisabled: !t.OwnerActive, State: string(t.State(now())),
		Libraries: page.Count(int64(len(t.AllowedLibraries)), "library", "libraries"), Tools: "any tool",
		CreatedAt: t.CreatedAt, LastUsedAt: t.LastUsedAt, ExpiresAt: t.ExpiresAt,
	}
	switch {
	case slices.Contains(t.AllowedLibraries, accounts.AllLibraries):
		row.Libraries = "all libraries"
	case len(t.AllowedLibraries) == 0:
		row.Libraries = "no library"
	}
	if len(t.AllowedTools) > 0 {
		row.Tools = strings.Join(t.AllowedTools, ", ")
	}
	return row
}

func (p *Pages) confirmRevoke(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	t, err := p.opt.Tokens.Tokens.GetAny(r.Context(), httpx.PathParam(r, "id"))
	if err != nil {
		return err
	}
	return p.opt.Site.Confirm(w, r, s, p.heading("Revoke a token", pathTokens), page.Confirm{
		Title: "Revoke “" + t.Name + "” of " + t.Username + "?", Verb: "Revoke token", Action: pathTokens + t.ID + "/revoke/", Back: pathTokens,
		Text: "Whatever uses " + t.Masked + " is refused from its next request on. A revoked token cannot be brought back.",
	})
}

func (p *Pages) revokeToken(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	t, err := p.opt.Tokens.Tokens.RevokeAny(r.Context(), page.Actor(s, httpx.Origin(r)), httpx.PathParam(r, "id"))
	if err != nil {
		return err
	}
	return page.Done(w, r, s, "The token “"+t.Name+"” of "+t.Username+" is revoked.", pathTokens)
}
