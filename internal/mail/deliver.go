package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/textproto"
	"time"

	"github.com/google/uuid"
	gomail "github.com/wneessen/go-mail"
)

// client is a way to the server that is used once.
func (o *Outbox) client(timeout time.Duration) (*gomail.Client, error) {
	policy := gomail.NoTLS
	if o.opt.StartTLS {
		policy = gomail.TLSMandatory
	}
	options := []gomail.Option{
		gomail.WithPort(o.opt.Port), gomail.WithTLSPolicy(policy), gomail.WithTimeout(timeout), gomail.WithHELO(o.opt.domain()),
	}
	if o.opt.TLS != nil {
		trusted := o.opt.TLS.Clone()
		trusted.ServerName = o.opt.Host
		options = append(options, gomail.WithTLSConfig(trusted))
	}
	if o.opt.User != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(o.opt.User), gomail.WithPassword(o.opt.Password))
	}
	c, err := gomail.NewClient(o.opt.Host, options...)
	if err != nil {
		return nil, fmt.Errorf("set up the way to the mail server: %w", err)
	}
	return c, nil
}

const pingTimeout = 5 * time.Second

// Ping greets the server, with TLS and credentials where they are set.
func (o *Outbox) Ping(ctx context.Context) error {
	c, err := o.client(pingTimeout)
	if err != nil {
		return err
	}
	server, err := c.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return fmt.Errorf("the mail server at %s does not take mail from here: %w", o.Where(), err)
	}
	_ = c.CloseWithSMTPClient(server) // it answered, however it says goodbye
	return nil
}

// deliver makes one try. Once the server took the mail, nothing is an error
// any more: another try would send it twice.
func (o *Outbox) deliver(ctx context.Context, m Message) error {
	msg, err := o.written(m)
	if err != nil {
		return permanent{err}
	}
	c, err := o.client(o.opt.Timeout)
	if err != nil {
		return permanent{err}
	}
	server, err := c.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return fmt.Errorf("reach the mail server: %w", err)
	}
	err = c.SendWithSMTPClient(server, msg)
	_ = c.CloseWithSMTPClient(server)
	return err
}

func (o *Outbox) written(m Message) (*gomail.Msg, error) {
	msg := gomail.NewMsg()
	if err := errors.Join(msg.From(o.opt.From), msg.To(m.To)); err != nil {
		return nil, fmt.Errorf("address a mail: %w", err)
	}
	msg.Subject(m.Subject)
	msg.SetDate()
	msg.SetMessageIDWithValue(uuid.NewString() + "@" + o.opt.domain())
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	return msg, nil
}

// permanent is a failure that another try does not mend.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// lasting tells whether to give up: where the server said so, and where there
// is nothing to send.
func lasting(err error) bool {
	if _, ok := errors.AsType[permanent](err); ok {
		return true
	}
	const lastingFrom = 500 // RFC 5321, 4.2.1
	return codeOf(err) >= lastingFrom
}

// codeOf is what the server answered, 0 when it did not.
func codeOf(err error) int {
	if e, ok := errors.AsType[*gomail.SendError](err); ok {
		return e.ErrorCode()
	}
	if e, ok := errors.AsType[*textproto.Error](err); ok {
		return e.Code
	}
	return 0
}

// cause is a failure as it may be logged: without addresses, which servers
// repeat in what they answer.
func cause(err error) []slog.Attr {
	attrs := []slog.Attr{slog.Int("code", codeOf(err))}
	if e, ok := errors.AsType[*gomail.SendError](err); ok {
		return append(attrs, slog.String("error", e.Reason.String()))
	}
	if e, ok := errors.AsType[permanent](err); ok {
		return append(attrs, slog.String("error", "the mail cannot be addressed"), slog.Bool("lasting", e.error != nil))
	}
	return append(attrs, slog.Any("error", err))
}
