package remote

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"

	"git.helu.ca/r/mnemosyne/internal/embedding"
)

// kind is what an exchange with a server came to, and the word of it in the
// metrics.
type kind string

const (
	unreachable   kind = "unreachable"   // no connection, or it broke
	late          kind = "late"          // no answer in time
	overloaded    kind = "overloaded"    // 429 or 503
	broken        kind = "broken"        // another 5xx
	resting       kind = "left_alone"    // it was not asked, because it failed before
	tooLarge      kind = "too_large"     // 413
	refused       kind = "refused"       // 400, 422 or 424: something in the request
	garbled       kind = "garbled"       // an answer that cannot be trusted
	misconfigured kind = "misconfigured" // the wrong address, key or model
)

// fault is a failed exchange.
type fault struct {
	kind    kind
	status  int           // of HTTP; 0: no answer came
	message string        // what is wrong and what to do, without keys or texts
	wait    time.Duration // that it asked for
	raw     string        // its own words, which may repeat a text: never shown
	err     error
}

// Error gives the message.
func (f *fault) Error() string { return f.message }

// Unwrap gives the cause, and embedding.ErrDown for a server that is not there
// now.
func (f *fault) Unwrap() []error {
	var out []error
	if f.err != nil {
		out = append(out, f.err)
	}
	if f.down() {
		out = append(out, embedding.ErrDown)
	}
	return out
}

// down tells whether nothing that is asked would be answered.
func (f *fault) down() bool {
	switch f.kind {
	case unreachable, late, overloaded, resting:
		return true
	case broken:
		return f.status != http.StatusInternalServerError
	default:
		return false
	}
}

func faultOf(err error) *fault {
	f, _ := errors.AsType[*fault](err)
	return f
}

// unanswered makes a fault of a request that got no answer. The caller's own
// cancel is no fault of the server.
func (c *client) unanswered(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	where := c.where()
	if timeout, ok := errors.AsType[net.Error](err); errors.Is(err, context.DeadlineExceeded) || (ok && timeout.Timeout()) {
		return &fault{kind: late, err: context.DeadlineExceeded, message: where + " did not answer in time; " +
			"it may be loading its model or have too much to do"}
	}
	if text := tlsFault(err); text != "" {
		return &fault{kind: misconfigured, err: err, message: where + ": " + text}
	}
	if name, ok := errors.AsType[*net.DNSError](err); ok {
		return &fault{kind: unreachable, err: err, message: fmt.Sprintf("%s: there is no host %s; see %s", where, name.Name, c.setting(baseURLSetting))}
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return &fault{kind: unreachable, err: err, message: fmt.Sprintf("nothing listens at %s; start the server, or mend %s", where, c.setting(baseURLSetting))}
	}
	return &fault{kind: unreachable, err: err, message: fmt.Sprintf("%s: the connection failed: %v", where, bare(err))}
}

// tlsFault says what is wrong with a server's certificate, or nothing.
func tlsFault(err error) string {
	if errors.Is(err, http.ErrSchemeMismatch) {
		return "the server does not speak TLS; write http:// in place of https://"
	}
	if wrong, ok := errors.AsType[x509.HostnameError](err); ok {
		return fmt.Sprintf("the server's certificate is not for %s; ask it by a name that its certificate has", wrong.Host)
	}
	if wrong, ok := errors.AsType[x509.CertificateInvalidError](err); ok && wrong.Reason == x509.Expired {
		return "the server's certificate has expired, or this machine's clock is wrong"
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "the server's certificate is signed by nobody that this machine trusts; add the authority's certificate to the system's, or name a file with it in SSL_CERT_FILE"
	}
	if wrong, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Sprintf("the server's certificate is not accepted: %v", wrong.Err)
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "the server does not speak TLS; write http:// in place of https://"
	}
	return ""
}

// bare is the innermost error, which names no URL.
func bare(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// refusal makes a fault of an answer that is no success. texts are what was
// asked.
func (c *client) refusal(status int, header http.Header, body []byte, texts []string) *fault {
	f := &fault{status: status, wait: retryAfter(header.Get("Retry-After"), time.Now()), raw: strings.ToLower(message(body))}
	answer := fmt.Sprintf("%s answered %d", c.where(), status)
	if said := c.clean(message(body), header.Get("Location"), texts); said != "" {
		answer += " (" + said + ")"
	}
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		f.kind, f.message = misconfigured, fmt.Sprintf("%s: it does not accept the key; see %s", answer, c.setting(keySetting))
	case status >= http.StatusMultipleChoices && status < http.StatusBadRequest:
		f.kind, f.message = misconfigured, fmt.Sprintf("%s: redirects are not followed; put the address that it names into %s", answer, c.setting(baseURLSetting))
	case status == http.StatusRequestEntityTooLarge:
		f.kind, f.message = tooLarge, answer
	case status == http.StatusBadRequest || status == http.StatusUnprocessableEntity || status == http.StatusFailedDependency:
		f.kind, f.message = refused, answer
	case status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable:
		f.kind, f.message = overloaded, answer+": it is overloaded or not ready yet"
	case status >= http.StatusInternalServerError:
		f.kind, f.message = broken, answer+"; its own log says more"
		if status == http.StatusInternalServerError && f.overlong() { // as llama.cpp says it
			f.kind, f.message = refused, answer
		}
	default:
		f.kind = misconfigured
		f.message = fmt.Sprintf("%s: see %s, %s and %s", answer, c.setting(baseURLSetting), c.setting(apiSetting), c.setting(modelSetting))
	}
	return f
}

// garble makes a fault of an answer that cannot be used.
func (c *client) garble(format string, args ...any) *fault {
	return &fault{kind: garbled, status: http.StatusOK, message: c.where() + ": " + fmt.Sprintf(format, args...)}
}

// overlong tells whether a server refuses a text for its length.
func (f *fault) overlong() bool {
	if f.kind == tooLarge {
		return true
	}
	return f.says("token", "length", "too long", "too large", "context")
}

// says tells whether one of these words is in what the server said.
func (f *fault) says(words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(f.raw, w) })
}
