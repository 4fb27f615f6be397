package signin

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/accounts/oidc"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
)

// SignOn is a sign-on server (oidc.Provider).
type SignOn interface {
	Begin(ctx context.Context, redirect, next string) (oidc.Begun, error)
	Finish(ctx context.Context, sealed string, answer url.Values) (id accounts.Identity, next string, err error)
	// SignOutURL is where a browser ends its session there; empty: not known.
	SignOutURL() string
}

// The paths of single sign-on, which the application at Casdoor names.
const (
	ssoPath      = "/accounts/oidc/casdoor/login/"
	callbackPath = ssoPath + "callback/"
)

const (
	flowCookie  = "mnemosyne_sso_" // and the beginning of the state
	flowsAtOnce = 5                // sign-ins that a browser may have begun
	longestNext = 1500             // bytes: browsers drop cookies of more than 4096
)

func (p *Pages) ssoRoutes() []page.Route {
	if p.opt.SignOn == nil {
		return nil
	}
	return []page.Route{
		{Method: http.MethodGet, Path: ssoPath, Handler: p.goToSignOn, Public: true},
		{Method: http.MethodGet, Path: callbackPath, Handler: p.backFromSignOn, Public: true},
	}
}

// goToSignOn sends a browser to the sign-on server.
func (p *Pages) goToSignOn(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	next := httpx.SafeNext(r.URL.Query().Get("next"))
	if s.Principal.SignedIn() {
		http.Redirect(w, r, next, http.StatusSeeOther) //nolint:gosec // it was through SafeNext
		return nil
	}
	if len(next) > longestNext {
		next = httpx.SafeNext("")
	}
	begun, err := p.opt.SignOn.Begin(r.Context(), httpx.AbsoluteURL(r, callbackPath, nil), next)
	if err != nil {
		return p.notSignedOn(w, r, s, accounts.Identity{}, next, err)
	}
	forgetFlows(w, r)
	http.SetCookie(w, flow(r, begun.State, begun.Sealed, oidc.FlowLife))
	http.Redirect(w, r, begun.URL, http.StatusSeeOther)
	return nil
}

// flow is the cookie of a sign-in that has begun.
func flow(r *http.Request, state, sealed string, life time.Duration) *http.Cookie {
	c := page.Cookie(r, flowName(state), sealed, life) //nolint:gosec // page.Cookie sees to its attributes
	c.Path = ssoPath
	return c
}

func flowName(state string) string { return flowCookie + state[:min(len(state), 12)] }

// forgetFlows removes what is left of sign-ins that were not ended, before
// they fill the header of every request.
func forgetFlows(w http.ResponseWriter, r *http.Request) {
	var left []*http.Cookie
	for _, c := range r.Cookies() {
		if state, ours := strings.CutPrefix(c.Name, flowCookie); ours {
			left = append(left, flow(r, state, "", -1))
		}
	}
	if len(left) < flowsAtOnce {
		return
	}
	for _, c := range left {
		http.SetCookie(w, c)
	}
}

// backFromSignOn takes a browser back from the sign-on server.
func (p *Pages) backFromSignOn(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	origin := httpx.Origin(r)
	wait, err := p.returns.try(r.Context(), origin.Address, "")
	if err != nil {
		return err
	}
	if wait > 0 {
		return p.faultOfSignOn(w, r, s, http.StatusTooManyRequests, ssoPage{Detail: tooMany(w, wait)})
	}
	answer := r.URL.Query()
	name, sealed := flowName(answer.Get("state")), ""
	if c, err := r.Cookie(name); err == nil {
		sealed = c.Value
		http.SetCookie(w, flow(r, answer.Get("state"), "", -1))
	}
	id, next, err := p.opt.SignOn.Finish(r.Context(), sealed, answer)
	if err != nil {
		if why, ok := accounts.SSORefusalOf(err); ok && !errs.Is(err, errs.Unavailable) {
			if err := p.opt.Accounts.RefuseSSO(r.Context(), origin, why, told(id)...); err != nil {
				return err
			}
		}
		return p.notSignedOn(w, r, s, id, next, err)
	}
	value, err := p.opt.Accounts.SignInSSO(r.Context(), clientOf(r), id)
	if err != nil {
		return p.notSignedOn(w, r, s, id, next, err)
	}
	p.enter(w, r, value, httpx.SafeNext(next))
	return nil
}

// told is what the server has said of somebody, for the trail.
func told(id accounts.Identity) []slog.Attr {
	if id.Subject == "" {
		return nil
	}
	return []slog.Attr{slog.String("username", id.Username), slog.String("issuer", id.Issuer), slog.String("subject", id.Subject)}
}

// ssoPage says why a sign-in came to nothing.
type ssoPage struct {
	Detail  string
	Next    string
	SignOut string // where the session at the server ends; empty: not offered
}

// notSignedOn says why a sign-in came to nothing, and logs it. An error that
// is no refusal is the site's to answer.
func (p *Pages) notSignedOn(w http.ResponseWriter, r *http.Request, s httpx.Session, id accounts.Identity, next string, err error) error {
	why, ok := accounts.SSORefusalOf(err)
	if !ok {
		return err
	}
	level := slog.LevelInfo
	if why == accounts.SSOUnreachable || why == accounts.SSOClient || why == accounts.SSOToken {
		level = slog.LevelWarn // the operator's to mend
	}
	p.opt.Log.LogAttrs(r.Context(), level, "single sign-on refused", slog.String("reason", string(why)), slog.String("subject", id.Subject), slog.Any("error", err))
	e := errs.As(err)
	fault := ssoPage{Detail: e.Message, Next: httpx.SafeNext(next)}
	if id.Subject != "" { // the server knows somebody, who may not be the right one
		fault.SignOut = p.opt.SignOn.SignOutURL()
	}
	return p.faultOfSignOn(w, r, s, httpx.StatusOf(e.Kind), fault)
}

func (p *Pages) faultOfSignOn(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, fault ssoPage) error {
	if fault.Next == "" {
		fault.Next = httpx.SafeNext("")
	}
	return p.ssoFault.Show(w, r, s, status, page.Heading{Title: "Not signed in"}, fault)
}
