package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/dashboard/letters"
	"git.helu.ca/r/mnemosyne/internal/dashboard/signin"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/mail"
	"git.helu.ca/r/mnemosyne/internal/mcpserver"
	"git.helu.ca/r/mnemosyne/internal/telemetry"
)

// lastMails is how long a process that ends tries to send what waits.
const lastMails = 10 * time.Second

// openMail gives the way to the mail server, or nil where none is named.
func openMail(p Program) *mail.Outbox {
	set := p.Settings.Mail
	if set.Host == "" {
		return nil
	}
	return mail.NewOutbox(mail.Options{
		Host: set.Host, Port: set.Port, StartTLS: set.UseTLS, User: set.User, Password: set.Password.Reveal(), From: set.From,
		Log: p.Log, Registry: p.Registry,
	})
}

// addMail opens the way to the mail server, and has owners told of new tokens.
func (c *Core) addMail(ctx context.Context) {
	if c.Mail = openMail(c.Program); c.Mail == nil {
		return
	}
	c.Tokens.Tell(c.tellOwner)
	ctx = context.WithoutCancel(ctx) // what waits is sent after whatever ended the process
	c.closeMail = func() { c.sendLast(ctx) }
}

func (c *Core) desk() letters.Desk { return letters.Desk{Zone: c.Settings.TimeZone} }

// mailer is the way to the mail server as pages take it.
func (c *Core) mailer() signin.Mailer {
	if c.Mail == nil {
		return nil
	}
	return c.Mail
}

// tellOwner writes to whoever a new token acts as, so that one which they did
// not make is noticed.
func (c *Core) tellOwner(ctx context.Context, by accounts.Actor, t mcpserver.UserToken) {
	site := httpx.SiteURL(ctx)
	if site == "" {
		site = c.Settings.HTTP.PublicURL
	}
	about := letters.Token{Name: t.Name, Masked: t.Masked, At: t.CreatedAt, ExpiresAt: t.ExpiresAt, Address: by.Address}
	switch {
	case by.Credential.Kind == accounts.CredentialCommand:
		about.By = "an operator"
	case by.UserID != t.UserID:
		about.By = by.Username
	}
	c.Mail.Send(ctx, letters.KindNewToken, func(ctx context.Context) ([]mail.Message, error) {
		u, err := c.Accounts.User(ctx, t.UserID)
		if err != nil || u.Email == "" {
			return nil, err
		}
		return []mail.Message{c.desk().NewToken(letters.Person{Username: u.Username, Email: u.Email}, site, about)}, nil
	})
}

// sendLast tries to send what waits. What a command had to say is said, so
// that mail which stays unsent is no failure of it.
func (c *Core) sendLast(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lastMails)
	defer cancel()
	if err := c.Mail.Close(ctx); err != nil {
		c.Log.WarnContext(ctx, "mails were not sent", slog.Any("error", err))
	}
}

// checkMail asks the mail server for a sign of life, where one is named.
func checkMail(ctx context.Context, p Program) []Part {
	p.Log = telemetry.AtLeast(p.Log, slog.LevelError)
	p.Registry = prometheus.NewRegistry() // nobody looks at it
	box := openMail(p)
	if box == nil {
		return nil
	}
	return []Part{outcome(Part{Name: "mail", Engine: "SMTP", Where: box.Where()}, box.Ping(ctx))}
}
