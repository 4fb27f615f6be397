package app

import (
	"context"

	"git.helu.ca/r/mnemosyne/internal/accounts/oidc"
	"git.helu.ca/r/mnemosyne/internal/dashboard/signin"
)

// openSignOn gives the sign-on server, or nil where none is used. It is asked
// nothing yet.
func openSignOn(p Program, secret []byte) (*oidc.Provider, error) {
	set := p.Settings.SSO
	if !set.Enabled {
		return nil, nil //nolint:nilnil // none is used
	}
	return oidc.New(oidc.Options{
		Origin: set.Origin, FrontendOrigin: set.FrontendOrigin, ClientID: set.ClientID, ClientSecret: set.ClientSecret.Reveal(),
		Organisation: set.OrgName, AnyCertificate: !set.SSLVerify, SecretKey: secret,
	})
}

// signOn is the sign-on server as pages take it.
func (c *Core) signOn() (signin.SignOn, error) {
	provider, err := openSignOn(c.Program, c.secret)
	if provider == nil || err != nil {
		return nil, err
	}
	return provider, nil
}

// checkSignOn asks the sign-on server for a sign of life, where one is used.
func checkSignOn(ctx context.Context, p Program) []Part {
	part := Part{Name: "single sign-on", Engine: "OpenID Connect", Where: p.Settings.SSO.Origin}
	provider, err := openSignOn(p, nil)
	if provider == nil && err == nil {
		return nil
	}
	if err == nil {
		err = provider.Check(ctx)
	}
	return []Part{outcome(part, err)}
}
