// Package mailtest is a mail server for tests, with the moods that real ones
// have.
package mailtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Received is a mail as the server took it.
type Received struct {
	From, To string // of the envelope
	Subject  string
	Header   mail.Header
	Text     string // with line ends as Go writes them
	TLS      bool
	User     string // who signed in
}

// Server is a mail server of its own.
type Server struct {
	Host string
	Port int
	// Trust accepts its certificate.
	Trust *tls.Config

	mu    sync.Mutex
	fault func(to string) error
	mails chan Received
}

// Mood is how a server is started.
type Mood func(*smtp.Server, *Server)

// WithTLS offers STARTTLS.
func WithTLS(t *testing.T) Mood {
	t.Helper()
	return func(s *smtp.Server, server *Server) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		check(t, err)
		about := &x509.Certificate{
			SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		}
		der, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
		check(t, err)
		parsed, err := x509.ParseCertificate(der)
		check(t, err)
		roots := x509.NewCertPool()
		roots.AddCert(parsed)
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
		server.Trust = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
}

// Start starts a server that ends with the test.
func Start(t *testing.T, moods ...Mood) *Server {
	t.Helper()
	const most = 1000
	s := &Server{mails: make(chan Received, most)}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{server: s, conn: c}, nil }))
	server.Domain, server.AllowInsecureAuth, server.ErrorLog = "mail.test", true, quiet{}
	for _, mood := range moods {
		mood(server, s)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	check(t, err)
	at := l.Addr().(*net.TCPAddr) //nolint:forcetypeassert // it was asked for
	s.Host, s.Port = "127.0.0.1", at.Port
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close(); <-ended })
	return s
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Answer sets what the server says of recipients from now on; nil takes all.
func (s *Server) Answer(fault func(to string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

// Greylist turns the first try to each recipient away.
func (s *Server) Greylist() {
	seen := map[string]bool{}
	s.Answer(func(to string) error {
		if seen[to] {
			return nil
		}
		seen[to] = true
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "Try again later, " + to}
	})
}

// Refuse turns everybody away for good.
func (s *Server) Refuse() {
	s.Answer(func(to string) error {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "There is no " + to}
	})
}

// Next waits for a mail.
func (s *Server) Next(t *testing.T) Received {
	t.Helper()
	select {
	case m := <-s.mails:
		return m
	case <-time.After(30 * time.Second):
		t.Fatal("no mail came")
	}
	return Received{}
}

// None complains of a mail that has come.
func (s *Server) None(t *testing.T) {
	t.Helper()
	select {
	case m := <-s.mails:
		t.Errorf("a mail to %s came: %s", m.To, m.Subject)
	default:
	}
}

type session struct {
	server *Server
	conn   *smtp.Conn
	got    Received
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if password != "open" {
			return errors.New("wrong password")
		}
		s.got.User = user
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.got.From = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.got.To = to
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if s.server.fault != nil {
		return s.server.fault(to)
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	parsed, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(decoded(parsed))
	if err != nil {
		return err
	}
	_, s.got.TLS = s.conn.TLSConnectionState()
	s.got.Header, s.got.Subject, s.got.Text = parsed.Header, words(parsed.Header.Get("Subject")), strings.ReplaceAll(string(body), "\r\n", "\n")
	s.server.mails <- s.got
	return nil
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }
