package extract

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/library/extract/archive"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/email"
	"git.helu.ca/r/mnemosyne/internal/library/extract/office"
	"git.helu.ca/r/mnemosyne/internal/library/extract/opendocument"
)

// What LibreOffice must convert.
const (
	contentTypeDOC  = "application/msword"
	contentTypeXLS  = "application/vnd.ms-excel"
	contentTypeXLSB = "application/vnd.ms-excel.sheet.binary.macroenabled.12"
	contentTypePPT  = "application/vnd.ms-powerpoint"
)

// sniffZip tells what document an archive is, by what is in it.
func sniffZip(in document.Input) (kind, error) {
	a, err := archive.Open(in.Path)
	if err != nil {
		return kind{}, err //nolint:wrapcheck // a fault of the file's own
	}
	defer a.Close()
	switch family, contentType := office.Identify(a); family {
	case office.Word:
		return kind{format: formatDOCX, contentType: contentType}, nil
	case office.Excel:
		return kind{format: formatXLSX, contentType: contentType}, nil
	case office.PowerPoint:
		return kind{format: formatPPTX, contentType: contentType}, nil
	case office.BinaryExcel:
		return kind{format: formatLegacy, contentType: contentTypeXLSB}, nil
	case office.Visio:
		return kind{}, unsupported("a Visio drawing", "save it as PDF")
	case office.None:
	}
	if contentType := opendocument.Identify(a); contentType != "" {
		return kind{format: formatODF, contentType: contentType}, nil
	}
	declared, _ := a.ReadFile("mimetype", 100) // none is none
	if strings.HasPrefix(string(declared), "application/epub+zip") || a.Has("META-INF/container.xml") {
		return kind{format: formatEPUB, contentType: "application/epub+zip"}, nil
	}
	return kind{}, unsupported("a ZIP archive", "unpack it and submit the documents in it")
}

// sniffOLE tells apart what the container of older Office documents holds:
// also newer ones that are encrypted.
func sniffOLE(f *os.File) (kind, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return kind{}, fmt.Errorf("read the file: %w", err)
	}
	// The directory of the container's streams usually lies near one end.
	data, err := io.ReadAll(io.LimitReader(f, 64<<20))
	if err != nil {
		return kind{}, fmt.Errorf("read the file: %w", err)
	}
	has := func(name string) bool { return bytes.Contains(data, utf16le(name)) }
	switch {
	case has("EncryptedPackage"):
		return kind{}, document.Fault(document.CodePasswordRequired, "The document is protected by a password; save it without one and submit it again.")
	case has("__properties_version1.0"), has("__nameid_version1.0"):
		return kind{format: formatOutlook, contentType: email.OutlookType}, nil
	case has("WordDocument"):
		return kind{format: formatLegacy, contentType: contentTypeDOC}, nil
	case has("Workbook"), has("Book"):
		return kind{format: formatLegacy, contentType: contentTypeXLS}, nil
	case has("PowerPoint Document"):
		return kind{format: formatLegacy, contentType: contentTypePPT}, nil
	}
	return kind{}, unsupported("an old Office document", "save it as DOCX or PDF")
}

func utf16le(s string) []byte {
	b := make([]byte, 0, 2*len(s))
	for i := range len(s) {
		b = append(b, s[i], 0)
	}
	return b
}
