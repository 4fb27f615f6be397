package xmlread

import "strings"

// usualPrefix gives the prefix under which a namespace is known, "" for one
// that is not. The strict edition of Office Open XML has addresses of its own.
func usualPrefix(uri string) string {
	if rest, ok := strings.CutPrefix(uri, "urn:oasis:names:tc:opendocument:xmlns:"); ok {
		return openDocument(rest)
	}
	for _, base := range []string{"http://schemas.openxmlformats.org/", "http://purl.oclc.org/ooxml/"} {
		if rest, ok := strings.CutPrefix(uri, base); ok {
			return officeOpen(strings.Replace(rest, "/2006/", "/", 1))
		}
	}
	switch uri {
	case "http://schemas.openxmlformats.org/markup-compatibility/2006":
		return "mc"
	case "http://schemas.microsoft.com/office/word/2010/wordml":
		return "w14"
	case "http://schemas.microsoft.com/office/word/2010/wordprocessingShape":
		return "wps"
	case "http://schemas.microsoft.com/office/word/2010/wordprocessingGroup":
		return "wpg"
	case "urn:schemas-microsoft-com:vml":
		return "v"
	case "http://www.w3.org/1999/xlink":
		return "xlink"
	case "http://www.w3.org/1998/Math/MathML":
		return "math"
	case "http://purl.org/dc/elements/1.1/":
		return "dc"
	case "http://purl.org/dc/terms/":
		return "dcterms"
	}
	return ""
}

// officeOpen names the namespaces of Office Open XML.
func officeOpen(rest string) string {
	switch rest {
	case "wordprocessingml/main":
		return "w"
	case "spreadsheetml/main":
		return "x"
	case "presentationml/main":
		return "p"
	case "drawingml/main":
		return "a"
	case "drawingml/chart":
		return "c"
	case "drawingml/diagram":
		return "dgm"
	case "drawingml/picture":
		return "pic"
	case "drawingml/wordprocessingDrawing":
		return "wp"
	case "drawingml/spreadsheetDrawing":
		return "xdr"
	case "officeDocument/math":
		return "m"
	case "officeDocument/relationships":
		return "r"
	case "package/relationships":
		return "rel"
	case "package/content-types":
		return "ct"
	case "package/metadata/core-properties":
		return "cp"
	case "markup-compatibility/2006":
		return "mc"
	}
	return ""
}

// openDocument names the namespaces of OpenDocument.
func openDocument(rest string) string {
	name, _, _ := strings.Cut(rest, ":")
	switch name {
	case "office", "text", "table", "style", "presentation", "meta", "chart", "form", "manifest":
		return name
	case "drawing":
		return "draw"
	case "datastyle":
		return "number"
	case "svg-compatible":
		return "svg"
	case "xsl-fo-compatible":
		return "fo"
	}
	return ""
}
