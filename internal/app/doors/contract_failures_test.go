package doors_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// team is a team and the JWT that it was given.
type team struct{ id, jwt string }

func (w *world) newTeam(person string, workspaces ...string) team {
	w.t.Helper()
	id := uuid.NewString()
	jwt := w.insist(201, w.who[person], "POST", teamsPath, map[string]any{"id": id, "name": "Kottos"}).text(w.t, "jwt")
	if len(workspaces) > 0 {
		w.attach(person, id, workspaces...)
	}
	return team{id, jwt}
}

func (w *world) attach(person, id string, workspaces ...string) {
	w.t.Helper()
	w.insist(200, w.who[person], "PUT", teamsPath+id+"/workspaces/", map[string]any{"workspace_ids": append([]string{}, workspaces...)})
}

// signed is a JWT with the program's own key: what is wrong with it is in its
// claims alone.
func (w *world) signed(of team, change map[string]any) string {
	w.t.Helper()
	type key struct{ kid, secret string }
	k, err := sqldb.One(w.t.Context(), w.core.DB.Read(), func(r sqldb.Row) (k key, err error) { return k, r.Scan(&k.kid, &k.secret) },
		`SELECT kid, secret_hex FROM mcp_signing_key WHERE is_active`)
	must(w.t, err)
	secret, err := hex.DecodeString(k.secret)
	must(w.t, err)
	claims := claimsOf(w.t, of.jwt)
	for name, value := range change {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	part := func(v any) string { return base64.RawURLEncoding.EncodeToString([]byte(encode(w.t, v))) }
	text := part(map[string]any{"alg": "HS256", "typ": "JWT", "kid": k.kid}) + "." + part(claims)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func claimsOf(t *testing.T, jwt string) map[string]any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(jwt, ".")[1])
	must(t, err)
	var claims map[string]any
	must(t, json.Unmarshal(raw, &claims))
	for name, value := range claims {
		if n, ok := value.(float64); ok {
			claims[name] = int64(n)
		}
	}
	return claims
}

func bearing(token string) identity { return identity{name: "a bearer", bearer: token} }

const mePath = "/library/api/me/"

// refusedWith asks at both doors and wants a 401 with its challenge. A JWT is
// refused on REST whatever it says, so its own words are told over MCP.
func (w *world) refusedWith(section, what, authorization, says string) {
	w.t.Helper()
	headers := map[string]string{"Accept": "application/json, text/event-stream"}
	if authorization != "" {
		headers["Authorization"] = authorization
	}
	list := map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
	for door, r := range map[string]request{
		"REST": {method: "GET", path: mePath, headers: headers}, "MCP": {method: "POST", path: "/mcp/", headers: headers, body: list},
	} {
		a := w.ask(r)
		if a.status != http.StatusUnauthorized || !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") {
			w.t.Errorf("%s %s at %s: %s, want 401 and WWW-Authenticate: Bearer", section, what, door, a)
		}
		if door == "MCP" && !strings.Contains(a.body, says) {
			w.t.Errorf("%s %s: %s does not say %q", section, what, a, says)
		}
	}
}

// works asks with a bearer over MCP and wants to be let in.
func (w *world) works(what, bearer string) {
	w.t.Helper()
	if a := w.speak(bearing(bearer), "tools/list", map[string]any{}); a.status != http.StatusOK {
		w.t.Errorf("%s: %s, want 200", what, a)
	}
}

func TestSection65FailureModesOfBearers(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		w := inhabited(h)
		mine := w.newTeam(owner)
		now := time.Now()
		w.works("a team's JWT", mine.jwt)
		w.works("exp past within the leeway", w.signed(mine, map[string]any{"iat": now.Add(-time.Hour).Unix(), "exp": now.Add(-25 * time.Second).Unix()}))
		revoked, id := w.mint(owner, mcpserver.TokenSpec{})
		must(h.t, w.core.Tokens.Revoke(h.t.Context(), accounts.Operator(), w.ids[owner], id))
		expired, id := w.mint(owner, mcpserver.TokenSpec{})
		w.exec(`UPDATE user_token SET expires_at = $2 WHERE id = $1`, id, sqldb.At(now.Add(-time.Second)))
		must(h.t, w.core.Accounts.SetActive(h.t.Context(), accounts.Operator(), w.ids[disabled], false))
		inactive, stale := w.newTeam(owner), w.newTeam(owner)
		w.insist(204, w.who[owner], "DELETE", teamsPath+inactive.id+"/", nil)
		w.insist(200, w.who[owner], "POST", teamsPath+stale.id+"/rotate/", nil)
		const perTurn = "Per-turn JWTs are no longer accepted; mint a team JWT."
		for _, row := range []struct{ what, authorization, says string }{
			{"no Authorization header", "", "credentials were not provided"},
			{"the legacy keyword Token", "Token " + w.who[owner].bearer, ""},
			{"Basic", "Basic b3duZXI6b3duZXI=", ""},
			{"an invalid bearer", "Bearer nonsense", "Invalid token."},
			{"a UserToken that nobody has", "Bearer mns_" + strings.Repeat("a", 46), "Invalid token."},
			{"an inactive token", "Bearer " + revoked, "revoked"},
			{"an expired token", "Bearer " + expired, "expired"},
			{"a disabled user", "Bearer " + w.who[disabled].bearer, "disabled"},
			{"a JWT of another key", "Bearer " + forged(mine.id), "Invalid token."},
			{"a JWT whose signature was cut", "Bearer " + mine.jwt[:len(mine.jwt)-4], "Invalid token."},
			{"exp past the leeway", "Bearer " + w.signed(mine, map[string]any{"iat": now.Add(-time.Hour).Unix(), "exp": now.Add(-35 * time.Second).Unix()}), "expired"},
			{"iss not mnemosyne", "Bearer " + w.signed(mine, map[string]any{"iss": "somebody"}), "Invalid token."},
			{"iss daedalus", "Bearer " + w.signed(mine, map[string]any{"iss": "daedalus"}), perTurn},
			{"typ not team", "Bearer " + w.signed(mine, map[string]any{"typ": "turn"}), perTurn},
			{"no typ", "Bearer " + w.signed(mine, map[string]any{"typ": nil}), perTurn},
			{"an inactive team", "Bearer " + inactive.jwt, "inactive"},
			{"an unknown team", "Bearer " + w.signed(mine, map[string]any{"sub": "team:" + uuid.NewString()}), ""},
			{"a stale jti", "Bearer " + stale.jwt, ""},
			{"another jti", "Bearer " + w.signed(mine, map[string]any{"jti": uuid.NewString()}), ""},
		} {
			w.refusedWith("§6.5", row.what, row.authorization, row.says)
		}
		w.refusedWith("§14.1", "a disabled owner's team", "Bearer "+w.ofDisabledOwner(), "disabled")
	})
}

// ofDisabledOwner is the JWT of a team whose owner was disabled since.
func (w *world) ofDisabledOwner() string {
	w.t.Helper()
	must(w.t, w.core.Accounts.SetActive(w.t.Context(), accounts.Operator(), w.ids[disabled], true))
	jwt := w.newTeam(disabled).jwt
	w.works("a team before its owner is disabled", jwt)
	must(w.t, w.core.Accounts.SetActive(w.t.Context(), accounts.Operator(), w.ids[disabled], false))
	return jwt
}

func TestSection65FailureModesOfTeamsAndWorkspaces(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		w := inhabited(h)
		mine := w.newTeam(owner)
		w.insist(201, w.who[owner], "POST", workspacesPath, map[string]any{"workspace_id": "ws_owner"})
		other := w.who[stranger]
		for _, row := range []struct {
			method, path string
			status       int
			body         any
		}{
			{"GET", teamsPath + mine.id + "/", 404, nil},
			{"PUT", teamsPath + mine.id + "/workspaces/", 404, map[string]any{"workspace_ids": []string{}}},
			{"DELETE", teamsPath + mine.id + "/", 404, nil},
			{"GET", workspacesPath + "ws_owner/", 404, nil},
			{"PUT", workspacesPath + "ws_owner/", 404, map[string]any{"name": "Mine"}},
			{"DELETE", workspacesPath + "ws_owner/", 204, nil},
		} {
			w.insist(row.status, other, row.method, row.path, row.body)
		}
		w.insist(200, w.who[owner], "GET", workspacesPath+"ws_owner/", nil)
		w.works("the team after another's attempts", mine.jwt)
	})
}

func TestSection5TheClaimsOfATeamJWT(t *testing.T) {
	t.Parallel()
	w := inhabited(open(t, "sqlite"))
	mine := w.newTeam(owner)
	claims := claimsOf(t, mine.jwt)
	if claims["iss"] != "mnemosyne" || claims["aud"] != "mnemosyne" || claims["typ"] != "team" || claims["sub"] != "team:"+mine.id || len(claims) != 7 {
		t.Errorf("§5: the claims are %v", claims)
	}
	issued, _ := claims["iat"].(int64)
	expires, _ := claims["exp"].(int64)
	if want := time.Unix(issued, 0).UTC().AddDate(10, 0, 0).Unix(); expires != want {
		t.Errorf("§5: exp is %d, want iat and ten years, %d", expires, want)
	}
	if jti, _ := claims["jti"].(string); uuid.Validate(jti) != nil {
		t.Errorf("§5: jti is %v", claims["jti"])
	}
}
