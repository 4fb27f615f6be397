package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// Sections are those of docs/DAEDALUS_PALLAS_INTEGRATION_v2.md.

// rest sends JSON with the first token and insists on a status.
func (in *installation) rest(t *testing.T, status int, method, path, body string) map[string]any {
	t.Helper()
	var answer map[string]any
	into := any(&answer)
	if status == http.StatusNoContent {
		into = nil
	}
	if got := in.ask(t, method, path, strings.NewReader(body), "application/json", into); got != status {
		t.Fatalf("%s %s answered %d %v, want %d", method, path, got, answer, status)
	}
	return answer
}

// whoami calls the tool with a bearer and gives the status and the raw answer.
func (in *installation) whoami(t *testing.T, bearer string) (*http.Response, string) {
	t.Helper()
	const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","arguments":{}}}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, in.address+"/mcp/", strings.NewReader(call))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{
		"Authorization": {"Bearer " + bearer}, "Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"},
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(raw)
}

// refused insists on a 401 that a Python client can show.
func (in *installation) refused(t *testing.T, bearer, says string) {
	t.Helper()
	res, body := in.whoami(t, bearer)
	if res.StatusCode != http.StatusUnauthorized || !strings.HasPrefix(res.Header.Get("WWW-Authenticate"), "Bearer") ||
		res.Header.Get("Content-Type") != "application/json" || !strings.Contains(body, `"message":"`+says+`"`) {
		t.Errorf("/mcp/ answered %d %v %s; want 401 that says %q", res.StatusCode, res.Header, body, says)
	}
}

// team makes a team of the first user's that has a workspace.
func (in *installation) team(t *testing.T) (id, bearer string) {
	t.Helper()
	id = uuid.NewString()
	in.rest(t, http.StatusCreated, http.MethodPost, "/library/api/workspaces/", `{"workspace_id":"ws-`+id+`"}`)
	made := in.rest(t, http.StatusCreated, http.MethodPost, "/mcp_server/api/teams/", `{"id":"`+id+`","name":"Kottos"}`)
	in.rest(t, http.StatusOK, http.MethodPut, "/mcp_server/api/teams/"+id+"/workspaces/", `{"workspace_ids":["ws-`+id+`"]}`)
	bearer, _ = made["jwt"].(string)
	return id, bearer
}

func TestSection62ATeamIsToldOverMCPWhatItMay(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.up(t)
	id, bearer := in.team(t)
	in.token = bearer
	var who struct {
		Kind, Username, Name string
		Libraries            []struct{ Name string }
		Tools                []string
		ExpiresAt            time.Time `json:"expires_at"`
	}
	in.tool(t, "whoami", map[string]any{}, &who)
	if who.Kind != "team" || who.Username != "admin" || who.Name != "Kottos" || len(who.Libraries) != 1 || who.Libraries[0].Name != "ws-"+id {
		t.Errorf("whoami gave %+v", who)
	}
	if !slices.Contains(who.Tools, "search") || !slices.Contains(who.Tools, "whoami") || who.ExpiresAt.Year() != time.Now().Year()+10 {
		t.Errorf("whoami gave %+v", who)
	}
}

// Commands beside a running server work at its next request, sections 6.5 and
// 13.2.
func TestSection132CommandsStopTeamsOfARunningServer(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.up(t)
	run := func(args ...string) {
		t.Helper()
		if out, err := in.command(t, args...).CombinedOutput(); err != nil {
			t.Fatalf("%v gave %v: %s", args, err, out)
		}
	}
	id, bearer := in.team(t)
	if res, body := in.whoami(t, bearer); res.StatusCode != http.StatusOK {
		t.Fatalf("/mcp/ answered %d %s", res.StatusCode, body)
	}
	run("create-user", "--username", "root", "--superuser") // the last one cannot be disabled
	run("disable-user", "admin")
	in.refused(t, bearer, "Team owner is disabled.")
	run("enable-user", "admin")
	if res, body := in.whoami(t, bearer); res.StatusCode != http.StatusOK {
		t.Errorf("after enable-user /mcp/ answered %d %s", res.StatusCode, body)
	}
	run("seed-signing-key", "--kid", "second")
	if res, body := in.whoami(t, bearer); res.StatusCode != http.StatusOK {
		t.Errorf("beside a second key /mcp/ answered %d %s", res.StatusCode, body)
	}
	run("seed-signing-key", "--kid", "second", "--retire-other")
	in.refused(t, bearer, "Invalid token.")
	fresh, _ := in.rest(t, http.StatusOK, http.MethodPost, "/mcp_server/api/teams/"+id+"/rotate/", "")["jwt"].(string)
	if res, body := in.whoami(t, fresh); res.StatusCode != http.StatusOK {
		t.Errorf("the second key's JWT: %d %s", res.StatusCode, body)
	}
	in.rest(t, http.StatusNoContent, http.MethodDelete, "/mcp_server/api/teams/"+id+"/", "")
	in.refused(t, fresh, "Team JWT references an inactive team.")
}

// The secret that is printed is the one that signs: 32 bytes, as its hex
// spells them.
func TestTheSecretThatSeedSigningKeyPrintsVerifiesTeamJWTs(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.up(t)
	cmd := in.command(t, "python", "manage.py", "seed_signing_key", "--kid", "mine")
	var talk bytes.Buffer
	cmd.Stderr = &talk
	printed, err := cmd.Output()
	if err != nil || !regexp.MustCompile(`^[0-9a-f]{64}\n$`).Match(printed) {
		t.Fatalf("seed_signing_key printed %q, %v", printed, err)
	}
	secret, err := hex.DecodeString(strings.TrimSpace(string(printed)))
	if err != nil {
		t.Fatal(err)
	}
	_, bearer := in.team(t)
	token, err := jwt.Parse(bearer, func(*jwt.Token) (any, error) { return secret, nil }, jwt.WithValidMethods([]string{"HS256"}))
	if err != nil || token.Header["kid"] != "mine" {
		t.Errorf("the JWT's header is %v, and it verifies as %v", token.Header, err)
	}
	claims, err := json.Marshal(token.Claims)
	if err != nil {
		t.Fatal(err)
	}
	unsigned, _, _ := strings.Cut(bearer, ".")
	in.refused(t, unsigned+"."+jwtPart(t, claims)+"."+strings.Repeat("A", 43), "Invalid token.")
	in.refused(t, perTurn(t), "Per-turn JWTs are no longer accepted; mint a team JWT.")
	if strings.Contains(talk.String(), strings.TrimSpace(string(printed))) {
		t.Error("the secret is in the talk on stderr too")
	}
}

func jwtPart(t *testing.T, raw []byte) string {
	t.Helper()
	return new(jwt.Token).EncodeSegment(raw)
}

// perTurn is what Daedalus sent before version 2, section 6.5.
func perTurn(t *testing.T) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"iss": "daedalus", "aud": "mnemosyne", "sub": "user:1", "exp": 2000000000})
	signed, err := token.SignedString([]byte("a secret of Daedalus"))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestEachSentenceOnSeedSigningKeyHolds(t *testing.T) {
	t.Parallel()
	env := folder(t)
	secret := regexp.MustCompile(`^[0-9a-f]{64}\n$`)
	hexes := map[string]bool{}
	for range 2 { // no --kid: a fresh one
		hexes[must(t, env, "", "seed-signing-key")] = true
	}
	hexes[must(t, env, "", "seed-signing-key", "--kid", "a")] = true
	for hex := range hexes {
		if !secret.MatchString(hex) || len(hexes) != 3 {
			t.Errorf("seed-signing-key printed %q of %d", hex, len(hexes))
		}
	}
	// The kid exists and is active: says so, changes nothing, exit 0.
	if again := runWith(t, env, "", "seed-signing-key", "--kid", "a"); again.code != exitDone || again.stdout != "" || !strings.Contains(again.stderr, "active already") {
		t.Errorf("an active kid again gave %+v", again)
	}
	// With --retire-other it still retires the others.
	if again := runWith(t, env, "", "seed-signing-key", "--kid", "a", "--retire-other"); again.code != exitDone || again.stdout != "" ||
		strings.Count(again.stderr, ",") != 1 || !strings.Contains(again.stderr, "Retired ") {
		t.Errorf("retiring the two others gave %+v", again)
	}
	// To rotate: a new kid with --retire-other.
	if got := runWith(t, env, "", "seed-signing-key", "--kid", "b", "--retire-other"); got.code != exitDone || !secret.MatchString(got.stdout) || !strings.Contains(got.stderr, "Retired a.") {
		t.Errorf("rotating gave %+v", got)
	}
	// It exists and is retired: exit 1, nothing changed.
	before := must(t, env, "", "audit", "--json")
	for _, args := range [][]string{{"--kid", "a"}, {"--kid", "a", "--retire-other"}} {
		fails(t, env, exitFailed, "retired", append([]string{"seed-signing-key"}, args...)...)
	}
	if after := must(t, env, "", "audit", "--json"); after != before {
		t.Errorf("what was refused is in the trail: %s", after)
	}
	if again := runWith(t, env, "", "seed-signing-key", "--kid", "b", "--retire-other"); again.code != exitDone || strings.Contains(again.stderr, "Retired") {
		t.Errorf("b was retired meanwhile: %+v", again)
	}
	fails(t, env, exitUsage, "--kidd", "seed-signing-key", "--kidd", "x")
}
