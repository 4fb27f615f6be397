package mcpserver_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
)

// forger has all that makes a valid team JWT, also what nobody outside has,
// and makes JWTs that differ from it in one thing.
type forger struct {
	secret       []byte // of the key k1
	other        []byte // of the key k2, active too
	team, second string // ids of ann's teams
	jti          string // of the first team's JWT
	owner        string
	now          time.Time
	good         string // minted
}

func newForger(t testing.TB, f fixture) forger {
	t.Helper()
	seed := func(kid string, retireOther bool) []byte {
		f.clock.Pass(time.Second)
		seeded, err := f.keys.Seed(t.Context(), accounts.Operator(), kid, retireOther)
		if err != nil {
			t.Fatal(err)
		}
		secret, err := hex.DecodeString(seeded.SecretHex)
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	seed("gone", false)
	g := forger{other: seed("k2", true), owner: f.ann.ID}
	g.secret = seed("k1", false)
	g.second = f.create(t, uuid.NewString(), "Mentor").ID
	made := f.create(t, uuid.NewString(), "Kottos")
	g.team, g.good, g.now = made.ID, made.JWT, f.clock.Now()
	g.jti = decodeClaims(t, made.JWT)["jti"].(string)
	return g
}

func b64(raw string) string { return base64.RawURLEncoding.EncodeToString([]byte(raw)) }

// mac signs the first two parts of a JWT.
func mac(h func() hash.Hash, secret []byte, signed string) string {
	m := hmac.New(h, secret)
	m.Write([]byte(signed))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

const header = `{"alg":"HS256","typ":"JWT","kid":"k1"}`

// sign makes a JWT of these very texts with a secret.
func sign(secret []byte, header, claims string) string {
	signed := b64(header) + "." + b64(claims)
	return signed + "." + mac(sha256.New, secret, signed)
}

// claims is the claims as JSON, with some given another JSON value; none
// takes a claim away.
func (g forger) claims(changes ...string) string {
	values := map[string]string{
		"iss": `"mnemosyne"`, "aud": `"mnemosyne"`, "sub": `"team:` + g.team + `"`, "typ": `"team"`,
		"iat": fmt.Sprint(g.now.Unix()), "exp": fmt.Sprint(g.now.AddDate(10, 0, 0).Unix()), "jti": `"` + g.jti + `"`,
	}
	names := []string{"iss", "aud", "sub", "typ", "iat", "exp", "jti"}
	for i := 0; i < len(changes); i += 2 {
		if _, known := values[changes[i]]; !known {
			names = append(names, changes[i])
		}
		values[changes[i]] = changes[i+1]
	}
	var parts []string
	for _, name := range names {
		if values[name] != "" {
			parts = append(parts, `"`+name+`":`+values[name])
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// head signs the right claims under another header.
func (g forger) head(header string) string { return sign(g.secret, header, g.claims()) }

// with signs changed claims under the right header.
func (g forger) with(changes ...string) string { return sign(g.secret, header, g.claims(changes...)) }

// body signs any text as the claims under the right header.
func (g forger) body(claims string) string { return sign(g.secret, header, claims) }

// by signs what is right with another secret.
func (g forger) by(secret []byte) string { return sign(secret, header, g.claims()) }

// alg signs the right claims as another algorithm does, of the HMAC family.
func (g forger) alg(name string, h func() hash.Hash) string {
	signed := b64(`{"alg":"`+name+`","typ":"JWT","kid":"k1"}`) + "." + b64(g.claims())
	return signed + "." + mac(h, g.secret, signed)
}

// none has a header of the algorithm none, and a signature as given.
func (g forger) none(name, signature string) string {
	return b64(`{"alg":"`+name+`","typ":"JWT","kid":"k1"}`) + "." + b64(g.claims()) + "." + signature
}

// rsa signs with a key of the forger's own.
func (g forger) rsa(t testing.TB, header string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signed := b64(header) + "." + b64(g.claims())
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// part is one of the three parts of the good JWT.
func (g forger) part(i int) string { return strings.Split(g.good, ".")[i] }

// seconds is a moment from now as JSON.
func (g forger) seconds(d time.Duration) string { return fmt.Sprint(g.now.Add(d).Unix()) }

// sha512Cut is SHA-512 cut to the length of SHA-256's sum.
func sha512Cut() hash.Hash { return sha512.New512_256() }
