package httpx

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

const csrfMask = 16 // random bytes before each token

// CSRFToken makes a token for a form of a session. No two are alike, so that
// compression gives none away.
func CSRFToken(s Session) string {
	mask := make([]byte, csrfMask)
	_, _ = rand.Read(mask) // never fails, see crypto/rand
	return base64.RawURLEncoding.EncodeToString(append(mask, csrfMAC(s, mask)...))
}

// CSRFValid tells whether a form's token was made for the session.
func CSRFValid(s Session, token string) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != csrfMask+sha256.Size || s.CSRFSecret == "" {
		return false
	}
	return hmac.Equal(raw[csrfMask:], csrfMAC(s, raw[:csrfMask]))
}

func csrfMAC(s Session, mask []byte) []byte {
	mac := hmac.New(sha256.New, []byte(s.CSRFSecret))
	mac.Write([]byte("mnemosyne form\x00"))
	mac.Write(mask)
	return mac.Sum(nil)
}
