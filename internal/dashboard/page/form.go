package page

import (
	"mime"
	"net/http"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
)

// CSRFField is the field of a form that proves that the form is ours.
const CSRFField = "csrf_token"

const maxForm = 1 << 20 // bytes of a form without files

// readForm reads a form, and refuses one that was not made for the session.
func readForm(w http.ResponseWriter, r *http.Request, s httpx.Session) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return errs.New(errs.Unsupported, "This address takes the form of its page.")
	}
	httpx.Hasten(r)
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return errs.Wrap(errs.Invalid, err, "The form is not well formed.")
	}
	if !httpx.CSRFValid(s, r.PostForm.Get(CSRFField)) {
		return StaleForm()
	}
	return nil
}

// StaleForm refuses a form that was not made for the session.
func StaleForm() error {
	return errs.New(errs.Forbidden, "This form has lost its session. Go back, reload the page, and send it again.")
}

// Field is a value of a form, as text that can be stored.
func Field(r *http.Request, name string) string { return Clean(r.PostForm.Get(name)) }

// Param is a value of the query. Names that a page does not know are not
// looked at: links gather such things on their way.
func Param(r *http.Request, name string) string { return Clean(r.URL.Query().Get(name)) }

// Clean makes text that can be stored of what a browser sent.
func Clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// Each is Clean for each of some values.
func Each(values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = Clean(v)
	}
	return out
}

// Faults are what is wrong with the fields of a form, by their names; the
// empty name is the form as a whole.
type Faults map[string]string

// FaultsOf takes an error apart that the person at the form can mend. ok is
// false for any other.
func FaultsOf(err error) (Faults, bool) {
	e := errs.As(err)
	if e == nil || (e.Kind != errs.Invalid && e.Kind != errs.Conflict) {
		return nil, false
	}
	if len(e.Fields) == 0 {
		return Faults{"": e.Message}, true
	}
	out := Faults{}
	for name, texts := range e.Fields {
		out[name] = strings.Join(texts, " ")
	}
	return out, true
}
