// Package httpx is the base of every HTTP surface: the route table and the
// OpenAPI document made from it, strict reading of bodies and queries, one
// adapter from errors to answers, authentication, paging, and what stands
// before all of them (hosts, proxies, request ids, logs, metrics). It knows
// who a caller is by interfaces that others implement, and refuses to know
// what they may see.
package httpx

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/go-chi/chi/v5"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
)

// Handler answers a request, or returns why it cannot. Once it has begun to
// write an answer it returns nil.
type Handler func(w http.ResponseWriter, r *http.Request) error

// AuthedHandler is a Handler for somebody.
type AuthedHandler func(w http.ResponseWriter, r *http.Request, p accounts.Principal) error

// ErrorWriter turns an error into a surface's answer.
type ErrorWriter func(w http.ResponseWriter, r *http.Request, err error)

// JSON answers with a value. It is encoded before anything is written, so
// that a value that cannot be is an error and not half an answer.
func JSON(w http.ResponseWriter, status int, value any) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return fmt.Errorf("write an answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(bytes.TrimSuffix(buf.Bytes(), []byte("\n"))) // the caller has gone: nobody to tell
	return nil
}

// NoContent answers 204.
func NoContent(w http.ResponseWriter) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// PathParam is a part of the path, decoded once. What cannot be the name of
// anything stored is empty.
func PathParam(r *http.Request, name string) string {
	value := chi.URLParam(r, name)
	if r.URL.RawPath != "" { // then the router matched the encoded path
		decoded, err := url.PathUnescape(value)
		if err != nil {
			return ""
		}
		value = decoded
	}
	if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
		return ""
	}
	return value
}

// notFound is the answer for a path that no route has.
func notFound() error { return errs.New(errs.NotFound, "Not found.") }
