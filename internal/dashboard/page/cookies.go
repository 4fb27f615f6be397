package page

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"git.helu.ca/r/mnemosyne/internal/httpx"
)

// VisitorCookie binds the sign-in form to the browser.
const VisitorCookie = "mnemosyne_visitor"

const (
	flashCookie = "mnemosyne_flash"
	flashLife   = time.Minute
	maxFlash    = 3000 // bytes: browsers drop cookies of more than 4096
)

// Cookie makes a cookie that scripts cannot read and other sites' forms do
// not send. A life of 0 ends with the browser, one below removes it.
func Cookie(r *http.Request, name, value string, life time.Duration) *http.Cookie {
	c := &http.Cookie{ //nolint:gosec // Secure wherever the browser came by https
		Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: httpx.CallOf(r.Context()).Scheme == "https",
	}
	switch {
	case life < 0:
		c.MaxAge = -1
	case life > 0:
		c.MaxAge = int(life.Seconds())
	}
	return c
}

// visitor is the secret of a browser that is not signed in, or empty.
func visitor(r *http.Request) string {
	c, err := r.Cookie(VisitorCookie)
	if err != nil {
		return ""
	}
	return c.Value
}

// ensureVisitor gives a browser that is not signed in a secret for its forms.
func ensureVisitor(w http.ResponseWriter, r *http.Request, s httpx.Session) httpx.Session {
	if s.CSRFSecret == "" {
		s.CSRFSecret = rand.Text()
		http.SetCookie(w, Cookie(r, VisitorCookie, s.CSRFSecret, 0))
	}
	return s
}

// flash is what the next page says of what was just done.
type flash struct {
	Kind string `json:"k"` // ok or error
	Text string `json:"t"`
}

// setFlash keeps a message for the next page. It is signed with the session's
// secret, so that nobody else puts words into our pages.
func setFlash(w http.ResponseWriter, r *http.Request, s httpx.Session, f flash) {
	for len(f.Text) > maxFlash {
		runes := []rune(f.Text)
		f.Text = string(runes[:len(runes)*3/4]) + "…"
	}
	raw, err := json.Marshal(f)
	if err != nil || s.CSRFSecret == "" {
		return // two strings can always be written, and a session has a secret
	}
	value := base64.RawURLEncoding.EncodeToString(append(flashMAC(s, raw), raw...))
	http.SetCookie(w, Cookie(r, flashCookie, value, flashLife))
}

// takeFlash gives the message, once.
func takeFlash(w http.ResponseWriter, r *http.Request, s httpx.Session) *flash {
	c, err := r.Cookie(flashCookie)
	if err != nil {
		return nil
	}
	http.SetCookie(w, Cookie(r, flashCookie, "", -1))
	raw, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil || len(raw) < sha256.Size || !hmac.Equal(raw[:sha256.Size], flashMAC(s, raw[sha256.Size:])) {
		return nil
	}
	var f flash
	if json.Unmarshal(raw[sha256.Size:], &f) != nil {
		return nil
	}
	return &f
}

func flashMAC(s httpx.Session, raw []byte) []byte {
	mac := hmac.New(sha256.New, []byte(s.CSRFSecret))
	mac.Write([]byte("mnemosyne flash\x00"))
	mac.Write(raw)
	return mac.Sum(nil)
}

// Done says what was done and goes on to a page.
func Done(w http.ResponseWriter, r *http.Request, s httpx.Session, text, to string) error {
	setFlash(w, r, s, flash{Kind: "ok", Text: text})
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// Refused says why nothing was done and goes on to a page.
func Refused(w http.ResponseWriter, r *http.Request, s httpx.Session, text, to string) error {
	setFlash(w, r, s, flash{Kind: "error", Text: text})
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}
