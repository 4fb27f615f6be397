package main

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"fmt"
	"os"
	"strings"
)

// pdfFile writes a PDF of text pages: a heading in bold and paragraphs of
// lines, compressed as other programs do.
type pdfFile struct {
	out     *bufio.Writer
	file    *os.File
	at      int
	objects []int // places, by number from 1
	err     error
}

// Numbers of the objects that come first.
const (
	pdfCatalog = 1 + iota
	pdfPages
	pdfRegular
	pdfBold
	pdfFirstPage
)

// writePDF writes pages, each a heading and paragraphs.
func writePDF(path string, pages int, page func(n int) (heading string, paragraphs []string)) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	p := &pdfFile{out: bufio.NewWriter(f), file: f}
	p.print("%%PDF-1.5\n%%\xe2\xe3\xcf\xd3\n")
	p.object("<< /Type /Catalog /Pages %d 0 R >>", pdfPages)
	var kids strings.Builder
	for n := range pages {
		fmt.Fprintf(&kids, "%d 0 R ", pdfFirstPage+2*n)
	}
	p.object("<< /Type /Pages /Count %d /Kids [ %s] >>", pages, kids.String())
	p.object("<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman /Encoding /WinAnsiEncoding >>")
	p.object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>")
	for n := range pages {
		p.page(page(n))
	}
	return p.close()
}

func (p *pdfFile) print(format string, args ...any) {
	if p.err != nil {
		return
	}
	var n int
	n, p.err = fmt.Fprintf(p.out, format, args...)
	p.at += n
}

func (p *pdfFile) object(format string, args ...any) {
	p.objects = append(p.objects, p.at)
	p.print("%d 0 obj\n", len(p.objects))
	p.print(format, args...)
	p.print("\nendobj\n")
}

// page sets 10 on 12 points within an inch of A4's edges.
func (p *pdfFile) page(heading string, paragraphs []string) {
	const lineWidth = 100 // characters
	var text bytes.Buffer
	pack := zlib.NewWriter(&text)
	fmt.Fprintf(pack, "BT /F2 14 Tf 72 760 Td 12 TL (%s) Tj T* T* /F1 10 Tf\n", heading)
	for _, paragraph := range paragraphs {
		for _, line := range wrap(paragraph, lineWidth) {
			fmt.Fprintf(pack, "(%s) Tj T*\n", line)
		}
		fmt.Fprint(pack, "T*\n")
	}
	fmt.Fprint(pack, "ET\n")
	if err := pack.Close(); err != nil {
		p.err = err
	}
	content := len(p.objects) + 2
	p.object("<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources << /Font << /F1 %d 0 R /F2 %d 0 R >> >> >>",
		pdfPages, content, pdfRegular, pdfBold)
	p.object("<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream", text.Len(), text.Bytes())
}

func (p *pdfFile) close() error {
	table := p.at
	p.print("xref\n0 %d\n0000000000 65535 f \n", len(p.objects)+1)
	for _, at := range p.objects {
		p.print("%010d 00000 n \n", at)
	}
	p.print("trailer\n<< /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(p.objects)+1, pdfCatalog, table)
	if p.err == nil {
		p.err = p.out.Flush()
	}
	if err := p.file.Close(); p.err == nil {
		p.err = err
	}
	return p.err
}

// book writes a PDF of made-up prose: 430 words a page, a heading on each.
func (w *writer) book(path string, pages int) error {
	return writePDF(path, pages, func(n int) (string, []string) {
		return fmt.Sprintf("Chapter %d %s", n+1, strings.TrimSuffix(w.sentence(4), ".")),
			[]string{w.paragraph(140), w.paragraph(140), w.paragraph(140)}
	})
}
