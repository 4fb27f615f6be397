package signin

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/letters"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/mail"
)

const (
	resetPath    = "/accounts/reset/"
	newPassPath  = resetPath + "password/"
	resetCookie  = "mnemosyne_reset" // holds the token while the form is filled in
	maxResetWord = 254               // characters of a name or an address
)

// Mailer sends mail aside (mail.Outbox).
type Mailer interface {
	Send(ctx context.Context, kind string, compose mail.Compose)
}

// askResetPage asks whose password is forgotten.
type askResetPage struct {
	Mails bool // false: no mail is sent from here
	Sent  bool // it was asked, and a mail may be on its way
	Named string
	Fault string
}

// newPasswordPage asks for a new password.
type newPasswordPage struct {
	Over     string // why there is nothing to set; empty: there is
	Username string
	Faults   page.Faults
}

func (p *Pages) resetRoutes() []page.Route {
	return []page.Route{
		{Method: http.MethodGet, Path: resetPath, Handler: p.askReset, Public: true},
		{Method: http.MethodPost, Path: resetPath, Handler: p.beginReset, Public: true},
		{Method: http.MethodGet, Path: newPassPath, Handler: p.askNewPassword, Public: true},
		{Method: http.MethodPost, Path: newPassPath, Handler: p.setNewPassword, Public: true},
	}
}

// mails tells whether a password can be reset by mail: a link needs a host that
// no stranger chose.
func (p *Pages) mails(r *http.Request) bool {
	return p.opt.Mail != nil && httpx.SiteURL(r.Context()) != ""
}

func (p *Pages) askReset(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	return p.showAskReset(w, r, s, http.StatusOK, askResetPage{Sent: page.Param(r, "sent") != ""})
}

func (p *Pages) showAskReset(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, form askResetPage) error {
	form.Mails = p.mails(r)
	return p.askResetView.Show(w, r, s, status, page.Heading{Title: "Forgotten password"}, form)
}

// beginReset answers the same for every name, at once: whether there is such an
// account is found out aside.
func (p *Pages) beginReset(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	form := askResetPage{Named: strings.TrimSpace(page.Field(r, "named"))}
	switch {
	case !p.mails(r):
		return errs.New(errs.Conflict, "No mail is sent from here. Ask whoever runs this server for a new password.")
	case form.Named == "" || len(form.Named) > maxResetWord:
		form.Fault = "Write your user name or your e-mail address."
		return p.showAskReset(w, r, s, http.StatusBadRequest, form)
	}
	origin, site := httpx.Origin(r), httpx.SiteURL(r.Context())
	wait, err := p.resets.try(r.Context(), origin.Address, form.Named)
	if err != nil {
		return err
	}
	if wait > 0 {
		form.Fault = tooMany(w, wait)
		return p.showAskReset(w, r, s, http.StatusTooManyRequests, form)
	}
	p.opt.Mail.Send(r.Context(), letters.KindReset, func(ctx context.Context) ([]mail.Message, error) {
		resets, err := p.opt.Accounts.BeginReset(ctx, origin, form.Named)
		return p.resetLetters(resets, site, origin.Address), err
	})
	http.Redirect(w, r, resetPath+"?sent=yes", http.StatusSeeOther)
	return nil
}

func (p *Pages) resetLetters(resets []accounts.Reset, site, address string) []mail.Message {
	out := make([]mail.Message, 0, len(resets))
	for _, reset := range resets {
		to := letters.Person{Username: reset.User.Username, Email: reset.User.Email}
		if reset.Token == "" {
			out = append(out, p.opt.Desk.NoPassword(to, site, address))
			continue
		}
		link := site + newPassPath + "?" + url.Values{"token": {reset.Token}}.Encode()
		out = append(out, p.opt.Desk.Reset(to, site, link, address, reset.EndsAt))
	}
	return out
}

// askNewPassword takes the token out of the address first, into a cookie: what
// stands in an address is kept by browsers and sent along by them.
func (p *Pages) askNewPassword(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	if token := page.Param(r, "token"); token != "" {
		w.Header().Set("Referrer-Policy", "no-referrer")
		http.SetCookie(w, tokenCookie(r, token, accounts.ResetLife))
		http.Redirect(w, r, newPassPath, http.StatusSeeOther)
		return nil
	}
	u, err := p.opt.Accounts.ResetUser(r.Context(), resetToken(r))
	if errs.Is(err, errs.Conflict) {
		return p.showNewPassword(w, r, s, http.StatusGone, newPasswordPage{Over: errs.As(err).Message})
	}
	if err != nil {
		return err
	}
	return p.showNewPassword(w, r, s, http.StatusOK, newPasswordPage{Username: u.Username})
}

func tokenCookie(r *http.Request, token string, life time.Duration) *http.Cookie {
	c := page.Cookie(r, resetCookie, token, life) //nolint:gosec // page.Cookie sets what a cookie needs
	c.Path = resetPath
	return c
}

func resetToken(r *http.Request) string {
	c, err := r.Cookie(resetCookie)
	if err != nil {
		return ""
	}
	return c.Value
}

func (p *Pages) showNewPassword(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, form newPasswordPage) error {
	return p.newPassword.Show(w, r, s, status, page.Heading{Title: "New password"}, form)
}

func (p *Pages) setNewPassword(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	token, origin := resetToken(r), httpx.Origin(r)
	u, err := p.opt.Accounts.ResetUser(r.Context(), token)
	form := newPasswordPage{Username: u.Username}
	if err == nil && r.PostForm.Get("password") != r.PostForm.Get("again") {
		form.Faults = page.Faults{"again": "The two are not the same."}
		return p.showNewPassword(w, r, s, http.StatusBadRequest, form)
	}
	if err == nil {
		_, err = p.opt.Accounts.ResetPassword(r.Context(), origin, token, r.PostForm.Get("password"))
	}
	switch {
	case errs.Is(err, errs.Conflict):
		return p.showNewPassword(w, r, s, http.StatusGone, newPasswordPage{Over: errs.As(err).Message})
	case errs.Is(err, errs.Invalid):
		form.Faults, _ = page.FaultsOf(err)
		return p.showNewPassword(w, r, s, http.StatusBadRequest, form)
	case err != nil:
		return err
	}
	http.SetCookie(w, tokenCookie(r, "", -1))
	p.tellChanged(r, u)
	return page.Done(w, r, s, "Your password is changed. Sign in with the new one.", page.LoginPath)
}

// tellChanged lets the owner of the mailbox know, should it not have been them.
func (p *Pages) tellChanged(r *http.Request, u accounts.User) {
	if p.opt.Mail == nil {
		return
	}
	to := letters.Person{Username: u.Username, Email: u.Email}
	m := p.opt.Desk.Changed(to, httpx.SiteURL(r.Context()), httpx.Origin(r).Address, p.opt.Now())
	p.opt.Mail.Send(r.Context(), letters.KindChanged, func(context.Context) ([]mail.Message, error) { return []mail.Message{m}, nil })
}
