// Package ocr recognises the words in a picture of text with Tesseract, a
// program of its own that may be installed or not.
//
// It owns how Tesseract is found, asked and understood. It knows no format of
// files: pictures come as greys, and words go with their places in them.
package ocr

import (
	"context"
	"fmt"
	"os/exec"
	"path"
	"slices"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/errs"
)

// Engine is the Tesseract of this machine. The zero value is none.
type Engine struct {
	// Program is where it lies; "" where it is missing or not to be used.
	Program string `json:"program,omitempty"`
	// Languages are what it reads, by its own names, such as eng.
	Languages []string `json:"languages,omitempty"`
	// Turns: it can tell how a picture is turned.
	Turns bool `json:"turns,omitempty"`
	// Off: it is not to be used.
	Off bool `json:"off,omitempty"`
}

// Ready reports whether text can be recognised.
func (e Engine) Ready() bool { return e.Program != "" }

// Missing is what to do where it is not ready, as the end of a sentence.
func (e Engine) Missing() string {
	if e.Off {
		return "text recognition is switched off here (MNEMOSYNE_OCR=off); submit a document with text"
	}
	return "its text can be recognised once Tesseract is installed beside Mnemosyne; until then, submit a document with text"
}

// program is Tesseract's name, and orientation its data about how pages are
// turned.
const (
	program     = "tesseract"
	orientation = "osd"
)

// mostLanguages are read where none are named: each costs time.
const mostLanguages = 4

// preferred come first where more languages are installed than are read.
func preferred() []string {
	return []string{"eng", "deu", "fra", "spa", "ita", "por", "nld", "pol"}
}

// Find looks for Tesseract and asks what it can read. Without languages it
// reads a few of the installed ones. One that is named and not installed is
// Invalid; where Tesseract is missing, the Engine is not Ready.
func Find(ctx context.Context, languages []string) (Engine, error) {
	at, err := exec.LookPath(program)
	if err != nil {
		return Engine{}, nil //nolint:nilerr // it is optional
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, at, "--list-langs").CombinedOutput() //nolint:gosec // Tesseract
	if err != nil {
		return Engine{}, fmt.Errorf("ask %s which languages it reads: %w", at, err)
	}
	installed := parseLanguages(string(out))
	e := Engine{Program: at, Languages: languages, Turns: slices.Contains(installed, orientation)}
	readable := slices.DeleteFunc(slices.Clone(installed), func(l string) bool { return l == orientation || l == "equ" })
	for _, l := range languages {
		if !slices.Contains(readable, l) {
			return Engine{}, errs.New(errs.Invalid, fmt.Sprintf("Tesseract has no language %q. It has %s; install more, or change MNEMOSYNE_OCR_LANGUAGES.", l, strings.Join(readable, ", ")))
		}
	}
	if len(languages) == 0 {
		e.Languages = choose(readable)
	}
	if len(e.Languages) == 0 {
		return Engine{}, nil // a Tesseract without any language reads nothing
	}
	return e, nil
}

// parseLanguages takes the names from Tesseract's list, which a headline
// begins. Scripts, as script/Latin, stay.
func parseLanguages(list string) []string {
	var names []string
	for line := range strings.Lines(list) {
		line = strings.TrimSpace(line)
		if line == "" || strings.ContainsAny(line, " :\"") || path.IsAbs(line) {
			continue
		}
		names = append(names, line)
	}
	return names
}

// choose takes a few languages, the widely used ones first.
func choose(readable []string) []string {
	languages := slices.DeleteFunc(slices.Clone(readable), func(l string) bool { return strings.Contains(l, "/") })
	rank := func(l string) int {
		if i := slices.Index(preferred(), l); i >= 0 {
			return i
		}
		return len(preferred())
	}
	slices.SortStableFunc(languages, func(a, b string) int { return rank(a) - rank(b) })
	return languages[:min(len(languages), mostLanguages)]
}
