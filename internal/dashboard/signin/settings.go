package signin

import (
	"context"
	"net/http"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
)

const settingsPath = "/profile/settings/"

// OwnAccount is what a person keeps of their own account (accounts.Accounts).
type OwnAccount interface {
	User(ctx context.Context, id string) (accounts.User, error)
	Session(ctx context.Context, cookie string) (accounts.Session, error)
	ChangePassword(ctx context.Context, by accounts.Actor, c accounts.Client, current, replacement string) (cookie string, err error)
	ChangeEmail(ctx context.Context, by accounts.Actor, password, email string) error
	Sessions(ctx context.Context, userID string) ([]accounts.SignedInFrom, error)
	EndSession(ctx context.Context, by accounts.Actor, id string) error
	SignOutEverywhere(ctx context.Context, by accounts.Actor, userID string) (int64, error)
}

// settingsPage is a person's own account.
type settingsPage struct {
	Username       string
	Email          string // as it is
	Typed          string // as the form has it
	HasPassword    bool
	Standing       string // what their groups come to
	Sessions       []sessionRow
	EmailFaults    page.Faults // of the form of the address
	PasswordFaults page.Faults // of the form of the password
}

// sessionRow is a signed-in browser.
type sessionRow struct {
	ID, Browser, Address string
	Here                 bool // the one that looks at the page
	CreatedAt, SeenAt    time.Time
	EndsAt               time.Time // unless it is used
}

func (p *Pages) settingsRoutes() []page.Route {
	return []page.Route{
		{Method: http.MethodGet, Path: settingsPath, Handler: p.showSettings},
		{Method: http.MethodPost, Path: settingsPath + "email/", Handler: p.changeEmail},
		{Method: http.MethodPost, Path: settingsPath + "password/", Handler: p.changePassword},
		{Method: http.MethodPost, Path: settingsPath + "sessions/end/", Handler: p.signOutEverywhere},
		{Method: http.MethodPost, Path: settingsPath + "sessions/{id}/end/", Handler: p.endSession},
	}
}

func (p *Pages) showSettings(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	return p.settingsWith(w, r, s, http.StatusOK, nil)
}

// settingsWith shows the page, with what was wrong in a form filled in by
// change.
func (p *Pages) settingsWith(w http.ResponseWriter, r *http.Request, s httpx.Session, status int, change func(*settingsPage)) error {
	u, err := p.opt.Accounts.User(r.Context(), s.Principal.UserID)
	if err != nil {
		return err
	}
	sessions, err := p.opt.Accounts.Sessions(r.Context(), u.ID)
	if err != nil {
		return err
	}
	own := settingsPage{Username: u.Username, Email: u.Email, Typed: u.Email, HasPassword: u.HasPassword, Standing: standingOf(u)}
	for _, one := range sessions {
		own.Sessions = append(own.Sessions, sessionRow{
			ID: one.ID, Browser: browserOf(one.UserAgent), Address: one.Address, Here: one.ID == s.Principal.Credential.ID,
			CreatedAt: one.CreatedAt, SeenAt: one.LastSeenAt, EndsAt: one.ExpiresAt,
		})
	}
	if change != nil {
		change(&own)
	}
	return p.settings.Show(w, r, s, status, page.Heading{Title: "Settings", Area: "settings"}, own)
}

// standingOf says what somebody's groups come to, in words.
func standingOf(u accounts.User) string {
	groups := strings.Join(u.Groups, ", ")
	switch {
	case u.Superuser:
		return "superuser"
	case groups == "":
		return "no group"
	}
	return groups
}

func (p *Pages) changeEmail(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	email := strings.TrimSpace(page.Field(r, "email"))
	refuse := func(status int, found page.Faults) error {
		return p.settingsWith(w, r, s, status, func(own *settingsPage) { own.Typed, own.EmailFaults = email, found })
	}
	if text, err := p.mayTry(w, r, s); err != nil || text != "" {
		return orElse(err, func() error { return refuse(http.StatusTooManyRequests, page.Faults{"": text}) })
	}
	err := p.opt.Accounts.ChangeEmail(r.Context(), page.Actor(s, httpx.Origin(r)), r.PostForm.Get("current_password"), email)
	if found, ok := page.FaultsOf(err); ok {
		return refuse(http.StatusBadRequest, found)
	}
	if err == nil {
		err = p.throttle.forgive(r.Context(), s.Principal.Username)
	}
	if err != nil {
		return err
	}
	text := "Your e-mail address is " + email + " now."
	if email == "" {
		text = "Your account has no e-mail address now."
	}
	return page.Done(w, r, s, text, settingsPath)
}

func (p *Pages) changePassword(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	refuse := func(status int, found page.Faults) error {
		return p.settingsWith(w, r, s, status, func(own *settingsPage) { own.PasswordFaults = found })
	}
	replacement := r.PostForm.Get("password")
	if replacement != r.PostForm.Get("again") {
		return refuse(http.StatusBadRequest, page.Faults{"again": "The two differ. Write the new password twice."})
	}
	if text, err := p.mayTry(w, r, s); err != nil || text != "" {
		return orElse(err, func() error { return refuse(http.StatusTooManyRequests, page.Faults{"": text}) })
	}
	client := clientOf(r)
	cookie, err := p.opt.Accounts.ChangePassword(r.Context(), page.Actor(s, client.Origin), client, r.PostForm.Get("current_password"), replacement)
	if found, ok := page.FaultsOf(err); ok {
		return refuse(http.StatusBadRequest, found)
	}
	if err != nil {
		return err
	}
	if err := p.throttle.forgive(r.Context(), s.Principal.Username); err != nil {
		return err
	}
	http.SetCookie(w, page.Cookie(r, httpx.SessionCookie, cookie, p.opt.SessionLife))
	next, err := p.opt.Accounts.Session(r.Context(), cookie)
	if err != nil {
		return err
	}
	// What the next page says is signed for the session that it is shown to.
	s = httpx.Session{Principal: next.Principal, CSRFSecret: next.CSRFSecret}
	return page.Done(w, r, s, "Your password is changed. You are signed out everywhere else; tokens go on.", settingsPath)
}

// mayTry counts a try of the password, together with those to sign in. A text
// says how long to wait instead.
func (p *Pages) mayTry(w http.ResponseWriter, r *http.Request, s httpx.Session) (text string, err error) {
	wait, err := p.throttle.try(r.Context(), httpx.Origin(r).Address, s.Principal.Username)
	if err != nil || wait == 0 {
		return "", err
	}
	return tooMany(w, wait), nil
}

func orElse(err error, show func() error) error {
	if err != nil {
		return err
	}
	return show()
}

func (p *Pages) endSession(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	id := httpx.PathParam(r, "id")
	if id == s.Principal.Credential.ID {
		return p.signOut(w, r, s)
	}
	err := p.opt.Accounts.EndSession(r.Context(), page.Actor(s, httpx.Origin(r)), id)
	if errs.Is(err, errs.NotFound) {
		return page.Refused(w, r, s, errs.As(err).Message, settingsPath)
	}
	if err != nil {
		return err
	}
	return page.Done(w, r, s, "That browser is signed out.", settingsPath)
}

func (p *Pages) signOutEverywhere(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	if _, err := p.opt.Accounts.SignOutEverywhere(r.Context(), page.Actor(s, httpx.Origin(r)), s.Principal.UserID); err != nil {
		return err
	}
	http.SetCookie(w, page.Cookie(r, httpx.SessionCookie, "", -1))
	http.Redirect(w, r, page.LoginPath, http.StatusSeeOther)
	return nil
}
