package extract

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"git.helu.ca/r/mnemosyne/internal/library/extract/code"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/email"
	"git.helu.ca/r/mnemosyne/internal/library/extract/opendocument"
	"git.helu.ca/r/mnemosyne/internal/library/extract/raster"
	"git.helu.ca/r/mnemosyne/internal/library/extract/rst"
)

// format is how a file is read.
type format uint8

const (
	formatText format = iota
	formatMarkdown
	formatHTML
	formatPDF
	formatDOCX
	formatCode
	formatLines // text that is cut between lines: logs, JSON, YAML, XML
	formatCSV
	formatXML
	formatEPUB
	formatSubtitle
	formatNotebook
	formatLaTeX
	formatASCIIDoc
	formatRST
	formatPPTX
	formatXLSX
	formatODF
	formatRTF
	formatEmail
	formatOutlook
	formatPicture
	formatLegacy // what an office program must convert first
)

// kind is what a file was found to be.
type kind struct {
	format      format
	contentType string
	language    string // of source code
}

// sniff tells a file's kind by its content; the name helps only with text.
func sniff(in document.Input) (kind, error) {
	f, err := os.Open(in.Path)
	if err != nil {
		return kind{}, fmt.Errorf("open the file: %w", err)
	}
	defer f.Close()
	head := make([]byte, 16<<10)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return kind{}, fmt.Errorf("read the file: %w", err)
	}
	head = head[:n]
	if n == 0 {
		return kind{}, document.Fault(document.CodeEmpty, "The file is empty.")
	}
	return sniffHead(f, head, in)
}

func sniffHead(f *os.File, head []byte, in document.Input) (kind, error) {
	switch {
	case bytes.Contains(head[:min(len(head), 1024)], []byte("%PDF-")):
		return kind{format: formatPDF, contentType: contentTypePDF}, nil
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return sniffZip(in)
	case bytes.HasPrefix(head, []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")):
		return sniffOLE(f)
	case bytes.HasPrefix(head, []byte(`{\rt`)):
		return kind{format: formatRTF, contentType: "application/rtf"}, nil
	}
	if contentType := mailType(in, head); contentType != "" {
		return kind{format: formatEmail, contentType: contentType}, nil
	}
	if document.BareUnicode(head) != nil {
		return textKind(in, "text/plain", head), nil
	}
	if contentType := opendocument.IdentifyFlat(head); contentType != "" {
		return kind{format: formatODF, contentType: contentType}, nil
	}
	m := mimetype.Detect(head)
	if contentType := pictureType(m); contentType != "" {
		return kind{format: formatPicture, contentType: contentType}, nil
	}
	if !isText(m) && (!m.Is("application/octet-stream") || !mostlyText(head)) {
		return kind{}, notReadable(m, in)
	}
	base, _, _ := strings.Cut(m.String(), ";")
	if !isText(m) {
		base = "text/plain"
	}
	k := textKind(in, base, head)
	if k.format == formatText && rst.Identify(head) {
		k.format, k.contentType = formatRST, contentTypeRST
	}
	return k, nil
}

const contentTypeRST = "text/x-rst"

// mailType tells messages by how they begin. The name helps where it says that
// the text is of another kind, for memos begin so, too.
func mailType(in document.Input, head []byte) string {
	other := false
	switch strings.ToLower(filepath.Ext(in.Filename)) {
	case "", ".eml", ".mbox", ".mbx", ".email", ".txt", ".text", ".mht", ".mhtml", ".nws":
	default:
		other = true
	}
	return email.Identify(document.HeadText(head), other)
}

// pictureType is the type of a picture that is read, else "".
func pictureType(m *mimetype.MIME) string {
	for ; m != nil; m = m.Parent() {
		if slices.ContainsFunc(raster.Types(), m.Is) {
			base, _, _ := strings.Cut(m.String(), ";")
			return base
		}
	}
	return ""
}

func isText(m *mimetype.MIME) bool {
	for ; m != nil; m = m.Parent() {
		if m.Is("text/plain") {
			return true
		}
	}
	return false
}

// mostlyText takes text with a few control characters for text. Of random
// bytes every ninth is one.
func mostlyText(head []byte) bool {
	controls := 0
	for _, c := range head {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != '\v' {
			controls++
		}
	}
	return controls <= max(2, len(head)/100)
}

// textKind tells apart what is text, by the name where the content cannot.
func textKind(in document.Input, base string, head []byte) kind {
	ext := strings.ToLower(filepath.Ext(in.Filename))
	switch ext {
	case ".md", ".markdown", ".mdown", ".mkd", ".mkdn", ".qmd", ".rmd":
		return kind{format: formatMarkdown, contentType: "text/markdown"}
	case ".html", ".htm", ".xhtml":
		return kind{format: formatHTML, contentType: "text/html"}
	case ".csv", ".tsv":
		return kind{format: formatCSV, contentType: "text/" + strings.TrimPrefix(ext, ".")}
	case ".txt", ".text":
		return kind{format: formatText, contentType: "text/plain"}
	case ".json", ".jsonl", ".ndjson", ".geojson", ".yaml", ".yml", ".toml", ".ini", ".conf", ".log":
		return kind{format: formatLines, contentType: base}
	}
	switch {
	case base == "text/vtt", ext == ".srt", ext == ".vtt", base == "application/x-subrip":
		return kind{format: formatSubtitle, contentType: subtitleType(ext, base)}
	case ext == ".tex", ext == ".ltx", ext == ".latex":
		return kind{format: formatLaTeX, contentType: "application/x-tex"}
	case ext == ".adoc", ext == ".asciidoc", ext == ".asc" && base == "text/plain":
		return kind{format: formatASCIIDoc, contentType: "text/asciidoc"}
	case ext == ".rst", ext == ".rest" && base == "text/plain":
		return kind{format: formatRST, contentType: contentTypeRST}
	case ext == ".ipynb":
		return kind{format: formatNotebook, contentType: "application/x-ipynb+json"}
	}
	if ext == ".xml" || isXML(base) {
		return kind{format: formatXML, contentType: "text/xml"}
	}
	if lang := code.LanguageOf(in.Filename, head); lang != "" {
		return kind{format: formatCode, contentType: "text/x-" + lang, language: lang}
	}
	switch base {
	case "text/html", "application/xhtml+xml":
		return kind{format: formatHTML, contentType: "text/html"}
	case "text/csv", "text/tab-separated-values":
		return kind{format: formatCSV, contentType: base}
	case "text/plain":
		if ct, _, _ := strings.Cut(in.ContentType, ";"); ct == "text/markdown" || ct == "text/html" {
			return textKind(document.Input{Filename: strings.Replace(ct, "text/", "x.", 1)}, base, head)
		}
		return kind{format: formatText, contentType: base}
	}
	return kind{format: formatLines, contentType: base}
}

// notReadable names what a binary file is and what to do with it.
func notReadable(m *mimetype.MIME, in document.Input) error {
	base, _, _ := strings.Cut(m.String(), ";")
	major, _, _ := strings.Cut(base, "/")
	switch {
	case base == "application/octet-stream":
		switch ext := strings.ToLower(filepath.Ext(in.Filename)); ext {
		case ".pdf", ".docx":
			return document.Fault(document.CodeCorrupt, "The file is damaged: it is named "+ext+" and does not begin like one; open it in its program and save it again.")
		case ".txt", ".md", ".html", ".htm", ".csv":
			return document.Fault(document.CodeCorrupt, "The file is named "+ext+" and holds binary data, not text.")
		}
		return unsupported("a binary file of unknown kind", "submit PDF, DOCX, HTML, Markdown, text or source code")
	case major == "image":
		return unsupported("an image ("+base+")", "save it as PNG or JPEG")
	case major == "audio", major == "video":
		return unsupported("a recording ("+base+")", "submit its transcript")
	case base == "application/gzip", strings.Contains(base, "compressed"), strings.Contains(base, "-tar"), base == "application/zstd", strings.Contains(base, "bzip"):
		return unsupported("an archive ("+base+")", "unpack it and submit the documents in it")
	}
	return unsupported("of type "+base, "convert it to PDF, DOCX, HTML, Markdown or text")
}

func unsupported(what, todo string) *document.Error {
	return document.Fault(document.CodeUnsupportedType, "The file is "+what+", which cannot be read: "+todo+".")
}

func subtitleType(ext, base string) string {
	if base == "text/vtt" || ext == ".vtt" {
		return "text/vtt"
	}
	return "application/x-subrip"
}

// isXML reports XML of any vocabulary but XHTML.
func isXML(base string) bool {
	return base == "text/xml" || base == "application/xml" || strings.HasSuffix(base, "+xml") && base != "application/xhtml+xml"
}
