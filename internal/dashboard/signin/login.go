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
}

func (p *Pages) showLogin(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	next := httpx.SafeNext(r.URL.Query().Get("next"))
	if s.Principal.SignedIn() {
		http.Redirect(w, r, next, http.StatusSeeOther) //nolint:gosec // it was through SafeNext
		return nil
	}
	return p.askLogin(w, r, s, http.StatusOK, loginPage{Next: next})
}

func (p *Pages) askLogin(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, form loginPage) error {
	form.Mails = p.mails(r)
	return p.login.Show(w, r, s, status, page.Heading{Title: "Sign in"}, form)
}

func (p *Pages) signIn(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	form := loginPage{Next: httpx.SafeNext(r.PostForm.Get("next")), Username: page.Field(r, "username")}
	origin := httpx.Origin(r)
	wait, err := p.throttle.try(r.Context(), origin.Address, form.Username)
	if err != nil {
		return err
	}
	if wait > 0 {
		form.Fault = tooMany(w, wait)
		return p.askLogin(w, r, s, http.StatusTooManyRequests, form)
	}
	client := clientOf(r)
	value, err := p.opt.Accounts.SignIn(r.Context(), client, form.Username, r.PostForm.Get("password"))
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
	http.SetCookie(w, page.Cookie(r, httpx.SessionCookie, value, p.opt.SessionLife))
	http.SetCookie(w, page.Cookie(r, page.VisitorCookie, "", -1))
	http.Redirect(w, r, form.Next, http.StatusSeeOther)
	return nil
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
	http.Redirect(w, r, page.LoginPath, http.StatusSeeOther)
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
