package app

import (
	"context"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/ocr"
	"git.helu.ca/r/mnemosyne/internal/settings"
)

// openRecognition finds what recognises text in pictures, unless it is
// switched off. That it is missing is no error.
func openRecognition(ctx context.Context, set settings.Ingest) (ocr.Engine, error) {
	if set.OCR == settings.OCROff {
		return ocr.Engine{Off: true}, nil
	}
	return ocr.Find(ctx, set.OCRLanguages) //nolint:wrapcheck // it says what to do
}

// checkRecognition says whether text in pictures is recognised, and in which
// languages. Where it is not, all else works.
func checkRecognition(ctx context.Context, set settings.Ingest) []Part {
	part := Part{Name: "text recognition", Engine: "Tesseract", Where: "not installed", About: "pictures and scanned pages are refused; install Tesseract to read them"}
	engine, err := openRecognition(ctx, set)
	switch {
	case engine.Off:
		part.Where, part.About = "off", "pictures and scanned pages are refused; MNEMOSYNE_OCR=auto reads them"
	case err != nil:
		part.Where, part.About = "", ""
	case engine.Ready():
		part.Where, part.About = engine.Program, "reads "+strings.Join(engine.Languages, ", ")
	}
	return []Part{outcome(part, err)}
}
