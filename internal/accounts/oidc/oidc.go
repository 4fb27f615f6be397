// Package oidc lets people sign in at an OpenID provider, which is a Casdoor:
// by the code flow with state, nonce and PKCE, and with what its three formats
// of token say of a person.
//
// It owns the conversation with the provider, and who the provider says that
// somebody is. It refuses whom the provider does not vouch for beyond doubt,
// and whoever is not of the organisation. Which account that is, and what it
// may do, is for accounts to say.
package oidc

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
)

// Options are what the conversation is made of. The zero value of those that
// name a default means it.
type Options struct {
	// Origin is where this program finds the provider, and FrontendOrigin where
	// browsers do: scheme://host each. Empty: browsers find it there, too.
	Origin, FrontendOrigin string
	ClientID, ClientSecret string
	// Organisation is whose people may sign in. Empty: everybody whom the
	// provider lets in.
	Organisation string
	// AnyCertificate lets the provider have a certificate that proves nothing.
	AnyCertificate bool
	// SecretKey seals what a browser keeps while it is at the provider.
	SecretKey []byte
	// Patience is how long the provider may take for each answer: 10 seconds.
	Patience time.Duration
	Now      func() time.Time // nil: time.Now
}

const (
	maxAnswer       = 1 << 20          // bytes that the provider may say at once
	flowLife        = 10 * time.Minute // that a person may take at the provider
	metadataLife    = time.Hour
	defaultPatience = 10 * time.Second
)

// Provider is the sign-on server. It is safe for concurrent use.
type Provider struct {
	opt    Options
	client *http.Client
	seal   cipher.AEAD

	asking singleflight.Group
	mu     sync.Mutex
	last   *metadata // guarded by mu; nil: not heard of yet
}

// New makes the provider, and asks it nothing: one that is down keeps nobody
// from starting.
func New(opt Options) (*Provider, error) {
	if opt.FrontendOrigin == "" {
		opt.FrontendOrigin = opt.Origin
	}
	if opt.Patience == 0 {
		opt.Patience = defaultPatience
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	key, err := hkdf.Key(sha256.New, opt.SecretKey, nil, "mnemosyne single sign-on", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("derive a key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make a cipher: %w", err)
	}
	p := &Provider{opt: opt, client: newClient(opt)}
	if p.seal, err = cipher.NewGCM(block); err != nil {
		return nil, fmt.Errorf("make a cipher: %w", err)
	}
	return p, nil
}

// newClient follows no redirect, which could carry the client's secret
// elsewhere, and reads no answer without end.
func newClient(opt Options) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // documented to be one
	if opt.AnyCertificate {
		transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // CASDOOR_SSL_VERIFY=False asks for it, and a warning tells
	}
	return &http.Client{
		Timeout: opt.Patience, Transport: bounded{transport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// bounded cuts answers off at maxAnswer.
type bounded struct{ next http.RoundTripper }

// RoundTrip asks, and lets no more be read of the answer.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	return resp, nil
}

// Check asks for a sign of life: the discovery document, as a sign-in needs
// it. The error says what to mend.
func (p *Provider) Check(ctx context.Context) error {
	_, err := p.discover(ctx)
	return err
}

// refuse is an error that says why, for a person and for the trail.
func refuse(kind errs.Kind, why accounts.SSORefusal, cause error, message string) error {
	if cause == nil {
		return errs.Wrap(kind, why, message)
	}
	return errs.Wrap(kind, fmt.Errorf("%w: %w", why, cause), message)
}

func unreachable(cause error) error {
	return refuse(errs.Unavailable, accounts.SSOUnreachable, cause, "The sign-on server does not answer as it should right now. Try again in a moment.")
}
