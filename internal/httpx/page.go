package httpx

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"git.helu.ca/r/mnemosyne/internal/errs"
)

// Page is the part of a query that every list takes.
type Page struct {
	Limit  int    `query:"limit" default:"100" minimum:"1" maximum:"1000" description:"How many at most."`
	Cursor string `query:"cursor" description:"Where to go on: taken from the Link of the page before."`
}

// Cursors seals the place where a page ended, so that only the one it was
// given to can go on from there, in the same list.
type Cursors struct{ key []byte }

const cursorMAC = 16 // bytes of the HMAC that are kept

// NewCursors derives the key from the program's secret.
func NewCursors(secret []byte) (*Cursors, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "mnemosyne cursor", sha256.Size)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "No key for cursors.")
	}
	return &Cursors{key: key}, nil
}

// Seal makes a cursor of a position. Bind says for whom and in which list.
func (c *Cursors) Seal(bind []string, position any) (string, error) {
	raw, err := json.Marshal(position)
	if err != nil {
		return "", errs.Wrap(errs.Internal, err, "No cursor for this position.")
	}
	return base64.RawURLEncoding.EncodeToString(append(c.mac(bind, raw), raw...)), nil
}

// Open reads a cursor back. One that was not given to this caller in this
// list is Invalid.
func (c *Cursors) Open(bind []string, cursor string, position any) error {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err == nil && len(raw) > cursorMAC && hmac.Equal(raw[:cursorMAC], c.mac(bind, raw[cursorMAC:])) &&
		json.Unmarshal(raw[cursorMAC:], position) == nil {
		return nil
	}
	return errs.Field("cursor", "This cursor does not belong to this list. Start again without it.")
}

func (c *Cursors) mac(bind []string, raw []byte) []byte {
	mac := hmac.New(sha256.New, c.key)
	for _, part := range bind {
		mac.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	mac.Write([]byte{0})
	mac.Write(raw)
	return mac.Sum(nil)[:cursorMAC]
}

// listOf names a list: the caller, the path, and the query but for the page.
func listOf(r *http.Request, userID string) []string {
	q := r.URL.Query()
	q.Del("limit")
	q.Del("cursor")
	return []string{userID, r.URL.Path, q.Encode()}
}

// After reads where the list goes on; position stays as it is on the first
// page.
func (c *Cursors) After(r *http.Request, userID string, page Page, position any) error {
	if page.Cursor == "" {
		return nil
	}
	return c.Open(listOf(r, userID), page.Cursor, position)
}

// Next announces the page after this one, which begins behind position.
func (c *Cursors) Next(w http.ResponseWriter, r *http.Request, userID string, position any) error {
	cursor, err := c.Seal(listOf(r, userID), position)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	q.Set("cursor", cursor)
	w.Header().Set("Link", "<"+AbsoluteURL(r, r.URL.EscapedPath(), q)+`>; rel="next"`)
	return nil
}

// AbsoluteURL is a path of ours as the caller reaches it.
func AbsoluteURL(r *http.Request, path string, query url.Values) string {
	u := CallOf(r.Context()).Scheme + "://" + r.Host + path
	if len(query) > 0 {
		u += "?" + query.Encode()
	}
	return u
}
