package page

import (
	"errors"
	"net/http"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/telemetry"
)

// errorPage says what went wrong. ID is what the log has it under, when the
// fault is ours.
type errorPage struct {
	Status int
	Title  string
	Detail string
	ID     string
}

// Errors answers in HTML to browsers outside of the programs' paths, and
// through api to everybody else. It is for what no route takes.
func (s *Site) Errors(api httpx.ErrorWriter) httpx.ErrorWriter {
	return func(w http.ResponseWriter, r *http.Request, err error) {
		if forPrograms(r.URL.Path) || !strings.Contains(r.Header.Get("Accept"), "text/html") {
			api(w, r, err)
			return
		}
		s.fail(w, r, err)
	}
}

// forPrograms tells of the paths where clients expect JSON, whatever they
// say that they accept.
func forPrograms(path string) bool {
	if strings.HasPrefix(path+"/", "/api/docs/") {
		return false
	}
	for _, prefix := range []string{"/library/api/", "/mcp_server/api/", "/mcp/", "/api/"} {
		if strings.HasPrefix(path+"/", prefix) {
			return true
		}
	}
	return false
}

// fail is where the errors of pages end.
func (s *Site) fail(w http.ResponseWriter, r *http.Request, err error) {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		err = errs.New(errs.TooLarge, "What you sent is larger than this address takes.")
	}
	status, detail, id := http.StatusInternalServerError, "", ""
	if e := errs.As(err); e != nil && e.Kind != errs.Internal {
		status, detail = httpx.StatusOf(e.Kind), MessageOf(e)
	}
	if detail == "Not found." {
		detail = "There is no such page, or it is not for you to see."
	}
	switch {
	case status == http.StatusUnauthorized:
		_ = toLogin(w, r, false)
		return
	case status == http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "5")
		httpx.Report(s.log, r, err)
	case status >= http.StatusInternalServerError:
		id = telemetry.RequestID(r.Context())
		httpx.Report(s.log, r, err)
	}
	if err := s.showError(w, r, status, detail, id); err != nil {
		httpx.Report(s.log, r, err)
		http.Error(w, http.StatusText(status), status)
	}
}

// MessageOf is what an error says to people: of its fields, where it has some.
func MessageOf(e *errs.Error) string {
	if len(e.Fields) == 0 {
		return e.Message
	}
	return (&errs.Error{Fields: e.Fields}).Error()
}

func (s *Site) showError(w http.ResponseWriter, r *http.Request, status int, detail, id string) error {
	who, err := s.auth.Session(r)
	if err != nil {
		who = httpx.Session{CSRFSecret: visitor(r)} // the page has no menu then, and other tabs keep their forms
	}
	p := errorPage{Status: status, Title: titleOf(status), Detail: detail, ID: id}
	return s.fault.Show(w, r, who, status, Heading{Title: p.Title}, p)
}

func titleOf(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "This request is not right"
	case http.StatusForbidden:
		return "Not allowed"
	case http.StatusNotFound:
		return "Nothing here"
	case http.StatusMethodNotAllowed:
		return "Not this way"
	case http.StatusConflict:
		return "Not now"
	case http.StatusRequestEntityTooLarge:
		return "Too large"
	case http.StatusServiceUnavailable:
		return "Not available right now"
	case http.StatusInternalServerError:
		return "Something went wrong on our side"
	}
	return http.StatusText(status)
}
