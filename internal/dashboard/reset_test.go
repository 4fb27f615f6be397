package dashboard_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/dashboardtest"
	"git.helu.ca/r/mnemosyne/internal/mail"
	"git.helu.ca/r/mnemosyne/internal/mail/mailtest"
)

const (
	resetForm = `form[action="/accounts/reset/"]`
	newForm   = `form[action="/accounts/reset/password/"]`
)

// withMail lets the site send mail through a server.
func withMail(t *testing.T) (*mailtest.Server, func(*dashboardtest.Options)) {
	t.Helper()
	server := mailtest.Start(t)
	box := mail.NewOutbox(mail.Options{Host: server.Host, Port: server.Port, From: "mnemosyne@memory.example", Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() { dashboardtest.Check(t, box.Close(context.Background())) })
	return server, func(o *dashboardtest.Options) { o.SignIn.Mail = box }
}

func person(t *testing.T, w *dashboardtest.World, n accounts.NewUser) accounts.Principal {
	t.Helper()
	u, err := w.Accounts.CreateUser(t.Context(), accounts.Operator(), n)
	dashboardtest.Check(t, err)
	return accounts.Principal{UserID: u.ID, Username: u.Username, Scope: accounts.Scope{Kind: accounts.ScopeUser}}
}

func ask(b *dashboardtest.Browser, named string) dashboardtest.Page {
	return b.Submit(b.Get("/accounts/reset/"), resetForm, url.Values{"named": {named}})
}

// linkIn is the path of the link that a mail has.
func linkIn(t *testing.T, w *dashboardtest.World, m mailtest.Received) string {
	t.Helper()
	link := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(w.URL) + `(/accounts/reset/password/\?token=\S+)$`).FindStringSubmatch(m.Text)
	if link == nil {
		t.Fatalf("there is no link to %s in: %s", w.URL, m.Text)
	}
	return link[1]
}

func TestAForgottenPasswordIsSetAnewByAMailedLinkOnce(t *testing.T) {
	t.Parallel()
	server, use := withMail(t)
	w := dashboardtest.New(t, use)
	ann := person(t, w, accounts.NewUser{Username: "ann", Email: "Ann@example.com", Password: dashboardtest.Password})
	before := w.SignedIn(ann)
	b := w.Browser()
	b.Get("/accounts/login/").Says(`a[href="/accounts/reset/"]`, "Forgotten password?")
	b.Follow(ask(b, "ann@EXAMPLE.com").Want(http.StatusSeeOther)).Says("main", "a mail is on its way")
	got := server.Next(t)
	if got.To != "Ann@example.com" || !strings.Contains(got.Text, "Hello ann,") || !strings.Contains(got.Text, "127.0.0.1") {
		t.Errorf("the mail is %+v", got)
	}
	link := linkIn(t, w, got)
	opened := b.Get(link).Want(http.StatusSeeOther)
	if opened.Location != "/accounts/reset/password/" || opened.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("the link leads to %q with %q", opened.Location, opened.Header.Get("Referrer-Policy"))
	}
	form := b.Follow(opened).Want(http.StatusOK).Says("main", "ann")
	b.Submit(form, newForm, url.Values{"password": {"short"}, "again": {"short"}}).Want(http.StatusBadRequest).Says("#password-fault", "8 characters")
	b.Submit(form, newForm, url.Values{"password": {"a new secret"}, "again": {"another secret"}}).Want(http.StatusBadRequest).Says("#again-fault", "not the same")
	before.Get("/libraries/").Want(http.StatusOK)
	done := b.Submit(form, newForm, url.Values{"password": {"a new secret"}, "again": {"a new secret"}}).Want(http.StatusSeeOther)
	b.Follow(done).Says("[role=status]", "changed")
	before.Get("/libraries/").Want(http.StatusSeeOther)
	b.Submit(b.Get("/accounts/login/"), loginForm, credentials("ann", dashboardtest.Password)).Want(http.StatusUnauthorized)
	b.Submit(b.Get("/accounts/login/"), loginForm, credentials("ann", "a new secret")).Want(http.StatusSeeOther)
	if told := server.Next(t); !strings.Contains(told.Subject, "was changed") || told.To != "Ann@example.com" {
		t.Errorf("the mail afterwards is %+v", told)
	}
	other := w.Browser()
	other.Follow(other.Get(link)).Want(http.StatusGone).Says("main", "has been used")
}

func TestAskingForAPasswordTellsNobodyWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	server, use := withMail(t)
	w := dashboardtest.New(t, use)
	person(t, w, accounts.NewUser{Username: "ann", Email: "ann@example.com", Password: dashboardtest.Password})
	person(t, w, accounts.NewUser{Username: "silent", Password: dashboardtest.Password})
	gone := person(t, w, accounts.NewUser{Username: "gone", Email: "gone@example.com", Password: dashboardtest.Password})
	dashboardtest.Check(t, w.Accounts.SetActive(t.Context(), accounts.Operator(), gone.UserID, false))
	b := w.Browser()
	for _, named := range []string{"nobody", "nobody@example.com", "silent", "gone", "ann"} {
		answer := ask(b, named).Want(http.StatusSeeOther)
		if answer.Location != "/accounts/reset/?sent=yes" || len(answer.Body) > 0 {
			t.Errorf("%s: the answer leads to %q: %s", named, answer.Location, answer.Body)
		}
	}
	if got := server.Next(t); got.To != "ann@example.com" { // they are sent in the order that they were asked in
		t.Errorf("the first mail is for %s", got.To)
	}
	server.None(t)
	b.Submit(b.Get("/accounts/reset/"), resetForm, url.Values{"named": {" "}}).Want(http.StatusBadRequest).Says("#named-fault", "Write your user name")
}

func TestAnAccountOfSingleSignOnIsToldThatItHasNoPassword(t *testing.T) {
	t.Parallel()
	server, use := withMail(t)
	w := dashboardtest.New(t, use)
	person(t, w, accounts.NewUser{Username: "sue", Email: "sue@example.com"})
	ask(w.Browser(), "sue").Want(http.StatusSeeOther)
	if got := server.Next(t); !strings.Contains(got.Text, "single sign-on") || strings.Contains(got.Text, "token=") {
		t.Errorf("the mail says %s", got.Text)
	}
}

func TestMailsToOneNameAreLimited(t *testing.T) {
	t.Parallel()
	_, use := withMail(t)
	hours := newClock()
	w := dashboardtest.New(t, use, hours.use)
	b := w.Browser()
	for range 4 {
		ask(b, "ann").Want(http.StatusSeeOther)
	}
	ask(b, "ANN").Want(http.StatusTooManyRequests).Says("[role=alert]", "too many")
	ask(b, "bob").Want(http.StatusSeeOther)
	hours.pass(3600)
	ask(b, "ann").Want(http.StatusSeeOther)
}

func TestALinkIsWorthNothingAfterAnHourOrWithAnyLetterChanged(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	person(t, w, accounts.NewUser{Username: "ann", Email: "ann@example.com", Password: dashboardtest.Password})
	made, err := w.Accounts.BeginReset(t.Context(), accounts.Origin{}, "ann")
	dashboardtest.Check(t, err)
	if left := time.Until(made[0].EndsAt); len(made) != 1 || left > time.Hour || left < 59*time.Minute {
		t.Fatalf("the resets are %+v", made)
	}
	b := w.Browser()
	for _, wrong := range []string{"", "x", made[0].Token[1:], "A" + made[0].Token[1:], strings.ToUpper(made[0].Token)} {
		p := b.Get("/accounts/reset/password/?token=" + url.QueryEscape(wrong))
		if p.Status == http.StatusSeeOther {
			p = b.Follow(p)
		}
		p.Want(http.StatusGone)
	}
}

func TestWithoutMailThePagesSayWhomToAsk(t *testing.T) {
	t.Parallel()
	w := dashboardtest.New(t)
	b := w.Browser()
	login := b.Get("/accounts/login/").Says("main", "Ask an administrator")
	if len(login.All(`a[href="/accounts/reset/"]`)) != 0 {
		t.Error("a link leads to a mail that is never sent")
	}
	p := b.Get("/accounts/reset/").Says("main", "mnemosyne set-password")
	if len(p.All("main form")) != 0 {
		t.Error("there is a form to send")
	}
	token := dashboardtest.Attr(login.One(loginForm+" [name=csrf_token]"), "value")
	b.Post("/accounts/reset/", url.Values{"csrf_token": {token}, "named": {"ann"}}).Want(http.StatusConflict)
}
