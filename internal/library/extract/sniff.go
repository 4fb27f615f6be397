package extract

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"git.helu.ca/r/mnemosyne/internal/library/extract/code"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/office"
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
		return kind{format: formatPDF, contentType: "application/pdf"}, nil
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return sniffZip(f)
	case bytes.HasPrefix(head, []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")):
		return kind{}, sniffOLE(f)
	case document.BareUTF16(head) != nil:
		return textKind(in, "text/plain"), nil
	}
	m := mimetype.Detect(head)
	if !isText(m) && (!m.Is("application/octet-stream") || !mostlyText(head)) {
		return kind{}, notReadable(m, in)
	}
	base, _, _ := strings.Cut(m.String(), ";")
	if !isText(m) {
		base = "text/plain"
	}
	switch base {
	case "text/rtf", "application/rtf":
		return kind{}, unsupported("a rich text file", "save it as DOCX or PDF")
	case "message/rfc822", "application/mbox":
		return kind{}, unsupported("an e-mail", "save it as PDF or as text")
	}
	if ext := strings.ToLower(filepath.Ext(in.Filename)); ext == ".eml" || ext == ".mbox" {
		return kind{}, unsupported("an e-mail", "save it as PDF or as text")
	}
	return textKind(in, base), nil
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
func textKind(in document.Input, base string) kind {
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
	case ".json", ".jsonl", ".ndjson", ".geojson", ".ipynb", ".yaml", ".yml", ".toml", ".ini", ".conf", ".log", ".xml", ".vtt", ".srt":
		return kind{format: formatLines, contentType: base}
	}
	if lang := code.LanguageOf(in.Filename); lang != "" {
		return kind{format: formatCode, contentType: "text/x-" + lang, language: lang}
	}
	switch base {
	case "text/html", "application/xhtml+xml":
		return kind{format: formatHTML, contentType: "text/html"}
	case "text/csv", "text/tab-separated-values":
		return kind{format: formatCSV, contentType: base}
	case "text/plain":
		if ct, _, _ := strings.Cut(in.ContentType, ";"); ct == "text/markdown" || ct == "text/html" {
			return textKind(document.Input{Filename: strings.Replace(ct, "text/", "x.", 1)}, base)
		}
		return kind{format: formatText, contentType: base}
	}
	return kind{format: formatLines, contentType: base}
}

// sniffZip looks into an archive's directory without unpacking it.
func sniffZip(f *os.File) (kind, error) {
	info, err := f.Stat()
	if err != nil {
		return kind{}, fmt.Errorf("read the file: %w", err)
	}
	r, err := zip.NewReader(f, info.Size())
	if err != nil {
		return kind{}, document.Fault(document.CodeCorrupt, "The file is a damaged ZIP archive or Office document; open it in its program and save it again.")
	}
	var other string
	for i, e := range r.File {
		switch e.Name {
		case "word/document.xml":
			return kind{format: formatDOCX, contentType: office.DOCXType}, nil
		case "xl/workbook.xml", "ppt/presentation.xml", "mimetype", "visio/document.xml":
			other = e.Name
		}
		if strings.HasPrefix(e.Name, "word/document") && strings.HasSuffix(e.Name, ".xml") {
			return kind{format: formatDOCX, contentType: office.DOCXType}, nil
		}
		if i > 5000 {
			break
		}
	}
	switch other {
	case "xl/workbook.xml":
		return kind{}, unsupported("an Excel workbook", "save its sheets as CSV or PDF")
	case "ppt/presentation.xml":
		return kind{}, unsupported("a PowerPoint presentation", "save it as PDF")
	case "visio/document.xml":
		return kind{}, unsupported("a Visio drawing", "save it as PDF")
	case "mimetype":
		return kind{}, unsupported("an EPUB or OpenDocument file", "save it as DOCX, HTML or PDF")
	}
	return kind{}, unsupported("a ZIP archive", "unpack it and submit the documents in it")
}

// sniffOLE tells encrypted Office documents from old ones.
func sniffOLE(f *os.File) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read the file: %w", err)
	}
	// The directory of the container's streams usually lies near one end.
	data, err := io.ReadAll(io.LimitReader(f, 64<<20))
	if err != nil {
		return fmt.Errorf("read the file: %w", err)
	}
	has := func(name string) bool { return bytes.Contains(data, utf16le(name)) }
	switch {
	case has("EncryptedPackage"):
		return document.Fault(document.CodePasswordRequired, "The document is protected by a password; save it without one and submit it again.")
	case has("WordDocument"):
		return unsupported("an old Word document", "save it as DOCX or PDF")
	case has("Workbook"), has("Book"):
		return unsupported("an old Excel workbook", "save its sheets as CSV or PDF")
	case has("PowerPoint Document"):
		return unsupported("an old PowerPoint presentation", "save it as PDF")
	case has("__nameid_version1.0"):
		return unsupported("an Outlook message", "save it as PDF or as text")
	}
	return unsupported("an old Office document", "save it as DOCX or PDF")
}

func utf16le(s string) []byte {
	b := make([]byte, 0, 2*len(s))
	for i := range len(s) {
		b = append(b, s[i], 0)
	}
	return b
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
		return unsupported("an image ("+base+")", "text recognition is not available yet; submit a PDF with text")
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
