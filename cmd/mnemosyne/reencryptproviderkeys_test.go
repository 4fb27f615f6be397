package main

import (
	"io"
	"maps"
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/llmmanager"
)

const (
	oneKey     = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="
	anotherKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
)

func TestProviderKeysAreReencryptedFromTheCommandLine(t *testing.T) {
	t.Parallel()
	env := folder(t)
	fails(t, env, exitUsage, "--old", "reencrypt-provider-keys")
	fails(t, env, exitFailed, "LLM_API_SECRETS_ENCRYPTION_KEY is not set", "reencrypt-provider-keys", "--old", oneKey)
	env["LLM_API_SECRETS_ENCRYPTION_KEY"] = oneKey
	fails(t, env, exitFailed, "no Fernet key", "reencrypt-provider-keys", "--old", "nonsense")
	withProvider(t, env, "Nyx", "sk-0123456789abcdefgh")
	changed := maps.Clone(env)
	changed["LLM_API_SECRETS_ENCRYPTION_KEY"] = anotherKey
	if got := runWith(t, changed, "", "check"); got.code != exitFailed || !strings.Contains(got.stdout, "reencrypt-provider-keys") {
		t.Errorf("check with another key gave %+v", got)
	}
	fails(t, changed, exitFailed, "Nyx", "reencrypt-provider-keys", "--old", anotherKey[:20]+"AAAAAAAAAAAAAAAAAAAAAAA=")
	if out := must(t, changed, oneKey+"\n", "reencrypt_provider_keys", "--old", "-"); out != "re-encrypted the key of Nyx\n" {
		t.Errorf("it printed %q", out)
	}
	if out := must(t, changed, "", "reencrypt-provider-keys", "--old", oneKey); !strings.HasPrefix(out, "Nothing to do") {
		t.Errorf("a second time printed %q", out)
	}
	if got := runWith(t, changed, "", "check"); got.code != exitDone || strings.Contains(got.stdout, "0123456789") {
		t.Errorf("check afterwards gave %+v", got)
	}
	if trail := must(t, changed, "", "audit", "--event", "llm_provider_keys_reencrypt", "--json"); strings.Count(trail, "\n") != 1 || strings.Contains(trail, oneKey) {
		t.Errorf("the trail is %q", trail)
	}
}

// withProvider puts a provider into the store of an environment.
func withProvider(t *testing.T, env map[string]string, name, key string) {
	t.Helper()
	p := &program{stdout: io.Discard, stderr: io.Discard, lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
	err := p.operate(t.Context(), func(o operator) error {
		_, err := o.providers.Add(t.Context(), o.by, llmmanager.ProviderSpec{Name: name, API: llmmanager.OpenAI, BaseURL: "http://127.0.0.1:9", Key: key, Active: true})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
