package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// must runs a command line that has to succeed, and gives its stdout.
func must(t *testing.T, env map[string]string, stdin string, args ...string) string {
	t.Helper()
	got := runWith(t, env, stdin, args...)
	if got.code != exitDone {
		t.Fatalf("%v gave %+v", args, got)
	}
	return got.stdout
}

// fails runs a command line that has to fail with a code, in one line that
// says why and nothing on stdout.
func fails(t *testing.T, env map[string]string, code int, why string, args ...string) {
	t.Helper()
	got := runWith(t, env, "", args...)
	if got.code != code || got.stdout != "" || !strings.Contains(got.stderr, why) {
		t.Errorf("%v gave %+v; want exit %d saying %q", args, got, code, why)
	}
	if code == exitFailed && strings.Count(got.stderr, "\n") != 1 {
		t.Errorf("%v says %q; want one line", args, got.stderr)
	}
}

func fromJSON[T any](t *testing.T, text string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%q is no JSON: %v", text, err)
	}
	return v
}

func TestAUserIsMadeDisabledAndEnabledFromTheCommandLine(t *testing.T) {
	t.Parallel()
	env := folder(t)
	must(t, env, "", "create_sso_groups")
	made := must(t, env, "", "create-user", "--username", "ann", "--email", "ann@example.org", "--superuser", "--group", "Staff", "--group", "SME")
	if !regexp.MustCompile(`Password: [A-Z2-7]{26}\n`).MatchString(made) {
		t.Errorf("create-user printed %q; want a random password", made)
	}
	if chosen := must(t, env, "correct horse\n", "create-user", "--username", "bob", "--password-stdin"); strings.Contains(chosen, "horse") {
		t.Errorf("create-user printed the password it was given: %q", chosen)
	}
	fails(t, env, exitFailed, "last active superuser", "disable-user", "ann")
	must(t, env, "", "create-user", "--username", "root", "--superuser")
	must(t, env, "", "disable-user", "ann")
	users := fromJSON[[]userJSON](t, must(t, env, "", "list-users", "--json"))
	if len(users) != 3 || users[0].Username != "ann" || users[0].Active || !users[0].Superuser || !slices.Equal(users[0].Groups, []string{"SME", "Staff"}) {
		t.Errorf("list-users gave %+v", users)
	}
	must(t, env, "", "enable-user", "ANN")
	if table := must(t, env, "", "list-users"); !strings.Contains(table, "ann@example.org") || !strings.Contains(table, "SME, Staff") {
		t.Errorf("list-users printed %q", table)
	}
	fails(t, env, exitFailed, "taken", "create-user", "--username", "Ann")
	fails(t, env, exitFailed, "username: ", "create-user", "--username", "..")
	fails(t, env, exitFailed, "Nobodies", "create-user", "--username", "eve", "--group", "Nobodies")
	fails(t, env, exitFailed, "standard input", "create-user", "--username", "eve", "--password-stdin")
	fails(t, env, exitFailed, "list-users", "disable-user", "nobody")
	fails(t, env, exitUsage, "--username", "create-user")
}

func TestAPasswordIsSetFromTheCommandLine(t *testing.T) {
	t.Parallel()
	env := folder(t)
	must(t, env, "", "create-user", "--username", "ann")
	answer := fromJSON[map[string]string](t, must(t, env, "", "set-password", "--username", "ann", "--json"))
	if len(answer["password"]) != 26 || answer["username"] != "ann" {
		t.Errorf("set-password gave %v; want a random password", answer)
	}
	if said := must(t, env, "correct horse\r\n", "set-password", "--username", "ann", "--password-stdin"); strings.Contains(said, "horse") {
		t.Errorf("set-password printed the password it was given: %q", said)
	}
	fails(t, env, exitFailed, "list-users", "set-password", "--username", "nobody")
}

func TestATokenIsMadeListedAndRevokedFromTheCommandLine(t *testing.T) {
	t.Parallel()
	env := folder(t)
	must(t, env, "", "create-user", "--username", "ann")
	must(t, env, "", "create-user", "--username", "bob")
	plaintext := must(t, env, "", "create-user-token", "--user", "ann", "--name", "Claude", "--allowed-library", "*",
		"--allowed-tool", "search", "--allowed-tool", "whoami", "--expires-at", "2999-01-01T00:00:00+01:00")
	if !regexp.MustCompile(`^mns_[0-9A-Za-z]{46}\n$`).MatchString(plaintext) {
		t.Errorf("create-user-token printed %q; want the plaintext alone", plaintext)
	}
	tokens := fromJSON[[]tokenJSON](t, must(t, env, "", "list-tokens", "--user", "ann", "--json"))
	if len(tokens) != 1 || tokens[0].Name != "Claude" || !tokens[0].Active || !slices.Equal(tokens[0].AllowedTools, []string{"search", "whoami"}) {
		t.Fatalf("list-tokens gave %+v", tokens)
	}
	if others := fromJSON[[]tokenJSON](t, must(t, env, "", "list-tokens", "--user", "bob", "--json")); len(others) != 0 {
		t.Errorf("bob's tokens are %+v", others)
	}
	for range 2 { // the second time there is nothing left to do
		if revoked := fromJSON[tokenJSON](t, must(t, env, "", "revoke-token", tokens[0].ID, "--json")); revoked.ID != tokens[0].ID || revoked.Active {
			t.Errorf("revoke-token gave %+v; want the token, not active", revoked)
		}
	}
	if table := must(t, env, "", "list-tokens"); !strings.Contains(table, "revoked") || strings.Contains(table, plaintext[4:20]) {
		t.Errorf("list-tokens printed %q", table)
	}
	fails(t, env, exitFailed, "list-tokens", "revoke-token", "none")
	fails(t, env, exitFailed, "allowed_libraries", "create-user-token", "--user", "ann", "--name", "n", "--allowed-library", "a,b")
	fails(t, env, exitFailed, "expires_at", "create-user-token", "--user", "ann", "--name", "n", "--expires-at", "2001-01-01T00:00:00Z")
	fails(t, env, exitUsage, "--expires-at", "create-user-token", "--user", "ann", "--name", "n", "--expires-at", "tomorrow")
}

func TestASigningKeyIsSeededAndRotatedFromTheCommandLine(t *testing.T) {
	t.Parallel()
	env := folder(t)
	secret := regexp.MustCompile(`^[0-9a-f]{64}\n$`)
	if got := must(t, env, "", "python", "manage.py", "seed_signing_key", "--kid", "k1"); !secret.MatchString(got) {
		t.Errorf("seed-signing-key printed %q; want the secret alone", got)
	}
	if again := runWith(t, env, "", "seed-signing-key", "--kid", "k1"); again.code != exitDone || again.stdout != "" || !strings.Contains(again.stderr, "already") {
		t.Errorf("the same kid again gave %+v", again)
	}
	if got := runWith(t, env, "", "seed-signing-key", "--kid", "k2", "--retire-other"); got.code != exitDone || !secret.MatchString(got.stdout) || !strings.Contains(got.stderr, "k1") {
		t.Errorf("rotating gave %+v", got)
	}
	fails(t, env, exitFailed, "retired", "seed-signing-key", "--kid", "k1", "--retire-other")
	fails(t, env, exitFailed, "kid", "seed-signing-key", "--kid", "../k")
}

func TestTheAuditTrailIsPrintedOldestFirst(t *testing.T) {
	t.Parallel()
	env := folder(t)
	must(t, env, "", "create-user", "--username", "ann")
	must(t, env, "", "create-user-token", "--user", "ann", "--name", "Claude")
	lines := strings.Split(strings.TrimSpace(must(t, env, "", "audit", "--json")), "\n")
	if len(lines) != 2 {
		t.Fatalf("audit printed %q", lines)
	}
	first := fromJSON[map[string]any](t, lines[0])
	want := []string{"address", "at", "credential", "detail", "event", "outcome", "request_id", "username"}
	var keys []string
	for key := range first {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	if first["event"] != "user_create" || first["credential"] != "command" || !slices.Equal(keys, want) {
		t.Errorf("the first event is %v", first)
	}
	if !strings.HasSuffix(first["at"].(string), "Z") {
		t.Errorf("the time is %v; want UTC", first["at"])
	}
	if got := must(t, env, "", "audit", "--event", "token_create"); strings.Count(got, "\n") != 1 || !strings.Contains(got, "token_create created") {
		t.Errorf("audit --event printed %q", got)
	}
	if got := must(t, env, "", "audit", "--since", "2999-01-01T00:00:00Z"); got != "" {
		t.Errorf("audit --since printed %q", got)
	}
}

func TestAnAccountIsLinkedWithSomebodyAtTheSignOnServer(t *testing.T) {
	t.Parallel()
	env := folder(t)
	must(t, env, "", "create-user", "--username", "ann")
	fails(t, env, exitFailed, "issuer", "link-sso", "--username", "ann", "--subject", "7d2f")
	linked := must(t, env, "", "link-sso", "--username", "ann", "--issuer", "https://casdoor.example.com", "--subject", "7d2f")
	if !strings.Contains(linked, "ann signs in as 7d2f") {
		t.Errorf("link-sso printed %q", linked)
	}
	must(t, env, "", "create-user", "--username", "bob")
	fails(t, env, exitFailed, "already", "link-sso", "--username", "bob", "--issuer", "https://casdoor.example.com", "--subject", "7d2f")
	if gone := must(t, env, "", "unlink-sso", "--username", "ann"); !strings.Contains(gone, "1 identities") {
		t.Errorf("unlink-sso printed %q", gone)
	}
	must(t, env, "", "link-sso", "--username", "bob", "--issuer", "https://casdoor.example.com", "--subject", "7d2f")
	if made := must(t, env, "", "create-sso-groups"); !strings.Contains(made, "View Only") {
		t.Errorf("create-sso-groups printed %q", made)
	}
	if again := must(t, env, "", "create-sso-groups"); !strings.Contains(again, "there already") {
		t.Errorf("the second create-sso-groups printed %q", again)
	}
}
