// Package mail hands mail to a server, aside of whoever asks for it. It owns
// the queue, the retries and what is logged of a failure, and refuses to know
// what a mail is about: callers write the text.
package mail

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/mail"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Message is a mail of plain text to one person.
type Message struct {
	To      string // an address
	Subject string
	Text    string
}

// Options are what an Outbox is made of.
type Options struct {
	Host     string
	Port     int
	StartTLS bool // speak TLS, and to no server that cannot
	User     string
	Password string // with User: sign in; never without TLS, but to this machine
	From     string // an address, with a name before it or without
	Log      *slog.Logger
	Registry prometheus.Registerer // may be nil

	// TLS is what servers are trusted by; nil: as the system does.
	TLS *tls.Config
	// Timeout is the longest wait for one exchange with the server: 15 s.
	Timeout time.Duration
	// Retry is the wait before the second try, doubled with each to at most 10
	// minutes: 15 s.
	Retry time.Duration
	// Patience is how long a mail is tried at all: 30 minutes.
	Patience time.Duration
	// Most is how many mails may wait: 200. One more is dropped and logged.
	Most int
}

const longestRetry = 10 * time.Minute

func (opt Options) filled() Options {
	if opt.Timeout == 0 {
		opt.Timeout = 15 * time.Second
	}
	if opt.Retry == 0 {
		opt.Retry = 15 * time.Second
	}
	if opt.Patience == 0 {
		opt.Patience = 30 * time.Minute
	}
	if opt.Most == 0 {
		opt.Most = 200
	}
	return opt
}

// Where is the server, for an operator.
func (o *Outbox) Where() string { return net.JoinHostPort(o.opt.Host, strconv.Itoa(o.opt.Port)) }

// domain is that of the sender, which greets the server and ends message ids.
func (opt Options) domain() string {
	from, err := mail.ParseAddress(opt.From)
	if err != nil {
		return "localhost"
	}
	return from.Address[strings.LastIndexByte(from.Address, '@')+1:]
}
