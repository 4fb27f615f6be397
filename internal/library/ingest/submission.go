package ingest

import (
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
)

// Submission is a document to take in. Exactly one of LibraryUID and
// WorkspaceID names where to, and exactly one of Body, Text, S3Key and URL says
// what.
type Submission struct {
	LibraryUID  string
	WorkspaceID string

	// FileID makes it the same document as an earlier one within the library;
	// without it, Filename does within the collection.
	FileID   string
	Filename string // with folders, as a relative path with slashes
	Title    string // empty: the document's own
	// ContentHash is what the sender says the bytes hash to, "sha256:" and
	// hex. Another hash fails the job.
	ContentHash string
	Collection  string
	Metadata    map[string]any // nil: as it was
	Batch       bool           // one of many: behind what somebody waits for

	Body     io.Reader // read to its end, once
	Text     *string
	S3Bucket string
	S3Key    string
	URL      string // of the web, fetched by the worker
}

const (
	maxFileID   = 200
	maxFilename = 1024
	maxS3Key    = 1024
	maxURL      = 2000
	hashPrefix  = "sha256:"
)

var sha256Hex = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// check refuses what cannot be accepted and puts the rest into one form.
func (sub *Submission) check() error {
	if (sub.LibraryUID == "") == (sub.WorkspaceID == "") {
		return errs.Field("library_uid", "Give either library_uid or workspace_id.")
	}
	given := 0
	for _, yes := range []bool{sub.Body != nil, sub.Text != nil, sub.S3Key != "", sub.URL != ""} {
		if yes {
			given++
		}
	}
	if given != 1 {
		return errs.Field("file", "Give exactly one of file, text, url and s3_key.")
	}
	for _, text := range []*string{&sub.FileID, &sub.Filename, &sub.Title, &sub.Collection} {
		*text = strings.TrimSpace(*text)
	}
	for _, line := range []struct {
		field, value string
		limit        int
	}{
		{"file_id", sub.FileID, maxFileID},
		{"filename", sub.Filename, maxFilename},
		{"title", sub.Title, library.MaxTitle},
		{"collection", sub.Collection, library.MaxCollection},
		{"s3_key", sub.S3Key, maxS3Key},
		{"url", sub.URL, maxURL},
	} {
		if err := library.CheckLine(line.field, line.value, line.limit); err != nil {
			return err
		}
	}
	if sub.FileID == "." || sub.FileID == ".." {
		return errs.Field("file_id", `"." and ".." are steps in a path: such a file could not be addressed.`)
	}
	sub.ContentHash = strings.ToLower(sub.ContentHash)
	if sub.ContentHash != "" && !sha256Hex.MatchString(sub.ContentHash) {
		return errs.Field("content_hash", `Write "sha256:" and 64 hex digits.`)
	}
	return sub.checkText()
}

func (sub *Submission) checkText() error {
	switch {
	case sub.Text == nil:
	case strings.TrimSpace(*sub.Text) == "":
		return errs.Field("text", "This field may not be blank.")
	case !utf8.ValidString(*sub.Text):
		return errs.Field("text", "This is not UTF-8.")
	}
	if sub.Filename == "" && sub.S3Key != "" {
		sub.Filename = path.Base(sub.S3Key)
	}
	return nil
}

// unregistered is what a sender gets who may not write there, or when there is
// no such place.
func (sub *Submission) unregistered() error {
	if sub.WorkspaceID != "" {
		return library.NoWorkspace()
	}
	return errs.New(errs.NotFound, "Library is not registered.")
}

// webBucket stands in the ledger for the web, where a bucket is named that a
// document is fetched from. No bucket has such a name.
const webBucket = "@web"

// fetched tells whether the worker is to fetch the content, and from where.
func (sub *Submission) fetched() (bucket, key string, yes bool) {
	switch {
	case sub.URL != "":
		return webBucket, sub.URL, true
	case sub.S3Key != "":
		return sub.S3Bucket, sub.S3Key, true
	}
	return "", "", false
}

// source says where the document came from, as a person would.
func (sub *Submission) source() string {
	switch {
	case sub.URL != "":
		return sub.URL
	case sub.S3Key != "":
		return "s3://" + sub.S3Bucket + "/" + sub.S3Key
	}
	return sub.Filename
}

// name gives a document that came without a name one of its content, so that
// two such texts are two documents, and the same twice is one.
func (sub *Submission) name(sum string) {
	if sub.Filename != "" || sub.FileID != "" {
		return
	}
	const digits = 12
	if sub.Text != nil {
		sub.Filename = "text-" + sum[:digits] + ".md"
		return
	}
	sub.Filename = "upload-" + sum[:digits]
}

func hashOf(sum []byte) string { return hashPrefix + hex.EncodeToString(sum) }

func tooLarge(limit int64) error {
	return errs.Newf(errs.TooLarge, "The document is larger than the %s that are taken.", bytesText(limit))
}

func bytesText(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d bytes", n)
	}
	value, name := float64(n)/unit, "KiB"
	for _, next := range []string{"MiB", "GiB", "TiB"} {
		if value < unit {
			break
		}
		value, name = value/unit, next
	}
	return fmt.Sprintf("%.4g %s", value, name)
}
