package accounts

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"git.helu.ca/r/mnemosyne/internal/errs"
)

// maxUsername is in characters, as Django has it.
const maxUsername = 150

// checkUsername gives a user name in its normal form (NFKC), or the error
// that names the rule it breaks. The rules are Django's, and two of our own:
// a name stands in paths and object keys, so it is more than dots, and it
// mixes no look-alike scripts.
func checkUsername(name string) (string, error) {
	if !utf8.ValidString(name) {
		return "", errs.Field("username", "The user name is not valid UTF-8.")
	}
	name = norm.NFKC.String(name)
	switch {
	case name == "":
		return "", errs.Field("username", "A user name is required.")
	case utf8.RuneCountInString(name) > maxUsername:
		return "", errs.Field("username", "A user name has at most 150 characters.")
	case strings.ContainsFunc(name, foreignToNames):
		return "", errs.Field("username", "A user name has letters, digits and @ . + - _ only.")
	case strings.Trim(name, ".") == "":
		return "", errs.Field("username", "A user name is more than dots.")
	case scripts(name) > 1:
		return "", errs.Field("username", "A user name does not mix Latin, Greek and Cyrillic letters.")
	}
	return name, nil
}

func foreignToNames(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r) && !strings.ContainsRune("@.+-_", r)
}

// scripts counts those of a name's scripts whose letters look alike.
func scripts(name string) int {
	n := 0
	for _, script := range []*unicode.RangeTable{unicode.Latin, unicode.Greek, unicode.Cyrillic} {
		if strings.ContainsFunc(name, func(r rune) bool { return unicode.Is(script, r) }) {
			n++
		}
	}
	return n
}

// UsernameKey is equal for names that differ in nothing a person would see:
// it is what an account is found by.
// It is empty, which nobody's is, for bytes that are no text.
func UsernameKey(name string) string {
	if !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return ""
	}
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(name)))
}
