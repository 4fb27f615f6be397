// Package pdf reads PDF through PDFium, which runs as WebAssembly and reaches
// nothing but the file it is given.
package pdf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/klippa-app/go-pdfium"
	pdfiumerrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/ocr"
)

// pdfMemoryPages caps PDFium's own memory, in pages of 64 KiB: 224 MiB. Growing
// it copies it, so that twice as much may be resident for a moment.
const pdfMemoryPages = 3584

// Engine keeps PDFium compiled between files. It reads one file at a time.
type Engine struct {
	// CacheDir keeps compiled code between processes; "" for none.
	CacheDir string
	// Preparing hears when code is being compiled; may be nil.
	Preparing func(now bool)
	// OCR reads pages that are pictures of text.
	OCR ocr.Engine
	// Recognising hears how many such pages are about to be read; may be nil.
	Recognising func(pages int)

	pool pdfium.Pool
}

// Compile sees that PDFium's compiled code is in the cache.
func (e *Engine) Compile() error {
	inst, err := e.instance()
	if err != nil {
		return err
	}
	return inst.Close()
}

// instance gives a fresh PDFium, without access to any file.
func (e *Engine) instance() (pdfium.Pdfium, error) {
	if e.pool == nil {
		if e.Preparing != nil {
			e.Preparing(true)
			defer e.Preparing(false)
		}
		pool, err := start(e.CacheDir)
		if err != nil && e.CacheDir != "" {
			pool, err = start("") // the cache was emptied, and may not be written from here
		}
		if err != nil {
			return nil, err
		}
		e.pool = pool
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	inst, err := e.pool.GetInstanceWithContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("start PDFium: %w", err)
	}
	return inst, nil
}

// start compiles PDFium, or finds it compiled in the cache.
func start(cacheDir string) (pdfium.Pool, error) {
	config := wazero.NewRuntimeConfig().WithMemoryLimitPages(pdfMemoryPages)
	if cacheDir != "" {
		cache, err := wazero.NewCompilationCacheWithDir(cacheDir)
		if err != nil {
			return nil, fmt.Errorf("open the cache of compiled code: %w", err)
		}
		config = config.WithCompilationCache(cache)
	}
	pool, err := webassembly.Init(webassembly.Config{
		MaxIdle: 0, MaxTotal: 1, FSConfig: wazero.NewFSConfig(), RuntimeConfig: config,
		Stdout: io.Discard, Stderr: io.Discard,
	})
	if err != nil {
		return nil, fmt.Errorf("start PDFium: %w", err)
	}
	return pool, nil
}

// pdfDocument is an open PDF.
type pdfDocument struct {
	pdf   pdfium.Pdfium
	ref   references.FPDF_DOCUMENT
	pages int

	native *native
	fonts  map[uint64]font
}

// Read reads a PDF: pages, headings, paragraphs, lists and captions.
func (e *Engine) Read(w *document.Writer, in document.Input) error {
	inst, err := e.instance()
	if err != nil {
		return err
	}
	defer inst.Close()
	f, err := os.Open(in.Path)
	if err != nil {
		return fmt.Errorf("open the file: %w", err)
	}
	defer f.Close()
	d, err := openPDF(inst, f, w.Limits)
	if err != nil {
		return err
	}
	d.metadata(w)
	w.Language = d.language()
	layout := &pdfLayout{outline: d.outline()}
	broken := 0
	var scans []int // of the pages that are pictures of text
	for i := range d.pages {
		page, err := d.page(i)
		if err != nil {
			if broken++; broken > 100 || i == 0 && d.pages == 1 {
				return document.Fault(document.CodeCorrupt, "The PDF is damaged; open it in a viewer and print it to a new PDF.")
			}
		}
		layout.add(page)
		if layout.bytes > w.Limits.MaxTextBytes {
			return document.Fault(document.CodeTooLarge, fmt.Sprintf("The PDF holds more than %s of text; split it and submit the parts.", document.Size(w.Limits.MaxTextBytes)))
		}
		if page.scanned && e.OCR.Ready() {
			scans = append(scans, i)
		}
		if i%10 == 9 || i == d.pages-1 {
			w.Report(i+1-len(scans), d.pages, "pages")
		}
	}
	if len(scans) > 0 {
		if err := e.recognise(w, d, layout, scans); err != nil {
			return err
		}
	}
	if !layout.readable() {
		return e.noText()
	}
	layout.write(w)
	return w.Err()
}

// noText says what to do about a PDF without text.
func (e *Engine) noText() *document.Error {
	if !e.OCR.Ready() {
		return document.Fault(document.CodeNoText, "The PDF holds pictures of pages and no text, and "+e.OCR.Missing()+".")
	}
	return document.Fault(document.CodeNoText, "The PDF holds no text, and none was found in the pictures of its pages; submit a sharper scan.")
}

func openPDF(inst pdfium.Pdfium, f *os.File, limits document.Limits) (*pdfDocument, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	doc, err := inst.OpenDocument(&requests.OpenDocument{FileReader: f, FileReaderSize: info.Size()})
	switch {
	case errors.Is(err, pdfiumerrors.ErrPassword):
		return nil, document.Fault(document.CodePasswordRequired, "The PDF is protected by a password; save it without one and submit it again.")
	case errors.Is(err, pdfiumerrors.ErrSecurity):
		return nil, document.Fault(document.CodePasswordRequired, "The PDF is encrypted in a way that cannot be read; save it without protection and submit it again.")
	case err != nil:
		return nil, document.Fault(document.CodeCorrupt, "The PDF is damaged; open it in a viewer and print it to a new PDF.")
	}
	count, err := inst.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: doc.Document})
	if err != nil || count.PageCount < 1 {
		return nil, document.Fault(document.CodeCorrupt, "The PDF is damaged: it has no pages.")
	}
	if count.PageCount > limits.MaxPages {
		return nil, document.Fault(document.CodeTooLarge, fmt.Sprintf("The PDF has %d pages and at most %d are read; split it and submit the parts.", count.PageCount, limits.MaxPages))
	}
	n, err := reach(inst, doc.Document)
	if err != nil {
		return nil, err
	}
	return &pdfDocument{pdf: inst, ref: doc.Document, pages: count.PageCount, native: n, fonts: map[uint64]font{}}, nil
}

func (d *pdfDocument) metadata(w *document.Writer) {
	for tag, key := range map[string]string{"Title": "", "Author": "author", "Subject": "subject", "Keywords": "keywords", "CreationDate": "created"} {
		m, err := d.pdf.FPDF_GetMetaText(&requests.FPDF_GetMetaText{Document: d.ref, Tag: tag})
		if err != nil {
			continue
		}
		switch key {
		case "":
			w.Title = pdfTitle(m.Value)
		case "created":
			w.Meta(key, pdfDate(m.Value))
		default:
			w.Meta(key, m.Value)
		}
	}
}

// language is what the catalog states.
func (d *pdfDocument) language() string {
	n := d.native
	length := n.int("FPDFCatalog_GetLanguage", n.document, n.at(0), scratchBytes)
	if length < 2 || length > 64 {
		return ""
	}
	units := n.bytes(length)
	var tag []byte
	for i := 0; i+1 < len(units) && units[i] != 0; i += 2 { // UTF-16, little-endian
		if units[i+1] != 0 || !languageTag(units[i]) {
			return ""
		}
		tag = append(tag, units[i])
	}
	return string(tag)
}

func languageTag(c byte) bool {
	return c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// pdfTitle drops titles that programs invent.
func pdfTitle(s string) string {
	s = document.OneLine(document.Clean(s))
	low := strings.ToLower(s)
	for _, suffix := range []string{".doc", ".docx", ".dvi", ".tex", ".pdf", ".indd", ".qxd", ".ps", ".xlsx", ".pptx"} {
		if strings.HasSuffix(low, suffix) {
			return ""
		}
	}
	if strings.HasPrefix(low, "microsoft word") || strings.HasPrefix(low, "untitled") || !document.HasLetters(s) {
		return ""
	}
	return s
}

// pdfDate turns D:20240131120000+01'00' into 2024-01-31.
func pdfDate(s string) string {
	s = strings.TrimPrefix(s, "D:")
	if len(s) < 8 || strings.Trim(s[:8], "0123456789") != "" {
		return ""
	}
	return s[:4] + "-" + s[4:6] + "-" + s[6:8]
}
