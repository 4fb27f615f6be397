// Package errs names the ways a request can fail. Every error that a caller
// can act on is an *Error: a kind, which each surface turns into its own
// status, and a message that is safe to show. Anything else is a fault of
// ours, and its text stays in the log.
package errs

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Kind is what went wrong, in terms of what the caller can do about it.
type Kind uint8

// The kinds. Internal is the zero value, so that a forgotten kind is a fault
// and not an answer.
const (
	Internal        Kind = iota
	Invalid              // the request is wrong and repeating it will not help
	Unauthenticated      // no credential, or one that is not accepted
	Forbidden            // seen, but not theirs to change
	NotFound             // not there, or not theirs to see: never tell which
	Conflict             // against the state that stands now
	TooLarge             // over a size limit
	Unsupported          // a media type that is not taken
	RateLimited          // too many; later
	Unavailable          // a part that is needed does not answer; later
)

// Error is a failure that a caller may be told about.
type Error struct {
	Kind Kind
	// Message is one sentence that is safe to show to whoever asked.
	Message string
	// Fields holds the faults of single fields, by the field's name as the
	// caller wrote it. Set only with Kind Invalid.
	Fields map[string][]string
	// Code is a stable word for programs, where a contract names one.
	Code string
	// RetryAfter is when to come again, with the kinds that pass; 0: not known.
	RetryAfter time.Duration
	// Err is the cause, for the log.
	Err error
}

// Error gives the message, and the cause behind it for the log.
func (e *Error) Error() string {
	switch {
	case e.Err != nil:
		return strings.TrimSuffix(e.Message, ".") + ": " + e.Err.Error()
	case e.Message == "" && len(e.Fields) > 0:
		return e.faults()
	}
	return e.Message
}

// faults is the fields' faults in one line, in a stable order.
func (e *Error) faults() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(e.Fields)) {
		parts = append(parts, name+": "+strings.Join(e.Fields[name], " "))
	}
	return strings.Join(parts, "; ")
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes an error of a kind. The message is shown to the caller.
func New(kind Kind, message string) *Error {
	return &Error{Kind: kind, Message: message}
}

// Newf is New with a format.
func Newf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Wrap gives a cause a kind and a message that may be shown in its place.
func Wrap(kind Kind, err error, message string) *Error {
	return &Error{Kind: kind, Message: message, Err: err}
}

// Field is an invalid request whose fault lies in one field.
func Field(name, fault string) *Error {
	return &Error{Kind: Invalid, Fields: map[string][]string{name: {fault}}}
}

// As finds the *Error in a chain, or nil.
func As(err error) *Error {
	e, _ := errors.AsType[*Error](err)
	return e
}

// KindOf is the kind of an error, Internal when it has none.
func KindOf(err error) Kind {
	if e := As(err); e != nil {
		return e.Kind
	}
	return Internal
}

// Is tells whether an error is of a kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }
