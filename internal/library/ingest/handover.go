package ingest

import (
	"context"
	"io"
	"strings"
	"unicode"

	"git.helu.ca/r/mnemosyne/internal/accounts"
)

// usernameMark stands for the caller's name in a Handover's prefix.
const usernameMark = "{username}"

// Handover is the rule of the bucket that other systems hand documents over
// in: what it is called, and which keys a caller may name. Every Source embeds
// it, so that the rule is one, whatever the bucket lies on.
type Handover struct {
	// Name is the bucket's, the only one that s3_bucket may give.
	Name string
	// Prefix is the folder that keys must lie under, part by part: "a/b" and
	// "a/b/" both allow "a/b/c" and neither "a/bc". The text "{username}"
	// stands for the caller's user name. Empty allows every key to everybody.
	Prefix string
}

// Bucket is the bucket's name.
func (h Handover) Bucket() string { return h.Name }

// Allowed tells whether the caller may take a key in. A key with a part that
// stores or proxies on the way may read as a step ("." or "..") is nobody's.
func (h Handover) Allowed(p accounts.Principal, key string) bool {
	if !p.SignedIn() || !plainKey(key) {
		return false
	}
	folder := h.Prefix
	if strings.Contains(folder, usernameMark) {
		if !onePart(p.Username) {
			return false
		}
		folder = strings.ReplaceAll(folder, usernameMark, p.Username)
	}
	folder = strings.Trim(folder, "/")
	if folder == "" {
		return true
	}
	rest, below := strings.CutPrefix(key, folder+"/")
	return below && rest != ""
}

// plainKey tells whether a key means itself and nothing else.
func plainKey(key string) bool {
	if key == "" || key[0] == '/' || strings.ContainsFunc(key, unicode.IsControl) {
		return false
	}
	for part := range strings.FieldsFuncSeq(key, isSeparator) {
		if part == "." || part == ".." {
			return false
		}
	}
	return true
}

// onePart tells whether a user name can be a part of a path. Names are
// checked when accounts are made; a rule about whose documents are read does
// not lean on that.
func onePart(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsFunc(name, isSeparator) &&
		!strings.ContainsFunc(name, unicode.IsControl)
}

func isSeparator(r rune) bool { return r == '/' || r == '\\' }

// Elsewhere is the Source of a process that accepts documents and fetches
// none: it knows the rule of the bucket and not the bucket.
type Elsewhere struct{ Handover }

// Open gives SourceUnreachable.
func (Elsewhere) Open(context.Context, string) (io.ReadCloser, int64, error) {
	return nil, 0, SourceUnreachable("The bucket is not configured: set DAEDALUS_S3_ENDPOINT_URL for the worker, or USE_LOCAL_STORAGE=True.", nil)
}

// SourceMissing says that a Source has no such object.
func SourceMissing(err error) *Failure {
	return &Failure{Code: CodeSourceMissing, Detail: "There is no object of this key in the bucket.", Err: err}
}

// SourceForbidden says that a Source may not read an object.
func SourceForbidden(err error) *Failure {
	return &Failure{
		Code: CodeSourceForbidden, Err: err,
		Detail: "The bucket does not let Mnemosyne read this object: see that its credentials may read there.",
	}
}

// SourceUnreachable says that a Source does not answer, so that another try
// may help. An empty detail says only that.
func SourceUnreachable(detail string, err error) *Failure {
	if detail == "" {
		detail = "The bucket does not answer."
	}
	return &Failure{Code: CodeSourceUnreachable, Detail: detail, Passing: true, Err: err}
}
