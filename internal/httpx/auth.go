package httpx

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
)

// SessionCookie is the cookie that a signed-in browser carries.
const SessionCookie = "mnemosyne_session"

// BearerResolver tells who an Authorization header of the scheme Bearer
// stands for, anew at each call. One that stands for nobody is
// Unauthenticated.
type BearerResolver interface {
	Resolve(ctx context.Context, header string) (accounts.Principal, error)
}

// BearerFunc is a function as a BearerResolver.
type BearerFunc func(ctx context.Context, header string) (accounts.Principal, error)

// Resolve calls the function.
func (f BearerFunc) Resolve(ctx context.Context, header string) (accounts.Principal, error) {
	return f(ctx, header)
}

// Session is a signed-in browser.
type Session struct {
	Principal  accounts.Principal
	CSRFSecret string // what the tokens of its forms are made from
}

// SessionResolver tells who a session cookie stands for, anew at each call.
// One that stands for nobody is Unauthenticated.
type SessionResolver interface {
	Session(ctx context.Context, cookie string) (Session, error)
}

// SessionFunc is a function as a SessionResolver.
type SessionFunc func(ctx context.Context, cookie string) (Session, error)

// Session calls the function.
func (f SessionFunc) Session(ctx context.Context, cookie string) (Session, error) {
	return f(ctx, cookie)
}

// Auth finds out who calls.
type Auth struct {
	bearers  BearerResolver
	sessions SessionResolver // nil: none
	origins  *http.CrossOriginProtection
	below    []trustedBelow
}

// trustedBelow is every origin of a scheme below a domain.
type trustedBelow struct{ scheme, domain string }

// NewAuth makes an Auth. Sessions may be nil. The trusted origins are other
// sites, scheme://host or scheme://*.domain, whose requests with a session count.
func NewAuth(bearers BearerResolver, sessions SessionResolver, trustedOrigins []string) (*Auth, error) {
	a := &Auth{bearers: bearers, sessions: sessions, origins: http.NewCrossOriginProtection()}
	for _, origin := range trustedOrigins {
		if scheme, domain, ok := strings.Cut(origin, "://*."); ok {
			a.below = append(a.below, trustedBelow{scheme + "://", "." + domain})
			continue
		}
		if err := a.origins.AddTrustedOrigin(origin); err != nil {
			return nil, errs.Wrap(errs.Invalid, err, "CSRF_TRUSTED_ORIGINS holds what is no origin: "+origin)
		}
	}
	return a, nil
}

// Principal recognises the caller: by the bearer when there is one, else by
// the session. Changing something by a session takes a request from our own
// pages. Nobody is Unauthenticated.
func (a *Auth) Principal(r *http.Request) (accounts.Principal, error) {
	if header, ok := bearer(r); ok {
		p, err := a.bearers.Resolve(r.Context(), header)
		if err == nil {
			AuthenticatedBy(r, p)
		}
		return p, err
	}
	s, err := a.Session(r)
	return s.Principal, err
}

// Session recognises the caller by their session alone, under the same rule.
func (a *Auth) Session(r *http.Request) (Session, error) {
	cookie, err := r.Cookie(SessionCookie)
	if err != nil || a.sessions == nil {
		return Session{}, errs.New(errs.Unauthenticated, "Authentication credentials were not provided.")
	}
	s, err := a.sessions.Session(r.Context(), cookie.Value)
	if err != nil {
		return Session{}, err
	}
	AuthenticatedBy(r, s.Principal)
	if err := a.FromOurs(r); err != nil {
		return Session{}, err
	}
	return s, nil
}

// FromOurs gives the error of a request that would change something and was
// sent by a page of another site, or nil.
func (a *Auth) FromOurs(r *http.Request) error {
	if err := a.origins.Check(r); err != nil && !a.trusts(r.Header.Get("Origin")) {
		return errs.Wrap(errs.Forbidden, err, "This request came from another site.")
	}
	return nil
}

func (a *Auth) trusts(origin string) bool {
	for _, t := range a.below {
		if strings.HasPrefix(origin, t.scheme) && strings.HasSuffix(origin, t.domain) {
			return true
		}
	}
	return false
}

// bearer is a request's Authorization header, when its scheme is Bearer.
// Other schemes are not looked at. Two headers are joined, which no token
// looks like.
func bearer(r *http.Request) (header string, ok bool) {
	header = strings.Join(r.Header.Values("Authorization"), ", ")
	scheme, _, _ := strings.Cut(header, " ")
	return header, strings.EqualFold(scheme, "Bearer")
}

// SafeNext is a path of ours to go on to after signing in, or "/" for
// anything that may lead elsewhere. Browsers read a backslash as a slash, and
// redirects shorten paths, so that /./\host would become //host on the way.
func SafeNext(next string) string {
	u, err := url.Parse(next)
	path, _, _ := strings.Cut(next, "?")
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") ||
		strings.Contains(path, `\`) || strings.ContainsFunc(next, unicode.IsControl) {
		return "/"
	}
	return next
}
