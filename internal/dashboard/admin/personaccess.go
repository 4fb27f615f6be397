package admin

import (
	"context"
	"net/http"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
)

// What lets somebody in or shuts them out. Each asks first, but for letting
// in again.

// asked is the question before a change of an account. Whoever may not make it
// is not asked.
func (p *Pages) asked(w http.ResponseWriter, r *http.Request, s httpx.Session, ask func(u accounts.User) (page.Confirm, error)) error {
	u, err := p.personIn(r)
	if err != nil {
		return err
	}
	if err := accounts.MayAdminister(s.Principal, u); err != nil {
		return err
	}
	question, err := ask(u)
	if err != nil {
		return err
	}
	question.Action, question.Back = r.URL.EscapedPath(), pathPeople+u.ID+"/"
	return p.opt.Site.Confirm(w, r, s, p.heading(question.Title, pathPeople), question)
}

// changed makes a change of an account and tells of it. What stands against it
// is said on the account's page.
func (p *Pages) changed(w http.ResponseWriter, r *http.Request, s httpx.Session,
	change func(ctx context.Context, by accounts.Actor, u accounts.User) (text string, err error),
) error {
	u, err := p.personIn(r)
	if err != nil {
		return err
	}
	text, err := change(r.Context(), page.Actor(s, httpx.Origin(r)), u)
	if errs.Is(err, errs.Conflict) {
		return page.Refused(w, r, s, errs.As(err).Message, pathPeople+u.ID+"/")
	}
	if err != nil {
		return err
	}
	return page.Done(w, r, s, text, pathPeople+u.ID+"/")
}

func (p *Pages) confirmDisable(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	return p.asked(w, r, s, func(u accounts.User) (page.Confirm, error) {
		sessions, tokens, teams, err := p.holdings(r.Context(), u)
		return page.Confirm{
			Title: "Disable " + u.Username + "?", Verb: "Disable account",
			Text: u.Username + " can no longer sign in. At once " + page.Count(sessions, "browser is", "browsers are") + " signed out, and " +
				page.Count(tokens, "API token", "API tokens") + " and the agents of " + page.Count(teams, "team", "teams") +
				" are refused from the next request on. Tokens and teams work again once the account is enabled. Libraries and documents stay as they are.",
		}, err
	})
}

func (p *Pages) disablePerson(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	return p.changed(w, r, s, func(ctx context.Context, by accounts.Actor, u accounts.User) (string, error) {
		return u.Username + " is disabled.", p.opt.People.Accounts.SetActive(ctx, by, u.ID, false)
	})
}

func (p *Pages) enablePerson(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	return p.changed(w, r, s, func(ctx context.Context, by accounts.Actor, u accounts.User) (string, error) {
		return u.Username + " is enabled.", p.opt.People.Accounts.SetActive(ctx, by, u.ID, true)
	})
}

func (p *Pages) confirmSuperuser(give bool) page.Handler {
	return func(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
		if err := s.Principal.Need(accounts.RightSuperusers); err != nil {
			return err
		}
		return p.asked(w, r, s, func(u accounts.User) (page.Confirm, error) {
			if give {
				return page.Confirm{
					Title: "Make " + u.Username + " a superuser?", Verb: "Make superuser",
					Text: "A superuser changes every account, other superusers’ too, and owns every global library. Others’ private libraries and workspaces stay closed to them. It holds for their browsers and tokens alike.",
				}, nil
			}
			return page.Confirm{
				Title: "Make " + u.Username + " an ordinary user?", Verb: "Take the rights away",
				Text: "What " + u.Username + " may do is for their groups to say from the next request on, with their browsers and tokens alike.",
			}, nil
		})
	}
}

func (p *Pages) setSuperuser(give bool) page.Handler {
	return func(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
		return p.changed(w, r, s, func(ctx context.Context, by accounts.Actor, u accounts.User) (string, error) {
			text := u.Username + " is a superuser now."
			if !give {
				text = u.Username + " is no superuser any more."
			}
			return text, p.opt.People.Accounts.SetSuperuser(ctx, by, u.ID, give)
		})
	}
}

func (p *Pages) confirmSignOut(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	return p.asked(w, r, s, func(u accounts.User) (page.Confirm, error) {
		sessions, _, _, err := p.holdings(r.Context(), u)
		return page.Confirm{
			Title: "Sign " + u.Username + " out everywhere?", Verb: "Sign out everywhere",
			Text: page.Count(sessions, "browser is", "browsers are") + " signed out, and may sign in again. API tokens and teams go on: they are revoked one by one.",
		}, err
	})
}

func (p *Pages) signOutPerson(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	return p.changed(w, r, s, func(ctx context.Context, by accounts.Actor, u accounts.User) (string, error) {
		n, err := p.opt.People.Accounts.SignOutEverywhere(ctx, by, u.ID)
		return u.Username + " is signed out of " + page.Count(n, "browser", "browsers") + ".", err
	})
}
