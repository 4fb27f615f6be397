// Package signin is the ways into the site and out of it: the form for a name
// and a password, single sign-on, a forgotten password, and what a person
// keeps of their own account.
package signin

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/cache"
	"git.helu.ca/r/mnemosyne/internal/dashboard/letters"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
)

// Accounts starts and ends sessions (accounts.Accounts).
type Accounts interface {
	OwnAccount
	SignIn(ctx context.Context, c accounts.Client, username, password string) (cookie string, err error)
	SignOut(ctx context.Context, by accounts.Actor, cookie string) error
	BeginReset(ctx context.Context, from accounts.Origin, named string) ([]accounts.Reset, error)
	ResetUser(ctx context.Context, token string) (accounts.User, error)
	ResetPassword(ctx context.Context, from accounts.Origin, token, password string) (accounts.User, error)
	SignInSSO(ctx context.Context, c accounts.Client, id accounts.Identity) (cookie string, err error)
	RefuseSSO(ctx context.Context, from accounts.Origin, why accounts.SSORefusal, detail ...slog.Attr) error
}

// Options are what the pages are made of.
type Options struct {
	Site     *page.Site
	Accounts Accounts
	// SignOn is where people sign in besides. Nil: nowhere.
	SignOn SignOn
	// SuperusersOnly tells that Accounts lets nobody else in by a password.
	SuperusersOnly bool
	// Cache counts tries to sign in. Nil: one of this process.
	Cache cache.Cache
	// Mail takes links to new passwords. Nil: none is sent, and pages say so.
	Mail Mailer
	Desk letters.Desk
	// SessionLife is how long a browser keeps the cookie of a session: 30
	// days. When the session ends is for Accounts to say.
	SessionLife time.Duration
	Now         func() time.Time // nil: time.Now
	Log         *slog.Logger     // nil: nothing is logged
}

// Pages are the pages of signing in and out.
type Pages struct {
	opt      Options
	login    page.View[loginPage]
	throttle *throttle

	returns  *throttle // from the sign-on server
	ssoFault page.View[ssoPage]

	resets       *throttle
	askResetView page.View[askResetPage]
	newPassword  page.View[newPasswordPage]

	settings page.View[settingsPage]
}

// New reads the templates and proves each of them.
func New(opt Options) (*Pages, error) {
	if opt.SessionLife == 0 {
		opt.SessionLife = 30 * 24 * time.Hour
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Cache == nil {
		opt.Cache = cache.NewInProcess(cache.InProcessOptions{Now: opt.Now})
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	l := opt.Site.Loader()
	return &Pages{
		opt: opt, throttle: newThrottle(opt.Cache, opt.Now), login: page.Load[loginPage](l, "login.html"),
		returns: newReturnThrottle(opt.Cache, opt.Now), ssoFault: page.Load[ssoPage](l, "sso.html"),
		resets:       newResetThrottle(opt.Cache, opt.Now),
		askResetView: page.Load[askResetPage](l, "reset.html"), newPassword: page.Load[newPasswordPage](l, "new_password.html"),
		settings: page.Load[settingsPage](l, "settings.html"),
	}, l.Err()
}

// Routes is every page and every form's target.
func (p *Pages) Routes() []page.Route {
	return slices.Concat([]page.Route{
		{Method: http.MethodGet, Path: page.LoginPath, Handler: p.showLogin, Public: true},
		{Method: http.MethodPost, Path: page.LoginPath, Handler: p.signIn, Public: true},
		{Method: http.MethodPost, Path: "/accounts/logout/", Handler: p.signOut},
	}, p.resetRoutes(), p.settingsRoutes(), p.ssoRoutes())
}
