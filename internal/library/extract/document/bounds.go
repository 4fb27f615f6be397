package document

import (
	"maps"
	"regexp"
)

// Bounds of what a document says of itself.
const (
	maxTitle       = 500 // bytes, as all below
	maxMetadata    = 64  // entries
	maxMetadataKey = 100
	maxMetadatum   = 1000
)

var (
	mediaType   = regexp.MustCompile(`^[a-z0-9][a-z0-9.+_-]{0,126}/[A-Za-z0-9][A-Za-z0-9.+_-]{0,126}$`)
	languageTag = regexp.MustCompile(`^[A-Za-z0-9_-]{1,35}$`)
)

// bound leaves out of a description what no reader of ours writes. It may come
// from a process that a hostile file took over.
func bound(title, contentType, language *string, metadata map[string]string) {
	if len(*title) > maxTitle || OneLine(Clean(*title)) != *title {
		*title = ""
	}
	if *contentType != "" && !mediaType.MatchString(*contentType) {
		*contentType = "application/octet-stream"
	}
	if !languageTag.MatchString(*language) {
		*language = ""
	}
	maps.DeleteFunc(metadata, func(key, value string) bool {
		return len(key) > maxMetadataKey || len(value) > maxMetadatum || OneLine(Clean(key)) != key || OneLine(Clean(value)) != value
	})
	if len(metadata) > maxMetadata {
		clear(metadata)
	}
}

// Bound leaves out what is not as a Writer gives it: the result of another
// process is not to be believed. Counts below 0 are 0.
func (r *Result) Bound() {
	bound(&r.Title, &r.ContentType, &r.Language, r.Metadata)
	r.TextBytes, r.Runes = max(r.TextBytes, 0), max(r.Runes, 0)
	r.Pages, r.Blocks = max(r.Pages, 0), max(r.Blocks, 0)
}
