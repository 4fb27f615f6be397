package httpx_test

import (
	"testing"

	"git.helu.ca/r/mnemosyne/internal/httpx"
)

func TestAFormsTokenIsGoodInItsSessionOnly(t *testing.T) {
	t.Parallel()
	mine, other := httpx.Session{CSRFSecret: "a"}, httpx.Session{CSRFSecret: "b"}
	token := httpx.CSRFToken(mine)
	if !httpx.CSRFValid(mine, token) || token == httpx.CSRFToken(mine) {
		t.Error("a token is not good in its own session, or is always the same")
	}
	for _, bad := range []string{"", "x", token[:len(token)-1], token + "A"} {
		if httpx.CSRFValid(mine, bad) {
			t.Errorf("%q is taken", bad)
		}
	}
	if httpx.CSRFValid(other, token) || httpx.CSRFValid(httpx.Session{}, httpx.CSRFToken(httpx.Session{})) {
		t.Error("a token is good in another session, or without one")
	}
}
