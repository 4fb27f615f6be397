package extract

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
	"github.com/klippa-app/go-pdfium/responses"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
)

// pdfMemoryPages caps PDFium's own memory, in pages of 64 KiB: 224 MiB. Growing
// it copies it, so that twice as much may be resident for a moment.
const pdfMemoryPages = 3584

// pdfReader keeps PDFium compiled between files.
type pdfReader struct {
	cacheDir  string
	pool      pdfium.Pool
	preparing func(now bool) // hears when the code is being compiled; may be nil
}

// instance gives a fresh PDFium, without access to any file.
func (r *pdfReader) instance() (pdfium.Pdfium, error) {
	if r.pool == nil {
		if r.preparing != nil {
			r.preparing(true)
			defer r.preparing(false)
		}
		config := wazero.NewRuntimeConfig().WithMemoryLimitPages(pdfMemoryPages)
		if r.cacheDir != "" {
			cache, err := wazero.NewCompilationCacheWithDir(r.cacheDir)
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
		r.pool = pool
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	inst, err := r.pool.GetInstanceWithContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("start PDFium: %w", err)
	}
	return inst, nil
}

// pdfDocument is an open PDF.
type pdfDocument struct {
	pdf   pdfium.Pdfium
	ref   references.FPDF_DOCUMENT
	pages int
}

func (r *pdfReader) read(w *writer, path string) error {
	inst, err := r.instance()
	if err != nil {
		return err
	}
	defer inst.Close()
	f, err := os.Open(path) //nolint:gosec // reading the caller's file is the task
	if err != nil {
		return fmt.Errorf("open the file: %w", err)
	}
	defer f.Close()
	d, err := openPDF(inst, f, w.limits)
	if err != nil {
		return err
	}
	d.metadata(w)
	layout := &pdfLayout{outline: d.outline()}
	broken := 0
	for i := range d.pages {
		page, err := d.page(i)
		if err != nil {
			if broken++; broken > 100 || i == 0 && d.pages == 1 {
				return &Error{CodeCorrupt, "The PDF is damaged; open it in a viewer and print it to a new PDF."}
			}
		}
		layout.add(page)
		if layout.bytes > w.limits.MaxTextBytes {
			return &Error{CodeTooLarge, fmt.Sprintf("The PDF holds more than %s of text; split it and submit the parts.", size(w.limits.MaxTextBytes))}
		}
		if i%10 == 9 || i == d.pages-1 {
			w.report(i+1, d.pages, "pages")
		}
	}
	if !layout.readable() {
		return &Error{CodeNoText, "The PDF holds pictures of pages and no text, and text recognition is not available yet; run it through OCR and submit the result."}
	}
	layout.write(w)
	return w.err
}

func openPDF(inst pdfium.Pdfium, f *os.File, limits Limits) (*pdfDocument, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	doc, err := inst.OpenDocument(&requests.OpenDocument{FileReader: f, FileReaderSize: info.Size()})
	switch {
	case errors.Is(err, pdfiumerrors.ErrPassword):
		return nil, &Error{CodePasswordRequired, "The PDF is protected by a password; save it without one and submit it again."}
	case errors.Is(err, pdfiumerrors.ErrSecurity):
		return nil, &Error{CodePasswordRequired, "The PDF is encrypted in a way that cannot be read; save it without protection and submit it again."}
	case err != nil:
		return nil, &Error{CodeCorrupt, "The PDF is damaged; open it in a viewer and print it to a new PDF."}
	}
	count, err := inst.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: doc.Document})
	if err != nil || count.PageCount < 1 {
		return nil, &Error{CodeCorrupt, "The PDF is damaged: it has no pages."}
	}
	if count.PageCount > limits.MaxPages {
		return nil, &Error{CodeTooLarge, fmt.Sprintf("The PDF has %d pages and at most %d are read; split it and submit the parts.", count.PageCount, limits.MaxPages)}
	}
	return &pdfDocument{pdf: inst, ref: doc.Document, pages: count.PageCount}, nil
}

func (d *pdfDocument) metadata(w *writer) {
	for tag, key := range map[string]string{"Title": "", "Author": "author", "Subject": "subject", "Keywords": "keywords", "CreationDate": "created"} {
		m, err := d.pdf.FPDF_GetMetaText(&requests.FPDF_GetMetaText{Document: d.ref, Tag: tag})
		if err != nil {
			continue
		}
		switch key {
		case "":
			w.title = pdfTitle(m.Value)
		case "created":
			w.meta(key, pdfDate(m.Value))
		default:
			w.meta(key, m.Value)
		}
	}
}

// pdfTitle drops titles that programs invent.
func pdfTitle(s string) string {
	s = oneLine(clean(s))
	low := strings.ToLower(s)
	for _, suffix := range []string{".doc", ".docx", ".dvi", ".tex", ".pdf", ".indd", ".qxd", ".ps", ".xlsx", ".pptx"} {
		if strings.HasSuffix(low, suffix) {
			return ""
		}
	}
	if strings.HasPrefix(low, "microsoft word") || strings.HasPrefix(low, "untitled") || !hasLetters(s) {
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

// outlineEntry is a bookmark: a heading that the author named.
type outlineEntry struct {
	title string
	level int
	page  int // from 0, -1 unknown
}

func (d *pdfDocument) outline() []outlineEntry {
	const most = 5000
	res, err := d.pdf.GetBookmarks(&requests.GetBookmarks{Document: d.ref})
	if err != nil {
		return nil
	}
	var out []outlineEntry
	var walk func([]responses.GetBookmarksBookmark, int)
	walk = func(list []responses.GetBookmarksBookmark, level int) {
		for _, b := range list {
			if len(out) >= most || level > 6 {
				return
			}
			page := -1
			if b.DestInfo != nil {
				page = b.DestInfo.PageIndex
			} else if b.ActionInfo != nil && b.ActionInfo.DestInfo != nil {
				page = b.ActionInfo.DestInfo.PageIndex
			}
			out = append(out, outlineEntry{title: b.Title, level: level, page: page})
			walk(b.Children, level+1)
		}
	}
	walk(res.Bookmarks, 1)
	return out
}
