package extract

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"git.helu.ca/r/mnemosyne/internal/library/extract/adoc"
	"git.helu.ca/r/mnemosyne/internal/library/extract/code"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/library/extract/email"
	"git.helu.ca/r/mnemosyne/internal/library/extract/epub"
	"git.helu.ca/r/mnemosyne/internal/library/extract/language"
	"git.helu.ca/r/mnemosyne/internal/library/extract/latex"
	"git.helu.ca/r/mnemosyne/internal/library/extract/legacy"
	"git.helu.ca/r/mnemosyne/internal/library/extract/markup"
	"git.helu.ca/r/mnemosyne/internal/library/extract/notebook"
	"git.helu.ca/r/mnemosyne/internal/library/extract/ocr"
	"git.helu.ca/r/mnemosyne/internal/library/extract/office"
	"git.helu.ca/r/mnemosyne/internal/library/extract/opendocument"
	"git.helu.ca/r/mnemosyne/internal/library/extract/pdf"
	"git.helu.ca/r/mnemosyne/internal/library/extract/plain"
	"git.helu.ca/r/mnemosyne/internal/library/extract/raster"
	"git.helu.ca/r/mnemosyne/internal/library/extract/rst"
	"git.helu.ca/r/mnemosyne/internal/library/extract/rtf"
	"git.helu.ca/r/mnemosyne/internal/library/extract/subtitle"
	"git.helu.ca/r/mnemosyne/internal/library/extract/xmldoc"
)

// reader reads files within this process. It is what a child does; nothing
// here guards against a file that takes too long or too much memory.
type reader struct {
	limits document.Limits
	pdf    pdf.Engine
	ocr    ocr.Engine
	// recognising hears how many pages are about to be recognised; may be nil.
	recognising func(pages int)
}

// extract reads one file and writes its document under dir.
func (r *reader) extract(in document.Input, dir string, progress document.Progress) (document.Result, error) {
	k, err := r.check(in)
	if err != nil {
		return document.Result{}, err
	}
	text, err := os.Create(filepath.Join(dir, document.TextFile)) //nolint:gosec // the caller names the folder
	if err != nil {
		return document.Result{}, fmt.Errorf("create the extracted text: %w", err)
	}
	defer text.Close()
	structure, err := os.Create(filepath.Join(dir, document.StructureFile)) //nolint:gosec // the caller names the folder
	if err != nil {
		return document.Result{}, fmt.Errorf("create the extracted structure: %w", err)
	}
	defer structure.Close()
	regions, err := os.Create(filepath.Join(dir, document.RegionsFile)) //nolint:gosec // the caller names the folder
	if err != nil {
		return document.Result{}, fmt.Errorf("create the places of words: %w", err)
	}
	defer regions.Close()
	w := document.NewWriter(text, structure, r.limits, progress)
	w.KeepRegions(regions)
	w.ContentType = k.contentType
	if in.Attachments {
		w.Attachments = document.NewAttachments(dir, sizeOf(in.Path), r.attachable)
	}
	if err := r.readerOf(k)(w, in); err != nil {
		return document.Result{}, err
	}
	if k.format != formatCode && k.format != formatLines {
		w.Language = language.Of(w.Language, w.Sample())
	}
	res, err := w.Close()
	if err != nil {
		return document.Result{}, err
	}
	res.Dir = dir
	if w.Attachments != nil {
		err = w.Attachments.Close()
	}
	return res, errors.Join(err, text.Close(), structure.Close(), dropEmpty(regions))
}

// sizeOf is how long a file is, 0 where it cannot be told.
func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// attachable tells whether what a message carries is worth a document of its
// own: of a kind that is read here. One that only wants its password is, so
// that somebody hears of it.
func (r *reader) attachable(path, name string) bool {
	k, err := sniff(document.Input{Path: path, Filename: name})
	if fault := document.AsError(err); fault != nil {
		return fault.Code == document.CodePasswordRequired
	}
	switch {
	case err != nil:
		return false
	case k.format == formatPicture:
		return r.ocr.Ready()
	case k.format == formatLegacy:
		return legacy.Ready()
	}
	return true
}

// dropEmpty closes a file, and removes it where nothing was written to it.
func dropEmpty(f *os.File) error {
	info, err := f.Stat()
	if err == nil && info.Size() == 0 {
		err = os.Remove(f.Name())
	}
	return errors.Join(err, f.Close())
}

func (r *reader) check(in document.Input) (kind, error) {
	info, err := os.Stat(in.Path)
	if err != nil {
		return kind{}, fmt.Errorf("look at the file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return kind{}, fmt.Errorf("look at the file: %w", fs.ErrInvalid)
	}
	if info.Size() > r.limits.MaxBytes {
		return kind{}, document.Fault(document.CodeTooLarge, fmt.Sprintf("The file has %s and at most %s are read; split it and submit the parts.", document.Size(info.Size()), document.Size(r.limits.MaxBytes)))
	}
	return sniff(in)
}

// readerOf gives what reads a kind of file.
func (r *reader) readerOf(k kind) document.Reader {
	switch k.format {
	case formatMarkdown:
		return markup.Markdown
	case formatHTML:
		return markup.HTML
	case formatPDF:
		return r.pdf.Read
	case formatPicture:
		return r.pictures(k).Read
	case formatDOCX:
		return office.DOCX
	case formatCode:
		return code.Reader(k.language)
	case formatLines:
		return plain.Records
	case formatCSV:
		return plain.Table
	case formatPPTX:
		return office.PPTX
	case formatXLSX:
		return office.XLSX
	case formatODF:
		return opendocument.Read
	case formatRTF:
		return rtf.Read
	case formatEmail:
		return email.Read
	case formatOutlook:
		return email.Outlook
	case formatLegacy:
		return converted(k)
	case formatEPUB:
		return epub.Read
	case formatSubtitle:
		return subtitle.Read
	case formatASCIIDoc:
		return adoc.Read
	case formatRST:
		return rst.Read
	case formatLaTeX:
		return latex.Read
	case formatNotebook:
		return notebook.Read
	case formatXML:
		return xmldoc.Read
	case formatText:
	}
	return plain.Text
}

// converted gives what reads an older Office document.
func converted(k kind) document.Reader {
	switch k.contentType {
	case contentTypeXLS:
		return legacy.Convert("an old Excel workbook", "xlsx", office.XLSX)
	case contentTypeXLSB:
		return legacy.Convert("a binary Excel workbook", "xlsx", office.XLSX)
	case contentTypePPT:
		return legacy.Convert("an old PowerPoint presentation", "pptx", office.PPTX)
	}
	return legacy.Convert("an old Word document", "docx", office.DOCX)
}

// pictures gives what reads and draws pictures of a kind.
func (r *reader) pictures(k kind) raster.Engine {
	return raster.Engine{ContentType: k.contentType, OCR: r.ocr, Recognising: r.recognising}
}
