package search

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"

	"git.helu.ca/r/mnemosyne/internal/errs"
)

// Bounds of what a filter may say.
const (
	maxFilterText     = 500 // code points
	maxFilterMetadata = 20  // keys
)

// Any tells whether the filters narrow anything.
func (f Filters) Any() bool {
	return f.File != "" || f.ContentType != "" || f.Language != "" || f.Source != "" || len(f.Metadata) > 0 || !f.Since.IsZero() || !f.Before.IsZero()
}

var (
	mediaType  = regexp.MustCompile(`^[a-z]+/[a-z0-9][a-z0-9!#$&^_.+-]*$`)
	fileEnding = regexp.MustCompile(`^\.?[a-z0-9][a-z0-9_+-]*(\.[a-z0-9_+-]+)*$`)
)

// checked gives the filters as they are looked for. What says nothing that a
// document could be narrowed by is refused, and never left out.
func (f Filters) checked() (Filters, error) {
	f.File, f.ContentType, f.Language = strings.TrimSpace(f.File), strings.ToLower(strings.TrimSpace(f.ContentType)), strings.TrimSpace(f.Language)
	for _, c := range []struct{ name, value string }{
		{"file", f.File}, {"content_type", f.ContentType}, {"language", f.Language}, {"source", f.Source},
	} {
		if err := checkFilterText(c.name, c.value); err != nil {
			return f, err
		}
	}
	if t := f.ContentType; t != "" && !mediaType.MatchString(t) && !fileEnding.MatchString(t) {
		return f, errs.Field("content_type", fmt.Sprintf("%q is neither a media type such as application/pdf, nor its first part such as image, nor the ending of a file's name such as pdf.", f.ContentType))
	}
	if f.Language != "" {
		base, err := language.ParseBase(f.Language)
		if err != nil {
			return f, errs.Field("language", fmt.Sprintf("%q is no language's code. Use one of ISO 639-1, such as en or de.", f.Language))
		}
		f.Language = base.String()
	}
	if !f.Since.IsZero() && !f.Before.IsZero() && !f.Since.Before(f.Before) {
		return f, errs.Field("before", "This must be later than since.")
	}
	return f, checkFilterMetadata(f.Metadata)
}

func checkFilterText(name, value string) error {
	switch {
	case !utf8.ValidString(value) || strings.ContainsRune(value, 0):
		return errs.Field(name, "This is not text.")
	case utf8.RuneCountInString(value) > maxFilterText:
		return errs.Field(name, fmt.Sprintf("Ensure this field has no more than %d characters.", maxFilterText))
	}
	return nil
}

func checkFilterMetadata(metadata map[string]string) error {
	if len(metadata) > maxFilterMetadata {
		return errs.Field("metadata", fmt.Sprintf("Ensure this field has no more than %d keys.", maxFilterMetadata))
	}
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		if key == "" {
			return errs.Field("metadata", "A key may not be blank.")
		}
		if err := cmp.Or(checkFilterText("metadata", key), checkFilterText("metadata", metadata[key])); err != nil {
			return err
		}
	}
	return nil
}

// ParseFilterTime reads a bound of time as people and programs write it: a
// day, which begins at midnight in UTC, or a time in RFC 3339. field is what
// an error is said of.
func ParseFilterTime(field, text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339Nano} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errs.Field(field, fmt.Sprintf("%q is neither a day, such as 2026-01-31, nor a time, such as 2026-01-31T12:00:00Z.", text))
}

// mainTypes are the first parts of media types.
func mainTypes() []string {
	return []string{"application", "audio", "font", "image", "message", "model", "text", "video"}
}

// typesOfEnding are the media types of files whose names end so, for those
// that came under another name, or none.
func typesOfEnding(ending string) []string {
	const office, open = "application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument."
	known := map[string]string{
		"pdf": "application/pdf", "html": "text/html", "htm": "text/html", "md": "text/markdown", "markdown": "text/markdown",
		"txt": "text/plain", "csv": "text/csv", "tsv": "text/tsv", "rst": "text/x-rst", "adoc": "text/asciidoc", "tex": "application/x-tex",
		"docx": office + "wordprocessingml.document", "xlsx": office + "spreadsheetml.sheet", "pptx": office + "presentationml.presentation",
		"doc": "application/msword", "xls": "application/vnd.ms-excel", "ppt": "application/vnd.ms-powerpoint", "rtf": "application/rtf",
		"odt": open + "text", "ods": open + "spreadsheet", "odp": open + "presentation", "epub": "application/epub+zip",
		"eml": "message/rfc822", "msg": "application/vnd.ms-outlook", "ipynb": "application/x-ipynb+json", "xml": "text/xml",
		"vtt": "text/vtt", "srt": "application/x-subrip", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "tiff": "image/tiff", "tif": "image/tiff",
	}
	out := []string{"text/x-" + ending} // source code
	if t, ok := known[ending]; ok {
		out = append(out, t)
	}
	return out
}
