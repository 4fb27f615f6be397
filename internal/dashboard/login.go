package dashboard

import (
	"fmt"
	"math"
	"net/http"
	"strconv"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
)

const loginPath = "/accounts/login/"

// loginPage asks for a user name and a password.
type loginPage struct {
	Next     string
	Username string
	Fault    string
}

func (d *Dashboard) showLogin(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	next := httpx.SafeNext(r.URL.Query().Get("next"))
	if s.Principal.SignedIn() {
		http.Redirect(w, r, next, http.StatusSeeOther) //nolint:gosec // it was through SafeNext
		return nil
	}
	return d.askLogin(w, r, s, http.StatusOK, loginPage{Next: next})
}

func (d *Dashboard) askLogin(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, p loginPage) error {
	return d.views.login.show(w, r, s, status, heading{Title: "Sign in"}, p)
}

func (d *Dashboard) signIn(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	p := loginPage{Next: httpx.SafeNext(r.PostForm.Get("next")), Username: field(r, "username")}
	origin := httpx.Origin(r)
	wait, err := d.throttle.try(r.Context(), origin.Address, p.Username)
	if err != nil {
		return err
	}
	if wait > 0 {
		seconds := int(math.Ceil(wait.Seconds()))
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
		p.Fault = fmt.Sprintf("There were too many tries. Wait %d seconds and try again.", seconds)
		return d.askLogin(w, r, s, http.StatusTooManyRequests, p)
	}
	client := accounts.Client{Origin: origin, UserAgent: r.UserAgent()}
	if c, err := r.Cookie(httpx.SessionCookie); err == nil {
		client.Cookie = c.Value
	}
	value, err := d.opt.Accounts.SignIn(r.Context(), client, p.Username, r.PostForm.Get("password"))
	if errs.Is(err, errs.Unauthenticated) {
		p.Fault = errs.As(err).Message
		return d.askLogin(w, r, s, http.StatusUnauthorized, p)
	}
	if err != nil {
		return err
	}
	if err := d.throttle.forgive(r.Context(), p.Username); err != nil {
		return err
	}
	http.SetCookie(w, cookie(r, httpx.SessionCookie, value, d.opt.SessionLife))
	http.SetCookie(w, cookie(r, visitorCookie, "", -1))
	http.Redirect(w, r, p.Next, http.StatusSeeOther)
	return nil
}

func (d *Dashboard) signOut(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	c, err := r.Cookie(httpx.SessionCookie)
	if err != nil {
		return errs.Wrap(errs.Unauthenticated, err, "Sign in first.")
	}
	if err := d.opt.Accounts.SignOut(r.Context(), actor(s, httpx.Origin(r)), c.Value); err != nil {
		return err
	}
	http.SetCookie(w, cookie(r, httpx.SessionCookie, "", -1))
	http.Redirect(w, r, loginPath, http.StatusSeeOther)
	return nil
}
