package mail_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"git.helu.ca/r/mnemosyne/internal/mail"
	"git.helu.ca/r/mnemosyne/internal/mail/mailtest"
)

// journal is a log that tests wait on.
type journal struct {
	mu    sync.Mutex
	lines bytes.Buffer
	wrote chan string
}

func newJournal() *journal { return &journal{wrote: make(chan string, 1000)} }

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.wrote <- string(line)
	return j.lines.Write(line)
}

// says waits for a line.
func (j *journal) says(t *testing.T, part string) string {
	t.Helper()
	over := time.After(30 * time.Second)
	for {
		select {
		case line := <-j.wrote:
			if strings.Contains(line, part) {
				return line
			}
		case <-over:
			t.Fatalf("the log does not say %q", part)
		}
	}
}

func (j *journal) all() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.lines.String()
}

func outbox(t *testing.T, s *mailtest.Server, change func(*mail.Options)) (*mail.Outbox, *journal) {
	t.Helper()
	log := newJournal()
	opt := mail.Options{
		Host: s.Host, Port: s.Port, From: "Mnemosyne <mnemosyne@memory.example>", Retry: time.Millisecond, TLS: s.Trust,
		Log: slog.New(slog.NewTextHandler(log, nil)),
	}
	if change != nil {
		change(&opt)
	}
	o := mail.NewOutbox(opt)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = o.Close(ctx)
	})
	return o, log
}

func letter(to string) mail.Compose {
	return func(context.Context) ([]mail.Message, error) {
		return []mail.Message{{To: to, Subject: "Ein Brief für Sie", Text: "Grüße.\n\nhttps://memory.example/" + strings.Repeat("x", 90) + "\n"}}, nil
	}
}

func TestAMailArrivesAsItWasWritten(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t)
	o, _ := outbox(t, server, nil)
	o.Send(t.Context(), "test", letter("ann@example.com"))
	got := server.Next(t)
	if got.From != "mnemosyne@memory.example" || got.To != "ann@example.com" || got.Subject != "Ein Brief für Sie" || got.TLS {
		t.Errorf("the mail is %+v", got)
	}
	if want := "Grüße.\n\nhttps://memory.example/" + strings.Repeat("x", 90) + "\n"; strings.TrimRight(got.Text, "\n")+"\n" != want {
		t.Errorf("it says %q", got.Text)
	}
	if got.Header.Get("Auto-Submitted") != "auto-generated" || !strings.HasSuffix(got.Header.Get("Message-Id"), "@memory.example>") {
		t.Errorf("its headers are %v", got.Header)
	}
}

func TestTLSIsUsedWhereItIsAskedForAndNothingGoesWithoutIt(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, mailtest.WithTLS(t))
	o, _ := outbox(t, server, func(opt *mail.Options) { opt.StartTLS, opt.User, opt.Password = true, "post", "open" })
	o.Send(t.Context(), "test", letter("ann@example.com"))
	if got := server.Next(t); !got.TLS || got.User != "post" {
		t.Errorf("the mail is %+v", got)
	}
	if err := o.Ping(t.Context()); err != nil {
		t.Errorf("Ping = %v", err)
	}
	plain := mailtest.Start(t)
	o, _ = outbox(t, plain, func(opt *mail.Options) { opt.StartTLS = true })
	if err := o.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "STARTTLS") {
		t.Errorf("Ping = %v, want what is wrong", err)
	}
	o, _ = outbox(t, server, func(opt *mail.Options) { opt.StartTLS, opt.TLS = true, nil })
	if err := o.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("Ping = %v, want that the certificate is not trusted", err)
	}
	o, _ = outbox(t, server, func(opt *mail.Options) { opt.StartTLS, opt.User, opt.Password = true, "post", "shut" })
	if err := o.Ping(t.Context()); err == nil {
		t.Error("a wrong password passes")
	}
}

func TestAServerThatPutsOffGetsTheMailLater(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t)
	server.Greylist()
	o, log := outbox(t, server, nil)
	o.Send(t.Context(), "test", letter("ann@example.com"))
	server.Next(t)
	if line := log.says(t, "mail sent"); !strings.Contains(line, "tries=2") {
		t.Errorf("the log says %q", line)
	}
	server.None(t)
}

func TestARefusalIsFinalAndLoggedWithoutAddressOrText(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t)
	server.Refuse()
	o, log := outbox(t, server, nil)
	o.Send(t.Context(), "test", letter("ann@example.com"))
	if line := log.says(t, "mail not sent"); !strings.Contains(line, "code=550") || !strings.Contains(line, "tries=1") {
		t.Errorf("the log says %q", line)
	}
	o.Send(t.Context(), "test", letter("no address"))
	log.says(t, "mail not sent")
	if text := log.all(); strings.Contains(text, "ann@") || strings.Contains(text, "Brief") || strings.Contains(text, "no address") {
		t.Errorf("the log says %q", text)
	}
}

func TestAServerThatHangsHoldsNobodyUpAndIsGivenUp(t *testing.T) {
	t.Parallel()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	at := l.Addr().(*net.TCPAddr) //nolint:forcetypeassert // it was asked for
	o, log := outbox(t, &mailtest.Server{Host: "127.0.0.1", Port: at.Port}, func(opt *mail.Options) {
		opt.Timeout, opt.Patience = 20*time.Millisecond, 100*time.Millisecond
	})
	o.Send(t.Context(), "test", letter("ann@example.com"))
	log.says(t, "mail not sent yet")
	if line := log.says(t, `msg="mail not sent" `); strings.Contains(line, "tries=1 ") {
		t.Errorf("it was given up at once: %s", line)
	}
}

func TestTheQueueIsBoundedAndClosingTriesOnceMore(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t)
	o, log := outbox(t, server, func(opt *mail.Options) { opt.Most, opt.Retry = 2, time.Hour; opt.Patience = 24 * time.Hour })
	turns := 0
	later := func(ctx context.Context) ([]mail.Message, error) {
		if turns++; turns == 1 {
			return nil, errors.New("the database is away")
		}
		return letter("ann@example.com")(ctx)
	}
	o.Send(t.Context(), "test", later)
	log.says(t, "mail not sent yet")
	server.None(t)
	busy, stay := make(chan struct{}), make(chan struct{})
	o.Send(t.Context(), "test", func(context.Context) ([]mail.Message, error) { close(busy); <-stay; return nil, nil })
	<-busy
	for range 3 {
		o.Send(t.Context(), "test", letter("bob@example.com"))
	}
	log.says(t, "mail dropped")
	close(stay)
	if err := o.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for got, want := map[string]bool{}, 2; len(got) < want; {
		got[server.Next(t).To] = true
	}
	o.Send(t.Context(), "test", letter("ann@example.com"))
	log.says(t, "mail dropped")
}
