// Package opendocument reads texts, spreadsheets and presentations in the
// OpenDocument format, as LibreOffice and others write it.
package opendocument

import (
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/archive"
)

// Identify gives the media type of an archive that is an OpenDocument, "" for
// others.
func Identify(a *archive.Archive) string {
	const family = "application/vnd.oasis.opendocument."
	declared, _ := a.ReadFile("mimetype", 200) // none is none
	if s := strings.TrimSpace(string(declared)); strings.HasPrefix(s, family) {
		return s
	}
	if a.Has("content.xml") && a.Has("META-INF/manifest.xml") {
		return family + "text"
	}
	return ""
}
