package oidc_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/accounts/oidc"
	"git.helu.ca/r/mnemosyne/internal/errs"
)

const (
	redirect = "https://memory.example/accounts/oidc/casdoor/login/callback/"
	secret   = "secret-of-the-client"
)

// liar is a provider that says what a test tells it to.
type liar struct {
	*httptest.Server

	t         *testing.T
	key       *rsa.PrivateKey
	nonce     string
	discovery map[string]any // over what an honest one says
	claims    map[string]any // likewise
	userinfo  http.HandlerFunc
	token     http.HandlerFunc
	sign      func(claims []byte) string
}

func newLiar(t *testing.T) *liar {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	l := &liar{t: t, key: key, claims: map[string]any{}}
	l.sign = func(claims []byte) string { return signed(t, jose.RS256, key, claims) }
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", l.discover)
	mux.HandleFunc("/token", l.exchange)
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "cert-built-in", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("/me", func(w http.ResponseWriter, r *http.Request) {
		if l.userinfo == nil {
			answer(w, map[string]any{"sub": "7d2f", "groups": []string{"helu/Staff"}})
			return
		}
		l.userinfo(w, r)
	})
	l.Server = httptest.NewServer(mux)
	t.Cleanup(l.Close)
	return l
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func signed(t *testing.T, alg jose.SignatureAlgorithm, key any, claims []byte) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: "cert-built-in"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	object, err := signer.Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	out, err := object.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (l *liar) discover(w http.ResponseWriter, _ *http.Request) {
	said := map[string]any{
		"issuer": l.URL, "authorization_endpoint": l.URL + "/auth", "token_endpoint": l.URL + "/token",
		"jwks_uri": l.URL + "/keys", "userinfo_endpoint": l.URL + "/me", "id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
	}
	maps.Copy(said, l.discovery)
	answer(w, said)
}

func (l *liar) exchange(w http.ResponseWriter, r *http.Request) {
	if l.token != nil {
		l.token(w, r)
		return
	}
	claims := map[string]any{
		"iss": l.URL, "sub": "7d2f", "aud": []string{"mnemosyne"}, "nonce": l.nonce, "exp": time.Now().Add(time.Hour).Unix(),
		"iat": time.Now().Unix(), "name": "ann", "displayName": "Ann", "owner": "helu",
	}
	maps.Copy(claims, l.claims)
	raw, err := json.Marshal(claims)
	if err != nil {
		l.t.Error(err)
	}
	answer(w, map[string]any{"access_token": "at", "token_type": "Bearer", "id_token": l.sign(raw)})
}

func (l *liar) provider() *oidc.Provider {
	l.t.Helper()
	p, err := oidc.New(oidc.Options{
		Origin: l.URL, ClientID: "mnemosyne", ClientSecret: secret, Organisation: "helu", SecretKey: []byte("key"), Patience: 5 * time.Second,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return p
}

// signIn goes through a sign-in.
func (l *liar) signIn() (accounts.Identity, error) {
	l.t.Helper()
	p := l.provider()
	begun, err := p.Begin(l.t.Context(), redirect, "/")
	if err != nil {
		return accounts.Identity{}, err
	}
	to, err := url.Parse(begun.URL)
	if err != nil {
		l.t.Fatal(err)
	}
	l.nonce = to.Query().Get("nonce")
	id, _, err := p.Finish(l.t.Context(), begun.Sealed, url.Values{"state": {begun.State}, "code": {"c"}})
	return id, err
}

func TestAnHonestProviderIsBelieved(t *testing.T) {
	t.Parallel()
	l := newLiar(t)
	l.claims["roles"] = []any{map[string]any{"owner": "helu", "name": "sme"}, map[string]any{"owner": "rivals", "name": "admin"}, map[string]any{"owner": "helu", "name": "off", "isEnabled": false}}
	id, err := l.signIn()
	if err != nil {
		t.Fatal(err)
	}
	if id.Issuer != l.URL || id.Subject != "7d2f" || id.Username != "ann" || !slices.Equal(id.Groups, []string{"Staff", "sme"}) {
		t.Errorf("the identity is %+v", id)
	}
}

func TestALyingProviderIsNotBelieved(t *testing.T) {
	t.Parallel()
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	page := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>Gateway</html>")) }
	endless := func(w http.ResponseWriter, _ *http.Request) {
		for range 1 << 10 {
			_, _ = w.Write([]byte(strings.Repeat("x", 4<<10)))
		}
	}
	says := func(name string, value any) func(*liar) { return func(l *liar) { l.claims[name] = value } }
	for name, c := range map[string]struct {
		lie func(*liar)
		why accounts.SSORefusal
	}{
		"another audience":        {says("aud", "others"), accounts.SSOToken},
		"made for another client": {says("azp", "others"), accounts.SSOToken},
		"another issuer":          {says("iss", "https://evil.example"), accounts.SSOToken},
		"expired":                 {says("exp", time.Now().Add(-time.Minute).Unix()), accounts.SSOToken},
		"not yet good":            {says("nbf", time.Now().Add(time.Hour).Unix()), accounts.SSOToken},
		"another nonce":           {says("nonce", "x"), accounts.SSOToken},
		"no nonce":                {says("nonce", nil), accounts.SSOToken},
		"no subject":              {says("sub", ""), accounts.SSOToken},
		"another access token":    {says("at_hash", "AAAA"), accounts.SSOToken},
		"a name that is a number": {says("name", 5), accounts.SSOToken},
		"signed by another key":   {func(l *liar) { l.sign = func(c []byte) string { return signed(t, jose.RS256, other, c) } }, accounts.SSOToken},
		"signed by our secret": {func(l *liar) {
			l.sign = func(c []byte) string { return signed(t, jose.HS256, []byte(strings.Repeat(secret, 2)), c) }
		}, accounts.SSOToken},
		"not signed":      {func(l *liar) { l.sign = unsigned }, accounts.SSOToken},
		"no token at all": {func(l *liar) { l.sign = func([]byte) string { return "garbage" } }, accounts.SSOToken},
		"no id_token": {func(l *liar) {
			l.token = func(w http.ResponseWriter, _ *http.Request) {
				answer(w, map[string]any{"access_token": "at", "token_type": "Bearer"})
			}
		}, accounts.SSOToken},
		"a page for a token":  {func(l *liar) { l.token = page }, accounts.SSOUnreachable},
		"a token without end": {func(l *liar) { l.token = endless }, accounts.SSOUnreachable},
		"a used code":         {func(l *liar) { l.token = refusal("invalid_grant") }, accounts.SSOCode},
		"a wrong secret":      {func(l *liar) { l.token = refusal("invalid_client") }, accounts.SSOClient},
		"userinfo of somebody else": {func(l *liar) {
			l.userinfo = func(w http.ResponseWriter, _ *http.Request) {
				answer(w, map[string]any{"sub": "other", "groups": []string{"helu/Admin"}})
			}
		}, accounts.SSOToken},
		"userinfo of nobody": {func(l *liar) {
			l.userinfo = func(w http.ResponseWriter, _ *http.Request) {
				answer(w, map[string]any{"groups": []string{"helu/Admin"}})
			}
		}, accounts.SSOToken},
		"a page for userinfo":       {func(l *liar) { l.userinfo = page }, accounts.SSOUnreachable},
		"another issuer discovered": {func(l *liar) { l.discovery = map[string]any{"issuer": "https://evil.example"} }, accounts.SSOUnreachable},
		"a script for an address":   {func(l *liar) { l.discovery = map[string]any{"authorization_endpoint": "javascript:alert(1)"} }, accounts.SSOUnreachable},
		"no keys":                   {func(l *liar) { l.discovery = map[string]any{"jwks_uri": ""} }, accounts.SSOUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLiar(t)
			c.lie(l)
			id, err := l.signIn()
			if why, ok := accounts.SSORefusalOf(err); !ok || why != c.why {
				t.Errorf("it gives %+v and %v, want a refusal because of %s", id, err, c.why)
			}
			if e := errs.As(err); e != nil && (strings.Contains(e.Message, secret) || strings.Contains(fmt.Sprint(err), secret)) {
				t.Error("the error holds the client's secret")
			}
		})
	}
}

// unsigned is a token whose header says that it needs no signature.
func unsigned(claims []byte) string {
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"none"}`)) + "." + part(claims) + "."
}

func refusal(code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"error":%q,"error_description":"<script>"}`, code)
	}
}

func TestTheClientsSecretFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	l := newLiar(t)
	caught := make(chan string, 1)
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { caught <- r.URL.Path }))
	t.Cleanup(thief.Close)
	l.token = func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, thief.URL+"/token", http.StatusTemporaryRedirect)
	}
	if _, err := l.signIn(); err == nil {
		t.Error("the sign-in is taken")
	}
	select {
	case path := <-caught:
		t.Errorf("it went to %s elsewhere", path)
	default:
	}
}

func TestAProviderThatWasDownIsAskedAgain(t *testing.T) {
	t.Parallel()
	l := newLiar(t)
	l.discovery = map[string]any{"token_endpoint": "nowhere"}
	p := l.provider()
	err := p.Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), "token_endpoint") {
		t.Errorf("the check says %v", err)
	}
	l.discovery = nil
	if _, err := p.Begin(t.Context(), redirect, "/"); err != nil {
		t.Errorf("it is not asked again: %v", err)
	}
}

func TestWhatABrowserKeepsCannotBeChangedOrRead(t *testing.T) {
	t.Parallel()
	l := newLiar(t)
	p := l.provider()
	begun, err := p.Begin(t.Context(), redirect, "/secret/page/")
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(begun.Sealed) {
		changed := []byte(begun.Sealed)
		changed[i] = map[bool]byte{true: 'A', false: 'B'}[changed[i] != 'A']
		_, _, err := p.Finish(t.Context(), string(changed), url.Values{"state": {begun.State}, "code": {"c"}})
		// The last characters may spell the same bytes.
		if why, _ := accounts.SSORefusalOf(err); why != accounts.SSOState && i < len(changed)-1 {
			t.Fatalf("changed at %d it gives %v", i, err)
		}
	}
	for _, state := range []string{"", begun.State + "x", begun.State[:12] + "AAAAAAAAAAAAAA"} {
		_, _, err := p.Finish(t.Context(), begun.Sealed, url.Values{"state": {state}, "code": {"c"}})
		if why, _ := accounts.SSORefusalOf(err); why != accounts.SSOState {
			t.Errorf("with the state %q it gives %v", state, err)
		}
	}
	to, err := url.Parse(begun.URL)
	if err != nil {
		t.Fatal(err)
	}
	if q := to.Query(); q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43 || q.Get("nonce") == "" ||
		q.Get("redirect_uri") != redirect || !slices.Contains(strings.Fields(q.Get("scope")), "openid") || strings.Contains(begun.URL, secret) {
		t.Errorf("the browser is sent to %s", begun.URL)
	}
}

func TestAddressesOfTheBrowserAreNotAskedByUs(t *testing.T) {
	t.Parallel()
	l := newLiar(t)
	const front = "https://sso.example"
	l.discovery = map[string]any{"issuer": front, "authorization_endpoint": l.URL + "/auth", "token_endpoint": front + "/token", "jwks_uri": front + "/keys", "userinfo_endpoint": front + "/me"}
	l.claims["iss"] = front
	p, err := oidc.New(oidc.Options{Origin: l.URL, FrontendOrigin: front, ClientID: "mnemosyne", ClientSecret: secret, Organisation: "helu", SecretKey: []byte("key")})
	if err != nil {
		t.Fatal(err)
	}
	begun, err := p.Begin(t.Context(), redirect, "/")
	if err != nil || !strings.HasPrefix(begun.URL, front+"/auth?") {
		t.Fatalf("the browser is sent to %q: %v", begun.URL, err)
	}
	to, _ := url.Parse(begun.URL)
	l.nonce = to.Query().Get("nonce")
	id, _, err := p.Finish(t.Context(), begun.Sealed, url.Values{"state": {begun.State}, "code": {"c"}})
	if err != nil || id.Issuer != front {
		t.Errorf("the identity is %+v: %v", id, err)
	}
}

func TestACertificateThatProvesNothingIsTakenOnlyWhenAskedTo(t *testing.T) {
	t.Parallel()
	var at string
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"issuer": at, "authorization_endpoint": at + "/auth", "token_endpoint": at + "/token", "jwks_uri": at + "/keys"})
	}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // it complains of those who hang up
	server.StartTLS()
	t.Cleanup(server.Close)
	at = server.URL
	for _, anyone := range []bool{false, true} {
		p, err := oidc.New(oidc.Options{Origin: at, ClientID: "mnemosyne", ClientSecret: secret, AnyCertificate: anyone, SecretKey: []byte("key")})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Check(t.Context()); (err == nil) != anyone {
			t.Errorf("any certificate %t: the check says %v", anyone, err)
		}
	}
}
