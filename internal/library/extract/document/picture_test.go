package document_test

import (
	"strings"
	"testing"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

func TestOfAPictureTheWordsAreKeptThatSaySomething(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]string{
		"A duck\n on a lake": "[A duck on a lake]",
		"Node.js":            "[Node.js]",
		"Figure [2] of duck": "[Figure (2) of duck]",
		"IMG_0042.JPG":       "",
		"img/duck.svg":       "",
		"":                   "",
		"Picture":            "",
		"Grafik 12":          "",
		"A duck. Description automatically generated with medium confidence": "[A duck]",
		"A duck\n\nAI-generated content may be incorrect.":                   "[A duck]",
		"Logo of the society":        "[Logo of the society]",
		" → ":                        "",
		strings.Repeat("QUJD", 1001): "",
	} {
		if got := document.Picture(words); got != want {
			t.Errorf("%q gives %q, want %q", words, got, want)
		}
	}
}
