package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// metadata is what the provider says of itself, with each address as it is to
// be used from here or from a browser.
type metadata struct {
	Issuer      string   `json:"issuer"`
	AuthURL     string   `json:"authorization_endpoint"`
	TokenURL    string   `json:"token_endpoint"`
	UserInfoURL string   `json:"userinfo_endpoint"` // empty: has none
	KeysURL     string   `json:"jwks_uri"`
	EndURL      string   `json:"end_session_endpoint"` // empty: has none
	Algorithms  []string `json:"id_token_signing_alg_values_supported"`
	TokenAuth   []string `json:"token_endpoint_auth_methods_supported"`

	provider *gooidc.Provider
	heard    time.Time
}

const discoveryPath = "/.well-known/openid-configuration"

// discover gives what the provider says of itself, asking it when that is
// more than metadataLife ago. Many who want it at once ask once, and what was
// known before serves on while the provider is down.
func (p *Provider) discover(ctx context.Context) (*metadata, error) {
	p.mu.Lock()
	known := p.last
	p.mu.Unlock()
	if known != nil && p.opt.Now().Sub(known.heard) < metadataLife {
		return known, nil
	}
	asked := p.asking.DoChan("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.opt.Patience)
		defer cancel()
		m, err := p.ask(ctx)
		if err != nil {
			return nil, err
		}
		p.mu.Lock()
		p.last = m
		p.mu.Unlock()
		return m, nil
	})
	select {
	case answer := <-asked:
		if m, ok := answer.Val.(*metadata); ok && answer.Err == nil {
			return m, nil
		}
		if known != nil {
			return known, nil
		}
		return nil, answer.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *Provider) ask(ctx context.Context) (*metadata, error) {
	address := p.opt.Origin + discoveryPath
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("CASDOOR_ORIGIN is no address: %w", err)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s is not reached: %w; see to CASDOOR_ORIGIN and that Casdoor runs", address, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s; CASDOOR_ORIGIN must be where Casdoor itself answers", address, resp.Status)
	}
	m := &metadata{heard: p.opt.Now()}
	if err := json.NewDecoder(resp.Body).Decode(m); err != nil {
		return nil, fmt.Errorf("%s is no discovery document: %w; CASDOOR_ORIGIN must be where Casdoor itself answers", address, err)
	}
	if err := p.settle(m); err != nil { //nolint:contextcheck // the keys are asked for long after
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	return m, nil
}

// settle checks what the provider says of itself, and puts its addresses
// right: what a browser opens at FrontendOrigin, the rest at Origin.
func (p *Provider) settle(m *metadata) error {
	if issuer := strings.TrimSuffix(m.Issuer, "/"); issuer != p.opt.Origin && issuer != p.opt.FrontendOrigin {
		return fmt.Errorf("the issuer is %q and not CASDOOR_ORIGIN or CASDOOR_ORIGIN_FRONTEND; set `origin` in Casdoor's app.conf, or the variables, so that they agree", m.Issuer)
	}
	var faults []error
	for _, end := range []struct {
		name     string
		address  *string
		required bool
		browser  bool
	}{
		{"authorization_endpoint", &m.AuthURL, true, true},
		{"token_endpoint", &m.TokenURL, true, false},
		{"jwks_uri", &m.KeysURL, true, false},
		{"userinfo_endpoint", &m.UserInfoURL, false, false},
		{"end_session_endpoint", &m.EndURL, false, true},
	} {
		if *end.address == "" && !end.required {
			continue
		}
		placed, err := p.place(*end.address, end.browser)
		if err != nil {
			faults = append(faults, fmt.Errorf("the %s is no address: %q", end.name, *end.address))
		}
		*end.address = placed
	}
	m.Algorithms = slices.DeleteFunc(m.Algorithms, func(alg string) bool { return !slices.Contains(algorithms(), alg) })
	if len(m.Algorithms) == 0 {
		m.Algorithms = []string{gooidc.RS256} // what every provider must have
	}
	config := gooidc.ProviderConfig{
		IssuerURL: m.Issuer, AuthURL: m.AuthURL, TokenURL: m.TokenURL, UserInfoURL: m.UserInfoURL, JWKSURL: m.KeysURL, Algorithms: m.Algorithms,
	}
	m.provider = config.NewProvider(gooidc.ClientContext(context.Background(), p.client))
	return errors.Join(faults...)
}

// algorithms are the ways to sign that prove who signed.
func algorithms() []string {
	return []string{
		gooidc.RS256, gooidc.RS384, gooidc.RS512, gooidc.PS256, gooidc.PS384, gooidc.PS512,
		gooidc.ES256, gooidc.ES384, gooidc.ES512, gooidc.EdDSA,
	}
}

// place moves an address between the two origins. An address elsewhere is
// the provider's own choice.
func (p *Provider) place(address string, browser bool) (string, error) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return "", errors.New("no address")
	}
	from, to := p.opt.FrontendOrigin, p.opt.Origin
	if browser {
		from, to = to, from
	}
	if from != to && (browser || u.Scheme+"://"+u.Host == from) {
		origin, err := url.Parse(to)
		if err != nil {
			return "", err
		}
		u.Scheme, u.Host = origin.Scheme, origin.Host
	}
	return u.String(), nil
}

// config is how a code is asked for and exchanged.
func (p *Provider) config(m *metadata, redirect string) *oauth2.Config {
	style := oauth2.AuthStyleInHeader
	if len(m.TokenAuth) > 0 && !slices.Contains(m.TokenAuth, "client_secret_basic") {
		style = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{
		ClientID: p.opt.ClientID, ClientSecret: p.opt.ClientSecret, RedirectURL: redirect,
		Endpoint: oauth2.Endpoint{AuthURL: m.AuthURL, TokenURL: m.TokenURL, AuthStyle: style},
		Scopes:   []string{gooidc.ScopeOpenID, "profile", "email"},
	}
}

// SignOutURL is where a browser ends its session at the provider. Empty: not
// known.
func (p *Provider) SignOutURL() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last == nil {
		return ""
	}
	return p.last.EndURL
}
