package office

import (
	"bytes"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/archive"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmlread"
)

// Family tells Office Open XML documents apart.
type Family uint8

// The families; None is no such document.
const (
	None Family = iota
	Word
	Excel
	PowerPoint
	BinaryExcel
	Visio
)

// Identify tells what an archive is by the types that it declares for its
// parts, or by their names where it declares none, and gives its media type.
// Templates, shows and documents with macros are read like others.
func Identify(a *archive.Archive) (Family, string) {
	const types = 1 << 20
	if data, err := a.ReadFile("[Content_Types].xml", types); err == nil {
		root, _ := xmlread.NewScanner(bytes.NewReader(data)).Root() // what is damaged declares nothing
		for o := range root.All("ct:Override") {
			if declared, ok := strings.CutSuffix(o.Get("ContentType"), "main+xml"); ok {
				declared = strings.TrimSuffix(declared, ".")
				if f := familyOf(declared); f != None {
					return f, mediaType(declared)
				}
			}
			if o.Get("ContentType") == "application/vnd.ms-excel.sheet.binary.macroEnabled.main" {
				return BinaryExcel, ""
			}
		}
	}
	for _, name := range a.Names() {
		switch lower := strings.ToLower(name); {
		case strings.HasPrefix(lower, "word/document") && strings.HasSuffix(lower, ".xml"):
			return Word, DOCXType
		case lower == "xl/workbook.xml":
			return Excel, XLSXType
		case lower == "xl/workbook.bin":
			return BinaryExcel, ""
		case lower == "ppt/presentation.xml":
			return PowerPoint, PPTXType
		case lower == "visio/document.xml":
			return Visio, ""
		}
	}
	return None, ""
}

func familyOf(declared string) Family {
	switch {
	case strings.Contains(declared, "wordprocessingml."), strings.Contains(declared, "ms-word."):
		return Word
	case strings.Contains(declared, "spreadsheetml."), strings.Contains(declared, "ms-excel."):
		return Excel
	case strings.Contains(declared, "presentationml."), strings.Contains(declared, "ms-powerpoint."):
		return PowerPoint
	case strings.Contains(declared, "ms-visio."):
		return Visio
	}
	return None
}

// mediaType turns the type of a main part into that of the whole document.
func mediaType(declared string) string {
	if strings.HasSuffix(declared, "macroEnabled") || strings.HasSuffix(declared, "macroEnabledTemplate") {
		return declared + ".12"
	}
	return declared
}
