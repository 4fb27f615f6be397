package page

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/httpx"
)

const (
	keptCookie = "mnemosyne_kept"
	keptLife   = 15 * time.Minute
	maxKept    = 3500 // bytes of the cookie's value: browsers drop more than 4096
)

// kept is what was typed into a form whose session had ended.
type kept struct {
	Who    string     `json:"w"` // may take it up: a mark of whoActs
	Path   string     `json:"p"`
	Values url.Values `json:"v"`
}

// keep puts what was typed into a cookie, so that the form is filled in again
// after signing in, by whoever was signed in here last. It is signed,
// short-lived, and holds no secret. What another site sent is not kept, nor what
// is too long.
func (s *Site) keep(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if http.NewCrossOriginProtection().Check(r) != nil || r.ParseForm() != nil {
		return false
	}
	who, err := r.Cookie(whoCookie)
	if err != nil {
		return false
	}
	k := kept{Who: who.Value, Path: r.URL.Path, Values: url.Values{}}
	for name, values := range r.PostForm {
		if name != CSRFField && !secret(name) {
			k.Values[name] = values
		}
	}
	raw, err := json.Marshal(k)
	if err != nil {
		return false
	}
	value := base64.RawURLEncoding.EncodeToString(append(s.keptMAC(raw), raw...))
	if len(value) > maxKept {
		return false
	}
	http.SetCookie(w, Cookie(r, keptCookie, value, keptLife))
	return true
}

// secret tells of fields that must not lie about.
func secret(name string) bool {
	for _, word := range []string{"password", "secret", "key", "again"} {
		if strings.Contains(strings.ToLower(name), word) {
			return true
		}
	}
	return false
}

// whoCookie outlives the session: it tells whose form it is that comes after
// its end. It holds no name, and opens nothing.
const (
	whoCookie = "mnemosyne_who"
	whoLife   = 30 * 24 * time.Hour // as long as a session at most
)

// whoActs notes in the browser who is signed in.
func (s *Site) whoActs(w http.ResponseWriter, r *http.Request, who httpx.Session) {
	mark := s.mark(who)
	if c, err := r.Cookie(whoCookie); mark != "" && (err != nil || c.Value != mark) {
		http.SetCookie(w, Cookie(r, whoCookie, mark, whoLife))
	}
}

// mark is what stands for a person in cookies; empty for nobody.
func (s *Site) mark(who httpx.Session) string {
	if who.Principal.Username == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(s.keptMAC([]byte("who\x00" + who.Principal.Username))) // a name is one person's for ever
}

type restoredKey struct{}

// restore fills a form's page with what its reader had typed into it, once.
func (s *Site) restore(w http.ResponseWriter, r *http.Request, who httpx.Session) *http.Request {
	c, err := r.Cookie(keptCookie)
	if err != nil {
		return r
	}
	raw, err := base64.RawURLEncoding.DecodeString(c.Value)
	var k kept
	if err != nil || len(raw) < sha256.Size || !hmac.Equal(raw[:sha256.Size], s.keptMAC(raw[sha256.Size:])) ||
		json.Unmarshal(raw[sha256.Size:], &k) != nil || k.Path != r.URL.Path {
		return r
	}
	http.SetCookie(w, Cookie(r, keptCookie, "", -1))
	if k.Who != s.mark(who) {
		return r // somebody else sits here now
	}
	r = r.WithContext(context.WithValue(r.Context(), restoredKey{}, true))
	r.PostForm = k.Values
	return r
}

// Restored tells whether a page is asked for whose form was typed into before,
// when the session had ended. The request's PostForm has what was typed.
func Restored(r *http.Request) bool {
	restored, _ := r.Context().Value(restoredKey{}).(bool)
	return restored
}

func (s *Site) keptMAC(raw []byte) []byte {
	mac := hmac.New(sha256.New, s.keptKey)
	mac.Write(raw)
	return mac.Sum(nil)
}
