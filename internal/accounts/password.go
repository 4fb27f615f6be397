package accounts

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"

	"git.helu.ca/r/mnemosyne/internal/errs"
)

// Limits on a password. The upper one bounds the work that a stranger can
// cause.
const (
	minPassword = 8    // characters
	maxPassword = 1024 // bytes
)

// hashesAtOnce bounds the memory that sign-ins take: 19 MiB each.
const hashesAtOnce = 2

// hasher hashes and verifies passwords. New hashes are argon2id with OWASP's
// parameters; Django's pbkdf2_sha256 and argon2 are verified too.
type hasher struct {
	params argon2id.Params
	gate   chan struct{}
}

func newHasher() *hasher {
	return &hasher{
		params: argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32},
		gate:   make(chan struct{}, hashesAtOnce),
	}
}

// RandomPassword is 26 letters and digits, 130 bits.
func RandomPassword() string { return rand.Text() }

// checkPassword says why a password may not be set.
func checkPassword(password, username string) error {
	switch {
	case !utf8.ValidString(password):
		return errs.Field("password", "The password is not valid UTF-8.")
	case utf8.RuneCountInString(password) < minPassword:
		return errs.Field("password", "A password has at least 8 characters.")
	case len(password) > maxPassword:
		return errs.Field("password", "A password has at most 1024 bytes.")
	case UsernameKey(password) == UsernameKey(username):
		return errs.Field("password", "A password is not the user name.")
	}
	return nil
}

// enter waits for a turn to hash.
func (h *hasher) enter(ctx context.Context) (leave func(), err error) {
	select {
	case h.gate <- struct{}{}:
		return func() { <-h.gate }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a turn to hash: %w", ctx.Err())
	}
}

func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	encoded, err := argon2id.CreateHash(password, &h.params)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return encoded, nil
}

// verify tells whether the password is the one of an encoded hash, and
// whether the hash should be made anew. It takes its time for an empty or
// unknown hash too, so that nobody learns from it which users there are.
func (h *hasher) verify(ctx context.Context, password, encoded string) (ok, stale bool, err error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return false, false, err
	}
	defer leave()
	if len(password) > maxPassword {
		return false, false, nil
	}
	if strings.HasPrefix(encoded, djangoPBKDF2) {
		return verifyPBKDF2(password, encoded), true, nil
	}
	native := strings.TrimPrefix(encoded, "argon2") // Django puts its own name before the PHC string
	match, params, err := argon2id.CheckHash(password, native)
	if err != nil {
		_, err := argon2id.CreateHash(password, &h.params)
		return false, false, err
	}
	return match, native != encoded || *params != h.params, nil
}

const (
	djangoPBKDF2  = "pbkdf2_sha256$"
	maxIterations = 10_000_000 // Django 6 uses 1,200,000
)

// verifyPBKDF2 checks Django's pbkdf2_sha256$iterations$salt$base64.
func verifyPBKDF2(password, encoded string) bool {
	parts := strings.Split(encoded, "$")
	if len(parts) != 4 {
		return false
	}
	iterations, err := strconv.Atoi(parts[1])
	if err != nil || iterations < 1 || iterations > maxIterations {
		return false
	}
	want, err := base64.StdEncoding.DecodeString(parts[3])
	if err != nil || len(want) != sha256.Size {
		return false
	}
	got, err := pbkdf2.Key(sha256.New, password, []byte(parts[2]), iterations, len(want))
	return err == nil && subtle.ConstantTimeCompare(got, want) == 1
}
