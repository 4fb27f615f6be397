// Package letters is what people are written by mail. It owns the words, and
// refuses to know when one is sent and how.
package letters

import (
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/dashboard/page"
	"git.helu.ca/r/mnemosyne/internal/mail"
)

// Kinds of mail, for logs and metrics.
const (
	KindReset    = "password_reset"
	KindChanged  = "password_changed"
	KindNewToken = "new_token"
)

// Desk is where letters are written.
type Desk struct {
	Zone *time.Location // of times; nil: UTC
}

func (d Desk) moment(t time.Time) string {
	if d.Zone == nil {
		return page.Moment(t, time.UTC)
	}
	return page.Moment(t, d.Zone)
}

// Person is whom a letter is for.
type Person struct{ Username, Email string }

const farewell = "\n\n-- \nThis mail was written by a program. Nobody reads answers to it.\n"

func written(to Person, subject string, paragraphs ...string) mail.Message {
	text := "Hello " + to.Username + ",\n\n" + strings.Join(paragraphs, "\n\n") + farewell
	return mail.Message{To: to.Email, Subject: subject, Text: text}
}

// Reset leads to a new password. The address is whose request asked for it.
func (d Desk) Reset(to Person, site, link, address string, ends time.Time) mail.Message {
	return written(to, "Set a new password for Mnemosyne",
		"a new password was asked for, for your account at "+site+". To set one, open",
		link,
		"before "+d.moment(ends)+". The link works once, and ends all your sessions.",
		"The request came from "+address+". If it was not you, do nothing: your password stays as it is.")
}

// NoPassword says why there is no password to set.
func (d Desk) NoPassword(to Person, site, address string) mail.Message {
	return written(to, "Your Mnemosyne account has no password to set",
		"a new password was asked for, for your account at "+site+". That account signs in through single sign-on: use it, and change the password where you have it.",
		"The request came from "+address+". If it was not you, do nothing.")
}

// Changed tells that a password was set by a link.
func (d Desk) Changed(to Person, site, address string, at time.Time) mail.Message {
	return written(to, "Your Mnemosyne password was changed",
		"the password of your account at "+site+" was changed on "+d.moment(at)+", from "+address+", by a link that was mailed to you. All your sessions have ended; your API tokens still work.",
		"If it was not you, tell an administrator at once.")
}

// Token is what a letter says of an API token.
type Token struct {
	Name, Masked string
	At           time.Time
	ExpiresAt    *time.Time // nil: never
	By           string     // who made it, if it was not its owner
	Address      string     // where from; empty: a command on the server
}

// NewToken tells of a new token, never the token itself. Site may be empty.
func (d Desk) NewToken(to Person, site string, t Token) mail.Message {
	who := "you"
	if t.By != "" {
		who = t.By
	}
	from := " at the command line of the server"
	if t.Address != "" {
		from = " from " + t.Address
	}
	expires := "It does not expire."
	if t.ExpiresAt != nil {
		expires = "It expires on " + d.moment(*t.ExpiresAt) + "."
	}
	where := "on the page API tokens, /profile/tokens/"
	if site != "" {
		where = "at " + site + "/profile/tokens/"
	}
	return written(to, "A new API token for your Mnemosyne account",
		"an API token that acts as you was made on "+d.moment(t.At)+" by "+who+from+":",
		"    "+t.Name+" ("+t.Masked+")",
		expires+" If you do not want it, revoke it "+where+"; it stops at its next request.")
}
