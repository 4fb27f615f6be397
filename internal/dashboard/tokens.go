package dashboard

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
)

const tokensPath = "/profile/tokens/"

// States of a token.
const (
	stateActive  = "active"
	stateExpired = "expired"
	stateRevoked = "revoked"
)

const (
	tokensAtOnce = 50
	soon         = 14 * 24 * time.Hour // before a token's end, it is warned of
)

// tokensPage lists a person's tokens.
type tokensPage struct {
	Tokens  []tokenRow
	State   string // that is shown; empty: all
	Filters []tokenFilter
	Soon    int64 // active tokens that end soon
	Any     bool  // there are tokens, shown or not
	Next    string
	Mails   bool // owners are told of new tokens by mail
}

// tokenFilter is a state to show alone.
type tokenFilter struct {
	State, Label string
	Count        int64
}

// tokenRow is a token as the list shows it.
type tokenRow struct {
	ID, Name, Masked string
	State            string // active, expired or revoked
	Soon             string // "in 3 days", of an active one that ends soon
	Libraries        string // what it may reach over MCP
	Tools            string
	CreatedAt        time.Time
	LastUsedAt       *time.Time
	ExpiresAt        *time.Time
}

func (d *Dashboard) listTokens(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	tokens, err := d.opt.Tokens.List(r.Context(), s.Principal.UserID)
	if err != nil {
		return err
	}
	readable, err := d.opt.Access.Readable(r.Context(), s.Principal)
	if err != nil {
		return err
	}
	now := d.opt.Now()
	p := tokensPage{State: page.Param(r, "state"), Any: len(tokens) > 0, Mails: d.opt.Mails}
	counts, names := map[string]int64{}, namesOf(readable)
	after := page.Param(r, "after")
	begun := !slices.ContainsFunc(tokens, func(t mcpserver.UserToken) bool { return t.ID == after })
	for _, t := range tokens {
		row := tokenRowOf(t, names, now)
		counts[row.State]++
		if row.Soon != "" {
			p.Soon++
		}
		switch {
		case !begun:
			begun = t.ID == after
		case p.State != "" && p.State != row.State:
		case len(p.Tokens) == tokensAtOnce:
			p.Next = tokensPath + "?" + url.Values{"state": {p.State}, "after": {p.Tokens[tokensAtOnce-1].ID}}.Encode()
		case p.Next == "":
			p.Tokens = append(p.Tokens, row)
		}
	}
	p.Filters = []tokenFilter{
		{"", "All", int64(len(tokens))},
		{stateActive, "Active", counts[stateActive]},
		{stateExpired, "Expired", counts[stateExpired]},
		{stateRevoked, "Revoked", counts[stateRevoked]},
	}
	return d.views.tokens.Show(w, r, s, http.StatusOK, page.Heading{Title: "API tokens", Area: "tokens"}, p)
}

func tokenRowOf(t mcpserver.UserToken, names map[string]string, now time.Time) tokenRow {
	row := tokenRow{
		ID: t.ID, Name: t.Name, Masked: t.Masked, State: stateOf(t, now),
		Libraries: reachText(t.AllowedLibraries, names), Tools: toolsText(t.AllowedTools),
		CreatedAt: t.CreatedAt, LastUsedAt: t.LastUsedAt, ExpiresAt: t.ExpiresAt,
	}
	if row.State == stateActive && t.ExpiresAt != nil && t.ExpiresAt.Sub(now) <= soon {
		row.Soon = "within a day"
		if days := int64(t.ExpiresAt.Sub(now).Hours() / 24); days > 0 {
			row.Soon = "in " + page.Count(days, "day", "days")
		}
	}
	return row
}

func stateOf(t mcpserver.UserToken, now time.Time) string {
	switch {
	case !t.Active:
		return stateRevoked
	case t.Expired(now):
		return stateExpired
	}
	return stateActive
}

func namesOf(libraries []library.Library) map[string]string {
	names := make(map[string]string, len(libraries))
	for _, l := range libraries {
		names[l.UID] = l.Name
	}
	return names
}

// reachText says what a token may reach over MCP. A library that its user can
// no longer read is counted, not named.
func reachText(allowed []string, names map[string]string) string {
	if len(allowed) == 0 {
		return "None"
	}
	var text string
	lost := int64(0)
	for _, uid := range allowed {
		name, ok := names[uid]
		switch {
		case uid == accounts.AllLibraries:
			return "All that you may read"
		case !ok:
			lost++
			continue
		case text != "":
			text += ", "
		}
		text += name
	}
	switch {
	case lost > 0 && text == "":
		return page.Count(lost, "library that you cannot read now", "libraries that you cannot read now")
	case lost > 0:
		return text + " and " + page.Count(lost, "that you cannot read now", "that you cannot read now")
	}
	return text
}

func toolsText(tools []string) string {
	if len(tools) == 0 {
		return "Any"
	}
	return listText(tools)
}

// tokenCreatedPage shows a token's plaintext, this once, and where to put it.
type tokenCreatedPage struct {
	Token     tokenRow
	Plaintext string
	URL       string
	Clients   []clientEntry
	NoLibrary bool // nothing can be found with it over MCP
}

func (d *Dashboard) createToken(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	form, spec, err := d.tokenSpec(r, s, mcpserver.UserToken{})
	if err != nil {
		return err
	}
	sent, err := d.nameTaken(r, s, spec, form.Faults)
	switch {
	case err != nil:
		return err
	case sent:
		return sentBefore(w, r, s, spec.Name)
	case len(form.Faults) > 0:
		return d.showTokenForm(w, r, s, http.StatusBadRequest, form)
	}
	plaintext, t, err := d.opt.Tokens.Create(r.Context(), page.Actor(s, httpx.Origin(r)), s.Principal.UserID, spec)
	if e := errs.As(err); e != nil && e.Code == mcpserver.CodeMade {
		return sentBefore(w, r, s, spec.Name)
	}
	if found, ok := page.FaultsOf(err); ok {
		form.Faults = tokenFaults(found)
		return d.showTokenForm(w, r, s, http.StatusBadRequest, form)
	}
	if err != nil {
		return err
	}
	p := tokenCreatedPage{
		Token: tokenRow{ID: t.ID, Name: t.Name, Masked: t.Masked, ExpiresAt: t.ExpiresAt}, Plaintext: plaintext, URL: d.mcpURL(r),
		NoLibrary: len(t.AllowedLibraries) == 0,
	}
	if p.Clients, err = clientEntries(p.URL, httpx.AbsoluteURL(r, "/library/api/me/", nil), plaintext); err != nil {
		return err
	}
	return d.views.tokenCreated.Show(w, r, s, http.StatusCreated, page.Heading{Title: "Your new token", Area: "tokens"}, p)
}

// sentBefore answers a form that is sent again, as by reloading the page that
// it led to.
func sentBefore(w http.ResponseWriter, r *http.Request, s httpx.Session, name string) error {
	return page.Refused(w, r, s, "That form was sent before, and made the token “"+name+
		"” then. It is not shown a second time: if you have not copied it, revoke it and generate another.", tokensPath)
}

// mcpURL is where MCP clients connect.
func (d *Dashboard) mcpURL(r *http.Request) string {
	if d.opt.MCPURL != "" {
		return d.opt.MCPURL
	}
	return httpx.AbsoluteURL(r, "/mcp/", nil)
}

func (d *Dashboard) confirmRevoke(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	t, err := d.opt.Tokens.Get(r.Context(), s.Principal.UserID, httpx.PathParam(r, "id"))
	if err != nil {
		return err
	}
	p := page.Confirm{
		Title: "Revoke “" + t.Name + "”?", Verb: "Revoke token", Action: tokensPath + t.ID + "/revoke/", Back: tokensPath,
		Text: "Whatever uses " + t.Masked + " is refused from its next request on. A revoked token cannot be brought back.",
	}
	return d.opt.Site.Confirm(w, r, s, page.Heading{Title: "Revoke a token", Area: "tokens"}, p)
}

func (d *Dashboard) revokeToken(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	t, err := d.opt.Tokens.Get(r.Context(), s.Principal.UserID, httpx.PathParam(r, "id"))
	if err != nil {
		return err
	}
	if err := d.opt.Tokens.Revoke(r.Context(), page.Actor(s, httpx.Origin(r)), s.Principal.UserID, t.ID); err != nil {
		return err
	}
	return page.Done(w, r, s, "The token “"+t.Name+"” is revoked.", tokensPath)
}
