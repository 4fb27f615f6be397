// Package websource fetches documents by their web address. It asks public
// addresses only, unless a network is allowed by name: what a name resolves to
// is judged when the connection is made, at every redirect, so that nobody
// reaches through it what only this machine may reach.
package websource

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
)

// Options say what may be fetched.
type Options struct {
	// Allow are networks that may be asked although they are not public.
	Allow []netip.Prefix
	// Timeout bounds a fetch as a whole; five minutes when 0.
	Timeout time.Duration
	// Agent names the program to servers.
	Agent string
}

// Source fetches web addresses as an ingest.Web. It is safe for concurrent
// use.
type Source struct {
	opt    Options
	client *http.Client
}

const (
	defaultTimeout = 5 * time.Minute
	connectTimeout = 15 * time.Second
	answerTimeout  = time.Minute
	maxRedirects   = 5
	maxHeaderBytes = 256 << 10
)

// New makes a source. It sends no cookies and no credentials, and uses no
// proxy, which would connect for it to wherever it is told.
func New(opt Options) *Source {
	if opt.Timeout <= 0 {
		opt.Timeout = defaultTimeout
	}
	s := &Source{opt: opt}
	dialer := &net.Dialer{Timeout: connectTimeout, Control: s.control}
	s.client = &http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: connectTimeout, ResponseHeaderTimeout: answerTimeout,
			MaxResponseHeaderBytes: maxHeaderBytes, DisableKeepAlives: true, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(next *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return errRedirects
			}
			next.Header.Del("Referer") // an address may hold a secret
			return checkURL(next.URL)
		},
	}
	return s
}

var (
	errRedirects = errors.New("more redirects than are followed")
	errScheme    = errors.New("no address of the web")
	errPrivate   = errors.New("no public address")
)

// control judges the very address that is about to be connected to.
func (s *Source) control(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %s", errPrivate, address)
	}
	addr := to.Addr().Unmap().WithZone("")
	for _, allowed := range s.opt.Allow {
		if allowed.Contains(addr) {
			return nil
		}
	}
	if !public(addr) {
		return fmt.Errorf("%w: %s", errPrivate, addr)
	}
	return nil
}

// reserved are the networks of IANA's special-purpose registries that Go's own
// tests do not cover, and those that lead into IPv4 by another name.
var reserved = [...]string{ //nolint:gochecknoglobals // a table
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32",
	"2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
}

// public reports whether an address is one of the open internet.
func public(addr netip.Addr) bool {
	if !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return false
	}
	for _, network := range reserved {
		if netip.MustParsePrefix(network).Contains(addr) {
			return false
		}
	}
	return true
}

func checkURL(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return errScheme
	}
	return nil
}

// Check puts an address into one form, without its fragment. The error says
// what an address looks like.
func (s *Source) Check(address string) (string, error) {
	u, err := url.Parse(address)
	if err == nil {
		err = checkURL(u)
	}
	if err != nil {
		return "", errors.New("Write a web address that begins with https:// or http://, without a user name in it.") //nolint:staticcheck,revive // shown to people
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil && s.control("", netip.AddrPortFrom(addr, 0).String(), nil) != nil {
		return "", errors.New("This address is not a public one, and only those are fetched.") //nolint:staticcheck,revive // shown to people
	}
	u.Fragment, u.RawFragment = "", ""
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	if u.Path == "" {
		u.Path = "/"
	}
	return u.String(), nil
}

// Open asks for an address. size is -1 when the server does not say.
func (s *Source) Open(ctx context.Context, address string) (io.ReadCloser, int64, error) {
	ctx, cancel := context.WithTimeout(ctx, s.opt.Timeout)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		cancel()
		return nil, 0, failure(err)
	}
	request.Header.Set("User-Agent", s.opt.Agent)
	request.Header.Set("Accept", "text/html,application/xhtml+xml,application/pdf,text/*;q=0.9,*/*;q=0.8")
	answer, err := s.client.Do(request) //nolint:bodyclose // body closes it
	if err != nil {
		cancel()
		return nil, 0, failure(err)
	}
	body := &body{ReadCloser: answer.Body, cancel: cancel}
	if answer.StatusCode != http.StatusOK {
		_ = body.Close()
		return nil, 0, refusal(answer.StatusCode)
	}
	return body, answer.ContentLength, nil
}

// body ends its request with itself, and blames the server for what breaks.
type body struct {
	io.ReadCloser

	cancel context.CancelFunc
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		return n, failure(err)
	}
	return n, err //nolint:wrapcheck // io.EOF as it is
}

func (b *body) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close() //nolint:wrapcheck // of an answer that was read
}

// refusal tells what a status other than 200 means for the document.
func refusal(status int) *ingest.Failure {
	f := &ingest.Failure{Code: ingest.CodeSourceUnreachable, Detail: fmt.Sprintf("The server answered %d %s.", status, http.StatusText(status))}
	switch {
	case status == http.StatusNotFound, status == http.StatusGone:
		f.Code = ingest.CodeSourceMissing
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusProxyAuthRequired, status == http.StatusUnavailableForLegalReasons:
		f.Code = ingest.CodeSourceForbidden
		f.Detail += " What needs a sign-in can be saved in a browser and uploaded."
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status >= http.StatusInternalServerError:
		f.Passing = true
	}
	return f
}

// failure tells why there is no answer. It goes to the log, and so without the
// address, which may hold a secret.
func failure(err error) *ingest.Failure {
	if named, ok := errors.AsType[*url.Error](err); ok {
		err = named.Err
	}
	f := &ingest.Failure{Code: ingest.CodeSourceUnreachable, Err: err}
	dns, _ := errors.AsType[*net.DNSError](err)
	switch {
	case errors.Is(err, errPrivate):
		f.Code, f.Detail = ingest.CodeSourceForbidden, "The address leads to a machine that is not public, and only public ones are asked."
	case errors.Is(err, errScheme):
		f.Code, f.Detail = ingest.CodeSourceForbidden, "The server sends on to what is no address of the web."
	case errors.Is(err, errRedirects):
		f.Detail = fmt.Sprintf("The server sends from one address to the next, more than %d times.", maxRedirects)
	case dns != nil && dns.IsNotFound:
		f.Code, f.Detail = ingest.CodeSourceMissing, "There is no server of this name."
	case errors.Is(err, context.DeadlineExceeded):
		f.Code, f.Detail = document.CodeTimedOut, "The server took too long to send the document."
	default:
		f.Passing, f.Detail = true, "The server does not answer, or breaks off."
	}
	return f
}
