package httpx

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"git.helu.ca/r/mnemosyne/internal/errs"
)

const (
	bodyStall   = time.Minute      // without a byte of a body
	bodyTimeout = 30 * time.Second // to receive all of a small body
)

// patient is a request's body from a caller who may take as long as it takes
// and not fall silent: reading fails with os.ErrDeadlineExceeded then. The
// deadline stands until the body has ended, so that net/http, which reads
// what a handler left over, does not wait for ever either.
type patient struct {
	io.ReadCloser

	control *http.ResponseController
	stall   time.Duration
	until   time.Time // for all of it; zero: never
}

// bePatient sets the rule for a request that has a body.
func bePatient(w http.ResponseWriter, r *http.Request, stall time.Duration) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	p := &patient{ReadCloser: r.Body, control: http.NewResponseController(w), stall: stall}
	p.expect()
	r.Body = p
}

// expect sets the time of the next byte. What has no connection, as a
// recorder of a test, has no deadline.
func (p *patient) expect() {
	next := time.Now().Add(p.stall)
	if !p.until.IsZero() && p.until.Before(next) {
		next = p.until
	}
	_ = p.control.SetReadDeadline(next)
}

func (p *patient) Read(b []byte) (int, error) {
	p.expect()
	n, err := p.ReadCloser.Read(b)
	if errors.Is(err, io.EOF) {
		_ = p.control.SetReadDeadline(time.Time{}) // the connection is watched from now on, however long the answer takes
	}
	return n, err
}

// Hasten gives a request's body, which has to be a small one, half a minute
// to arrive.
func Hasten(r *http.Request) {
	if p, ok := r.Body.(*patient); ok {
		p.until = time.Now().Add(bodyTimeout)
	}
}

// CutShort tells why a form could not be read to its end.
func CutShort(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return errs.Wrap(errs.TooLarge, err, "The form is larger than what is taken.")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errs.Wrap(errs.Invalid, err, "The upload stalled for a minute.")
	}
	return errs.Wrap(errs.Invalid, err, "The form is not well formed, or was cut short.")
}
