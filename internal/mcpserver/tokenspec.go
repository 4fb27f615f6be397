package mcpserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// TokenSpec is what the owner of a token decides.
type TokenSpec struct {
	Name             string
	AllowedTools     []string
	AllowedLibraries []string
	ExpiresAt        *time.Time // nil: never
	// Once is a word of the caller's: a second token for it is a Conflict with
	// the code CodeMade, so that what is sent twice is made once. Empty: none.
	Once string
}

// CodeMade says that the token of a TokenSpec's word Once is made.
const CodeMade = "made_already"

// idFor is a token's id: of its word, where it has one.
func (spec TokenSpec) idFor(userID string) string {
	if spec.Once == "" {
		return uuid.NewString()
	}
	return TokenIDOf(userID, spec.Once)
}

// TokenIDOf is the id of the token that a user made with a word.
func TokenIDOf(userID, once string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte("mnemosyne token\x00"+userID+"\x00"+once)).String()
}

// Limits on a token's name and lists.
const (
	maxTokenName = 100 // characters
	maxToolName  = 64
	maxTools     = 100
	maxLibraries = 1000
)

// normal gives the spec as it is kept, or the error that names the field at
// fault. An entry that means nothing is refused and not dropped: a list that
// became empty would allow every tool.
func (spec TokenSpec) normal() (TokenSpec, error) {
	spec.Name = strings.TrimSpace(spec.Name)
	if n := utf8.RuneCountInString(spec.Name); n == 0 || n > maxTokenName || !utf8.ValidString(spec.Name) || strings.ContainsFunc(spec.Name, unicode.IsControl) {
		return spec, errs.Field("name", "A name has 1 to 100 characters and no control characters.")
	}
	var err error
	if spec.AllowedTools, err = normalList("allowed_tools", spec.AllowedTools, maxTools, "no name of a tool", normalTool); err != nil {
		return spec, err
	}
	spec.AllowedLibraries, err = normalList("allowed_libraries", spec.AllowedLibraries, maxLibraries, "neither the uid of a library nor `*`", normalLibrary)
	return spec, err
}

// normalList gives a list of its own, never nil, without repetitions. fault
// says what an entry is that normal does not take.
func normalList(field string, list []string, most int, fault string, normal func(string) (string, bool)) ([]string, error) {
	out := make([]string, 0, len(list))
	for _, given := range list {
		entry, ok := normal(given)
		if !ok {
			return nil, errs.Field(field, fmt.Sprintf("%q is %s.", given, fault))
		}
		if !slices.Contains(out, entry) {
			out = append(out, entry)
		}
		if len(out) > most {
			return nil, errs.Field(field, fmt.Sprintf("At most %d can be listed.", most))
		}
	}
	return out, nil
}

func normalTool(name string) (string, bool) {
	foreign := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' }
	return name, name != "" && len(name) <= maxToolName && !strings.ContainsFunc(name, foreign)
}

func normalLibrary(uid string) (string, bool) {
	if uid == accounts.AllLibraries {
		return uid, true
	}
	id, err := uuid.Parse(uid)
	return id.String(), err == nil && len(uid) == len(id.String())
}

func checkExpiry(at *time.Time, now time.Time) error {
	switch {
	case at == nil:
		return nil
	case !at.After(now):
		return errs.Field("expires_at", "This time is past.")
	case at.UTC().Year() > 9999:
		return errs.Field("expires_at", "This time is after the year 9999.")
	}
	return nil
}

func sameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return sqldb.At(*a).Equal(sqldb.At(*b).Time)
}

func encodeLists(spec TokenSpec) (tools, libraries string, err error) {
	t, err1 := json.Marshal(spec.AllowedTools)
	l, err2 := json.Marshal(spec.AllowedLibraries)
	if err := errors.Join(err1, err2); err != nil {
		return "", "", fmt.Errorf("encode a token's lists: %w", err)
	}
	return string(t), string(l), nil
}

func decodeLists(tools, libraries string) (t, l []string, err error) {
	if t, err = decodeList(tools); err != nil {
		return nil, nil, err
	}
	l, err = decodeList(libraries)
	return t, l, err
}

func decodeList(text string) (list []string, err error) {
	if text == "[]" {
		return []string{}, nil
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("read a token's list: %w", err)
	}
	return list, nil
}
