package fernet_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/llmmanager/fernet"
	"git.helu.ca/r/mnemosyne/internal/testkit"
)

// Of the specification's generate.json, verify.json and invalid.json.
const (
	secret = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="
	hello  = "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA=="
)

func key(t *testing.T, text string) fernet.Key {
	t.Helper()
	k, err := fernet.ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestTokensAreAsTheSpecificationHasThem(t *testing.T) {
	t.Parallel()
	at, err := time.Parse(time.RFC3339, "1985-10-26T01:20:00-07:00")
	if err != nil {
		t.Fatal(err)
	}
	iv := []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	k := key(t, secret)
	if got := k.Seal("hello", at, iv); got != hello {
		t.Errorf("the token is %s, want %s", got, hello)
	}
	if got, err := k.Decrypt(hello); err != nil || got != "hello" {
		t.Errorf("the text is %q, %v", got, err)
	}
}

func TestWhatTheSpecificationRefusesIsRefused(t *testing.T) {
	t.Parallel()
	for why, token := range map[string]string{
		"incorrect mac":  "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykQUFBQUFBQUFBQQ==",
		"too short":      "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA==",
		"invalid base64": "%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==",
		"payload size not multiple of block size": "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7mrfyudzUm",
		"payload padding error":                   "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNYIbkuKNqOhw==",
		"incorrect IV (causes padding error)":     "gAAAAAAdwJ6xBQECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAkLhFLHpGtDBRLRTZeUfWgHSv49TF2AUEZ1TIvcZjK1zQ==",
		"very short payload size":                 "gAAAAABdnQ1TUKh2OE_ggbyCIxfg",
		"super short payload size":                "gAAA",
		"nothing":                                 "",
	} {
		if text, err := key(t, secret).Decrypt(token); !errors.Is(err, fernet.ErrToken) || text != "" {
			t.Errorf("%s: %q, %v", why, text, err)
		}
	}
}

func TestOneChangedByteAnywhereIsRefused(t *testing.T) {
	t.Parallel()
	k := key(t, secret)
	raw, err := base64.URLEncoding.DecodeString(hello)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		raw[i] ^= 1
		if _, err := k.Decrypt(base64.URLEncoding.EncodeToString(raw)); !errors.Is(err, fernet.ErrToken) {
			t.Errorf("byte %d: %v", i, err)
		}
		raw[i] ^= 1
	}
	if _, err := key(t, strings.Repeat("A", 43)+"=").Decrypt(hello); !errors.Is(err, fernet.ErrToken) {
		t.Errorf("another key: %v", err)
	}
}

func TestWhatIsNoKeyIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "x", secret[:40], secret + "AAAA", "cw/0x689RpI+jtRR7oE8h/eQsKImvJapLeSbXpwF4e4="} {
		if _, err := fernet.ParseKey(text); !errors.Is(err, fernet.ErrKey) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestAKeyIsNotPrinted(t *testing.T) {
	t.Parallel()
	k := key(t, secret)
	for _, printed := range []string{fmt.Sprint(k), fmt.Sprintf("%+v", k), fmt.Sprintf("%#v", k)} {
		if printed != "fernet key" {
			t.Errorf("it prints as %s", printed)
		}
	}
}

// texts are as long as ends of blocks make difficult, and of any language.
func texts() []string {
	out := []string{"", "Schlüssel für die Ämter", "ключ", "🦉 sk-test", "line\nend"}
	for n := 1; n <= 33; n++ {
		out = append(out, strings.Repeat("k", n))
	}
	return out
}

// python runs a program of Python with its library cryptography.
func python(t *testing.T, program, input string) string {
	t.Helper()
	interpreter := testkit.Need(t, "MNEMOSYNE_TEST_PYTHON", "Python with its library cryptography")
	cmd := exec.CommandContext(t.Context(), interpreter, "-c", program)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("python: %v\n%s", err, out)
	}
	return string(out)
}

func TestPythonReadsWhatWeWrite(t *testing.T) {
	t.Parallel()
	k, lines := key(t, secret), []string{}
	for _, text := range texts() {
		lines = append(lines, k.Encrypt(text, time.Now()))
	}
	out := python(t, `
import sys, base64
from cryptography.fernet import Fernet
f = Fernet(b"`+secret+`")
for line in sys.stdin:
    print(base64.b64encode(f.decrypt(line.strip().encode(), ttl=600)).decode())
`, strings.Join(lines, "\n"))
	got := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	for i, text := range texts() {
		if want := base64.StdEncoding.EncodeToString([]byte(text)); i >= len(got) || got[i] != want {
			t.Errorf("Python reads line %d otherwise than %q", i, text)
		}
	}
}

func TestWeReadWhatPythonWrites(t *testing.T) {
	t.Parallel()
	var lines []string
	for _, text := range texts() {
		lines = append(lines, base64.StdEncoding.EncodeToString([]byte(text)))
	}
	out := python(t, `
import sys, base64
from cryptography.fernet import Fernet
k = Fernet.generate_key()
print(k.decode())
for line in sys.stdin.read().split("\n"):
    print(Fernet(k).encrypt(base64.b64decode(line)).decode())
`, strings.Join(lines, "\n"))
	got := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	k := key(t, got[0])
	for i, text := range texts() {
		if read, err := k.Decrypt(got[i+1]); err != nil || read != text {
			t.Errorf("%q is read as %q, %v", text, read, err)
		}
	}
}
