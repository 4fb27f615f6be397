package httpx_test

import (
	"errors"
	"io"
	"net/http/httptest"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/httpx"
)

// unread is a body that must not be read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

func TestABodyThatDeclaresTooMuchIsRefusedUnread(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/", unread{t})
	r.Header.Set("Content-Type", "application/json")
	r.ContentLength = 10 << 30
	_, _, err := httpx.Body[struct{}](httptest.NewRecorder(), r)
	if e, ok := errors.AsType[*errs.Error](err); !ok || e.Kind != errs.TooLarge {
		t.Errorf("error = %v, want the kind TooLarge", err)
	}
}
