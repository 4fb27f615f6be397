package errs_test

import (
	"errors"
	"fmt"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/errs"
)

func TestAnErrorReadsAsOneLineWithItsCause(t *testing.T) {
	t.Parallel()
	cause := errors.New("connection refused")
	for want, err := range map[string]error{
		"No such library.": errs.New(errs.NotFound, "No such library."),
		"The database does not answer: connection refused": errs.Wrap(errs.Unavailable, cause, "The database does not answer."),
		"limit: At least 1. A number.; name: Required.": &errs.Error{Kind: errs.Invalid, Fields: map[string][]string{
			"name": {"Required."}, "limit": {"At least 1.", "A number."},
		}},
	} {
		if got := err.Error(); got != want {
			t.Errorf("Error() = %q; want %q", got, want)
		}
	}
}

func TestTheKindIsFoundThroughWrapping(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("outer: %w", errs.Field("name", "Required."))
	if !errs.Is(err, errs.Invalid) || errs.As(err).Fields["name"][0] != "Required." {
		t.Errorf("KindOf(%v) = %d", err, errs.KindOf(err))
	}
	if errs.KindOf(errors.New("plain")) != errs.Internal || errs.Is(nil, errs.Internal) {
		t.Error("a plain error is not Internal, or nil is")
	}
}
