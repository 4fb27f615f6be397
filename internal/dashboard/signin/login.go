package signin

import (
	"net/http"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
)

// loginPage asks for a user name and a password.
type loginPage struct {
	Next     string
	Username string
	Fault    string
	Mails    bool // a forgotten password is reset by mail

	SignOn         bool // single sign-on is offered
	Form           bool // the form for a password is shown
	SuperusersOnly bool // to them alone it is of use
	SignedOut      bool
	SignOut        string // where the session at the sign-on server ends; empty: not known
}

// localParam shows the form for a password where it is not for everybody.
const localParam = "local"

// signedOutParam says that somebody has just signed out.
const signedOutParam = "signed-out"

func (p *Pages) showLogin(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	next := httpx.SafeNext(r.URL.Query().Get("next"))
	if s.Principal.SignedIn() {
		http.Redirect(w, r, next, http.StatusSeeOther) //nolint:gosec // it was through SafeNext
		return nil
	}
	query := r.URL.Query()
	form := loginPage{Next: next, Form: query.Has(localParam), SignedOut: query.Has(signedOutParam)}
	return p.askLogin(w, r, s, http.StatusOK, form)
}

func (p *Pages) askLogin(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, form loginPage) error {
	form.Mails = p.mails(r)
	if form.SignOn = p.opt.SignOn != nil; form.SignOn {
		form.SuperusersOnly, form.SignOut = p.opt.SuperusersOnly, p.opt.SignOn.SignOutURL()
	}
	form.Form = form.Form || !form.SuperusersOnly
	return p.login.Show(w, r, s, status, page.Heading{Title: "Sign in"}, form)
}

func (p *Pages) signIn(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	form := loginPage{Next: httpx.SafeNext(r.PostForm.Get("next")), Username: page.Field(r, "username"), Form: true}
	origin := httpx.Origin(r)
	wait, err := p.throttle.try(r.Context(), origin.Address, form.Username)
	if err != nil {
		return err
	}
	if wait > 0 {
		form.Fault = tooMany(w, wait)
		return p.askLogin(w, r, s, http.StatusTooManyRequests, form)
	}
	value, err := p.opt.Accounts.SignIn(r.Context(), clientOf(r), form.Username, r.PostForm.Get("password"))
	if errs.Is(err, errs.Unauthenticated) {
		form.Fault = errs.As(err).Message
		return p.askLogin(w, r, s, http.StatusUnauthorized, form)
	}
	if err != nil {
		return err
	}
	if err := p.throttle.forgive(r.Context(), form.Username); err != nil {
		return err
	}
	p.enter(w, r, value, form.Next)
	return nil
}

// enter gives a browser its session, and leads it on. next was through
// SafeNext.
func (p *Pages) enter(w http.ResponseWriter, r *http.Request, session, next string) {
	http.SetCookie(w, page.Cookie(r, httpx.SessionCookie, session, p.opt.SessionLife))
	http.SetCookie(w, page.Cookie(r, page.VisitorCookie, "", -1))
	http.Redirect(w, r, next, http.StatusSeeOther) //nolint:gosec // it was through SafeNext
}

func (p *Pages) signOut(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	c, err := r.Cookie(httpx.SessionCookie)
	if err != nil {
		return errs.Wrap(errs.Unauthenticated, err, "Sign in first.")
	}
	if err := p.opt.Accounts.SignOut(r.Context(), page.Actor(s, httpx.Origin(r)), c.Value); err != nil {
		return err
	}
	http.SetCookie(w, page.Cookie(r, httpx.SessionCookie, "", -1))
	http.Redirect(w, r, page.LoginPath+"?"+signedOutParam, http.StatusSeeOther)
	return nil
}

// clientOf is the browser that signs in, with the session that it has.
func clientOf(r *http.Request) accounts.Client {
	c := accounts.Client{Origin: httpx.Origin(r), UserAgent: r.UserAgent()}
	if cookie, err := r.Cookie(httpx.SessionCookie); err == nil {
		c.Cookie = cookie.Value
	}
	return c
}
