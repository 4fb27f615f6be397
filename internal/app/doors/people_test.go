package doors_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// The people. Each name is a person's role towards what the owner has.
const (
	owner     = "owner"
	stranger  = "stranger"
	reader    = "reader"
	manager   = "manager"
	coOwner   = "coowner"
	superuser = "superuser"
	// superReader is a superuser who is a reader of the owner's private library.
	superReader = "superreader"
	disabled    = "disabled" // has the role owner in the owner's private library
	// viewer is in the group View Only, and has the role owner in the owner's
	// private library, and a workspace and a team from earlier days.
	viewer        = "viewer"
	expert        = "expert"        // in the group SME
	administrator = "administrator" // in the group Admin
)

// identity is somebody with one way of proving who they are.
type identity struct {
	name   string
	person string // empty: nobody, at any door
	bearer string
	cookie string
	// crossSite is a browser that was sent here by a page from elsewhere.
	crossSite bool
	// mcp tells what the credential opens at /mcp/, where it is not all that
	// the person may read.
	mcp *narrow
}

// narrow is a scope over MCP. Nil classes: all; an empty list: none.
type narrow struct {
	refused bool
	classes []class
	tools   []string
}

func (who identity) headers() map[string]string {
	out := map[string]string{}
	if who.bearer != "" {
		out["Authorization"] = "Bearer " + who.bearer
	}
	if who.cookie != "" {
		out["Cookie"] = httpx.SessionCookie + "=" + who.cookie
		out["Sec-Fetch-Site"] = "same-origin"
	}
	if who.crossSite {
		out["Sec-Fetch-Site"], out["Origin"] = "cross-site", "https://elsewhere.example"
	}
	return out
}

// people makes the users and gives each identity of the matrix.
func (w *world) people() {
	_, err := w.core.Accounts.EnsureGroups(w.t.Context(), accounts.Operator(), accounts.SSOGroups()...)
	must(w.t, err)
	for _, name := range []string{owner, stranger, reader, manager, coOwner, superuser, superReader, disabled, viewer, expert, administrator} {
		u, err := w.core.Accounts.CreateUser(w.t.Context(), accounts.Operator(), accounts.NewUser{Username: name, Superuser: name == superuser || name == superReader})
		must(w.t, err)
		w.ids[name] = u.ID
		w.who[name] = identity{name: name, person: name, bearer: w.token(name, "*")}
	}
}

// join puts the people into their groups, once they have what they had before.
func (w *world) join() {
	w.t.Helper()
	for name, group := range map[string]string{
		viewer: accounts.GroupViewOnly, stranger: accounts.GroupStaff, expert: accounts.GroupSME, administrator: accounts.GroupAdmin,
	} {
		must(w.t, w.core.Accounts.SetGroups(w.t.Context(), accounts.Operator(), w.ids[name], []string{group}))
	}
}

// token mints a UserToken that may use some libraries over MCP.
func (w *world) token(person string, libraries ...string) string {
	w.t.Helper()
	plain, _ := w.mint(person, mcpserver.TokenSpec{AllowedLibraries: libraries})
	return plain
}

func (w *world) mint(person string, spec mcpserver.TokenSpec) (plain, id string) {
	w.t.Helper()
	spec.Name = "of " + person
	plain, t, err := w.core.Tokens.Create(w.t.Context(), accounts.Operator(), w.ids[person], spec)
	must(w.t, err)
	return plain, t.ID
}

// identities are everybody who asks, once what they ask for is planted.
func (w *world) identities() []identity {
	w.t.Helper()
	revoked, id := w.mint(owner, mcpserver.TokenSpec{AllowedLibraries: []string{"*"}})
	must(w.t, w.core.Tokens.Revoke(w.t.Context(), accounts.Operator(), w.ids[owner], id))
	expired, id := w.mint(owner, mcpserver.TokenSpec{AllowedLibraries: []string{"*"}})
	w.exec(`UPDATE user_token SET expires_at = $2 WHERE id = $1`, id, sqldb.At(time.Now().Add(-time.Minute)))
	must(w.t, w.core.Accounts.SetActive(w.t.Context(), accounts.Operator(), w.ids[disabled], false))
	cookie, err := w.core.Accounts.StartSession(w.t.Context(), accounts.Client{}, w.ids[owner])
	must(w.t, err)
	viewing, err := w.core.Accounts.StartSession(w.t.Context(), accounts.Client{}, w.ids[viewer])
	must(w.t, err)
	oneTool, _ := w.mint(owner, mcpserver.TokenSpec{AllowedLibraries: []string{"*"}, AllowedTools: []string{"whoami"}})
	all := []identity{
		w.who[owner], w.who[stranger], w.who[reader], w.who[manager], w.who[coOwner], w.who[superuser], w.who[superReader],
		w.who[viewer], w.who[expert], w.who[administrator],
		{name: "session of the viewer", person: viewer, cookie: viewing, mcp: &narrow{refused: true}},
		{name: "anonymous"},
		{name: "revoked token", bearer: revoked},
		{name: "expired token", bearer: expired},
		{name: "disabled user", bearer: w.who[disabled].bearer},
		{name: "made-up token", bearer: "mns_" + uuid.NewString()},
		{name: "JWT of a wrong key", bearer: forged(w.places[workspace].team)},
		{name: "session", person: owner, cookie: cookie, mcp: &narrow{refused: true}},
		{name: "session from another site", person: owner, cookie: cookie, crossSite: true, mcp: &narrow{refused: true}},
		{name: "token without libraries", person: owner, bearer: w.token(owner), mcp: &narrow{classes: []class{}}},
		{name: "token of the private library", person: owner, bearer: w.token(owner, w.places[private].library), mcp: &narrow{classes: []class{private}}},
		{name: "token of a foreign library", person: stranger, bearer: w.token(stranger, w.places[private].library), mcp: &narrow{classes: []class{}}},
		{name: "token of one tool", person: owner, bearer: oneTool, mcp: &narrow{tools: []string{"whoami"}}},
	}
	return append(all, w.teamIdentities()...)
}

// teamIdentities are the JWTs of teams, which open nothing but /mcp/.
func (w *world) teamIdentities() []identity {
	return []identity{
		{name: "team of the owner", bearer: w.teamJWT(owner, w.places[workspace].workspace), mcp: &narrow{classes: []class{workspace}}},
		{name: "team of the owner, paused", bearer: w.teamJWT(owner), mcp: &narrow{classes: []class{}}},
		// The owner's id in a stranger's team stands for nothing.
		{name: "team of a stranger", bearer: w.teamJWT(stranger, w.places[workspace].workspace, w.places[elsewhere].workspace), mcp: &narrow{classes: []class{elsewhere}}},
		{name: "team of the viewer", bearer: w.ofViewer, mcp: &narrow{classes: []class{viewed}}},
	}
}

const teamsPath = "/mcp_server/api/teams/"

// teamJWT makes a team of a person with some workspaces.
func (w *world) teamJWT(person string, workspaces ...string) string {
	w.t.Helper()
	id := uuid.NewString()
	jwt := w.insist(201, w.who[person], "POST", teamsPath, map[string]any{"id": id, "name": "Team of " + person}).text(w.t, "jwt")
	w.insist(200, w.who[person], "PUT", teamsPath+id+"/workspaces/", map[string]any{"workspace_ids": append([]string{}, workspaces...)})
	return jwt
}

// forged is a team JWT that somebody signed who has not the key.
func forged(team string) string {
	part := func(v any) string {
		raw, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	now := time.Now()
	text := part(map[string]any{"alg": "HS256", "typ": "JWT", "kid": "k1"}) + "." + part(map[string]any{
		"iss": "mnemosyne", "aud": "mnemosyne", "sub": "team:" + team, "typ": "team",
		"iat": now.Unix(), "exp": now.AddDate(10, 0, 0).Unix(), "jti": uuid.NewString(),
	})
	mac := hmac.New(sha256.New, []byte("somebody else's key"))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
