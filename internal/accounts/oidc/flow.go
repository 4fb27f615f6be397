package oidc

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
)

// FlowLife is how long a person may take at the provider.
const FlowLife = flowLife

// Begun is a sign-in that a browser takes to the provider.
type Begun struct {
	URL string // where the browser goes
	// State comes back with the browser and tells its sign-ins apart.
	State string
	// Sealed is what the browser keeps meanwhile, and nobody else may have.
	Sealed string
}

// flow is what we must remember of a sign-in. The browser remembers it for us,
// sealed.
type flow struct {
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"`
	Redirect string    `json:"r"`
	Next     string    `json:"to"`
	Expires  time.Time `json:"e"`
}

// Begin begins a sign-in. redirect is the address of our callback, next where
// the person goes afterwards.
func (p *Provider) Begin(ctx context.Context, redirect, next string) (Begun, error) {
	m, err := p.discover(ctx)
	if err != nil {
		return Begun{}, unreachable(err)
	}
	f := flow{
		State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(),
		Redirect: redirect, Next: next, Expires: p.opt.Now().Add(flowLife),
	}
	sealed, err := p.close(f)
	if err != nil {
		return Begun{}, err
	}
	to := p.config(m, redirect).AuthCodeURL(f.State, gooidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier))
	return Begun{URL: to, State: f.State, Sealed: sealed}, nil
}

func (p *Provider) close(f flow) (string, error) {
	raw, err := json.Marshal(f)
	if err != nil {
		return "", fmt.Errorf("seal a sign-in: %w", err)
	}
	nonce := make([]byte, p.seal.NonceSize())
	_, _ = rand.Read(nonce) // never fails, see crypto/rand
	return base64.RawURLEncoding.EncodeToString(p.seal.Seal(nonce, nonce, raw, nil)), nil
}

func (p *Provider) open(sealed string) (f flow, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || len(raw) < p.seal.NonceSize() {
		return flow{}, false
	}
	raw, err = p.seal.Open(nil, raw[:p.seal.NonceSize()], raw[p.seal.NonceSize():], nil)
	if err != nil || json.Unmarshal(raw, &f) != nil {
		return flow{}, false
	}
	return f, p.opt.Now().Before(f.Expires)
}

// Finish ends a sign-in: with what the browser has kept, and the query that
// the provider sent it back with. It gives who that is, and where they wanted
// to go, which is known also where the sign-in came to nothing.
func (p *Provider) Finish(ctx context.Context, sealed string, answer url.Values) (id accounts.Identity, next string, err error) {
	f, ok := p.open(sealed)
	if !ok || subtle.ConstantTimeCompare([]byte(f.State), []byte(answer.Get("state"))) != 1 {
		return id, "", refuse(errs.Invalid, accounts.SSOState, nil,
			"This sign-in was not begun in this browser, or too long ago. Start again.")
	}
	if code := answer.Get("error"); code != "" {
		return id, f.Next, denied(code, answer.Get("error_description"))
	}
	m, err := p.discover(ctx)
	if err != nil {
		return id, f.Next, unreachable(err)
	}
	if issuer := answer.Get("iss"); issuer != "" && issuer != m.Issuer {
		return id, f.Next, untrusted(fmt.Errorf("the answer is of %q", issuer))
	}
	ctx = gooidc.ClientContext(ctx, p.client)
	token, err := p.config(m, f.Redirect).Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return id, f.Next, notExchanged(err)
	}
	said, err := p.hear(ctx, m, token, f.Nonce)
	if err != nil {
		return id, f.Next, err
	}
	id, err = p.identity(said)
	return id, f.Next, err
}

// denied is a sign-in that the provider ended. What it says goes into the
// log: a page shows no text of others.
func denied(code, description string) error {
	return refuse(errs.Forbidden, accounts.SSODenied, fmt.Errorf("%.100q %.300q", code, description),
		"The sign-on server did not sign you in.")
}

func untrusted(cause error) error {
	return refuse(errs.Forbidden, accounts.SSOToken, cause,
		"The sign-on server's answer does not prove who you are. Tell an administrator if starting again does not help.")
}

// notExchanged tells apart whose fault it is that a code gave no token.
func notExchanged(err error) error {
	answered, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		return unreachable(err)
	}
	switch answered.ErrorCode {
	case "invalid_grant":
		return refuse(errs.Invalid, accounts.SSOCode, err, "This sign-in was used already, or took too long. Start again.")
	case "invalid_client", "unauthorized_client":
		return refuse(errs.Unavailable, accounts.SSOClient, err,
			"The sign-on server does not accept this program. Tell an administrator that CASDOOR_CLIENT_ID or CASDOOR_CLIENT_SECRET is not right.")
	}
	return unreachable(err)
}

// hear verifies what the provider says of the person, and asks for the rest
// where the id_token leaves something out.
func (p *Provider) hear(ctx context.Context, m *metadata, token *oauth2.Token, nonce string) (said, error) {
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return said{}, untrusted(errors.New("there is no id_token"))
	}
	verifier := m.provider.Verifier(&gooidc.Config{ClientID: p.opt.ClientID, SupportedSigningAlgs: m.Algorithms, Now: p.opt.Now})
	verified, err := verifier.Verify(ctx, raw)
	if err != nil {
		return said{}, untrusted(err)
	}
	out := said{issuer: verified.Issuer, subject: verified.Subject}
	switch {
	case verified.Subject == "" || len(verified.Subject) > maxSubject:
		err = errors.New("the id_token names no subject")
	case subtle.ConstantTimeCompare([]byte(verified.Nonce), []byte(nonce)) != 1:
		err = errors.New("the id_token was made for another sign-in")
	case verified.AccessTokenHash != "":
		err = verified.VerifyAccessToken(token.AccessToken)
	}
	if err = errors.Join(err, verified.Claims(&out.token)); err != nil {
		return said{}, untrusted(err)
	}
	if azp := out.token.AuthorizedParty; azp != "" && azp != p.opt.ClientID {
		return said{}, untrusted(fmt.Errorf("the id_token was made for the client %.100q", azp))
	}
	if m.UserInfoURL == "" || !out.token.leavesOut() {
		return out, nil
	}
	info, err := m.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return said{}, unreachable(fmt.Errorf("ask for userinfo: %w", err))
	}
	if info.Subject != verified.Subject {
		return said{}, untrusted(errors.New("userinfo is of another subject"))
	}
	if err := info.Claims(&out.info); err != nil {
		return said{}, untrusted(fmt.Errorf("read userinfo: %w", err))
	}
	return out, nil
}
