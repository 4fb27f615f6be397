package pdf

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// Kinds of annotations that say something of their own.
const (
	noteAnnotation   = 1
	freeText         = 3
	widgetAnnotation = 20
)

const mostAnnotations = 1000 // of a page

// annotations adds what forms are filled in with, and what notes say, as lines
// where they stand.
func (d *pdfDocument) annotations(page uint64, v view, p *pdfPage) {
	n := d.native
	for i := range min(n.int("FPDFPage_GetAnnotCount", page), mostAnnotations) {
		annotation := n.call("FPDFPage_GetAnnot", page, uint64(i))
		if annotation == 0 {
			continue
		}
		text := n.annotationText(annotation)
		if text != "" && n.is("FPDFAnnot_GetRect", annotation, n.at(0)) {
			p.insert(text, v.place(rect{n.float(0), n.float(3), n.float(2), n.float(1)}))
		}
		n.call("FPDFPage_CloseAnnot", annotation)
	}
}

// annotationText is what an annotation says, "" for most.
func (n *native) annotationText(annotation uint64) string {
	switch n.int("FPDFAnnot_GetSubtype", annotation) {
	case noteAnnotation, freeText:
		return n.entry(annotation, "Contents")
	case widgetAnnotation:
		if kind := n.entry(annotation, "FT"); kind == "Tx" || kind == "Ch" {
			return n.entry(annotation, "V")
		}
	}
	return ""
}

// entry reads a text of an annotation's dictionary.
func (n *native) entry(annotation uint64, key string) string {
	const keyAt = scratchBytes - 64
	if !n.module.Memory().Write(n.scratch+keyAt, append([]byte(key), 0)) {
		return ""
	}
	length := n.int("FPDFAnnot_GetStringValue", annotation, uint64(n.scratch+keyAt), n.at(0), keyAt)
	if length < 4 || length > keyAt {
		return "" // empty, or too long to be a field
	}
	var units []uint16
	for b := n.bytes(length - 2); len(b) > 1; b = b[2:] {
		units = append(units, binary.LittleEndian.Uint16(b))
	}
	return document.OneLine(document.Clean(string(utf16.Decode(units))))
}

// insert puts a line behind the one that it stands beside, else above the first
// that stands lower.
func (p *pdfPage) insert(text string, box rect) {
	if box.width() <= 0 || box.height() <= 0 || box.x1 < 0 || box.x0 > p.width || box.y1 < 0 || box.y0 > p.height {
		return
	}
	l := pdfLine{text: text, x0: box.x0, x1: box.x1, top: box.y1, bottom: box.y0, size: min(box.height(), 10)}
	at := 0
	for word := range strings.FieldsSeq(text) {
		share := func(i int) float32 { return box.x0 + box.width()*float32(i)/float32(max(len(text), 1)) }
		l.words = append(l.words, pdfWord{at, at + len(word), rect{share(at), box.y0, share(at + len(word)), box.y1}})
		at += len(word) + 1
	}
	if !utf8.ValidString(text) || len(l.words) == 0 {
		return
	}
	where := len(p.lines)
	for i, o := range p.lines {
		middle := (o.top + o.bottom) / 2
		switch {
		case middle > box.y0 && middle < box.y1 && o.x0 < box.x0:
			where = i + 1
			l.size, l.top, l.bottom = o.size, o.top, o.bottom // it is read in one line with it
		case o.top < box.y0 && where == len(p.lines):
			where = i
		}
	}
	p.lines = slices.Insert(p.lines, where, l)
}
